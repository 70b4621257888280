import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { notInFuture } from "../../kernel/time.ts";
import { getOrganization } from "../organization/index.ts";
import { resolveSubject, type SubjectReference } from "../subject/index.ts";
import { earliestDueDate } from "./domain/earliest.ts";
import type { RequestKind } from "./domain/kind.ts";
import { openLife } from "./domain/life.ts";
import type { Regime } from "./domain/regime.ts";
import { listedCalendar, loadCalendar } from "./holidays.ts";
import { presentRequest } from "./present-request.ts";
import { findRegime, regimeKeys } from "./regimes.ts";
import {
  findOpenRequest,
  insertRequest,
  joinRequest,
  type NewDataRequest,
  type OpenedRequest,
  selectRequest,
} from "./store.ts";

export interface DataRequestInput {
  readonly subject: SubjectReference;
  readonly kind: RequestKind;
  readonly regime: string;
  /** ISO 8601 with offset: when it reached the organization, however it came. */
  readonly receivedAt: string;
  readonly channel: string;
  readonly language?: string | undefined;
}

/** Kinds that are carried out so far. */
const carriedOut: readonly RequestKind[] = ["access", "portability"];

const attempts = 5;

/**
 * Opens a data request, with its due date by the regime in the organization's country and time zone. When one of the
 * same person and kind is open it is joined instead: the earlier due date counts, and the identity check stays where
 * it is.
 *
 * Throws `invalid` for a kind that is not carried out yet, an unknown regime, a time of receipt in the future, and
 * when the due date cannot be known (no country, no time zone, no holiday calendar); `conflict` when the identifiers
 * name two people.
 */
export async function openRequest(ctx: Context, input: DataRequestInput) {
  const opened = (await replay<OpenedRequest>(ctx)) ?? (await open(ctx, input));
  const row = await selectRequest(ctx, opened.id);
  if (row === undefined) throw new SaysoError("internal", "The request was not opened.");
  return { ...presentRequest(row), joined: opened.joined };
}

async function open(ctx: Context, input: DataRequestInput): Promise<OpenedRequest> {
  if (!carriedOut.includes(input.kind)) {
    throw invalid("/kind", `Requests of this kind cannot be taken yet. Kinds: ${carriedOut.join(", ")}.`);
  }
  const regime = findRegime(input.regime);
  if (regime === undefined) {
    throw invalid("/regime", `There is no such regime. Regimes: ${regimeKeys.join(", ")}.`);
  }
  if (regime.basis === "secondary") {
    throw invalid("/regime", "This regime rests on secondary sources and is not switched on.");
  }
  const receivedAt = notInFuture(input.receivedAt, ctx.services.now(), "/receivedAt").toISOString();
  const organization = await getOrganization(ctx);
  const deadline = await dueDateOf(organization, regime, input.kind, receivedAt);
  const subject = await resolveSubject(ctx, input.subject, "/subject");
  const made: NewDataRequest = {
    id: ctx.services.newId("req"),
    subjectId: subject.id,
    ...openLife(input.kind, organization.fourEyes ? 2 : 1),
    regime: regime.key,
    channel: input.channel,
    language: input.language ?? organization.language,
    receivedAt,
    dueAt: deadline.dueAt,
    lastDay: deadline.lastDay,
    counting: deadline.steps,
  };
  // Between looking and writing another request may open or end; then the other way is right.
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const known = await findOpenRequest(ctx, subject.id, input.kind);
    const opened = await (known === undefined ? insertRequest(ctx, made) : joinRequest(ctx, known, made));
    if (opened !== undefined) return opened;
  }
  throw new SaysoError("in_progress", "This person's requests change at this moment. Ask again.");
}

async function dueDateOf(
  { country, timeZone }: { country: string | null; timeZone: string | null },
  regime: Regime,
  kind: RequestKind,
  receivedAt: string,
) {
  const needsCountry = regime.calendar === "member_state" && country === null;
  const missing = [...(needsCountry ? ["country"] : []), ...(timeZone === null ? ["timeZone"] : [])];
  if (timeZone === null || missing.length > 0) {
    throw new SaysoError(
      "invalid",
      `The due date is refused, not guessed: set the organization's ${missing.join(" and ")} first (PATCH /v1/organization).`,
    );
  }
  const calendar =
    regime.calendar === "member_state" ? await loadCalendar(country ?? "") : listedCalendar(regime.calendar);
  return earliestDueDate({ regimes: [{ regime, calendar }], kind, receivedAt, timeZone });
}
