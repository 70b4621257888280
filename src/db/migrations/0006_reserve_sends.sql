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
-- Gives each decision that may go out its slot, when every cap that applies to it leaves one: [{organizationId,
-- decisionId, subjectIds, at, category, purpose, messageRef, until, caps: [{categories, purposes, most, hours}]}].
-- Locks every person first, in one order, and looks afterwards: what is counted is what others have committed. A slot
-- of the same decision or the same message is taken over.
create function reserve_slots(p_wanted json) returns table (decision_id uuid) language plpgsql as $$
declare
  v_lock bigint;
  v_wanted record;
  v_held uuid;
begin
  for v_lock in
    select distinct hashtextextended('sends:' || (w->>'organizationId') || s.id, 0)
    from json_array_elements(p_wanted) w cross join json_array_elements_text(w->'subjectIds') s(id) order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
  for v_wanted in
    select * from json_to_recordset(p_wanted) w("organizationId" uuid, "decisionId" uuid, "subjectIds" uuid[],
      at timestamptz, category text, purpose text, "messageRef" text, until timestamptz, caps json)
  loop
    continue when exists (
      select from json_to_recordset(v_wanted.caps) c(categories text[], purposes text[], most int, hours int)
      where c.most <= (
        select count(*) from recent_sends(v_wanted."organizationId", v_wanted."subjectIds",
          v_wanted.at - c.hours * interval '1 hour', v_wanted."decisionId", v_wanted."messageRef") s
        where (c.categories is null or s.category is null or s.category = any(c.categories))
          and (c.purposes is null or s.purpose is null or s.purpose = any(c.purposes))));
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
    decision_id := v_wanted."decisionId";
    return next;
  end loop;
end $$;
