-- Decisions and messages from people, by month. drizzle knows no partitions, so the tables that it made, still empty,
-- are the pattern: the same columns, keys, indexes and triggers under the same names, whatever they are. A primary key must hold
-- what the partitions go by: a decision's id begins with its time, a message's key has the platform's time in it.
-- What no month's partition takes is in the DEFAULT partition, so that no insert fails for want of one.
do $$
declare
  v record;
  v_definitions text[];
  v_definition text;
begin
  for v in select * from (values ('decision', 'id'), ('inbound_message', 'at')) x(name, key) loop
    select array_agg(format('alter table %I add constraint %I %s', v.name, c.conname, pg_get_constraintdef(c.oid)) order by c.contype desc)
      into v_definitions from pg_constraint c where c.conrelid = v.name::regclass and c.contype in ('p', 'u', 'f', 'c');
    v_definitions := v_definitions || array(
      select pg_get_indexdef(i.indexrelid) from pg_index i where i.indrelid = v.name::regclass
        and not exists (select from pg_constraint c where c.conindid = i.indexrelid)) || array(
      select pg_get_triggerdef(t.oid) from pg_trigger t where t.tgrelid = v.name::regclass and not t.tgisinternal);
    execute format('create table by_month (like %I including defaults including storage) partition by range (%I)', v.name, v.key);
    execute format('drop table %I', v.name);
    execute format('alter table by_month rename to %I', v.name);
    foreach v_definition in array v_definitions loop execute v_definition; end loop;
    execute format('create table %I partition of %I default', v.name || '_default', v.name);
  end loop;
end $$;
--> statement-breakpoint
-- The least uuid that an id made at this instant or later can have (UUIDv7, RFC 9562).
create function first_uuid_of(p_at timestamptz) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from greatest(p_at, to_timestamp(0))) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
--> statement-breakpoint
-- Since when an organization keeps what a table has: so many whole months (UTC) before this one, as its policy in force
-- says. Without a word about it: for ever.
create function kept_since(p_organization uuid, p_table text) returns timestamptz language sql stable as $$
  select coalesce((
    select (date_trunc('month', now() at time zone 'UTC') - make_interval(months =>
      case p_table when 'inbound_message' then a.inbound_months else a.decision_months end)) at time zone 'UTC'
    from active_policy a where a.organization_id = p_organization), '-infinity')
$$;
--> statement-breakpoint
-- Like refuse_change, for facts that an organization may keep for a time: what is past it may be removed, never changed.
create function refuse_change_while_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if tg_argv[0] = 'at' then
      if old.at < kept_since(old.organization_id, 'inbound_message') then return old; end if;
    elsif tg_argv[0] = 'id' then
      if old.id < first_uuid_of(kept_since(old.organization_id, 'decision')) then return old; end if;
    elsif old.decision_id < first_uuid_of(kept_since(old.organization_id, 'decision')) then
      return old;
    end if;
  end if;
  raise exception 'Rows of % are never changed, and removed only when their organization keeps them no more.', tg_table_name
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
do $$
declare v record;
begin
  for v in select * from (values ('decision', 'id'), ('inbound_message', 'at'), ('cause_use', 'decision_id'),
    ('permit_redemption', 'decision_id'), ('permit_outcome', 'decision_id')) x(name, key)
  loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change_while_kept(%L)', v.name, v.key);
    execute format('create trigger append_only_truncate before truncate on %I for each statement execute function refuse_change()', v.name);
  end loop;
  -- Triggers for rows come to a partition by themselves, those for TRUNCATE do not.
  execute 'create trigger append_only_truncate before truncate on decision_default for each statement execute function refuse_change()';
  execute 'create trigger append_only_truncate before truncate on inbound_message_default for each statement execute function refuse_change()';
end $$;
--> statement-breakpoint
-- Makes the partitions of the month of an instant and of p_ahead further ones, where they are not there yet. A month
-- that has rows in the DEFAULT partition already goes on there: is_made is false. Checks are answered meanwhile.
create function make_partitions(p_from timestamptz, p_ahead int) returns table (name text, is_made boolean)
language plpgsql set lock_timeout = '3s' as $$
declare
  v record;
  v_month timestamp;
  v_from text;
  v_to text;
  v_has_rows boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended('partitions', 0));
  for v in select * from (values ('decision', 'id'), ('inbound_message', 'at')) x(parent, key) cross join generate_series(0, p_ahead) n loop
    v_month := date_trunc('month', p_from at time zone 'UTC') + make_interval(months => v.n);
    name := v.parent || to_char(v_month, '_YYYY_MM');
    continue when to_regclass(name) is not null;
    if v.key = 'id' then
      v_from := first_uuid_of(v_month at time zone 'UTC');
      v_to := first_uuid_of((v_month + interval '1 month') at time zone 'UTC');
    else
      v_from := v_month at time zone 'UTC';
      v_to := (v_month + interval '1 month') at time zone 'UTC';
    end if;
    execute format('select exists (select from %I where %I >= %L and %2$I < %4$L)', v.parent || '_default', v.key, v_from, v_to)
      into v_has_rows;
    is_made := not v_has_rows;
    if is_made then
      execute format('create table %I (like %I including all)', name, v.parent);
      execute format('create trigger append_only_truncate before truncate on %I for each statement execute function refuse_change()', name);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', v.parent, name, v_from, v_to);
    end if;
    return next;
  end loop;
end $$;
--> statement-breakpoint
-- Records of people whose data request is open: nothing of theirs is removed until it is answered.
create function asked_for() returns table (organization_id uuid, subject_id uuid) language sql stable as $$
  select s.organization_id, s.id from data_request r
  join subject a on a.organization_id = r.organization_id and a.id = r.subject_id
  join subject s on s.organization_id = a.organization_id and s.root_id = a.root_id
  where r.status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered')
$$;
--> statement-breakpoint
-- Messages that a consent may rest on: which one it quotes is sealed, so every one that it can be.
create function proves_consent(m inbound_message) returns boolean language sql stable as $$
  select exists (
    select from subject a join subject b on b.organization_id = a.organization_id and b.root_id = a.root_id
    join consent_event e on e.organization_id = b.organization_id and e.subject_id = b.id
    where a.organization_id = m.organization_id and a.id = m.subject_id and e.proof = 'demonstrated'
      and m.at >= e.effective_at and m.received_at <= e.recorded_at)
$$;
--> statement-breakpoint
-- Drops the oldest partition of which no organization keeps anything and nothing is needed, with an audit entry for
-- every organization that had rows in it. No row: there is none. Locks the partition against new rows first and looks
-- afterwards; everybody else waits only for the dropping itself, and not for long.
create function drop_partition() returns table (name text, dropped bigint)
language plpgsql set lock_timeout = '3s' as $$
declare
  v record;
  v_is_needed boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended('partitions', 0));
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
-- Looks at the next p_most rows of a table that an organization keeps no more, in the order of their keys, and deletes
-- those that nothing needs, with an audit entry. What hung on a decision goes when the decision is gone. last_key is
-- where to go on; null: there was nothing left.
create function delete_expired(p_table text, p_organization uuid, p_after text, p_most int)
returns table (deleted bigint, last_key text) language plpgsql as $$
declare v_since timestamptz := kept_since(p_organization, p_table);
begin
  perform pg_advisory_xact_lock(hashtextextended('retention:' || p_organization::text, 0));
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
--> statement-breakpoint
-- When a message is known already, its time. Locks its id first and looks afterwards: a message that comes twice at
-- the same time is one, also when its time is that of its receipt and differs.
create function known_message(p_organization uuid, p_message_id text) returns table (at timestamptz)
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('message:' || p_organization::text || p_message_id, 0));
  return query select m.at from inbound_message m
    where m.organization_id = p_organization and m.message_id = p_message_id order by m.at limit 1;
end $$;
