CREATE TABLE "opendsr_callback" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"subject_request_id" uuid NOT NULL,
	"url" text NOT NULL,
	"status" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp (3) with time zone DEFAULT now(),
	"delivered_at" timestamp (3) with time zone,
	"outcome" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "opendsr_callback_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "opendsr_request" (
	"organization_id" uuid NOT NULL,
	"subject_request_id" uuid NOT NULL,
	"data_request_id" uuid NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"callback_urls" text[] NOT NULL,
	"is_opener" boolean NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"cancelled_at" timestamp (3) with time zone,
	CONSTRAINT "opendsr_request_organization_id_subject_request_id_pk" PRIMARY KEY("organization_id","subject_request_id")
);
--> statement-breakpoint
ALTER TABLE "opendsr_callback" ADD CONSTRAINT "opendsr_callback_organization_id_subject_request_id_opendsr_request_organization_id_subject_request_id_fk" FOREIGN KEY ("organization_id","subject_request_id") REFERENCES "public"."opendsr_request"("organization_id","subject_request_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "opendsr_request" ADD CONSTRAINT "opendsr_request_organization_id_data_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","data_request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "opendsr_callback_due_at_index" ON "opendsr_callback" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "opendsr_request_organization_id_data_request_id_index" ON "opendsr_request" USING btree ("organization_id","data_request_id");
--> statement-breakpoint
-- Our statuses in OpenDSR's words, as domain/opendsr.ts has them.
create function opendsr_status(p_status text) returns text language sql immutable as $$
  select case
    when p_status in ('received', 'identity_check') then 'pending'
    when p_status in ('in_progress', 'ready') then 'in_progress'
    when p_status in ('refused', 'cancelled') then 'cancelled'
    else 'completed' end
$$;
--> statement-breakpoint
-- Whoever moves a request on, and by whatever statement: the controllers that asked for it are told in that statement.
create function tell_opendsr() returns trigger language plpgsql as $$
begin
  insert into opendsr_callback (organization_id, id, subject_request_id, url, status)
  select o.organization_id, gen_random_uuid(), o.subject_request_id, u.url, opendsr_status(new.status)
  from opendsr_request o cross join unnest(o.callback_urls) u(url)
  where o.organization_id = new.organization_id and o.data_request_id = new.id and o.cancelled_at is null;
  if found then
    perform queue_job('send_opendsr_callbacks', json_build_object('organizationId', new.organization_id),
      'opendsr:' || new.organization_id);
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger tell_opendsr after update of status on data_request for each row
  when (opendsr_status(old.status) is distinct from opendsr_status(new.status)) execute function tell_opendsr();
