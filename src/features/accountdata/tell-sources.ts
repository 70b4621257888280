import type { Context } from "../../context.ts";
import type { EventType } from "../../kernel/event-types.ts";
import { formatId } from "../../kernel/ids.ts";
import { findSubject } from "../subject/index.ts";
import { insertTelling } from "./source-store.ts";

/** What was carried out about a person and has to be carried out wherever else their data is. */
export interface CarriedOut {
  readonly right: "rectification" | "erasure" | "restriction";
  /** `req_…` of the request that asked for it; null when there was none. */
  readonly requestId: string | null;
  /** The sections of account data that it is about; none: all of them. */
  readonly sections?: readonly string[];
}

const eventOf = {
  rectification: "data.rectified",
  erasure: "data.erased",
  restriction: "data.restricted",
} as const satisfies Record<CarriedOut["right"], EventType>;

/**
 * Tells the systems that account data comes from, and whoever else holds a copy, that a person's data was rectified,
 * erased or restricted (GDPR Art. 19): a webhook event with ids alone. What does not arrive is tried again for three days.
 * Call it while the person can still be named: before their keys are destroyed. Asked again it tells again, so that a job
 * which died half-way can simply be repeated. Throws `not_found` and `gone` (they were erased before).
 *
 * @param subjectId `sub_…`
 */
export async function tellSources(ctx: Context, subjectId: string, carriedOut: CarriedOut): Promise<void> {
  const subject = await findSubject(ctx, subjectId);
  await insertTelling(ctx, {
    type: eventOf[carriedOut.right],
    subjectId: formatId("sub", subject.id),
    requestId: carriedOut.requestId,
    sections: carriedOut.sections ?? [],
  });
}
