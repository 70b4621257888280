CREATE TABLE "account_section" (
	"organization_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"section" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "account_section_organization_id_subject_id_section_pk" PRIMARY KEY("organization_id","subject_id","section")
);
--> statement-breakpoint
CREATE TABLE "custom_section" (
	"organization_id" uuid NOT NULL,
	"section" text NOT NULL,
	"title" text NOT NULL,
	"schema" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "custom_section_organization_id_section_pk" PRIMARY KEY("organization_id","section")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"action" text NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"entity" text NOT NULL,
	"request_id" text NOT NULL,
	"details" jsonb NOT NULL,
	CONSTRAINT "audit_entry_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_record" (
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"route" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"answer" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_record_pkey" PRIMARY KEY("organization_id","key")
);
--> statement-breakpoint
CREATE TABLE "block" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"identifier_hash" "bytea" NOT NULL,
	"identifier_kind" text NOT NULL,
	"ending" text NOT NULL,
	"reason" text NOT NULL,
	"note" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"lifted_at" timestamp (3) with time zone,
	CONSTRAINT "block_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "block_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"block_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "block_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "capture_token_use" (
	"organization_id" uuid NOT NULL,
	"token_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "capture_token_use_organization_id_token_id_pk" PRIMARY KEY("organization_id","token_id")
);
--> statement-breakpoint
CREATE TABLE "collection_point" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "collection_point_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "collection_point_key" UNIQUE("organization_id","key")
);
--> statement-breakpoint
CREATE TABLE "collection_point_version" (
	"organization_id" uuid NOT NULL,
	"collection_point_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"channels" text[] NOT NULL,
	"purposes" text[] NOT NULL,
	"language" text NOT NULL,
	"wording" text NOT NULL,
	"wording_sha256" text NOT NULL,
	"privacy_notice_url" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "collection_point_version_organization_id_collection_point_id_version_pk" PRIMARY KEY("organization_id","collection_point_id","version")
);
--> statement-breakpoint
CREATE TABLE "consent_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"purpose" text NOT NULL,
	"state" text NOT NULL,
	"reported_state" text NOT NULL,
	"proof" text NOT NULL,
	"collection_point_id" uuid,
	"collection_point_version" integer,
	"indication" text,
	"language" text,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"effective_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"capture_token_id" uuid,
	"sealed" "bytea",
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "consent_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "consent_state" (
	"organization_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"purpose" text NOT NULL,
	"given_event_id" uuid,
	"given_at" timestamp (3) with time zone,
	"given_expires_at" timestamp (3) with time zone,
	"proven_event_id" uuid,
	"proven_at" timestamp (3) with time zone,
	"proven_expires_at" timestamp (3) with time zone,
	"requested_event_id" uuid,
	"requested_at" timestamp (3) with time zone,
	"no_kind" text,
	"no_event_id" uuid,
	"no_at" timestamp (3) with time zone,
	"unproven" boolean DEFAULT false NOT NULL,
	CONSTRAINT "consent_state_organization_id_subject_id_channel_purpose_pk" PRIMARY KEY("organization_id","subject_id","channel","purpose")
);
--> statement-breakpoint
CREATE TABLE "archive" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"state" text NOT NULL,
	"key" "bytea",
	"attempt" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"bytes" bigint,
	"sha256" text,
	"manifest" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ready_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "archive_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "archive_chunk" (
	"organization_id" uuid NOT NULL,
	"archive_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"position" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	CONSTRAINT "archive_chunk_organization_id_archive_id_attempt_position_pk" PRIMARY KEY("organization_id","archive_id","attempt","position")
);
--> statement-breakpoint
CREATE TABLE "data_request" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"regime" text NOT NULL,
	"status" text NOT NULL,
	"channel" text NOT NULL,
	"language" text NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"last_day" date NOT NULL,
	"counting" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "data_request_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "delivery" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"archive_id" uuid NOT NULL,
	"token_sha256" "bytea" NOT NULL,
	"passcode_hash" text NOT NULL,
	"tries_left" smallint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"downloads" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "delivery_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "delivery_tokenSha256_unique" UNIQUE("token_sha256")
);
--> statement-breakpoint
CREATE TABLE "request_event" (
	"organization_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"event" text NOT NULL,
	"status" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"sealed" "bytea",
	CONSTRAINT "request_event_organization_id_request_id_id_pk" PRIMARY KEY("organization_id","request_id","id")
);
--> statement-breakpoint
CREATE TABLE "active_policy" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"version" integer NOT NULL,
	"cap_hours" integer,
	"decision_months" integer,
	"inbound_months" integer,
	"watches_silence" boolean DEFAULT false NOT NULL,
	"watches_saved_numbers" boolean DEFAULT false NOT NULL,
	"watches_intake" boolean DEFAULT false NOT NULL,
	"has_ceilings" boolean DEFAULT false NOT NULL,
	"activated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cap_slot" (
	"organization_id" uuid NOT NULL,
	"decision_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"category" text NOT NULL,
	"purpose" text NOT NULL,
	"message_ref" text,
	"until" timestamp (3) with time zone,
	CONSTRAINT "cap_slot_organization_id_decision_id_pk" PRIMARY KEY("organization_id","decision_id")
);
--> statement-breakpoint
CREATE TABLE "cause" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"identifier_hashes" "bytea"[] NOT NULL,
	"opened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cause_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "cause_use" (
	"organization_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"cause_id" uuid NOT NULL,
	"decision_id" uuid NOT NULL,
	"subject_id" uuid,
	"used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cause_use_organization_id_kind_cause_id_pk" PRIMARY KEY("organization_id","kind","cause_id")
);
--> statement-breakpoint
CREATE TABLE "complaint_breaker" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"sender_id" uuid NOT NULL,
	"causes" text[] NOT NULL,
	"counted" json NOT NULL,
	"policy_version" text NOT NULL,
	"opened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "complaint_breaker_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "complaint_breaker_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"breaker_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "complaint_breaker_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "decision" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"subject_id" uuid,
	"decision" text NOT NULL,
	"message_ref" text,
	"document" json NOT NULL,
	CONSTRAINT "decision_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "monitor" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"sender_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"reason" text NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "monitor_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "monitor_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"monitor_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "monitor_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "permit_outcome" (
	"organization_id" uuid NOT NULL,
	"decision_id" uuid NOT NULL,
	"outcome" text NOT NULL,
	"message_id" text,
	"error_code" integer,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "permit_outcome_organization_id_decision_id_outcome_pk" PRIMARY KEY("organization_id","decision_id","outcome")
);
--> statement-breakpoint
CREATE TABLE "permit_redemption" (
	"organization_id" uuid NOT NULL,
	"decision_id" uuid NOT NULL,
	"subject_id" uuid,
	"sender_id" uuid,
	"category" text,
	"redeemed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "permit_redemption_organization_id_decision_id_pk" PRIMARY KEY("organization_id","decision_id")
);
--> statement-breakpoint
CREATE TABLE "policy_activation" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"version" integer NOT NULL,
	"replaced" integer,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "policy_activation_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "policy_version" (
	"organization_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"document" json NOT NULL,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "policy_version_organization_id_version_pk" PRIMARY KEY("organization_id","version")
);
--> statement-breakpoint
CREATE TABLE "reach_count" (
	"organization_id" uuid NOT NULL,
	"counter" text NOT NULL,
	"people" integer NOT NULL,
	"leaves_at" timestamp (3) with time zone,
	CONSTRAINT "reach_count_organization_id_counter_pk" PRIMARY KEY("organization_id","counter")
);
--> statement-breakpoint
CREATE TABLE "reached_person" (
	"organization_id" uuid NOT NULL,
	"counter" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone,
	"decision_id" uuid,
	CONSTRAINT "reached_person_organization_id_counter_subject_id_pk" PRIMARY KEY("organization_id","counter","subject_id")
);
--> statement-breakpoint
CREATE TABLE "sending_switch" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"sender_id" uuid,
	"purpose" text,
	"reason" text NOT NULL,
	"pulled_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"released_at" timestamp (3) with time zone,
	CONSTRAINT "sending_switch_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "sending_switch_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"switch_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "sending_switch_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "opt_out_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"scope" text NOT NULL,
	"purpose" text,
	"channel" text,
	"source" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"replaced" jsonb,
	"undoes" uuid,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	CONSTRAINT "opt_out_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "api_key" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"slot" smallint NOT NULL,
	"sha256" "bytea" NOT NULL,
	"scopes" text[] NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_key_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "api_key_sha256_unique" UNIQUE("sha256"),
	CONSTRAINT "api_key_id" UNIQUE("id"),
	CONSTRAINT "api_key_slot" CHECK ("api_key"."slot" in (1, 2))
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"master_key_check" "bytea" NOT NULL,
	"signing_public_key" "bytea" NOT NULL,
	"signing_private_key" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "installation_is_one" CHECK ("installation"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "organization" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"sandbox_of" uuid,
	"country" text,
	"time_zone" text,
	"language" text DEFAULT 'en' NOT NULL,
	"dpo" jsonb,
	"supervisory_authority" jsonb,
	"notice" jsonb,
	"lookup_key" "bytea" NOT NULL,
	"data_key" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organization_sandboxOf_unique" UNIQUE("sandbox_of")
);
--> statement-breakpoint
CREATE TABLE "purpose" (
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	"description" text NOT NULL,
	"category" text NOT NULL,
	"lawful_basis" text NOT NULL,
	"validity_days" integer,
	"double_opt_in" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "purpose_organization_id_key_pk" PRIMARY KEY("organization_id","key"),
	CONSTRAINT "marketing_is_on_consent" CHECK ("purpose"."category" <> 'marketing' or "purpose"."lawful_basis" = 'consent')
);
--> statement-breakpoint
CREATE TABLE "sender" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"phone_number_id" text NOT NULL,
	"is_sandbox" boolean DEFAULT false NOT NULL,
	"display_phone_number" text NOT NULL,
	"number_hash" "bytea" NOT NULL,
	"waba_id" text NOT NULL,
	"platform" text NOT NULL,
	"restrictions" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"portfolio_id" text,
	"messaging_limit" integer,
	"messaging_limit_at" timestamp (3) with time zone,
	"quality" text,
	"quality_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sender_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "sender_organizationId_phoneNumberId_unique" UNIQUE("organization_id","phone_number_id")
);
--> statement-breakpoint
CREATE TABLE "identifier" (
	"organization_id" uuid NOT NULL,
	"hash" "bytea" NOT NULL,
	"subject_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"sealed" "bytea",
	"country" text,
	"linked_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identifier_organization_id_hash_pk" PRIMARY KEY("organization_id","hash")
);
--> statement-breakpoint
CREATE TABLE "identity_change" (
	"organization_id" uuid NOT NULL,
	"from_hash" "bytea" NOT NULL,
	"to_hash" "bytea" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identity_change_organization_id_from_hash_to_hash_at_pk" PRIMARY KEY("organization_id","from_hash","to_hash","at")
);
--> statement-breakpoint
CREATE TABLE "standing_no" (
	"organization_id" uuid NOT NULL,
	"identifier_hash" "bytea" NOT NULL,
	"channel" text NOT NULL,
	"purpose" text NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"event_id" text NOT NULL,
	CONSTRAINT "standing_no_organization_id_identifier_hash_channel_purpose_kind_pk" PRIMARY KEY("organization_id","identifier_hash","channel","purpose","kind")
);
--> statement-breakpoint
CREATE TABLE "subject" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"root_id" uuid NOT NULL,
	"merged_at" timestamp (3) with time zone,
	"time_zone" text,
	"saved_sender_ids" uuid[] DEFAULT '{}' NOT NULL,
	"data_key" "bytea",
	"evidence_key" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "subject_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "inbound_message" (
	"organization_id" uuid NOT NULL,
	"message_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"sender_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"opens_window" boolean NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbound_message_organization_id_message_id_at_pk" PRIMARY KEY("organization_id","message_id","at")
);
--> statement-breakpoint
CREATE TABLE "message_status" (
	"organization_id" uuid NOT NULL,
	"message_id" text NOT NULL,
	"status" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"sender_id" uuid NOT NULL,
	"subject_id" uuid,
	"error_code" integer DEFAULT 0 NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "message_status_organization_id_message_id_status_error_code_pk" PRIMARY KEY("organization_id","message_id","status","error_code")
);
--> statement-breakpoint
CREATE TABLE "platform_preference" (
	"organization_id" uuid NOT NULL,
	"identifier_hash" "bytea" NOT NULL,
	"waba_id" text NOT NULL,
	"value" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "platform_preference_organization_id_identifier_hash_waba_id_pk" PRIMARY KEY("organization_id","identifier_hash","waba_id")
);
--> statement-breakpoint
CREATE TABLE "platform_preference_event" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"waba_id" text NOT NULL,
	"value" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"identifier_hashes" "bytea"[] NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "platform_preference_event_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "service_window" (
	"organization_id" uuid NOT NULL,
	"sender_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"message_id" text NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "service_window_organization_id_sender_id_subject_id_pk" PRIMARY KEY("organization_id","sender_id","subject_id")
);
--> statement-breakpoint
CREATE TABLE "template" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"waba_id" text NOT NULL,
	"name" text NOT NULL,
	"language" text NOT NULL,
	"category" text NOT NULL,
	"status" text NOT NULL,
	"quality" text,
	"category_at" timestamp (3) with time zone NOT NULL,
	"status_at" timestamp (3) with time zone NOT NULL,
	"quality_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "template_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "template_name" UNIQUE("organization_id","waba_id","name","language")
);
--> statement-breakpoint
CREATE TABLE "webhook_body" (
	"id" uuid PRIMARY KEY NOT NULL,
	"day" date NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"sealed" "bytea" NOT NULL,
	"processed_at" timestamp (3) with time zone,
	"unclaimed" text[] DEFAULT '{}' NOT NULL,
	"unreadable" jsonb DEFAULT '[]'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_day_key" (
	"day" date PRIMARY KEY NOT NULL,
	"key" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_intake" (
	"organization_id" uuid NOT NULL,
	"waba_id" text NOT NULL,
	"field" text NOT NULL,
	"heard_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "webhook_intake_organization_id_waba_id_field_pk" PRIMARY KEY("organization_id","waba_id","field")
);
--> statement-breakpoint
ALTER TABLE "account_section" ADD CONSTRAINT "account_section_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_section" ADD CONSTRAINT "custom_section_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "block" ADD CONSTRAINT "block_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "block_event" ADD CONSTRAINT "block_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "capture_token_use" ADD CONSTRAINT "capture_token_use_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_point" ADD CONSTRAINT "collection_point_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_point_version" ADD CONSTRAINT "collection_point_version_organization_id_collection_point_id_collection_point_organization_id_id_fk" FOREIGN KEY ("organization_id","collection_point_id") REFERENCES "public"."collection_point"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consent_event" ADD CONSTRAINT "consent_event_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consent_event" ADD CONSTRAINT "consent_event_organization_id_purpose_purpose_organization_id_key_fk" FOREIGN KEY ("organization_id","purpose") REFERENCES "public"."purpose"("organization_id","key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consent_event" ADD CONSTRAINT "consent_event_collection_point_version" FOREIGN KEY ("organization_id","collection_point_id","collection_point_version") REFERENCES "public"."collection_point_version"("organization_id","collection_point_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consent_state" ADD CONSTRAINT "consent_state_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "archive" ADD CONSTRAINT "archive_organization_id_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "archive_chunk" ADD CONSTRAINT "archive_chunk_organization_id_archive_id_archive_organization_id_id_fk" FOREIGN KEY ("organization_id","archive_id") REFERENCES "public"."archive"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "data_request" ADD CONSTRAINT "data_request_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_organization_id_archive_id_archive_organization_id_id_fk" FOREIGN KEY ("organization_id","archive_id") REFERENCES "public"."archive"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "request_event" ADD CONSTRAINT "request_event_organization_id_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "active_policy" ADD CONSTRAINT "active_policy_organization_id_version_policy_version_organization_id_version_fk" FOREIGN KEY ("organization_id","version") REFERENCES "public"."policy_version"("organization_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cap_slot" ADD CONSTRAINT "cap_slot_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cause" ADD CONSTRAINT "cause_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaint_breaker" ADD CONSTRAINT "complaint_breaker_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "complaint_breaker_event" ADD CONSTRAINT "complaint_breaker_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor" ADD CONSTRAINT "monitor_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor" ADD CONSTRAINT "monitor_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor" ADD CONSTRAINT "monitor_organization_id_purpose_purpose_organization_id_key_fk" FOREIGN KEY ("organization_id","purpose") REFERENCES "public"."purpose"("organization_id","key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor_event" ADD CONSTRAINT "monitor_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_activation" ADD CONSTRAINT "policy_activation_organization_id_version_policy_version_organization_id_version_fk" FOREIGN KEY ("organization_id","version") REFERENCES "public"."policy_version"("organization_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policy_version" ADD CONSTRAINT "policy_version_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sending_switch" ADD CONSTRAINT "sending_switch_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sending_switch" ADD CONSTRAINT "sending_switch_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sending_switch" ADD CONSTRAINT "sending_switch_organization_id_purpose_purpose_organization_id_key_fk" FOREIGN KEY ("organization_id","purpose") REFERENCES "public"."purpose"("organization_id","key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sending_switch_event" ADD CONSTRAINT "sending_switch_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opt_out_event" ADD CONSTRAINT "opt_out_event_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization" ADD CONSTRAINT "organization_sandbox_of_organization_id_fk" FOREIGN KEY ("sandbox_of") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purpose" ADD CONSTRAINT "purpose_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sender" ADD CONSTRAINT "sender_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identifier" ADD CONSTRAINT "identifier_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_change" ADD CONSTRAINT "identity_change_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "standing_no" ADD CONSTRAINT "standing_no_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subject" ADD CONSTRAINT "subject_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subject" ADD CONSTRAINT "subject_organization_id_root_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","root_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbound_message" ADD CONSTRAINT "inbound_message_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbound_message" ADD CONSTRAINT "inbound_message_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_status" ADD CONSTRAINT "message_status_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "platform_preference" ADD CONSTRAINT "platform_preference_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "platform_preference_event" ADD CONSTRAINT "platform_preference_event_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_window" ADD CONSTRAINT "service_window_organization_id_sender_id_sender_organization_id_id_fk" FOREIGN KEY ("organization_id","sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_window" ADD CONSTRAINT "service_window_organization_id_subject_id_subject_organization_id_id_fk" FOREIGN KEY ("organization_id","subject_id") REFERENCES "public"."subject"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "template" ADD CONSTRAINT "template_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_intake" ADD CONSTRAINT "webhook_intake_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entry_organization_id_entity_index" ON "audit_entry" USING btree ("organization_id","entity");--> statement-breakpoint
CREATE INDEX "block_organization_id_identifier_hash_index" ON "block" USING btree ("organization_id","identifier_hash");--> statement-breakpoint
CREATE INDEX "block_event_organization_id_block_id_index" ON "block_event" USING btree ("organization_id","block_id");--> statement-breakpoint
CREATE INDEX "consent_event_organization_id_subject_id_recorded_at_index" ON "consent_event" USING btree ("organization_id","subject_id","recorded_at");--> statement-breakpoint
CREATE INDEX "archive_organization_id_request_id_index" ON "archive" USING btree ("organization_id","request_id");--> statement-breakpoint
CREATE INDEX "archive_expires_at_index" ON "archive" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "data_request_organization_id_subject_id_index" ON "data_request" USING btree ("organization_id","subject_id");--> statement-breakpoint
CREATE UNIQUE INDEX "data_request_open" ON "data_request" USING btree ("organization_id","subject_id","kind") WHERE status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered');--> statement-breakpoint
CREATE INDEX "cap_slot_organization_id_subject_id_at_index" ON "cap_slot" USING btree ("organization_id","subject_id","at");--> statement-breakpoint
CREATE INDEX "cause_identifiers" ON "cause" USING gin ("identifier_hashes");--> statement-breakpoint
CREATE INDEX "cause_use_organization_id_decision_id_index" ON "cause_use" USING btree ("organization_id","decision_id");--> statement-breakpoint
CREATE INDEX "cause_use_organization_id_subject_id_used_at_index" ON "cause_use" USING btree ("organization_id","subject_id","used_at");--> statement-breakpoint
CREATE UNIQUE INDEX "complaint_breaker_open" ON "complaint_breaker" USING btree ("organization_id","sender_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "complaint_breaker_event_organization_id_breaker_id_index" ON "complaint_breaker_event" USING btree ("organization_id","breaker_id");--> statement-breakpoint
CREATE INDEX "decision_organization_id_subject_id_at_index" ON "decision" USING btree ("organization_id","subject_id","at");--> statement-breakpoint
CREATE UNIQUE INDEX "monitor_running" ON "monitor" USING btree ("organization_id","sender_id","purpose") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "monitor_event_organization_id_monitor_id_index" ON "monitor_event" USING btree ("organization_id","monitor_id");--> statement-breakpoint
CREATE UNIQUE INDEX "permit_outcome_final" ON "permit_outcome" USING btree ("organization_id","decision_id") WHERE outcome <> 'unknown';--> statement-breakpoint
CREATE INDEX "permit_outcome_organization_id_message_id_index" ON "permit_outcome" USING btree ("organization_id","message_id");--> statement-breakpoint
CREATE INDEX "permit_redemption_organization_id_subject_id_redeemed_at_index" ON "permit_redemption" USING btree ("organization_id","subject_id","redeemed_at");--> statement-breakpoint
CREATE INDEX "permit_redemption_marketing" ON "permit_redemption" USING btree ("organization_id","sender_id","redeemed_at") WHERE category = 'marketing';--> statement-breakpoint
CREATE INDEX "reached_person_organization_id_counter_last_at_index" ON "reached_person" USING btree ("organization_id","counter","last_at");--> statement-breakpoint
CREATE INDEX "reached_person_until" ON "reached_person" USING btree ("organization_id","counter","until") WHERE until is not null;--> statement-breakpoint
CREATE INDEX "sending_switch_pulled" ON "sending_switch" USING btree ("organization_id") WHERE released_at is null;--> statement-breakpoint
CREATE INDEX "sending_switch_event_organization_id_switch_id_index" ON "sending_switch_event" USING btree ("organization_id","switch_id");--> statement-breakpoint
CREATE INDEX "opt_out_event_organization_id_subject_id_recorded_at_index" ON "opt_out_event" USING btree ("organization_id","subject_id","recorded_at");--> statement-breakpoint
CREATE INDEX "opt_out_event_organization_id_recorded_at_index" ON "opt_out_event" USING btree ("organization_id","recorded_at");--> statement-breakpoint
CREATE UNIQUE INDEX "opt_out_undone_once" ON "opt_out_event" USING btree ("organization_id","undoes") WHERE undoes is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "api_key_live_slot" ON "api_key" USING btree ("organization_id","name","slot") WHERE revoked_at is null;--> statement-breakpoint
CREATE INDEX "sender_waba_id_index" ON "sender" USING btree ("waba_id");--> statement-breakpoint
CREATE UNIQUE INDEX "sender_of_webhooks" ON "sender" USING btree ("phone_number_id") WHERE not is_sandbox;--> statement-breakpoint
CREATE INDEX "identifier_organization_id_subject_id_index" ON "identifier" USING btree ("organization_id","subject_id");--> statement-breakpoint
CREATE INDEX "standing_no_organization_id_event_id_index" ON "standing_no" USING btree ("organization_id","event_id");--> statement-breakpoint
CREATE INDEX "subject_organization_id_root_id_index" ON "subject" USING btree ("organization_id","root_id");--> statement-breakpoint
CREATE INDEX "inbound_message_organization_id_subject_id_at_index" ON "inbound_message" USING btree ("organization_id","subject_id","at");--> statement-breakpoint
CREATE INDEX "message_status_organization_id_subject_id_at_index" ON "message_status" USING btree ("organization_id","subject_id","at");--> statement-breakpoint
CREATE INDEX "message_status_failures" ON "message_status" USING btree ("organization_id","subject_id","at") WHERE error_code in (131049, 130472, 131026);--> statement-breakpoint
CREATE INDEX "message_status_closings" ON "message_status" USING btree ("organization_id","sender_id","at") WHERE error_code = 131047;--> statement-breakpoint
CREATE INDEX "message_status_spam" ON "message_status" USING btree ("organization_id","sender_id","at") WHERE error_code = 131048;--> statement-breakpoint
CREATE INDEX "platform_preference_organization_id_at_index" ON "platform_preference" USING btree ("organization_id","at");--> statement-breakpoint
CREATE INDEX "platform_preference_event_organization_id_waba_id_at_index" ON "platform_preference_event" USING btree ("organization_id","waba_id","at");--> statement-breakpoint
CREATE INDEX "service_window_organization_id_subject_id_index" ON "service_window" USING btree ("organization_id","subject_id");--> statement-breakpoint
CREATE INDEX "webhook_body_day_index" ON "webhook_body" USING btree ("day");--> statement-breakpoint
CREATE INDEX "webhook_body_unclaimed_index" ON "webhook_body" USING gin ("unclaimed");