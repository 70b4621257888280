import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { getOrganization } from "../organization/index.ts";
import { takeStep } from "./domain/life.ts";
import { endArchivePart } from "./life-store.ts";
import { takeStaffStep } from "./staff-step.ts";

/** Why a request may be refused, in words that can be counted. */
export const refusalGrounds = [
  "identity_not_proven",
  "authority_not_proven",
  "manifestly_unfounded",
  "excessive",
  "rights_of_others",
  "legal_duty_to_keep",
  "legal_claims",
  "data_is_accurate",
  "other",
] as const;

export type RefusalGround = (typeof refusalGrounds)[number];

/**
 * Refuses a request, with the ground, the reasons as the person is told them, and where to complain (GDPR Art. 12(4)):
 * the organization's supervisory authority, which must be set. An archive that was built is deleted. The letter
 * is left as a draft, and must be with the person by the due date. `legalGround` is the provision that the refusal rests on,
 * where the law wants it named. Throws `not_found`;
 * `invalid` when there is no telling where to complain; `conflict` when the request has its answer or cannot be refused.
 */
export function refuseRequest(
  ctx: Context,
  id: string,
  input: { ground: RefusalGround; reason: string; legalGround?: string | undefined },
) {
  return takeStaffStep(ctx, id, async (request) => {
    const { ground, reason, legalGround } = input;
    const event = { kind: "refused", reason } as const;
    takeStep(request, event);
    const { supervisoryAuthority } = await getOrganization(ctx);
    if (supervisoryAuthority === null) {
      throw new SaysoError(
        "invalid",
        "A refusal says where to complain: set the organization's supervisoryAuthority first (PATCH /v1/organization).",
      );
    }
    return {
      event,
      details: { ground, complaint: supervisoryAuthority },
      audit: { action: "data_request.refused", details: { ground } },
      letter: { content: { kind: "refusal", reason, legalGround }, neededBy: request.dueAt },
      parts: (sql) => [["ended_archive", endArchivePart(sql, ctx)]],
    };
  });
}

/** Ends a request that the person took back, or that was entered by mistake; its archive is deleted. Throws as refuseRequest. */
export function cancelRequest(ctx: Context, id: string, input: { reason: string }) {
  return takeStaffStep(ctx, id, () => ({
    event: { kind: "cancelled", reason: input.reason },
    audit: { action: "data_request.cancelled" },
    parts: (sql) => [["ended_archive", endArchivePart(sql, ctx)]],
  }));
}

/**
 * Closes a request that the person has their answer to; an archive that was handed over is deleted with it. Throws
 * `not_found`, and `conflict` before there is an answer.
 */
export function closeRequest(ctx: Context, id: string, input: { reason: string }) {
  return takeStaffStep(ctx, id, () => ({
    event: { kind: "closed", reason: input.reason },
    audit: { action: "data_request.closed" },
    parts: (sql) => [["ended_archive", endArchivePart(sql, ctx)]],
  }));
}
