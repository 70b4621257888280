import type { Context } from "../../context.ts";
import { takeStaffStep } from "./staff-step.ts";

/**
 * Says who answers for a request from now on; null puts it back on the unassigned list. `owner` is a name of the
 * organization's own for a desk or a member of staff. Throws `not_found`, and `conflict` when the request has ended.
 */
export function assignRequest(ctx: Context, id: string, { owner }: { owner: string | null }) {
  return takeStaffStep(ctx, id, () => ({
    event: { kind: "assigned", owner },
    details: { owner },
    audit: { action: "data_request.assigned", details: { owner } },
  }));
}
