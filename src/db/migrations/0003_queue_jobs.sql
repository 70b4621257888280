-- The application's role may queue work but not touch the worker's own tables.
create function queue_job(p_task text, p_payload json, p_key text, p_delay_seconds int default 0) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform graphile_worker.add_job(p_task, p_payload, job_key => p_key,
    run_at => now() + p_delay_seconds * interval '1 second', max_attempts => 25);
end $$;
--> statement-breakpoint
revoke execute on function queue_job(text, json, text, int) from public;
