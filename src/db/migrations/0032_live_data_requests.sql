DROP INDEX "data_request_open";--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "requester_capacity" text DEFAULT 'self' NOT NULL;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "requester_sealed" "bytea";--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "requester_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "approvals_needed" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "approvals" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "owner" text;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "is_clarifying" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "is_extended" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "organization" ADD COLUMN "four_eyes" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "data_request_open" ON "data_request" USING btree ("organization_id","subject_id","kind") WHERE requester_capacity = 'self' and status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered');--> statement-breakpoint
-- Until now whoever noted how identity was made sure of approved the request with it.
update data_request r set approvals = array[(
    select e.actor_kind || coalesce(':' || e.actor_id, '') from request_event e
    where e.organization_id = r.organization_id and e.request_id = r.id and e.event = 'identity_noted'
    order by e.at desc limit 1)]
where r.status in ('in_progress', 'ready', 'delivered') and exists (
  select from request_event e
  where e.organization_id = r.organization_id and e.request_id = r.id and e.event = 'identity_noted');
