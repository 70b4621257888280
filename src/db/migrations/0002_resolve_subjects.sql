-- A no belongs to the identifier: copies every no of some identifiers to others, so that it goes along with both.
create function copy_noes(p_organization uuid, p_from bytea[], p_to bytea[]) returns void language plpgsql as $$
begin
  insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
  select distinct on (t.hash, n.channel, n.purpose, n.kind)
    p_organization, t.hash, n.channel, n.purpose, n.kind, n.at, n.event_id
  from standing_no n cross join unnest(p_to) t(hash)
  where n.organization_id = p_organization and n.identifier_hash = any(p_from)
  order by t.hash, n.channel, n.purpose, n.kind, n.at desc
  on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
    set at = excluded.at, event_id = excluded.event_id where standing_no.at < excluded.at;

  insert into platform_preference (organization_id, identifier_hash, waba_id, value, at)
  select distinct on (t.hash, p.waba_id) p_organization, t.hash, p.waba_id, p.value, p.at
  from platform_preference p cross join unnest(p_to) t(hash)
  where p.organization_id = p_organization and p.identifier_hash = any(p_from) and p.value = 'stop'
  order by t.hash, p.waba_id, p.at desc
  on conflict (organization_id, identifier_hash, waba_id) do update
    set value = excluded.value, at = excluded.at where platform_preference.at < excluded.at;

  with copied as (
    insert into block (organization_id, id, identifier_hash, identifier_kind, ending, reason, note, expires_at)
    select distinct on (t.hash, b.reason, b.expires_at)
      p_organization, gen_random_uuid(), t.hash, coalesce(i.kind, b.identifier_kind), b.ending, b.reason, null, b.expires_at
    from block b cross join unnest(p_to) t(hash)
    left join identifier i on i.organization_id = p_organization and i.hash = t.hash
    where b.organization_id = p_organization and b.identifier_hash = any(p_from) and b.lifted_at is null
      and (b.expires_at is null or b.expires_at > now())
      and not exists (select from block o where o.organization_id = p_organization and o.identifier_hash = t.hash
        and o.lifted_at is null and o.reason = b.reason and o.expires_at is not distinct from b.expires_at)
    order by t.hash, b.reason, b.expires_at
    returning id, reason)
  insert into block_event (organization_id, id, block_id, kind, reason, actor_kind)
  select p_organization, gen_random_uuid(), id, 'created', reason, 'platform' from copied;
end $$;
--> statement-breakpoint
-- All identifiers of the person that a record belongs to, merged records included.
create function person_hashes(p_organization uuid, p_root uuid) returns bytea[] language sql stable as $$
  select coalesce(array_agg(i.hash order by i.hash), '{}') from identifier i
  join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
  where i.organization_id = p_organization and s.root_id = p_root
$$;
--> statement-breakpoint
-- Two records become one person. Nothing is moved; the strictest of both holds from now on.
create function merge_subjects(
  p_organization uuid, p_first uuid, p_second uuid, p_actor_kind text, p_actor_id text, p_request text, p_reason text
) returns uuid language plpgsql as $$
declare v_first uuid; v_second uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('merge:' || p_organization::text, 0));
  select root_id into v_first from subject where organization_id = p_organization and id = p_first;
  select root_id into v_second from subject where organization_id = p_organization and id = p_second;
  if v_first is null or v_second is null then return null; end if;
  if v_first <> v_second then
    update subject set root_id = v_first
      where organization_id = p_organization and root_id = v_second;
    update subject set merged_at = now() where organization_id = p_organization and root_id = v_first;
    insert into audit_entry (organization_id, id, action, actor_kind, actor_id, entity, request_id, details)
    values (p_organization, gen_random_uuid(), 'subject.merged', p_actor_kind, p_actor_id, v_first::text, p_request,
      jsonb_build_object('other', v_second, 'reason', p_reason));
  end if;
  return v_first;
end $$;
--> statement-breakpoint
-- A number changed hands: it becomes a record of its own. The noes go along with both, the yes with nobody.
create function unlink_identifier(
  p_organization uuid, p_hash bytea, p_new_subject uuid, p_data_key bytea, p_evidence_key bytea,
  p_at timestamptz, p_request text
) returns uuid language plpgsql as $$
declare v_root uuid; v_all bytea[];
begin
  select s.root_id into v_root from identifier i
    join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
    where i.organization_id = p_organization and i.hash = p_hash for update of i;
  if v_root is null then return null; end if;
  v_all := person_hashes(p_organization, v_root);
  perform copy_noes(p_organization, v_all, v_all);
  insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
  select p_organization, h, '*', '*', 'invalidated', p_at, 'number_changed' from unnest(v_all) h
  on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
    set at = excluded.at, event_id = excluded.event_id where standing_no.at < excluded.at;
  insert into subject (organization_id, id, root_id, data_key, evidence_key)
    values (p_organization, p_new_subject, p_new_subject, p_data_key, p_evidence_key);
  update identifier set subject_id = p_new_subject, sealed = null, linked_at = greatest(linked_at, p_at)
    where organization_id = p_organization and hash = p_hash;
  insert into audit_entry (organization_id, id, action, actor_kind, entity, request_id, details)
  values (p_organization, gen_random_uuid(), 'subject.unlinked', 'platform', v_root::text, p_request,
    jsonb_build_object('into', p_new_subject));
  return p_new_subject;
end $$;
--> statement-breakpoint
-- The platform says that a person left one number or user id for others. The noes go along with both, the yes with
-- nobody. Told again it changes nothing, whatever happened to either since: false.
create function change_identity(
  p_organization uuid, p_from bytea, p_to bytea[], p_new_subject uuid, p_data_key bytea, p_evidence_key bytea,
  p_at timestamptz, p_request text
) returns boolean language plpgsql as $$
declare v_hash bytea; v_told int;
begin
  for v_hash in select distinct h from unnest(p_to || p_from) h order by 1 loop
    perform pg_advisory_xact_lock(hashtextextended(p_organization::text || encode(v_hash, 'hex'), 0));
  end loop;
  insert into identity_change (organization_id, from_hash, to_hash, at)
  select p_organization, p_from, t.hash, p_at from unnest(p_to) t(hash) on conflict do nothing;
  get diagnostics v_told = row_count;
  if v_told = 0 then return false; end if;

  -- Whom the platform has tied the old one to since is its next holder, who keeps it.
  if not exists (select from identifier i
    where i.organization_id = p_organization and i.hash = p_from and i.linked_at > p_at)
  then
    perform unlink_identifier(p_organization, p_from, p_new_subject, p_data_key, p_evidence_key, p_at, p_request);
  end if;
  insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
  select p_organization, t.hash, '*', '*', 'invalidated', p_at, 'number_changed' from unnest(p_to) t(hash)
  on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
    set at = excluded.at, event_id = excluded.event_id where standing_no.at < excluded.at;
  perform copy_noes(p_organization, array[p_from], p_to);
  return true;
end $$;
--> statement-breakpoint
-- Finds the person whom some identifiers name, or makes one. Takes its locks first and looks afterwards, so that
-- thousands of simultaneous first contacts of one person make one record.
--   p_identifiers: [{"hash": hex, "kind": "phone", "country": "IE"}]; p_platform: the platform itself names them together.
--   outcome: found | made | ambiguous (two people; a caller's word never merges them)
-- What the platform said up to an identifier's linked_at and what comes late makes and ends no tie.
create function resolve_subject(
  p_organization uuid, p_identifiers jsonb, p_new_id uuid, p_data_key bytea, p_evidence_key bytea,
  p_platform boolean, p_at timestamptz, p_request text
) returns table (outcome text, subject_id uuid, data_key bytea, evidence_key bytea, unsealed text[])
language plpgsql as $$
declare
  v_hash text; v_roots uuid[]; v_found int; v_root uuid; v_phone bytea; v_phone_root uuid; v_bsuid bytea;
  v_outcome text := 'found'; v_linked_at timestamptz; v_is_taken boolean;
begin
  select array_agg(distinct s.root_id), count(*) into v_roots, v_found
    from jsonb_to_recordset(p_identifiers) x(hash text, kind text)
    join identifier i on i.organization_id = p_organization and i.hash = decode(x.hash, 'hex')
    join subject s on s.organization_id = p_organization and s.id = i.subject_id;
  if cardinality(v_roots) > 1 and not p_platform then
    return query select 'ambiguous', null::uuid, null::bytea, null::bytea, null::text[];
    return;
  end if;
  if coalesce(cardinality(v_roots), 0) <> 1 or v_found < jsonb_array_length(p_identifiers) then
    for v_hash in select x.hash from jsonb_to_recordset(p_identifiers) x(hash text, kind text) order by 1 loop
      perform pg_advisory_xact_lock(hashtextextended(p_organization::text || v_hash, 0));
    end loop;

    if p_platform then
      select decode(x.hash, 'hex'), s.root_id into v_phone, v_phone_root
        from jsonb_to_recordset(p_identifiers) x(hash text, kind text)
        left join identifier i on i.organization_id = p_organization and i.hash = decode(x.hash, 'hex')
        left join subject s on s.organization_id = p_organization and s.id = i.subject_id
        where x.kind in ('phone', 'wa_id') limit 1;
      select decode(x.hash, 'hex') into v_bsuid
        from jsonb_to_recordset(p_identifiers) x(hash text, kind text) where x.kind = 'bsuid' limit 1;
      if v_phone is not null and v_bsuid is not null and not exists (
        select from identifier i join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
        where i.organization_id = p_organization and i.hash = v_bsuid and s.root_id = v_phone_root)
      then
        select max(i.linked_at), coalesce(bool_or(i.kind = 'bsuid' and i.hash <> v_bsuid), false)
          into v_linked_at, v_is_taken
          from identifier i left join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
          where i.organization_id = p_organization
            and (i.hash in (v_phone, v_bsuid) or (i.kind = 'bsuid' and s.root_id = v_phone_root));
        if v_linked_at >= p_at then
          -- Old news that came late: number or user id have gone elsewhere since. This is about the user id alone.
          p_identifiers := (select jsonb_agg(x) from jsonb_array_elements(p_identifiers) x
            where decode(x->>'hash', 'hex') <> v_phone);
          v_phone := null;
        elsif v_is_taken then
          -- The number's record belongs to another user id: the number has a new holder.
          perform unlink_identifier(p_organization, v_phone, p_new_id, p_data_key, p_evidence_key, p_at, p_request);
          v_outcome := 'made';
        end if;
      end if;
    end if;

    select array_agg(distinct s.root_id order by s.root_id) into v_roots
      from jsonb_to_recordset(p_identifiers) x(hash text, kind text)
      join identifier i on i.organization_id = p_organization and i.hash = decode(x.hash, 'hex')
      join subject s on s.organization_id = p_organization and s.id = i.subject_id;
    if cardinality(v_roots) > 1 then
      if not p_platform then
        return query select 'ambiguous', null::uuid, null::bytea, null::bytea, null::text[];
        return;
      end if;
      v_root := v_roots[1];
      for n in 2 .. cardinality(v_roots) loop
        v_root := merge_subjects(p_organization, v_root, v_roots[n], 'platform', null, p_request, 'named together by the platform');
      end loop;
    elsif cardinality(v_roots) = 1 then
      v_root := v_roots[1];
    else
      v_root := p_new_id;
      v_outcome := 'made';
      insert into subject (organization_id, id, root_id, data_key, evidence_key)
        values (p_organization, p_new_id, p_new_id, p_data_key, p_evidence_key);
    end if;

    -- A number and a user id belong together only on the platform's word, and no caller names a new user id.
    insert into identifier (organization_id, hash, subject_id, kind, country, linked_at)
    select p_organization, decode(x.hash, 'hex'), v_root, x.kind, x.country,
        case when v_phone is not null and v_bsuid is not null then p_at end
      from jsonb_to_recordset(p_identifiers) x(hash text, kind text, country text)
      where p_platform
        or not exists (
          select from jsonb_to_recordset(p_identifiers) y(hash text, kind text)
          left join identifier i on i.organization_id = p_organization and i.hash = decode(y.hash, 'hex')
          where case when x.kind in ('bsuid', 'parent_bsuid')
            then y.kind not in ('bsuid', 'parent_bsuid') and (i.hash is not null or v_outcome = 'made')
            else x.kind in ('phone', 'wa_id') and y.kind in ('bsuid', 'parent_bsuid') and i.hash is not null end)
    on conflict (organization_id, hash) do update set linked_at = excluded.linked_at
      where identifier.linked_at is null and excluded.linked_at is not null or identifier.linked_at < excluded.linked_at;
  else
    v_root := v_roots[1];
  end if;
  return query select v_outcome, s.id, s.data_key, s.evidence_key, array(
      select x.hash from jsonb_to_recordset(p_identifiers) x(hash text, kind text)
      join identifier i on i.organization_id = p_organization and i.hash = decode(x.hash, 'hex')
      where i.subject_id = v_root and i.sealed is null)
    from subject s
    where s.organization_id = p_organization and s.id = v_root;
end $$;
