CREATE TABLE "letter" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"language" text NOT NULL,
	"state" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"needed_by" timestamp (3) with time zone,
	"sealed" "bytea" NOT NULL,
	"due_at" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "letter_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "sent_letter" (
	"organization_id" uuid NOT NULL,
	"letter_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"language" text NOT NULL,
	"way" text NOT NULL,
	"sent_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"sealed" "bytea" NOT NULL,
	CONSTRAINT "sent_letter_organization_id_letter_id_pk" PRIMARY KEY("organization_id","letter_id")
);
--> statement-breakpoint
ALTER TABLE "letter" ADD CONSTRAINT "letter_organization_id_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sent_letter" ADD CONSTRAINT "sent_letter_organization_id_letter_id_letter_organization_id_id_fk" FOREIGN KEY ("organization_id","letter_id") REFERENCES "public"."letter"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "letter_draft" ON "letter" USING btree ("organization_id","request_id","kind") WHERE state = 'draft';--> statement-breakpoint
CREATE INDEX "letter_due" ON "letter" USING btree ("due_at") WHERE state = 'sending';--> statement-breakpoint
CREATE INDEX "letter_needed" ON "letter" USING btree ("needed_by") WHERE needed_by is not null and state in ('draft', 'sending');--> statement-breakpoint
CREATE INDEX "sent_letter_organization_id_request_id_index" ON "sent_letter" USING btree ("organization_id","request_id");