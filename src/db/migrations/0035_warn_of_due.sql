CREATE TABLE "request_warning" (
	"organization_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"about" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"warning" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"is_told" boolean NOT NULL,
	"mail_due_at" timestamp (3) with time zone,
	"mail_attempts" integer DEFAULT 0 NOT NULL,
	"mailed_at" timestamp (3) with time zone,
	"mail_failure" text,
	CONSTRAINT "request_warning_organization_id_request_id_about_due_at_warning_pk" PRIMARY KEY("organization_id","request_id","about","due_at","warning")
);
--> statement-breakpoint
ALTER TABLE "request_warning" ADD CONSTRAINT "request_warning_organization_id_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "request_warning_mail" ON "request_warning" USING btree ("mail_due_at") WHERE mail_due_at is not null;