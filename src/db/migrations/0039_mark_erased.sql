ALTER TABLE "subject" ALTER COLUMN "evidence_key" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "organization" ADD COLUMN "backup_days" integer;--> statement-breakpoint
ALTER TABLE "subject" ADD COLUMN "erased_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "subject" ADD COLUMN "evidence_until" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "subject_evidence_until" ON "subject" USING btree ("evidence_until") WHERE evidence_key is not null;