import type { Context } from "../../context.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { getOrganization } from "../organization/index.ts";
import { selectLoadedYears } from "./calendar-store.ts";
import type { HolidayCalendar } from "./domain/calendar.ts";
import type { Extension, Pause } from "./domain/deadline.ts";
import { type CommonQuestion, earliestDueDate } from "./domain/earliest.ts";
import type { Regime } from "./domain/regime.ts";
import { listedCalendar, loadCalendar, withYears } from "./holidays.ts";
import { findRegime, regimeKeys } from "./regimes.ts";
import { type DataRequestRow, type RequestEventRow, selectEvents } from "./store.ts";

/**
 * What the functions of domain/earliest.ts ask, with the organization's zone, its regimes and the days off of each: ours,
 * with the years that it loaded in their place. For opening a request, and for counting its date again when an answer
 * is put off or the clock stood.
 *
 * A regime that a request was opened under goes on counting for it, should it be switched off.
 *
 * Throws `invalid` at `/regime` for a regime that does not exist or is not switched on, and `invalid` with what to set when
 * the organization's zone, or the country that a regime counts by, is not known.
 */
export async function questionOf(
  ctx: Context,
  {
    regimes: keys,
    ...request
  }: Omit<CommonQuestion, "regimes" | "timeZone"> & { regimes: readonly string[] },
  { isOpened = false } = {},
): Promise<CommonQuestion> {
  const { country, timeZone, secondaryRegimes } = await getOrganization(ctx);
  const regimes = [...new Set(keys)].map((key) => regimeOf(key, isOpened ? keys : secondaryRegimes));
  const needsCountry = country === null && regimes.some(({ calendar }) => calendar === "member_state");
  const missing = [...(needsCountry ? ["country"] : []), ...(timeZone === null ? ["timeZone"] : [])];
  if (timeZone === null || missing.length > 0) {
    throw new SaysoError(
      "invalid",
      `The due date is refused, not guessed: set the organization's ${missing.join(" and ")} first (PATCH /v1/organization).`,
    );
  }
  return {
    ...request,
    timeZone,
    regimes: await Promise.all(
      regimes.map(async (regime) => ({ regime, calendar: await calendarOf(ctx, regime, country) })),
    ),
  };
}

function regimeOf(key: string, switchedOn: readonly string[]): Regime {
  const regime = findRegime(key);
  if (regime === undefined) {
    throw invalid("/regime", `There is no such regime. Regimes: ${regimeKeys.join(", ")}.`);
  }
  if (regime.basis === "secondary" && !switchedOn.includes(key)) {
    throw invalid(
      "/regime",
      `The terms of ${key} rest on others' accounts of the law. Have a lawyer confirm them, then switch it on: ` +
        `PATCH /v1/organization {"secondaryRegimes": ["${key}"]}.`,
    );
  }
  return regime;
}

async function calendarOf(
  ctx: Context,
  { calendar }: Regime,
  ownCountry: string | null,
): Promise<HolidayCalendar | undefined> {
  const country = calendar === "member_state" ? ownCountry : calendar;
  if (country === null || country === "none") return undefined;
  const ours = calendar === "member_state" ? await loadCalendar(country) : listedCalendar(country);
  return withYears(ours, country, await selectLoadedYears(ctx, country));
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
    .map((event) => detailsOf(event) as { receivedAt?: string; regimes?: readonly string[] });
  const keys = new Set([...request.regimes, ...receipts.flatMap(({ regimes }) => regimes ?? [])]);
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
    ctx,
    { regimes: [...keys], kind: request.kind, receivedAt: received.sort()[0] ?? "" },
    { isOpened: true },
  );
  return { ...question, pauses, asked, ...(extension === undefined ? {} : { extension }) };
}

function detailsOf({ details }: RequestEventRow): Readonly<Record<string, unknown>> {
  return details as Record<string, unknown>;
}

/** Whether a request that came in now could be opened under a regime: its due date can be told. */
export async function canBeCounted(ctx: Context, regime: string): Promise<boolean> {
  const receivedAt = ctx.services.now().toISOString();
  try {
    earliestDueDate(await questionOf(ctx, { regimes: [regime], kind: "access", receivedAt }));
    return true;
  } catch (error) {
    if (error instanceof SaysoError && error.code === "invalid") return false;
    throw error;
  }
}
