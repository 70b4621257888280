-- Messages to a person (all records of them) that count against frequency caps: those that hold a slot, and those that
-- only the platform's statuses show. A status that no outcome names belongs to a redeemed permit without an outcome, as
-- long as there are such permits. Unknown category and purpose: null.
create function recent_sends(
  p_organization uuid, p_subjects uuid[], p_since timestamptz, p_except uuid, p_message_ref text
) returns table (decision_id uuid, at timestamptz, category text, purpose text) language sql stable as $$
  select s.decision_id, s.at, s.category, s.purpose from cap_slot s
  where s.organization_id = p_organization and s.subject_id = any(p_subjects) and s.at > p_since
    and (s.until is null or s.until > now())
    and s.decision_id is distinct from p_except
    and (p_message_ref is null or s.message_ref is distinct from p_message_ref)
  union all
  (select null, m.at, null, null from message_status m
  where m.organization_id = p_organization and m.subject_id = any(p_subjects) and m.at > p_since and m.status = 'sent'
    and not exists (select from permit_outcome o
      where o.organization_id = m.organization_id and o.message_id = m.message_id)
  order by m.at
  offset (select count(*) from permit_redemption r
    where r.organization_id = p_organization and r.subject_id = any(p_subjects) and r.redeemed_at > p_since
      and not exists (select from permit_outcome o where o.organization_id = r.organization_id
        and o.decision_id = r.decision_id and (o.message_id is not null or o.outcome = 'failed'))))
$$;
--> statement-breakpoint
-- Holds the counter's row until the statement ends, so that what is counted is what others have committed.
create function lock_reach(p_organization uuid, p_counter text) returns void language plpgsql as $$
begin
  perform from reach_count c where c.organization_id = p_organization and c.counter = p_counter for update;
  if not found then
    insert into reach_count (organization_id, counter, people) values (p_organization, p_counter, 0)
    on conflict do nothing;
    perform from reach_count c where c.organization_id = p_organization and c.counter = p_counter for update;
  end if;
end $$;
--> statement-breakpoint
-- Counts a person (all records of them) as written to; whoever calls holds the counter (lock_reach). Who counts already
-- counts on, from the later time; what was kept once (until null) stays kept.
create function reach_person(
  p_organization uuid, p_counter text, p_subjects uuid[], p_at timestamptz, p_until timestamptz, p_decision uuid
) returns void language plpgsql as $$
begin
  update reached_person p set last_at = greatest(p.last_at, p_at),
    until = case when p.until is null then null else p_until end,
    decision_id = case when p.until is not null or p.decision_id = p_decision then p_decision end
  where p.organization_id = p_organization and p.counter = p_counter and p.subject_id = any(p_subjects);
  if not found then
    insert into reached_person (organization_id, counter, subject_id, last_at, until, decision_id)
    values (p_organization, p_counter, p_subjects[1], p_at, p_until, p_decision);
    update reach_count c set people = c.people + 1, leaves_at = coalesce(c.leaves_at, p_at + interval '24 hours')
    where c.organization_id = p_organization and c.counter = p_counter;
  end if;
end $$;
--> statement-breakpoint
-- A message that the platform says was sent, outside an open window: its person counts for the limits that the sender is
-- under. With a permit they do already, and nothing is locked or written.
create function reach_by_status(p_organization uuid, p_sender uuid, p_roots uuid[], p_at timestamptz)
returns void language plpgsql as $$
declare
  v_counter text;
  v_subjects uuid[];
begin
  if p_at <= now() - interval '24 hours' then return; end if;
  for v_counter in
    select coalesce(s.portfolio_id, s.waba_id) from sender s
    where s.organization_id = p_organization and s.id = p_sender and s.messaging_limit is not null
    union all select p_sender::text from active_policy a
    where a.organization_id = p_organization and a.has_ceilings
    order by 1
  loop
    v_subjects := coalesce(v_subjects, array(select s.id from subject s
      where s.organization_id = p_organization and s.root_id = any(p_roots)));
    exit when v_subjects = '{}' or exists (
      select from service_window w where w.organization_id = p_organization and w.sender_id = p_sender
        and w.subject_id = any(v_subjects) and w.opened_at <= p_at and w.opened_at > p_at - interval '24 hours');
    continue when exists (
      select from reached_person p where p.organization_id = p_organization and p.counter = v_counter
        and p.subject_id = any(v_subjects) and p.until is null and p.last_at > p_at - interval '1 minute');
    perform lock_reach(p_organization, v_counter);
    perform reach_person(p_organization, v_counter, v_subjects, p_at, null, null);
  end loop;
end $$;
--> statement-breakpoint
-- Takes a person off the counters again whose only message failed.
create function unreach_person(p_organization uuid, p_decision uuid) returns void language plpgsql as $$
declare
  v_person record;
begin
  for v_person in
    select p.counter, p.subject_id from permit_redemption r
    join sender s on s.organization_id = r.organization_id and s.id = r.sender_id
    join subject t on t.organization_id = r.organization_id and t.id = r.subject_id
    join subject m on m.organization_id = t.organization_id and m.root_id = t.root_id
    join reached_person p on p.organization_id = r.organization_id and p.subject_id = m.id
      and p.counter in (coalesce(s.portfolio_id, s.waba_id), s.id::text)
    where r.organization_id = p_organization and r.decision_id = p_decision and p.decision_id = p_decision
    order by p.counter
  loop
    perform lock_reach(p_organization, v_person.counter);
    delete from reached_person p where p.organization_id = p_organization and p.counter = v_person.counter
      and p.subject_id = v_person.subject_id and p.decision_id = p_decision;
    if found then
      update reach_count c set people = c.people - 1
      where c.organization_id = p_organization and c.counter = v_person.counter;
    end if;
  end loop;
end $$;
--> statement-breakpoint
-- Takes those off a counter who were written to last 24 hours ago, and those whose permit ran out. Reads no others:
-- checks wait meanwhile.
create function refresh_reach(p_organization uuid, p_counter text) returns void language plpgsql as $$
declare
  v_old int;
  v_unused int;
begin
  perform lock_reach(p_organization, p_counter);
  delete from reached_person p where p.organization_id = p_organization and p.counter = p_counter
    and p.last_at <= now() - interval '24 hours';
  get diagnostics v_old = row_count;
  delete from reached_person p where p.organization_id = p_organization and p.counter = p_counter and p.until <= now();
  get diagnostics v_unused = row_count;
  update reach_count c set people = c.people - v_old - v_unused, leaves_at = (
    select min(p.last_at) + interval '24 hours' from reached_person p
    where p.organization_id = p_organization and p.counter = p_counter)
  where c.organization_id = p_organization and c.counter = p_counter;
end $$;
--> statement-breakpoint
-- Gives each decision that may go out its slot, when every cap that applies to it leaves one, and so does every limit on
-- how many people its sender writes to: [{organizationId, decisionId, subjectIds, at, category, purpose, messageRef,
-- until, caps: [{categories, purposes, most, hours}], counters: [{counter, most}]}]; caps null: none is on the message;
-- most null: counted, whatever the limit. Locks every person and every counter first, in one order, and looks
-- afterwards: what is counted is what others have committed. A slot of the same decision or the same message is taken
-- over.
create function reserve_slots(p_wanted json) returns table (decision_id uuid) language plpgsql as $$
declare
  v_lock bigint;
  v_reach record;
  v_wanted record;
  v_held uuid;
begin
  for v_lock in
    select distinct hashtextextended('sends:' || (w->>'organizationId') || s.id, 0)
    from json_array_elements(p_wanted) w cross join json_array_elements_text(w->'subjectIds') s(id)
    where json_typeof(w->'caps') = 'array' order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
  for v_reach in
    select distinct (w->>'organizationId')::uuid as organization_id, r->>'counter' as counter
    from json_array_elements(p_wanted) w cross join json_array_elements(w->'counters') r order by 1, 2
  loop
    perform lock_reach(v_reach.organization_id, v_reach.counter);
  end loop;
  for v_wanted in
    select * from json_to_recordset(p_wanted) w("organizationId" uuid, "decisionId" uuid, "subjectIds" uuid[],
      at timestamptz, category text, purpose text, "messageRef" text, until timestamptz, caps json, counters json)
  loop
    continue when exists (
      select from json_to_recordset(v_wanted.counters) r(counter text, most int)
      join reach_count c on c.organization_id = v_wanted."organizationId" and c.counter = r.counter
        and c.people >= r.most
      where not exists (
        select from reached_person p where p.organization_id = v_wanted."organizationId" and p.counter = r.counter
          and p.subject_id = any(v_wanted."subjectIds")));
    continue when exists (
      select from json_to_recordset(v_wanted.caps) c(categories text[], purposes text[], most int, hours int)
      where c.most <= (
        select count(*) from recent_sends(v_wanted."organizationId", v_wanted."subjectIds",
          v_wanted.at - c.hours * interval '1 hour', v_wanted."decisionId", v_wanted."messageRef") s
        where (c.categories is null or s.category is null or s.category = any(c.categories))
          and (c.purposes is null or s.purpose is null or s.purpose = any(c.purposes))));
    if v_wanted.caps is not null then
      select s.decision_id into v_held from cap_slot s
      where s.organization_id = v_wanted."organizationId" and s.subject_id = any(v_wanted."subjectIds")
        and (s.decision_id = v_wanted."decisionId" or s.message_ref = v_wanted."messageRef")
      order by s.decision_id = v_wanted."decisionId" desc, s.at desc limit 1;
      if v_held is null then
        insert into cap_slot (organization_id, decision_id, subject_id, at, category, purpose, message_ref, until)
        values (v_wanted."organizationId", v_wanted."decisionId", v_wanted."subjectIds"[1], v_wanted.at,
          v_wanted.category, v_wanted.purpose, v_wanted."messageRef", v_wanted.until);
      else
        -- What was kept once stays kept: the earlier try may have gone out.
        update cap_slot s set decision_id = v_wanted."decisionId", at = greatest(s.at, v_wanted.at),
          category = v_wanted.category, purpose = v_wanted.purpose,
          until = case when s.until is null then null else v_wanted.until end
        where s.organization_id = v_wanted."organizationId" and s.decision_id = v_held;
      end if;
    end if;
    perform reach_person(v_wanted."organizationId", r.counter, v_wanted."subjectIds", v_wanted.at, v_wanted.until,
      v_wanted."decisionId")
    from json_to_recordset(v_wanted.counters) r(counter text);
    decision_id := v_wanted."decisionId";
    return next;
  end loop;
end $$;
--> statement-breakpoint
-- A sender whose portfolio becomes known, or another one, shares another counter: those it wrote to go along.
create function move_reach() returns trigger language plpgsql as $$
declare
  v_from text := coalesce(old.portfolio_id, old.waba_id);
  v_to text := coalesce(new.portfolio_id, new.waba_id);
  v_came int;
begin
  perform lock_reach(new.organization_id, v_to);
  insert into reached_person (organization_id, counter, subject_id, last_at, until, decision_id)
  select p.organization_id, v_to, p.subject_id, p.last_at, p.until, p.decision_id from reached_person p
  where p.organization_id = new.organization_id and p.counter = v_from
  on conflict do nothing;
  get diagnostics v_came = row_count;
  update reach_count c set people = c.people + v_came where c.organization_id = new.organization_id and c.counter = v_to;
  perform refresh_reach(new.organization_id, v_to);
  return null;
end $$;
--> statement-breakpoint
create trigger move_reach after update on sender for each row
when (coalesce(old.portfolio_id, old.waba_id) is distinct from coalesce(new.portfolio_id, new.waba_id))
execute function move_reach();
