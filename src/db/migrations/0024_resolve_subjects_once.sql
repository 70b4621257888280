-- As before (0014), but everything that it is given is read once, and whom it made is not looked for among all.
create or replace function resolve_subjects(p_organization uuid, p_people json, p_identifiers json, p_request text)
returns table (n int, outcome text, subject_id uuid, data_key bytea, evidence_key bytea, unsealed text[])
language plpgsql as $$
#variable_conflict use_column
declare v_made int[]; v_ids uuid[]; v_n int;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_organization::text || x.hash, 0))
    from (select x.hash from json_to_recordset(p_identifiers) x(hash text) order by 1 offset 0) x;

  with asked as materialized (
    select x.n, h.hash, x.kind, x.country, x.sealed, x.kind in ('bsuid', 'parent_bsuid') as is_user_id, i.is_known
    from json_to_recordset(p_identifiers) x(n int, hash text, kind text, country text, sealed text)
    cross join lateral (select decode(x.hash, 'hex') as hash) h
    left join lateral (select true as is_known from identifier i
      where i.organization_id = p_organization and i.hash = h.hash offset 0) i on true),
  fresh as materialized (
    select a.n, bool_and(a.is_user_id) as by_user_id_alone from asked a group by a.n having count(a.is_known) = 0),
  made as materialized (
    select f.n, f.by_user_id_alone, p.id, p."dataKey" as data_key, p."evidenceKey" as evidence_key
    from json_to_recordset(p_people) p(n int, id uuid, "dataKey" text, "evidenceKey" text) join fresh f on f.n = p.n),
  subjects as (
    insert into subject (organization_id, id, root_id, data_key, evidence_key)
    select p_organization, m.id, m.id, decode(m.data_key, 'base64'), decode(m.evidence_key, 'base64') from made m),
  identifiers as (
    -- As in resolve_subject: no caller ties a user id to anything else.
    insert into identifier (organization_id, hash, subject_id, kind, country, sealed)
    select p_organization, a.hash, m.id, a.kind, a.country, decode(a.sealed, 'base64')
    from asked a join made m on m.n = a.n where m.by_user_id_alone or not a.is_user_id)
  select coalesce(array_agg(m.n order by m.n), '{}'), array_agg(m.id order by m.n) into v_made, v_ids from made m;

  return query
    select m.n, 'made', m.id, null::bytea, null::bytea, null::text[] from unnest(v_made, v_ids) m(n, id);
  if cardinality(v_made) = json_array_length(p_people) then return; end if;
  for v_n in select p.n from json_to_recordset(p_people) p(n int) except select unnest(v_made) order by 1 loop
    return query
      select v_n, r.outcome, r.subject_id, r.data_key, r.evidence_key, r.unsealed
      from json_to_recordset(p_people) p(n int, id uuid, "dataKey" text, "evidenceKey" text)
      cross join lateral resolve_subject(p_organization, (
          select jsonb_agg(jsonb_build_object('hash', x.hash, 'kind', x.kind, 'country', x.country))
          from json_to_recordset(p_identifiers) x(n int, hash text, kind text, country text) where x.n = v_n),
        p.id, decode(p."dataKey", 'base64'), decode(p."evidenceKey", 'base64'), false, now(), p_request) r
      where p.n = v_n;
  end loop;
end $$;
