-- Takes a choice that was made by a link back within some seconds of its recording, when nothing else was chosen of the
-- same aspect since: what held before holds again. What was chosen with a code no link takes back. Says what became of it:
-- undone, undone_before, too_late, changed or unknown.
create or replace function undo_preference(
  p_organization uuid, p_root uuid, p_event uuid, p_id uuid, p_seconds int, p_actor_kind text, p_actor_id text
) returns text language plpgsql as $$
declare
  v_event preference_event;
begin
  perform lock_preferences(p_organization, p_root);
  select e.* into v_event from preference_event e
    join subject s on s.organization_id = e.organization_id and s.id = e.subject_id and s.root_id = p_root
    where e.organization_id = p_organization and e.id = p_event and e.kind <> 'undone' and e.source = 'link';
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
drop function make_preference_code(uuid, uuid, uuid, int, int, int, int);
--> statement-breakpoint
-- Makes a code for a person who has not had too many of late. Those that the bearer of a link asked for are counted apart
-- and have a limit of 24 hours, too: they are guesses for whoever has the link, and must not keep the person from theirs.
-- Locks first, looks afterwards.
create function make_preference_code(
  p_organization uuid, p_root uuid, p_id uuid, p_by_link boolean, p_most int, p_within int, p_most_by_link_per_day int,
  p_life int, p_tries int
) returns setof preference_code language plpgsql as $$
begin
  perform lock_preferences(p_organization, p_root);
  if exists (
    select from preference_code c
    join subject s on s.organization_id = c.organization_id and s.id = c.subject_id and s.root_id = p_root
    where c.organization_id = p_organization and c.asked_by_link = p_by_link and c.created_at > now() - interval '24 hours'
    having count(*) filter (where c.created_at > now() - make_interval(secs => p_within)) >= p_most
      or p_by_link and count(*) >= p_most_by_link_per_day)
  then
    return;
  end if;
  return query insert into preference_code (organization_id, id, subject_id, expires_at, tries_left, asked_by_link)
    values (p_organization, p_id, p_root, now() + make_interval(secs => p_life), p_tries, p_by_link) returning *;
end $$;
--> statement-breakpoint
-- Marketing that was judged while the person chose how often they want it has no place under that cap yet. It takes turns
-- with the choice: whichever comes second gives it the place.
create function count_redeemed_send() returns trigger language plpgsql as $$
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
  if exists (
    select from preference p where p.organization_id = new.organization_id and p.subject_id = any(v_subjects)
      and p.aspect = 'frequency')
  then
    insert into cap_slot (organization_id, decision_id, subject_id, at, category, purpose, message_ref, until)
    select new.organization_id, new.decision_id, new.subject_id, new.redeemed_at, new.category,
      coalesce(d.document->'question'->>'purpose', ''), d.message_ref, null
    from (select 1) one
    left join decision d on d.organization_id = new.organization_id and d.id = new.decision_id
    on conflict do nothing;
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger count_redeemed_send after insert on permit_redemption for each row
when (new.category = 'marketing' and new.subject_id is not null)
execute function count_redeemed_send();
