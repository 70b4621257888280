/** What other systems can be told by webhook: a closed list, so that a receiver can rely on the words. */
export const eventTypes = [
  "consent.given",
  "consent.requested",
  "consent.refused",
  "consent.withdrawn",
  "opt_out.created",
  "opt_out.undone",
  "opt_out.suspected",
  "opt_out.dismissed",
  "preference.changed",
  "preference.undone",
  "preference_code.requested",
  "block.created",
  "block.lifted",
  "data_request.asked_by_other",
  "window.opened",
  "data_request.due_soon",
  "data_request.overdue",
  "data.rectified",
  "data.erased",
  "data.restricted",
] as const;
export type EventType = (typeof eventTypes)[number];
