import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { retention } from "../../kernel/retention.ts";
import { prepareTelling } from "../accountdata/index.ts";
import { getOrganization } from "../organization/index.ts";
import { holdsOn } from "../retention/index.ts";
import { readPerson } from "../subject/index.ts";
import { backupsGoneAt, takeInventory } from "./domain/erasure.ts";
import { takeStep } from "./domain/life.ts";
import { countTraces, type ErasedRow, eraseSubject, selectObstacles } from "./erasure-store.ts";
import { findRequest } from "./present-request.ts";
import type { DataRequestRow } from "./store.ts";

/**
 * What an erasure would take and leave, why and until when, and what stands in its way, as of now. Changes nothing.
 * Throws `not_found`, and `conflict` for a request of another kind and one that was carried out or has ended.
 */
export async function previewErasure(ctx: Context, id: string, language: Language) {
  const request = await findErasure(ctx, id);
  if (!["received", "identity_check", "in_progress"].includes(request.status))
    throw new SaysoError("conflict", `There is nothing to preview: this request is ${request.status}.`);
  const [organization, person, obstacles, holds] = await Promise.all([
    getOrganization(ctx),
    readPerson(ctx, formatId("sub", request.subjectId)),
    selectObstacles(ctx, request),
    holdsOn(ctx, request.subjectId),
  ]);
  const at = ctx.services.now().toISOString();
  const traces = await countTraces(ctx, [...person.keys.keys()]);
  return {
    id,
    subjectId: formatId("sub", person.root.id),
    asOf: at,
    ...takeInventory(retention.classes, traces, at, language),
    backupsGoneAt: backupsGoneAt(at, organization.backupDays),
    holds: holds.map(({ id: holdId, scope, placedAt, reviewAt }) => ({
      id: holdId,
      scope,
      placedAt,
      reviewAt,
    })),
    openRequests: obstacles.openRequests.map((other) => formatId("req", other)),
    isReady: canBeCarriedOut(request) && !obstacles.isHeld && obstacles.openRequests.length === 0,
  };
}

function canBeCarriedOut({ status, approvals, approvalsNeeded }: DataRequestRow): boolean {
  return status === "in_progress" && approvals.length >= approvalsNeeded;
}

/**
 * Erases the person whom an identified and approved request is about, all their records, at once and for good (GDPR
 * Art. 17): account data, identifiers, messages, decisions, archives, and the key that opens what is left of them. What
 * proves consents stays under the evidence key for a time; noes and blocks stay as keyed hashes. Sources and listeners are
 * told by webhook. Throws `not_found`; `conflict` when it is not that far, a hold stands, or another request of the person
 * is not answered.
 */
export async function carryOutErasure(ctx: Context, id: string) {
  const row = await answerOnce(ctx, () => erase(ctx, id));
  return {
    id,
    status: "ready" as const,
    erasedAt: new Date(row.erasedAt).toISOString(),
    evidenceUntil: new Date(row.evidenceUntil).toISOString(),
  };
}

async function erase(ctx: Context, id: string): Promise<ErasedRow> {
  const request = await findErasure(ctx, id);
  const { status: to } = takeStep(request, { kind: "carried_out" });
  const [{ backupDays }, person] = await Promise.all([
    getOrganization(ctx),
    readPerson(ctx, formatId("sub", request.subjectId)),
  ]);
  const traces = await countTraces(ctx, [...person.keys.keys()]);
  const subject = formatId("sub", person.root.id);
  const telling = await prepareTelling(ctx, subject, { right: "erasure", requestId: id });
  const row = await eraseSubject(ctx, {
    requestId: request.id,
    subjectId: person.root.id,
    from: request.status,
    to,
    backupDays,
    traces,
    telling,
  });
  if (row !== undefined) return row;
  const { isHeld, openRequests } = await selectObstacles(ctx, request);
  if (isHeld)
    throw new SaysoError("conflict", "A hold is on this person's data. Release it first (GET /v1/holds).");
  if (openRequests.length > 0) {
    const ids = openRequests.map((other) => formatId("req", other)).join(", ");
    throw new SaysoError(
      "conflict",
      `Other requests of this person are not answered yet: ${ids}. Answer them first.`,
    );
  }
  throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
}

async function findErasure(ctx: Context, id: string): Promise<DataRequestRow> {
  const request = await findRequest(ctx, id);
  if (request.kind !== "erasure")
    throw new SaysoError("conflict", `This request asks for ${request.kind}, not for erasure.`);
  return request;
}
