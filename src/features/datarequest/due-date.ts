import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { getOrganization } from "../organization/index.ts";
import type { Extension, Pause } from "./domain/deadline.ts";
import type { CommonQuestion } from "./domain/earliest.ts";
import type { RequestKind } from "./domain/kind.ts";
import type { Regime } from "./domain/regime.ts";
import { listedCalendar, loadCalendar } from "./holidays.ts";
import { findRegime } from "./regimes.ts";
import { type DataRequestRow, type RequestEventRow, selectEvents } from "./store.ts";

/**
 * What a due date is reckoned from, with the days off of each regime. Throws `invalid` with what to set when the
 * organization's country or time zone is not known.
 */
export async function questionOf(
  { country, timeZone }: { country: string | null; timeZone: string | null },
  regimes: readonly Regime[],
  kind: RequestKind,
  receivedAt: string,
): Promise<CommonQuestion> {
  const needsCountry = country === null && regimes.some(({ calendar }) => calendar === "member_state");
  const missing = [...(needsCountry ? ["country"] : []), ...(timeZone === null ? ["timeZone"] : [])];
  if (timeZone === null || missing.length > 0) {
    throw new SaysoError(
      "invalid",
      `The due date is refused, not guessed: set the organization's ${missing.join(" and ")} first (PATCH /v1/organization).`,
    );
  }
  const counted = regimes.map(async (regime) => ({
    regime,
    calendar:
      regime.calendar === "member_state"
        ? await loadCalendar(country ?? "")
        : listedCalendar(regime.calendar),
  }));
  return { regimes: await Promise.all(counted), kind, receivedAt, timeZone };
}

/**
 * The same for a request as its events tell it: the earliest receipt and every regime of those that joined it, the
 * times for which its clock stood, and its extension.
 */
export async function questionOfRequest(
  ctx: Context,
  request: DataRequestRow,
): Promise<CommonQuestion & { readonly pauses: readonly Pause[]; readonly asked: string | undefined }> {
  const events = await selectEvents(ctx, request.id);
  const receipts = events
    .filter(({ event }) => event === "opened" || event === "joined")
    .map((event) => detailsOf(event) as { receivedAt?: string; regime?: string });
  const keys = new Set([request.regime, ...receipts.flatMap(({ regime }) => regime ?? [])]);
  const received = [
    request.receivedAt.toISOString(),
    ...receipts.flatMap(({ receivedAt }) => receivedAt ?? []),
  ];
  const pauses: Pause[] = [];
  let asked: string | undefined;
  let extension: Extension | undefined;
  for (const event of events) {
    const details = detailsOf(event);
    if (event.event === "clarification_asked") asked = String(details.askedAt);
    if (event.event === "clarification_received" && asked !== undefined) {
      pauses.push({ askedAt: asked, answeredAt: String(details.answeredAt) });
      asked = undefined;
    }
    // Its reason is sealed with the event; that there was one is what counts.
    if (event.event === "extended") extension = { reason: "sealed", ...(details as { notifiedAt: string }) };
  }
  const question = await questionOf(
    await getOrganization(ctx),
    [...keys].flatMap((key) => findRegime(key) ?? []),
    request.kind,
    received.sort()[0] ?? "",
  );
  return { ...question, pauses, asked, ...(extension === undefined ? {} : { extension }) };
}

function detailsOf({ details }: RequestEventRow): Readonly<Record<string, unknown>> {
  return details as Record<string, unknown>;
}
