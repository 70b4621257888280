CREATE TABLE "hold" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid,
	"reason" "bytea" NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"placed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"review_at" timestamp (3) with time zone NOT NULL,
	"released_at" timestamp (3) with time zone,
	CONSTRAINT "hold_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "hold_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"hold_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" "bytea" NOT NULL,
	"review_at" timestamp (3) with time zone,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "hold_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "hold" ADD CONSTRAINT "hold_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hold" ADD CONSTRAINT "hold_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hold_event" ADD CONSTRAINT "hold_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "hold_standing" ON "hold" USING btree ("organization_id","subject_id") WHERE released_at is null;--> statement-breakpoint
CREATE INDEX "hold_event_organization_id_hold_id_index" ON "hold_event" USING btree ("organization_id","hold_id");