-- A person who was erased is not coming back: nothing is added to their records any more. Waits for an erasure under way.
create function refuse_erased() returns trigger language plpgsql as $$
declare v_erased_at timestamptz;
begin
  -- Not there yet: the same statement makes the record.
  select s.erased_at into v_erased_at from subject s
    where s.organization_id = new.organization_id and s.id = new.subject_id for key share;
  if v_erased_at is not null then raise exception 'This person''s data was erased.' using errcode = 'SAY10'; end if;
  return new;
end $$;
--> statement-breakpoint
do $$
declare name text;
begin
  foreach name in array array[
    'account_section', 'consent_event', 'data_request', 'hold', 'identifier', 'inbound_message', 'opt_out_event',
    'opt_out_suspicion', 'preference_code', 'preference_event'
  ] loop
    execute format('create trigger refuse_erased before insert on %I for each row when (new.subject_id is not null) execute function refuse_erased()', name);
  end loop;
end $$;
--> statement-breakpoint
-- Whether a record is of a person who was erased.
create function is_erased(p_organization uuid, p_subject uuid) returns boolean language sql stable as $$
  select exists (select from subject s
    where s.organization_id = p_organization and s.id = p_subject and s.erased_at is not null)
$$;
--> statement-breakpoint
-- Like refuse_change, for facts about a person that go with them: once they are erased their rows may be removed.
create function refuse_change_until_erased() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and is_erased(old.organization_id, old.subject_id) then return old; end if;
  raise exception 'Rows of % are never changed, and removed only with their person.', tg_table_name
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
do $$
declare name text;
begin
  foreach name in array array['message_status', 'preference_event'] loop
    execute format('drop trigger append_only on %I', name);
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change_until_erased()', name);
  end loop;
end $$;
--> statement-breakpoint
-- As before (0007), and what is of a person who was erased may be removed; an outcome is whose redemption it follows.
create or replace function refuse_change_while_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if tg_argv[0] = 'at' then
      if old.at < kept_since(old.organization_id, 'inbound_message') then return old; end if;
    elsif tg_argv[0] = 'id' then
      if old.id < first_uuid_of(kept_since(old.organization_id, 'decision')) then return old; end if;
    elsif old.decision_id < first_uuid_of(kept_since(old.organization_id, 'decision')) then
      return old;
    end if;
    if tg_table_name = 'permit_outcome' then
      if exists (select from permit_redemption r where r.organization_id = old.organization_id
        and r.decision_id = old.decision_id and is_erased(r.organization_id, r.subject_id)) then return old; end if;
    elsif is_erased(old.organization_id, (to_jsonb(old)->>'subject_id')::uuid) then
      return old;
    end if;
  end if;
  raise exception 'Rows of % are never changed, and removed only when their organization keeps them no more.', tg_table_name
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
-- Two records become one person (as before, 0002). Somebody who was erased becomes nobody.
create or replace function merge_subjects(
  p_organization uuid, p_first uuid, p_second uuid, p_actor_kind text, p_actor_id text, p_request text, p_reason text
) returns uuid language plpgsql as $$
declare v_first uuid; v_second uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('merge:' || p_organization::text, 0));
  select root_id into v_first from subject where organization_id = p_organization and id = p_first and erased_at is null;
  select root_id into v_second from subject where organization_id = p_organization and id = p_second and erased_at is null;
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
-- What goes with a person who was erased, whenever it was written: what hangs on no proof, names nobody's no and has no
-- guard of its own, since checks are answered while people are erased. Answers how many rows of each table went.
create function remove_traces(p_organization uuid, p_records uuid[]) returns jsonb language plpgsql as $$
declare v_counts jsonb := '{}'; v_table text; v_rows bigint;
begin
  delete from permit_outcome o using permit_redemption r
  where r.organization_id = p_organization and r.subject_id = any(p_records)
    and o.organization_id = r.organization_id and o.decision_id = r.decision_id;
  get diagnostics v_rows = row_count;
  v_counts := jsonb_build_object('permit_outcome', v_rows);
  foreach v_table in array array[
    'account_section', 'cap_slot', 'cause_use', 'decision', 'identifier', 'inbound_message', 'message_status', 'preference',
    'preference_code', 'preference_event', 'service_window'
  ] loop
    execute format('delete from %I where organization_id = $1 and subject_id = any($2)', v_table)
      using p_organization, p_records;
    get diagnostics v_rows = row_count;
    v_counts := v_counts || jsonb_build_object(v_table, v_rows);
  end loop;
  return v_counts;
end $$;
--> statement-breakpoint
-- Erases a person, every record of theirs, as their data request of the kind erasure asks; see the feature datarequest.
-- Takes the locks of everybody who writes about a person first and looks afterwards: a hold, another request of theirs that
-- is not answered, and that the request is identified and approved. Of the open suspicions, which may be noes, it
-- makes noes. What stays hangs on the records, which stay: proof of consent under the evidence key until p_until, and by
-- keyed hashes of identifiers what was said no to and what is blocked.
--   outcome: erased | held | open_request | not_ready | unknown
create function erase_subject(p_organization uuid, p_request uuid, p_status text, p_opt_out uuid, p_evidence_years int)
returns table (outcome text, root uuid, records uuid[], erased_at timestamptz, evidence_until timestamptz, counts jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_subject uuid; v_hashes bytea[]; v_taken bytea[] := '{}'; v_hash bytea; v_lock bigint; v_rows bigint;
  v_at timestamptz(3); v_until timestamptz(3); v_counts jsonb; v_said timestamptz;
begin
  outcome := 'unknown';
  perform heed_holds();
  select r.subject_id into v_subject from data_request r where r.organization_id = p_organization and r.id = p_request;
  if v_subject is null then return next; return; end if;

  -- Identifiers first, as whoever looks people up does; then merges. Who came to the person meanwhile is looked for again.
  select s.root_id into root from subject s where s.organization_id = p_organization and s.id = v_subject;
  v_hashes := person_hashes(p_organization, root);
  loop
    for v_hash in select h from unnest(v_hashes) h where not h = any(v_taken) order by 1 loop
      perform pg_advisory_xact_lock(hashtextextended(p_organization::text || encode(v_hash, 'hex'), 0));
    end loop;
    v_taken := v_taken || v_hashes;
    perform pg_advisory_xact_lock(hashtextextended('merge:' || p_organization::text, 0));
    select s.root_id into root from subject s where s.organization_id = p_organization and s.id = v_subject;
    v_hashes := person_hashes(p_organization, root);
    exit when v_hashes <@ v_taken;
  end loop;
  perform lock_noes(p_organization, v_hashes);
  records := array(select s.id from subject s
    where s.organization_id = p_organization and s.root_id = root order by s.id);
  perform lock_preferences(p_organization, root);
  for v_lock in
    select distinct hashtextextended('sends:' || p_organization || x.id, 0) from unnest(records) x(id) order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
  perform from subject s where s.organization_id = p_organization and s.id = any(records) order by s.id for update;
  perform from data_request r where r.organization_id = p_organization and r.subject_id = any(records) order by r.id for update;

  outcome := case
    when not exists (select from data_request r where r.organization_id = p_organization and r.id = p_request
      and r.kind = 'erasure' and r.status = p_status and cardinality(r.approvals) >= r.approvals_needed
      and exists (select from request_event e where e.organization_id = r.organization_id and e.request_id = r.id
        and e.event = 'identity_noted'))
      or exists (select from subject s where s.organization_id = p_organization and s.id = root and s.erased_at is not null)
      then 'not_ready'
    when is_held(p_organization, root) then 'held'
    when exists (select from data_request r where r.organization_id = p_organization and r.subject_id = any(records)
      and r.id <> p_request and r.status in ('received', 'identity_check', 'in_progress', 'ready')) then 'open_request'
    else 'erased' end;
  if outcome <> 'erased' then return next; return; end if;
  v_at := now();
  v_until := v_at + make_interval(years => p_evidence_years);

  -- What may be a no and nobody has decided is one from now on.
  select max(u.occurred_at) into v_said from opt_out_suspicion u
    where u.organization_id = p_organization and u.subject_id = any(records) and u.decided_at is null;
  if v_said is not null then
    insert into opt_out_event (organization_id, id, subject_id, kind, scope, source, occurred_at, replaced, actor_kind, actor_id)
    values (p_organization, p_opt_out, root, 'opted_out', 'marketing', 'erasure', v_said, '[]', 'system', 'erasure');
    insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
    select distinct p_organization, h, '*', '*marketing', 'opted_out', v_said, public_id('opt', p_opt_out)
    from (
      select unnest(v_hashes) as h
      union
      select m.identifier_hash from marketing_pause m join opt_out_suspicion u
        on u.organization_id = m.organization_id and u.id = m.suspicion_id
      where u.organization_id = p_organization and u.subject_id = any(records) and u.decided_at is null) x
    on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
      set at = excluded.at, event_id = excluded.event_id where standing_no.at < excluded.at;
    insert into opt_out_suspicion_event (organization_id, id, suspicion_id, kind, reason, actor_kind, actor_id)
    select p_organization, gen_random_uuid(), u.id, 'confirmed', 'erasure', 'system', 'erasure' from opt_out_suspicion u
    where u.organization_id = p_organization and u.subject_id = any(records) and u.decided_at is null;
  end if;
  -- The strictest of all records held for every identifier; from now on each has it by itself.
  perform copy_noes(p_organization, v_hashes, v_hashes);
  delete from marketing_pause m using opt_out_suspicion u
    where u.organization_id = p_organization and u.subject_id = any(records)
      and m.organization_id = u.organization_id and m.suspicion_id = u.id;
  -- The platform's id of a message holds the number that it is of.
  update opt_out_suspicion u set message_id = 'erased:' || u.id, decided_at = coalesce(u.decided_at, v_at)
    where u.organization_id = p_organization and u.subject_id = any(records);

  -- From here on nothing is added, and what is append-only may go.
  update subject s set data_key = null, time_zone = null, saved_sender_ids = '{}', erased_at = v_at, evidence_until = v_until
    where s.organization_id = p_organization and s.id = any(records);
  delete from cause c where c.organization_id = p_organization and c.identifier_hashes && v_hashes;
  get diagnostics v_rows = row_count;
  v_counts := jsonb_build_object('cause', v_rows);
  update block b set note = null where b.organization_id = p_organization and b.identifier_hash = any(v_hashes);

  delete from archive_chunk k using archive a, data_request r
    where r.organization_id = p_organization and r.subject_id = any(records)
      and a.organization_id = r.organization_id and a.request_id = r.id
      and k.organization_id = a.organization_id and k.archive_id = a.id;
  get diagnostics v_rows = row_count;
  v_counts := v_counts || jsonb_build_object('archive_chunk', v_rows);
  delete from delivery d using archive a, data_request r
    where r.organization_id = p_organization and r.subject_id = any(records)
      and a.organization_id = r.organization_id and a.request_id = r.id
      and d.organization_id = a.organization_id and d.archive_id = a.id;
  get diagnostics v_rows = row_count;
  v_counts := v_counts || jsonb_build_object('delivery', v_rows);
  update archive a set state = 'deleted', key = null, deleted_at = v_at, lease_until = null from data_request r
    where r.organization_id = p_organization and r.subject_id = any(records)
      and a.organization_id = r.organization_id and a.request_id = r.id and a.state <> 'deleted';
  with ended as (
    update data_request r set status = 'closed' where r.organization_id = p_organization and r.subject_id = any(records)
      and r.id <> p_request and r.status = 'delivered' returning r.id, r.status)
  insert into request_event (organization_id, request_id, id, event, status, actor_kind, actor_id, details)
  select p_organization, ended.id, gen_random_uuid(), 'closed', ended.status, 'system', 'erasure',
    jsonb_build_object('reason', 'The person''s data was erased, and the archive with it.') from ended;

  counts := v_counts || remove_traces(p_organization, records);
  erased_at := v_at;
  evidence_until := v_until;
  return next;
end $$;
--> statement-breakpoint
-- Once more what may have been written about somebody while they were erased, and what others were told of them: the ids
-- of messages in it hold numbers. What is still to be told goes out without them.
create function sweep_erased(p_organization uuid, p_records uuid[], p_public_ids text[]) returns jsonb language plpgsql as $$
declare v_counts jsonb;
begin
  if exists (select from unnest(p_records) x(id) where not is_erased(p_organization, x.id)) then return null; end if;
  v_counts := remove_traces(p_organization, p_records);
  delete from webhook_delivery d where d.organization_id = p_organization and d.data->>'subjectId' = any(p_public_ids)
    and (d.delivered_at is not null or d.failed_at is not null);
  update webhook_delivery d set data = d.data - 'messageId'
    where d.organization_id = p_organization and d.data->>'subjectId' = any(p_public_ids) and d.data ? 'messageId';
  return v_counts;
end $$;
