CREATE TABLE "attachment" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"media_type" text NOT NULL,
	"sha256" text NOT NULL,
	"bytes" integer NOT NULL,
	"key" "bytea" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"consent_event_id" uuid,
	"subject_id" uuid,
	CONSTRAINT "attachment_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_organization_id_consent_event_id_consent_event_organization_id_id_fk" FOREIGN KEY ("organization_id","consent_event_id") REFERENCES "public"."consent_event"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attachment_organization_id_subject_id_index" ON "attachment" USING btree ("organization_id","subject_id");--> statement-breakpoint
CREATE INDEX "attachment_unclaimed" ON "attachment" USING btree ("created_at") WHERE consent_event_id is null;