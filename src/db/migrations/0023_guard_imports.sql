-- What was taken in, and what stands behind a list, are facts.
do $$
declare name text;
begin
  foreach name in array array['consent_import', 'consent_import_batch', 'legacy_evidence'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', name);
    execute format('create trigger append_only_truncate before truncate on %I for each statement execute function refuse_change()', name);
  end loop;
end $$;
--> statement-breakpoint
-- The public form of an id (TypeID: prefix and 26 digits of Crockford's base 32), for what refers to many rows at once.
create function public_id(p_prefix text, p_id uuid) returns text language sql immutable as $$
  select p_prefix || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz',
    substring(B'00' || ('x' || replace(p_id::text, '-', ''))::bit(128) from k * 5 + 1 for 5)::bit(5)::int + 1, 1), '' order by k)
  from generate_series(0, 25) k
$$;
