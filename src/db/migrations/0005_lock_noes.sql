-- Noes of one person take turns: locks first, looks afterwards, in the same statement as the write that follows.
create function lock_noes(p_organization uuid, p_hashes bytea[]) returns void language plpgsql as $$
declare v_hash bytea;
begin
  for v_hash in select distinct h from unnest(p_hashes) h order by 1 loop
    perform pg_advisory_xact_lock(hashtextextended('no:' || p_organization::text || encode(v_hash, 'hex'), 0));
  end loop;
end $$;
--> statement-breakpoint
-- The opt-outs of one scope as they stand before a new one: what its undoing restores. [{hash, at, eventId}]
create function opt_outs_before(
  p_organization uuid, p_hashes bytea[], p_channel text, p_purpose text
) returns jsonb language plpgsql as $$
begin
  perform lock_noes(p_organization, p_hashes);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'hash', encode(n.identifier_hash, 'hex'), 'at', n.at, 'eventId', n.event_id)), '[]')
    from standing_no n
    where n.organization_id = p_organization and n.identifier_hash = any(p_hashes) and n.channel = p_channel
      and n.purpose = p_purpose and n.kind = 'opted_out');
end $$;
--> statement-breakpoint
-- The opt-out that a person made by a link of their own, when it still is what stands for exactly that scope
-- ('*': everything) and no later yes of theirs has ended it. Null: there is none.
create function standing_link_opt_out(p_organization uuid, p_root uuid, p_purpose text) returns uuid
language plpgsql as $$
declare v_hashes bytea[] := person_hashes(p_organization, p_root);
begin
  perform lock_noes(p_organization, v_hashes);
  return (
    select e.id from opt_out_event e
    join subject s on s.organization_id = e.organization_id and s.id = e.subject_id and s.root_id = p_root
    where e.organization_id = p_organization and e.kind = 'opted_out' and e.source = 'link' and e.actor_kind = 'person'
      and e.channel is null and coalesce(e.purpose, '*') = p_purpose
      and not exists (select from opt_out_event u where u.organization_id = e.organization_id and u.undoes = e.id)
      and exists (select from standing_no n
        where n.organization_id = p_organization and n.identifier_hash = any(v_hashes) and n.kind = 'opted_out'
          and n.channel = '*' and n.purpose = p_purpose and n.at >= e.occurred_at)
      and not exists (select from consent_state c
        join subject r on r.organization_id = c.organization_id and r.id = c.subject_id and r.root_id = p_root
        where c.organization_id = p_organization and c.proven_at >= e.occurred_at)
    order by e.recorded_at desc, e.id desc limit 1);
end $$;
--> statement-breakpoint
-- The opt-out by link, when it may still be taken back: made within the last seconds, not undone, and nothing else
-- was recorded of the person since, no matter what.
create function undoable_opt_out(
  p_organization uuid, p_root uuid, p_id uuid, p_public_id text, p_seconds int
) returns setof opt_out_event language plpgsql as $$
declare
  -- Where it stands, too: a number that left the person since took the no along.
  v_hashes bytea[] := person_hashes(p_organization, p_root) || array(
    select n.identifier_hash from standing_no n where n.organization_id = p_organization and n.event_id = p_public_id);
  v_event opt_out_event;
begin
  perform lock_noes(p_organization, v_hashes);
  select e.* into v_event from opt_out_event e
    join subject s on s.organization_id = e.organization_id and s.id = e.subject_id and s.root_id = p_root
    where e.organization_id = p_organization and e.id = p_id and e.kind = 'opted_out' and e.source = 'link'
      and e.actor_kind = 'person' and e.recorded_at > now() - p_seconds * interval '1 second';
  if v_event.id is null
    or exists (select from subject s where s.organization_id = p_organization and s.root_id = p_root
      and s.merged_at >= v_event.recorded_at)
    or exists (select from opt_out_event o join subject s on s.organization_id = o.organization_id and s.id = o.subject_id
      where o.organization_id = p_organization and s.root_id = p_root and o.recorded_at >= v_event.recorded_at
        and o.id <> v_event.id)
    or exists (select from consent_event c join subject s on s.organization_id = c.organization_id and s.id = c.subject_id
      where c.organization_id = p_organization and s.root_id = p_root and c.recorded_at >= v_event.recorded_at)
    or exists (select from block b where b.organization_id = p_organization and b.identifier_hash = any(v_hashes)
      and (b.created_at >= v_event.recorded_at or b.lifted_at >= v_event.recorded_at))
    or exists (select from platform_preference p where p.organization_id = p_organization
      and p.identifier_hash = any(v_hashes) and p.at >= v_event.recorded_at)
    or exists (select from standing_no n where n.organization_id = p_organization and n.identifier_hash = any(v_hashes)
      and n.kind = 'invalidated' and n.at >= v_event.recorded_at)
  then return; end if;
  return next v_event;
end $$;
