-- Has the worker look after something at a time, unless it will by then already. It is looked for first, so that what
-- wakes the same thing at the same time does not wait at one row of the queue. What began to run a moment ago may miss
-- what this statement writes: the worker looks again before it ends, and every minute.
create function wake_job(p_task text, p_payload json, p_key text, p_at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from graphile_worker.jobs j
    where j.key = p_key and j.locked_at is null and j.run_at <= p_at and j.attempts < j.max_attempts) then return;
  end if;
  perform graphile_worker.add_job(p_task, p_payload, job_key => p_key, run_at => p_at, max_attempts => 25);
end $$;
--> statement-breakpoint
revoke execute on function wake_job(text, json, text, timestamptz) from public;
--> statement-breakpoint
create function wake_webhooks(p_organization uuid, p_endpoint uuid, p_at timestamptz) returns void language sql as $$
  select wake_job('send_webhooks', json_build_object('organizationId', p_organization, 'endpointId', p_endpoint),
    'webhooks:' || p_endpoint::text, p_at)
$$;
--> statement-breakpoint
create function wake_forwards(p_url text, p_at timestamptz) returns void language sql as $$
  select wake_job('forward_webhooks', json_build_object('url', p_url), 'forwards:' || md5(p_url), p_at)
$$;
