import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import type { Manifest } from "../archive/index.ts";
import { holdsOn } from "../retention/index.ts";
import { explainDeadline } from "./deadline-words.ts";
import type { DeadlineStep } from "./domain/deadline.ts";
import type { Clock } from "./domain/earliest.ts";
import { isAnsweredByArchive, nextStep, type RequestStatus } from "./domain/life.ts";
import { selectWarnings, type WarningRow } from "./due-store.ts";
import { lettersOf, nextLetter } from "./letters-of.ts";
import { findRegime } from "./regimes.ts";
import { openSealed } from "./sealed-text.ts";
import {
  type ArchiveRow,
  type DataRequestRow,
  type DeliveryRow,
  type RequestEventRow,
  selectArchivesOf,
  selectDeliveries,
  selectEvents,
  selectRequest,
  selectRequests,
} from "./store.ts";

/** A request as lists show it. */
export function presentRequest(row: DataRequestRow) {
  return {
    id: formatId("req", row.id),
    subjectId: formatId("sub", row.subjectId),
    kind: row.kind,
    regime: row.regime,
    // Requests of a time when there was one regime have none in the list.
    regimes: row.regimes.length > 0 ? row.regimes : [row.regime],
    status: row.status,
    channel: row.channel,
    language: row.language,
    receivedAt: row.receivedAt.toISOString(),
    dueAt: row.dueAt.toISOString(),
    lastDay: row.lastDay,
    owner: row.owner,
    approvals: { needed: row.approvalsNeeded, given: row.approvals.length },
    isClarifying: row.isClarifying,
    isExtended: row.isExtended,
    createdAt: row.createdAt.toISOString(),
  };
}

/** The request of a public id. Throws `not_found`. */
export async function findRequest(ctx: Context, id: string): Promise<DataRequestRow> {
  const uuid = parseId("req", id);
  const row = uuid === undefined ? undefined : await selectRequest(ctx, uuid);
  if (row === undefined) throw notFound("data request");
  return row;
}

/**
 * Where a request stands: due date and how it was counted, every step so far, its archive and the ways it was handed
 * over. Throws `not_found`.
 */
export async function getRequest(ctx: Context, id: string, language: Language) {
  const row = await findRequest(ctx, id);
  const [events, archives, holds, letters, warnings] = await Promise.all([
    selectEvents(ctx, row.id),
    selectArchivesOf(ctx, [row.id]),
    holdsOn(ctx, row.subjectId),
    lettersOf(ctx, row.id),
    selectWarnings(ctx, row.id),
  ]);
  const archive = archives.get(row.id);
  const { reasons, requester } = await openSealed(ctx, row, events);
  const deliveries = archive === undefined ? [] : await selectDeliveries(ctx, archive.id);
  return {
    ...presentRequest(row),
    // What the person must be told goes first, also after the request's end.
    next: nextLetter(letters) ?? nextStep(row),
    counting: explainDeadline(row.counting as DeadlineStep[], language),
    clocks: presentClocks(row.clocks as Clock[], language),
    holds: holds.map(({ id, scope, placedAt, reviewAt, isReviewDue }) => ({
      id,
      scope,
      placedAt,
      reviewAt,
      isReviewDue,
    })),
    letters: letters.map(({ id, kind, state, neededBy, way, sentAt, failure }) => ({
      id,
      kind,
      state,
      neededBy,
      way,
      sentAt,
      failure,
    })),
    warnings: warnings.filter(({ isTold }) => isTold).map(presentWarning),
    requester: {
      capacity: row.requesterCapacity,
      validUntil: row.requesterUntil?.toISOString() ?? null,
      evidence: requester.evidence ?? null,
      deliverTo: requester.deliverTo ?? null,
    },
    timeline: events.map((event) => presentEvent(event, reasons.get(event.id))),
    archive: archive === undefined ? null : presentArchive(archive, deliveries),
  };
}

/** Where a request stands, as whoever has its reference may know: by when, and since and until when there is an archive. */
export interface Standing {
  readonly status: RequestStatus;
  /** Else something is done, and the person is told. */
  readonly isByArchive: boolean;
  readonly dueAt: Date;
  readonly readyAt: Date | null;
  readonly expiresAt: Date | null;
  readonly deletedAt: Date | null;
}

/** Where a request (uuid) stands. Opens nothing that is sealed. Undefined when there is none. */
export async function readStanding(ctx: Context, id: string): Promise<Standing | undefined> {
  const [row, archives] = await Promise.all([selectRequest(ctx, id), selectArchivesOf(ctx, [id])]);
  if (row === undefined) return undefined;
  const { readyAt = null, expiresAt = null, deletedAt = null } = archives.get(id) ?? {};
  const isByArchive = isAnsweredByArchive(row.kind);
  return { status: row.status, isByArchive, dueAt: row.dueAt, readyAt, expiresAt, deletedAt };
}

/** Requests of the organization, the newest first; or of them those that are open and that nobody answers for. */
export async function listRequests(
  ctx: Context,
  before: string | undefined,
  limit: number,
  { isUnassigned = false }: { readonly isUnassigned?: boolean | undefined } = {},
) {
  return (await selectRequests(ctx, before, limit, isUnassigned)).map(presentRequest);
}

/** Other clocks, of two of the same kind the earlier one: a request that was joined has both. */
function presentClocks(clocks: readonly Clock[], language: Language) {
  const earliest = new Map<string, Clock>();
  for (const clock of clocks) {
    const key = `${clock.regime}/${clock.key}`;
    const other = earliest.get(key);
    if (other === undefined || clock.dueAt < other.dueAt) earliest.set(key, clock);
  }
  return [...earliest.values()].map((clock) => ({
    ...clock,
    duty: findRegime(clock.regime)?.clocks.find(({ key }) => key === clock.key)?.duty[language] ?? clock.key,
  }));
}

function presentEvent(row: RequestEventRow, said: string | undefined) {
  const { reason = said ?? null, ...details } = row.details as Record<string, unknown>;
  return {
    event: row.event,
    status: row.status,
    at: row.at.toISOString(),
    actor: { kind: row.actorKind, id: row.actorId },
    reason: typeof reason === "string" ? reason : null,
    details,
  };
}

function presentWarning({ warning, about, dueAt, at, mailedAt, mailFailure }: WarningRow) {
  return {
    warning,
    about,
    dueAt: dueAt.toISOString(),
    at: at.toISOString(),
    mailedAt: mailedAt?.toISOString() ?? null,
    mailFailure,
  };
}

function presentArchive(row: ArchiveRow, deliveries: readonly DeliveryRow[]) {
  const manifest = row.manifest as Manifest | null;
  return {
    id: formatId("arc", row.id),
    state: row.state,
    bytes: row.bytes,
    sha256: row.sha256,
    partial: manifest?.partial ?? null,
    manifest,
    createdAt: row.createdAt.toISOString(),
    readyAt: row.readyAt?.toISOString() ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    deletedAt: row.deletedAt?.toISOString() ?? null,
    downloads: deliveries.reduce((sum, { downloads }) => sum + downloads, 0),
    deliveries: deliveries.map((delivery) => ({
      id: formatId("dlv", delivery.id),
      createdAt: delivery.createdAt.toISOString(),
      expiresAt: delivery.expiresAt.toISOString(),
      triesLeft: delivery.triesLeft,
      downloads: delivery.downloads,
    })),
  };
}
