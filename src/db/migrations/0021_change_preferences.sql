create trigger append_only before update or delete on preference_event
  for each row execute function refuse_change();
--> statement-breakpoint
create trigger append_only_truncate before truncate on preference_event
  for each statement execute function refuse_change();
--> statement-breakpoint
-- All records of a person whose preferences change take turns: locks first, looks afterwards.
create function lock_preferences(p_organization uuid, p_root uuid) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('preference:' || p_organization || p_root, 0));
end $$;
--> statement-breakpoint
-- What holds of one aspect for a person (all records of them): the strictest pause and frequency, the latest of the
-- others. A pause that is over holds no more.
create function standing_preference(p_organization uuid, p_root uuid, p_aspect text) returns setof preference
language sql stable as $$
  select p.* from preference p
  join subject s on s.organization_id = p.organization_id and s.id = p.subject_id
  where p.organization_id = p_organization and s.root_id = p_root and p.aspect = p_aspect
    and (p.aspect <> 'pause' or p.until > now())
  order by p.until desc nulls last, p.most::numeric / p.hours, p.at desc
  limit 1
$$;
--> statement-breakpoint
-- Records what a person chose about one aspect, and makes it hold in place of what did. Without a value it ends what
-- holds. Answers no row when nothing changes: it holds already (a pause of the last p_same_seconds is the same one), or
-- less is wanted already and whoever asks may only take away.
create function change_preference(
  p_organization uuid, p_root uuid, p_id uuid, p_aspect text, p_until timestamptz, p_most int, p_hours int, p_word text,
  p_may_give boolean, p_same_seconds int, p_source text, p_actor_kind text, p_actor_id text
) returns table (event_id uuid, subject_id uuid, recorded_at timestamptz) language plpgsql as $$
declare
  v_root uuid;
  v_now preference;
  v_at timestamptz(3);
  v_ends boolean := p_until is null and p_most is null and p_word is null;
begin
  perform lock_preferences(p_organization, p_root);
  select s.root_id into v_root from subject s where s.organization_id = p_organization and s.id = p_root;
  if v_root is null then return; end if;
  if v_root <> p_root then perform lock_preferences(p_organization, v_root); end if;
  select * into v_now from standing_preference(p_organization, v_root, p_aspect);
  if v_now.event_id is null and v_ends then return; end if;
  if v_now.event_id is not null and not v_ends then
    if p_aspect = 'pause' then
      if v_now.at > now() - make_interval(secs => p_same_seconds) or v_now.until >= p_until then return; end if;
    elsif (v_now.most, v_now.hours, v_now.word) is not distinct from (p_most, p_hours, p_word) then
      return;
    end if;
  end if;
  if v_now.event_id is not null and not p_may_give
    and (v_ends or p_most::numeric / p_hours > v_now.most::numeric / v_now.hours)
  then
    return;
  end if;
  -- The statement's own time may lie before that of a choice which had its turn first.
  select greatest(clock_timestamp()::timestamptz(3), max(e.recorded_at) + interval '1 millisecond') into v_at
  from preference_event e
  join subject s on s.organization_id = e.organization_id and s.id = e.subject_id and s.root_id = v_root
  where e.organization_id = p_organization and e.aspect = p_aspect;
  insert into preference_event (organization_id, id, subject_id, aspect, kind, until, most, hours, word, replaced,
    source, recorded_at, actor_kind, actor_id)
  values (p_organization, p_id, v_root, p_aspect, case when v_ends then 'ended' else 'chosen' end, p_until, p_most,
    p_hours, p_word, (
      select jsonb_agg(to_jsonb(p)) from preference p
      join subject s on s.organization_id = p.organization_id and s.id = p.subject_id and s.root_id = v_root
      where p.organization_id = p_organization and p.aspect = p_aspect),
    p_source, v_at, p_actor_kind, p_actor_id);
  delete from preference p using subject s
  where s.organization_id = p.organization_id and s.id = p.subject_id and s.root_id = v_root
    and p.organization_id = p_organization and p.aspect = p_aspect;
  if not v_ends then
    insert into preference (organization_id, subject_id, aspect, event_id, until, most, hours, word, at)
    select e.organization_id, e.subject_id, e.aspect, e.id, e.until, e.most, e.hours, e.word, e.recorded_at
    from preference_event e where e.organization_id = p_organization and e.id = p_id;
  end if;
  event_id := p_id;
  subject_id := v_root;
  recorded_at := v_at;
  return next;
end $$;
--> statement-breakpoint
-- Takes a choice back within some seconds of its recording, when nothing else was chosen of the same aspect since: what
-- held before holds again. Says what became of it: undone, undone_before, too_late, changed or unknown.
create function undo_preference(
  p_organization uuid, p_root uuid, p_event uuid, p_id uuid, p_seconds int, p_actor_kind text, p_actor_id text
) returns text language plpgsql as $$
declare
  v_event preference_event;
begin
  perform lock_preferences(p_organization, p_root);
  select e.* into v_event from preference_event e
    join subject s on s.organization_id = e.organization_id and s.id = e.subject_id and s.root_id = p_root
    where e.organization_id = p_organization and e.id = p_event and e.kind <> 'undone';
  if v_event.id is null then return 'unknown'; end if;
  if exists (select from preference_event u where u.organization_id = p_organization and u.undoes = p_event) then
    return 'undone_before';
  end if;
  if v_event.recorded_at <= now() - make_interval(secs => p_seconds) then return 'too_late'; end if;
  if exists (
    select from subject s where s.organization_id = p_organization and s.root_id = p_root
      and s.merged_at >= v_event.recorded_at)
    or exists (
      select from preference_event o
      join subject s on s.organization_id = o.organization_id and s.id = o.subject_id and s.root_id = p_root
      where o.organization_id = p_organization and o.aspect = v_event.aspect and o.id <> p_event
        and o.recorded_at >= v_event.recorded_at)
  then
    return 'changed';
  end if;
  insert into preference_event (organization_id, id, subject_id, aspect, kind, undoes, source, actor_kind, actor_id)
  values (p_organization, p_id, v_event.subject_id, v_event.aspect, 'undone', p_event, v_event.source, p_actor_kind,
    p_actor_id);
  delete from preference p where p.organization_id = p_organization and p.subject_id = v_event.subject_id
    and p.aspect = v_event.aspect;
  insert into preference select * from jsonb_populate_recordset(null::preference, coalesce(v_event.replaced, '[]'));
  return 'undone';
end $$;
--> statement-breakpoint
-- Whoever wants fewer messages means those that they have had of late, too: marketing that was let out before there was a
-- cap has no place under it yet. Its purpose is in its decision.
create function count_earlier_sends() returns trigger language plpgsql as $$
declare
  v_subjects uuid[] := array(
    select m.id from subject s
    join subject m on m.organization_id = s.organization_id and m.root_id = s.root_id
    where s.organization_id = new.organization_id and s.id = new.subject_id order by m.id);
  v_lock bigint;
begin
  for v_lock in
    select distinct hashtextextended('sends:' || new.organization_id || s.id, 0) from unnest(v_subjects) s(id) order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
  insert into cap_slot (organization_id, decision_id, subject_id, at, category, purpose, message_ref, until)
  select r.organization_id, r.decision_id, r.subject_id, r.redeemed_at, r.category,
    coalesce(d.document->'question'->>'purpose', ''), d.message_ref, null
  from permit_redemption r
  left join decision d on d.organization_id = r.organization_id and d.id = r.decision_id
  where r.organization_id = new.organization_id and r.subject_id = any(v_subjects) and r.category = 'marketing'
    and r.redeemed_at > now() - new.hours * interval '1 hour'
    and not exists (
      select from permit_outcome o
      where o.organization_id = r.organization_id and o.decision_id = r.decision_id and o.outcome = 'failed')
  on conflict do nothing;
  return null;
end $$;
--> statement-breakpoint
create trigger count_earlier_sends after insert or update on preference for each row when (new.aspect = 'frequency')
execute function count_earlier_sends();
--> statement-breakpoint
-- Makes a code for a person who has not had too many of late. Locks first, looks afterwards.
create function make_preference_code(
  p_organization uuid, p_root uuid, p_id uuid, p_most int, p_within int, p_life int, p_tries int
) returns setof preference_code language plpgsql as $$
begin
  perform lock_preferences(p_organization, p_root);
  if p_most <= (
    select count(*) from preference_code c
    join subject s on s.organization_id = c.organization_id and s.id = c.subject_id and s.root_id = p_root
    where c.organization_id = p_organization and c.created_at > now() - make_interval(secs => p_within))
  then
    return;
  end if;
  return query insert into preference_code (organization_id, id, subject_id, expires_at, tries_left)
    values (p_organization, p_id, p_root, now() + make_interval(secs => p_life), p_tries) returning *;
end $$;
