-- Whether an identifier is on the blocklist.
create function is_blocked(p_organization uuid, p_hash bytea) returns boolean language sql stable as $$
  select exists (select from block b where b.organization_id = p_organization and b.identifier_hash = p_hash
    and b.lifted_at is null and (b.expires_at is null or b.expires_at > now()))
$$;
--> statement-breakpoint
-- Whether somebody wants nothing at a number or address that stands in no standing_no: it is on the blocklist, or its owner
-- stopped marketing on the platform. A yes that anybody may have typed waits for its owner's word then.
create function is_closed(p_organization uuid, p_hash bytea, p_purpose text) returns boolean language sql stable as $$
  select is_blocked(p_organization, p_hash)
    or exists (select from platform_preference f where f.organization_id = p_organization and f.identifier_hash = p_hash
      and f.value = 'stop' and '*marketing' = any(no_purposes(p_organization, p_purpose)))
$$;
