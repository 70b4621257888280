CREATE TABLE "identity_code" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"claim_id" uuid NOT NULL,
	"address_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"tries_left" integer NOT NULL,
	"used_at" timestamp (3) with time zone,
	CONSTRAINT "identity_code_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "request_claim" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"sealed" "bytea",
	"reference_sha256" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"proven_at" timestamp (3) with time zone,
	"request_id" uuid,
	"problem" text,
	CONSTRAINT "request_claim_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "request_claim_referenceSha256_unique" UNIQUE("reference_sha256")
);
--> statement-breakpoint
ALTER TABLE "identity_code" ADD CONSTRAINT "identity_code_organization_id_claim_id_request_claim_organization_id_id_fk" FOREIGN KEY ("organization_id","claim_id") REFERENCES "public"."request_claim"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "request_claim" ADD CONSTRAINT "request_claim_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "request_claim" ADD CONSTRAINT "request_claim_organization_id_request_id_data_request_organization_id_id_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."data_request"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "identity_code_organization_id_address_hash_created_at_index" ON "identity_code" USING btree ("organization_id","address_hash","created_at");--> statement-breakpoint
CREATE INDEX "identity_code_organization_id_claim_id_created_at_index" ON "identity_code" USING btree ("organization_id","claim_id","created_at");--> statement-breakpoint
CREATE INDEX "request_claim_created_at_index" ON "request_claim" USING btree ("created_at");
--> statement-breakpoint
-- Makes a code that shows that whoever asks has an address, unless the address has had too many of late: so many within some
-- time, and so many in 24 hours, since each may be guessed at. Does the same whether anybody is known by the address or not.
-- With p_sealed the claim is made, too. Older codes of the claim are good no more. Locks first, looks afterwards.
create function make_identity_code(
  p_organization uuid, p_id uuid, p_claim uuid, p_address bytea, p_sealed bytea, p_reference bytea, p_most int,
  p_within int, p_most_per_day int, p_life int, p_tries int
) returns uuid language plpgsql as $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended('identity_code:' || p_organization || encode(p_address, 'hex'), 0));
  if exists (
    select from identity_code c
    where c.organization_id = p_organization and c.address_hash = p_address
      and c.created_at > now() - interval '24 hours'
    having count(*) filter (where c.created_at > now() - make_interval(secs => p_within)) >= p_most
      or count(*) >= p_most_per_day)
  then
    return null;
  end if;
  if p_sealed is not null then
    insert into request_claim (organization_id, id, sealed, reference_sha256)
      values (p_organization, p_claim, p_sealed, p_reference);
  end if;
  update identity_code set expires_at = now()
    where organization_id = p_organization and claim_id = p_claim and expires_at > now();
  insert into identity_code (organization_id, id, claim_id, address_hash, expires_at, tries_left)
    values (p_organization, p_id, p_claim, p_address, now() + make_interval(secs => p_life), p_tries);
  return p_id;
end $$;
