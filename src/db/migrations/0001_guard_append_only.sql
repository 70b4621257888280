-- Events are facts: the database itself refuses to change or remove them, whoever asks.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'Rows of % are never changed or removed.', tg_table_name using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
do $$
declare name text;
begin
  foreach name in array array[
    'audit_entry', 'collection_point_version', 'consent_event', 'opt_out_event', 'block_event',
    'identity_change', 'message_status', 'request_event',
    'platform_preference_event', 'policy_version', 'policy_activation', 'sending_switch_event', 'complaint_breaker_event',
    'monitor_event'
  ] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function refuse_change()', name);
    execute format('create trigger append_only_truncate before truncate on %I for each statement execute function refuse_change()', name);
  end loop;
end $$;
