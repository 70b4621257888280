create trigger append_only before update or delete on hold_event for each row execute function refuse_change();
--> statement-breakpoint
create trigger append_only_truncate before truncate on hold_event for each statement execute function refuse_change();
--> statement-breakpoint
-- Holds and what they stop take turns: whoever erases or removes shares this lock with its like until the statement ends
-- and looks for holds afterwards; whoever places one takes it alone.
create function heed_holds() returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('holds', 0));
end $$;
--> statement-breakpoint
create function wait_for_removals() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('holds', 0));
  return new;
end $$;
--> statement-breakpoint
create trigger wait_for_removals before insert on hold for each row execute function wait_for_removals();
--> statement-breakpoint
-- Whether a hold is on everything that an organization has.
create function is_all_held(p_organization uuid) returns boolean language sql stable as $$
  select exists (select from hold h
    where h.organization_id = p_organization and h.subject_id is null and h.released_at is null)
$$;
--> statement-breakpoint
-- Whether a hold is on a person, whichever of their records it or the question names, or on everything.
create function is_held(p_organization uuid, p_subject uuid) returns boolean language sql stable as $$
  select is_all_held(p_organization) or exists (
    select from subject s
    join subject r on r.organization_id = s.organization_id and r.root_id = s.root_id
    join hold h on h.organization_id = r.organization_id and h.subject_id = r.id and h.released_at is null
    where s.organization_id = p_organization and s.id = p_subject)
$$;
--> statement-breakpoint
-- As before (0007), and for ever while a hold is on everything that the organization has.
create or replace function kept_since(p_organization uuid, p_table text) returns timestamptz language sql stable as $$
  select case when is_all_held(p_organization) then '-infinity' else coalesce((
    select (date_trunc('month', now() at time zone 'UTC') - make_interval(months =>
      case p_table when 'inbound_message' then a.inbound_months else a.decision_months end)) at time zone 'UTC'
    from active_policy a where a.organization_id = p_organization), '-infinity') end
$$;
--> statement-breakpoint
-- As before (0007), and records of people that a hold is on.
create or replace function asked_for() returns table (organization_id uuid, subject_id uuid) language sql stable as $$
  select s.organization_id, s.id from data_request r
  join subject a on a.organization_id = r.organization_id and a.id = r.subject_id
  join subject s on s.organization_id = a.organization_id and s.root_id = a.root_id
  where r.status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered')
  union all
  select s.organization_id, s.id from hold h
  join subject a on a.organization_id = h.organization_id and a.id = h.subject_id
  join subject s on s.organization_id = a.organization_id and s.root_id = a.root_id
  where h.released_at is null
$$;
--> statement-breakpoint
-- As before (0007), but holds placed meanwhile wait, and those that stand are heeded.
create or replace function drop_partition() returns table (name text, dropped bigint)
language plpgsql set lock_timeout = '3s' as $$
declare
  v record;
  v_is_needed boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended('partitions', 0));
  perform heed_holds();
  for v in
    select i.inhparent::regclass::text as parent, c.relname::text as child,
      (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' as ending
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('decision'::regclass, 'inbound_message'::regclass) and c.relname ~ '_\d{4}_\d{2}$'
    order by right(c.relname, 7), 1
  loop
    continue when not exists (select from active_policy a where kept_since(a.organization_id, v.parent) >= v.ending);
    execute format('lock table %I in share row exclusive mode', v.child);
    execute format('select exists (select from organization o where kept_since(o.id, %L) < %L
      and exists (select from %I x where x.organization_id = o.id))', v.parent, v.ending, v.child) into v_is_needed;
    continue when v_is_needed;
    execute format('select exists (select from asked_for() a
      join %I x on x.organization_id = a.organization_id and x.subject_id = a.subject_id)', v.child) into v_is_needed;
    continue when v_is_needed;
    if v.parent = 'inbound_message' then
      execute format('select exists (select from %I x where proves_consent(x::inbound_message))', v.child) into v_is_needed;
      continue when v_is_needed;
    end if;
    execute format('with had as (select organization_id, count(*) as rows from %I group by 1),
      audited as (
        insert into audit_entry (organization_id, id, action, actor_kind, actor_id, entity, request_id, details)
        select organization_id, gen_random_uuid(), ''retention.applied'', ''system'', ''apply_retention'', %L,
          ''job:apply_retention'', jsonb_build_object(''table'', %L, ''month'', %L, ''rows'', rows) from had)
      select coalesce(sum(rows), 0) from had',
      v.child, v.child, v.parent, replace(right(v.child, 7), '_', '-')) into dropped;
    execute format('alter table %I detach partition %I', v.parent, v.child);
    execute format('drop table %I', v.child);
    name := v.child;
    return next;
    return;
  end loop;
end $$;
--> statement-breakpoint
-- As before (0007), but holds placed meanwhile wait, and those that stand are heeded.
create or replace function delete_expired(p_table text, p_organization uuid, p_after text, p_most int)
returns table (deleted bigint, last_key text) language plpgsql as $$
declare v_since timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('retention:' || p_organization::text, 0));
  perform heed_holds();
  v_since := kept_since(p_organization, p_table);
  if p_table = 'inbound_message' then
    with next as (
      select m.message_id, m.at, m.subject_id, proves_consent(m) as is_needed from inbound_message m
      where m.organization_id = p_organization and m.message_id > p_after and m.at < v_since
      order by m.message_id limit p_most),
    gone as (
      delete from inbound_message m using next n
      where m.organization_id = p_organization and m.message_id = n.message_id and m.at = n.at and m.at < v_since
        and not n.is_needed
        and not exists (select from asked_for() a where a.organization_id = p_organization and a.subject_id = n.subject_id)
      returning 1)
    select (select count(*) from gone), (select max(n.message_id) from next n) into deleted, last_key;
  elsif p_table = 'decision' then
    with next as (
      select d.id, d.subject_id from decision d
      where d.organization_id = p_organization and d.id > p_after::uuid and d.id < first_uuid_of(v_since)
      order by d.id limit p_most),
    gone as (
      delete from decision d using next n
      where d.organization_id = p_organization and d.id = n.id and d.id < first_uuid_of(v_since)
        and not exists (select from asked_for() a where a.organization_id = p_organization and a.subject_id = n.subject_id)
      returning 1)
    select (select count(*) from gone), (select max(n.id::text) from next n) into deleted, last_key;
  else
    execute format('with next as (
        select x.decision_id from %1$I x
        where x.organization_id = $1 and x.decision_id > $2::uuid and x.decision_id < first_uuid_of($3)
        order by x.decision_id limit $4),
      gone as (
        delete from %1$I x using (select distinct n.decision_id from next n) n
        where x.organization_id = $1 and x.decision_id = n.decision_id
          and not exists (select from decision d where d.organization_id = $1 and d.id = n.decision_id)
        returning 1)
      select (select count(*) from gone), (select max(n.decision_id::text) from next n)', p_table)
      into deleted, last_key using p_organization, p_after, v_since, p_most;
  end if;
  if deleted > 0 then
    insert into audit_entry (organization_id, id, action, actor_kind, actor_id, entity, request_id, details)
    values (p_organization, gen_random_uuid(), 'retention.applied', 'system', 'apply_retention', p_table,
      'job:apply_retention', jsonb_build_object('table', p_table, 'before', v_since, 'rows', deleted));
  end if;
  return next;
end $$;
