CREATE TABLE "consent_import" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"file_sha256" text NOT NULL,
	"reading_sha256" text NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "consent_import_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "consent_import_file" UNIQUE("organization_id","file_sha256","reading_sha256")
);
--> statement-breakpoint
CREATE TABLE "consent_import_batch" (
	"organization_id" uuid NOT NULL,
	"import_id" uuid NOT NULL,
	"batch" integer NOT NULL,
	"imported" integer NOT NULL,
	"unchanged" integer NOT NULL,
	"refused" jsonb NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "consent_import_batch_done" PRIMARY KEY("organization_id","import_id","batch")
);
--> statement-breakpoint
CREATE TABLE "legacy_evidence" (
	"organization_id" uuid NOT NULL,
	"collection_point_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"list_sha256" text NOT NULL,
	"collected_from" timestamp (3) with time zone NOT NULL,
	"collected_until" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "legacy_evidence_organization_id_collection_point_id_version_pk" PRIMARY KEY("organization_id","collection_point_id","version"),
	CONSTRAINT "legacy_evidence_list" UNIQUE("organization_id","list_sha256")
);
--> statement-breakpoint
ALTER TABLE "consent_event" ADD COLUMN "import_id" uuid;--> statement-breakpoint
ALTER TABLE "consent_event" ADD COLUMN "import_key" "bytea";--> statement-breakpoint
ALTER TABLE "consent_import" ADD CONSTRAINT "consent_import_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consent_import_batch" ADD CONSTRAINT "consent_import_batch_organization_id_import_id_consent_import_organization_id_id_fk" FOREIGN KEY ("organization_id","import_id") REFERENCES "public"."consent_import"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legacy_evidence" ADD CONSTRAINT "legacy_evidence_collection_point_version" FOREIGN KEY ("organization_id","collection_point_id","version") REFERENCES "public"."collection_point_version"("organization_id","collection_point_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "consent_event_import_key" ON "consent_event" USING btree ("organization_id","import_key") WHERE import_key is not null;