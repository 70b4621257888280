CREATE TABLE "preference" (
	"organization_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"aspect" text NOT NULL,
	"event_id" uuid NOT NULL,
	"until" timestamp (3) with time zone,
	"most" integer,
	"hours" integer,
	"word" text,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "preference_organization_id_subject_id_aspect_pk" PRIMARY KEY("organization_id","subject_id","aspect")
);
--> statement-breakpoint
CREATE TABLE "preference_code" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"tries_left" integer NOT NULL,
	"used_at" timestamp (3) with time zone,
	CONSTRAINT "preference_code_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "preference_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"aspect" text NOT NULL,
	"kind" text NOT NULL,
	"until" timestamp (3) with time zone,
	"most" integer,
	"hours" integer,
	"word" text,
	"replaced" jsonb,
	"undoes" uuid,
	"source" text NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "preference_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "preference" ADD CONSTRAINT "preference_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "preference_code" ADD CONSTRAINT "preference_code_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "preference_event" ADD CONSTRAINT "preference_event_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "preference_code_organization_id_subject_id_expires_at_index" ON "preference_code" USING btree ("organization_id","subject_id","expires_at");--> statement-breakpoint
CREATE INDEX "preference_event_organization_id_subject_id_recorded_at_index" ON "preference_event" USING btree ("organization_id","subject_id","recorded_at");--> statement-breakpoint
CREATE UNIQUE INDEX "preference_undone_once" ON "preference_event" USING btree ("organization_id","undoes") WHERE undoes is not null;