ALTER TABLE "opt_out_event" ALTER COLUMN "subject_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "opt_out_event" ADD COLUMN "identifier_hash" "bytea";--> statement-breakpoint
CREATE INDEX "opt_out_event_organization_id_identifier_hash_index" ON "opt_out_event" USING btree ("organization_id","identifier_hash") WHERE identifier_hash is not null;--> statement-breakpoint
ALTER TABLE "opt_out_event" ADD CONSTRAINT "opt_out_of_someone" CHECK (num_nonnulls("opt_out_event"."subject_id", "opt_out_event"."identifier_hash") = 1);