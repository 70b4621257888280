import type { Context } from "../../context.ts";
import { channels } from "../../kernel/channels.ts";
import { fieldOfKind, type IdentifierInput, type IdentifierKind } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { open } from "../../kernel/seal.ts";
import { boxFor, findVersions } from "../collection/index.ts";
import { type RecordedPerson, readPeople } from "../subject/index.ts";
import { dpvStateOf, dpvStates } from "./domain/dpv.ts";
import { consentPlace, type SealedProvenance } from "./record-consents.ts";
import {
  type Against,
  type ConsentEventRow,
  recordExport,
  type StandingNoRow,
  selectAgainst,
  streamRecords,
} from "./store.ts";

/** What an export says of a consent event, in this order; an import reads it back. */
export const exportFields = [
  "id",
  "subjectId",
  "phone",
  "waId",
  "bsuid",
  "parentBsuid",
  "email",
  "externalId",
  "otherIdentifiers",
  "channel",
  "purpose",
  "state",
  "consentStatus",
  "heldBackBy",
  "reportedState",
  "proof",
  "occurredAt",
  "recordedAt",
  "expiresAt",
  "collectionPointId",
  "version",
  "wordingSha256",
  "indication",
  "language",
  "pageUrl",
  "ipAddress",
  "userAgent",
  "operator",
  "evidence",
  "importId",
] as const;
export type ExportedConsent = { readonly [Field in (typeof exportFields)[number]]: unknown };

/**
 * Every consent event of the organization, the oldest first, and every no of theirs that stands without one (an opt-out
 * by keyword, link or page) as a withdrawal from each purpose and channel that it is to, as it is read: a page at a time,
 * however many there are, all of it as it was when the reading began. A no at /stop of a number that nobody is known by is
 * not told: Sayso does not know the number. Leaves one audit entry. Of people who were erased neither identifiers nor what
 * is sealed is told. States are named by our words and as DPV 2.3 names them (`consentStatus`, of now); `heldBackBy` says
 * what else keeps messages from somebody who said yes (`block`, `platform_stop`). Throws `unavailable` when the database
 * is lost.
 */
export async function* exportConsents(ctx: Context): AsyncGenerator<readonly ExportedConsent[]> {
  await recordExport(ctx);
  for await (const page of streamRecords(ctx, limits.exportRows)) {
    const events = page.flatMap((row) => (row.what === "event" ? row : []));
    // What is an event's as well was told with it.
    const noes = page.flatMap((row) =>
      row.what === "no" && !row.eventId.startsWith("cns_") && !row.isAgain ? row : [],
    );
    const [people, wordings, against] = await Promise.all([
      readPeople(ctx, [...new Set([...events, ...noes].flatMap(({ subjectId }) => subjectId ?? []))]),
      findVersions(ctx, [...new Set(events.flatMap(({ collectionPointId }) => collectionPointId ?? []))]),
      selectAgainst(
        ctx,
        events.map(({ id }) => id),
      ),
    ]);
    const versions = new Map(wordings.map((each) => [`${each.collectionPointId} ${each.version}`, each]));
    const now = ctx.services.now();
    yield [
      ...events.map((event) => {
        const shown = versions.get(`${event.collectionPointId} ${event.collectionPointVersion}`);
        const { wordingSha256 = null } = (shown && (boxFor(shown, event.purpose) ?? shown)) ?? {};
        return exported({ ...event, wordingSha256 }, against.get(event.id), people.get(event.subjectId), now);
      }),
      ...noes.flatMap((no) => exportedNo(no, people.get(no.subjectId ?? ""))),
    ];
  }
}

function exportedNo(no: StandingNoRow, person: RecordedPerson | undefined): readonly ExportedConsent[] {
  if (person === undefined || person.identifiers.length === 0) return [];
  const nothing = Object.fromEntries(exportFields.map((field) => [field, null])) as ExportedConsent;
  return no.purposes.flatMap((purpose) =>
    (no.channel === "*" ? channels : [no.channel]).map((channel) => ({
      ...nothing,
      subjectId: person.subjectId,
      ...namesOf(person),
      channel,
      purpose,
      state: "withdrawn",
      consentStatus: dpvStates.withdrawn,
      reportedState: "withdrawn",
      occurredAt: no.at.toISOString(),
      evidence: { optOut: no.eventId },
    })),
  );
}

function heldBackBy(against: Against | undefined): string | null {
  const reasons = [against?.isBlocked ? "block" : [], against?.isStopped ? "platform_stop" : []].flat();
  return reasons.length === 0 ? null : reasons.join(" ");
}

function namesOf(person: RecordedPerson | undefined) {
  const named: { -readonly [Field in keyof IdentifierInput]: string } = {};
  const others: { kind: string; value: string }[] = [];
  for (const identifier of person?.identifiers ?? []) {
    const field = fieldOfKind[identifier.kind as IdentifierKind];
    if (named[field] !== undefined) others.push(identifier);
    else named[field] = identifier.value;
  }
  return {
    phone: named.phone ?? null,
    waId: named.waId ?? null,
    bsuid: named.bsuid ?? null,
    parentBsuid: named.parentBsuid ?? null,
    email: named.email ?? null,
    externalId: named.externalId ?? null,
    otherIdentifiers: others.length === 0 ? null : others,
  };
}

function exported(
  event: ConsentEventRow & { readonly wordingSha256: string | null },
  against: Against | undefined,
  person: RecordedPerson | undefined,
  now: Date,
): ExportedConsent {
  const sealed: SealedProvenance =
    event.sealed === null || person?.evidenceKey === undefined || person.isErased
      ? {}
      : (JSON.parse(
          open(person.evidenceKey, consentPlace(event.subjectId, event.id), event.sealed).toString("utf8"),
        ) as SealedProvenance);
  return {
    id: formatId("cns", event.id),
    subjectId: person?.subjectId ?? null,
    ...namesOf(person),
    channel: event.channel,
    purpose: event.purpose,
    state: event.state,
    consentStatus: dpvStateOf({ ...event, isEnded: against?.isEnded ?? true }, now),
    heldBackBy: event.state === "given" ? heldBackBy(against) : null,
    reportedState: event.reportedState,
    proof: event.proof,
    occurredAt: event.occurredAt.toISOString(),
    recordedAt: event.recordedAt.toISOString(),
    expiresAt: event.expiresAt?.toISOString() ?? null,
    collectionPointId: event.collectionPointId === null ? null : formatId("cpt", event.collectionPointId),
    version: event.collectionPointVersion,
    wordingSha256: event.wordingSha256,
    indication: event.indication,
    language: event.language,
    pageUrl: sealed.pageUrl ?? null,
    ipAddress: sealed.ipAddress ?? null,
    userAgent: sealed.userAgent ?? null,
    operator: sealed.operator ?? null,
    evidence: sealed.evidence ?? null,
    importId: event.importId === null ? null : formatId("imp", event.importId),
  };
}
