CREATE TABLE "marketing_pause" (
	"organization_id" uuid NOT NULL,
	"identifier_hash" "bytea" NOT NULL,
	"suspicion_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "marketing_pause_organization_id_identifier_hash_suspicion_id_pk" PRIMARY KEY("organization_id","identifier_hash","suspicion_id")
);
--> statement-breakpoint
CREATE TABLE "opt_out_suspicion" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"cause" text NOT NULL,
	"sender_id" uuid NOT NULL,
	"message_id" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp (3) with time zone,
	CONSTRAINT "opt_out_suspicion_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "opt_out_suspicion_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"suspicion_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "opt_out_suspicion_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "marketing_pause" ADD CONSTRAINT "marketing_pause_organization_id_suspicion_id_opt_out_suspicion_organization_id_id_fk" FOREIGN KEY ("organization_id","suspicion_id") REFERENCES "public"."opt_out_suspicion"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opt_out_suspicion" ADD CONSTRAINT "opt_out_suspicion_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opt_out_suspicion" ADD CONSTRAINT "opt_out_suspicion_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opt_out_suspicion_event" ADD CONSTRAINT "opt_out_suspicion_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "marketing_pause_organization_id_suspicion_id_index" ON "marketing_pause" USING btree ("organization_id","suspicion_id");--> statement-breakpoint
CREATE INDEX "opt_out_suspicion_organization_id_subject_id_index" ON "opt_out_suspicion" USING btree ("organization_id","subject_id");--> statement-breakpoint
CREATE UNIQUE INDEX "opt_out_suspicion_message" ON "opt_out_suspicion" USING btree ("organization_id","subject_id","message_id");--> statement-breakpoint
CREATE INDEX "opt_out_suspicion_open" ON "opt_out_suspicion" USING btree ("organization_id","id") WHERE decided_at is null;--> statement-breakpoint
CREATE INDEX "opt_out_suspicion_event_organization_id_suspicion_id_index" ON "opt_out_suspicion_event" USING btree ("organization_id","suspicion_id");