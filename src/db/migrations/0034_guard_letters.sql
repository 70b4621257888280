-- What a person was told is kept as it went out.
create trigger append_only before update or delete on sent_letter
  for each row execute function refuse_change();
--> statement-breakpoint
create trigger append_only_truncate before truncate on sent_letter
  for each statement execute function refuse_change();
