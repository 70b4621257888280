-- Opens a cause for a person, at most p_most within the seconds that one lives: locks first, counts afterwards.
create function open_cause(
  p_organization uuid, p_id uuid, p_kind text, p_hashes bytea[], p_most int, p_life_seconds int
) returns table (id uuid, opened_at timestamptz) language plpgsql as $$
declare v_hash bytea;
begin
  for v_hash in select h from unnest(p_hashes) h order by 1 loop
    perform pg_advisory_xact_lock(hashtextextended('cause:' || p_organization::text || encode(v_hash, 'hex'), 0));
  end loop;
  if (select count(*) from cause c where c.organization_id = p_organization and c.kind = p_kind
      and c.identifier_hashes && p_hashes and c.opened_at > now() - p_life_seconds * interval '1 second') >= p_most then
    return;
  end if;
  return query insert into cause (organization_id, id, kind, identifier_hashes)
    values (p_organization, p_id, p_kind, p_hashes) returning cause.id, cause.opened_at;
end $$;
