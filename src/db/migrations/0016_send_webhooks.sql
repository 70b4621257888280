CREATE TABLE "webhook_attempt" (
	"organization_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"status" integer,
	"error" text,
	"duration_ms" integer NOT NULL,
	CONSTRAINT "webhook_attempt_organization_id_endpoint_id_event_id_attempt_pk" PRIMARY KEY("organization_id","endpoint_id","event_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "webhook_delivery" (
	"organization_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"type" text NOT NULL,
	"data" jsonb NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	"failed_at" timestamp (3) with time zone,
	CONSTRAINT "webhook_delivery_organization_id_endpoint_id_event_id_pk" PRIMARY KEY("organization_id","endpoint_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoint" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"url" text,
	"event_types" text[] NOT NULL,
	"description" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"listening_until" timestamp (3) with time zone,
	"claimed_until" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone,
	"disabled_reason" text,
	CONSTRAINT "webhook_endpoint_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "webhook_forward" (
	"body_id" uuid NOT NULL,
	"url" text NOT NULL,
	"signature" text NOT NULL,
	"due_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	"failed_at" timestamp (3) with time zone,
	"last_status" integer,
	"last_error" text,
	CONSTRAINT "webhook_forward_body_id_url_pk" PRIMARY KEY("body_id","url")
);
--> statement-breakpoint
CREATE TABLE "webhook_forward_target" (
	"url" text PRIMARY KEY NOT NULL,
	"claimed_until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "webhook_attempt" ADD CONSTRAINT "webhook_attempt_organization_id_endpoint_id_event_id_webhook_delivery_organization_id_endpoint_id_event_id_fk" FOREIGN KEY ("organization_id","endpoint_id","event_id") REFERENCES "public"."webhook_delivery"("organization_id","endpoint_id","event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_forward" ADD CONSTRAINT "webhook_forward_body_id_webhook_body_id_fk" FOREIGN KEY ("body_id") REFERENCES "public"."webhook_body"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "webhook_delivery_due" ON "webhook_delivery" USING btree ("endpoint_id","due_at") WHERE delivered_at is null and failed_at is null;--> statement-breakpoint
CREATE INDEX "webhook_delivery_at_index" ON "webhook_delivery" USING btree ("at");--> statement-breakpoint
CREATE INDEX "webhook_endpoint_enabled" ON "webhook_endpoint" USING btree ("organization_id") WHERE disabled_at is null;--> statement-breakpoint
CREATE INDEX "webhook_forward_due" ON "webhook_forward" USING btree ("url","due_at") WHERE delivered_at is null and failed_at is null;