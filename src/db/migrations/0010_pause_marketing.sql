create trigger append_only before update or delete on opt_out_suspicion_event
  for each row execute function refuse_change();
--> statement-breakpoint
create trigger append_only_truncate before truncate on opt_out_suspicion_event
  for each statement execute function refuse_change();
--> statement-breakpoint
-- A no belongs to the identifier: copies every no of some identifiers to others, so that it goes along with both. So
-- does what may be one.
create or replace function copy_noes(p_organization uuid, p_from bytea[], p_to bytea[]) returns void language plpgsql as $$
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

  insert into marketing_pause (organization_id, identifier_hash, suspicion_id, at)
  select p_organization, t.hash, m.suspicion_id, m.at
  from marketing_pause m cross join unnest(p_to) t(hash)
  where m.organization_id = p_organization and m.identifier_hash = any(p_from)
  on conflict do nothing;

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
-- Whether marketing to a person was allowed within a time up to an instant: then it may be what they answer.
create function was_marketed_to(p_organization uuid, p_subject uuid, p_at timestamptz, p_seconds int) returns boolean
language sql stable as $$
  select exists (
    select from decision d
    join subject s on s.organization_id = d.organization_id and s.id = d.subject_id
    join subject r on r.organization_id = s.organization_id and r.root_id = s.root_id
    where d.organization_id = p_organization and r.id = p_subject and d.decision = 'allow'
      and d.document->'verdict'->>'category' = 'marketing'
      and d.at between p_at - make_interval(secs => p_seconds) and p_at
      and d.id >= first_uuid_of(p_at - make_interval(secs => p_seconds)))
$$;
