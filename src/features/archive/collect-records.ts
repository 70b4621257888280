import type { Context } from "../../context.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { type Key, open } from "../../kernel/seal.ts";
import { sentLetterPlace, sentLetterSchema } from "../../kernel/sealed-letter.ts";
import { blocksOf } from "../blocklist/index.ts";
import { findPoints } from "../collection/index.ts";
import type { consentHistory } from "../consent/index.ts";
import { optOutsOf } from "../optout/index.ts";
import { choicesOf, codesOf } from "../preference/index.ts";
import type { ReportedFile } from "./consent-files.ts";
import type { Row, Section } from "./domain/report-model.ts";
import type { OwnRows, OwnSectionName } from "./domain/sections.ts";
import {
  selectArchiveIds,
  selectCauses,
  selectLiftings,
  selectOpenings,
  selectPreferences,
  selectRequestEvents,
  selectRequests,
  type selectSenders,
  selectSentLetters,
  selectStandingNoes,
  selectSuspicions,
} from "./store.ts";

/** The person that a report is about, and what every section of it needs. */
export interface Reported {
  readonly ctx: Context;
  /** Public id of the person's root record. */
  readonly subjectId: string;
  /** All records of the person (uuids), merged ones included. */
  readonly recordIds: readonly string[];
  /** What evidence of each record is sealed under. */
  readonly evidenceKeys: ReadonlyMap<string, Key>;
  /** Keyed hashes of their identifiers, in hex. */
  readonly hashes: readonly string[];
  readonly identifiers: readonly { readonly kind: string; readonly value: string }[];
  /** What else the person's own record says. */
  readonly timeZones: readonly string[];
  /** The business numbers that the person is recorded to have saved. */
  readonly savedNumbers: readonly string[];
  /** Since when holds stand that keep their data from being erased. */
  readonly heldSince: readonly string[];
  readonly purposes: readonly { readonly key: string; readonly name: string }[];
  readonly senders: Awaited<ReturnType<typeof selectSenders>>;
  readonly consents: Awaited<ReturnType<typeof consentHistory>>;
  readonly language: Language;
  /** IANA zone that the report shows times in. */
  readonly timeZone: string;
  readonly until: Date;
}

function listed<Name extends OwnSectionName>(name: Name, rows: readonly OwnRows[Name][]): Section {
  return {
    name,
    state: "rows",
    count: rows.length,
    async *rows() {
      yield rows satisfies readonly Row[];
    },
  };
}

/** Every consent event with its provenance and the wording exactly as it was shown, and the paths of its files. */
export async function consentSection(
  { ctx, consents, purposes }: Reported,
  files: readonly ReportedFile[],
): Promise<Section> {
  const pointIds = consents.flatMap(({ provenance: { collectionPointId } }) =>
    collectionPointId === null ? [] : (parseId("cpt", collectionPointId) ?? []),
  );
  const points = await findPoints(ctx, [...new Set(pointIds)]);
  return listed(
    "consents",
    consents.map(({ provenance: shown, ...event }): OwnRows["consents"] => {
      const point = points.find(({ id }) => formatId("cpt", id) === shown.collectionPointId);
      return {
        eventId: event.id,
        channel: event.channel,
        purpose: {
          key: event.purpose,
          name: purposes.find(({ key }) => key === event.purpose)?.name ?? event.purpose,
        },
        state: event.state,
        reportedState: event.reportedState === event.state ? null : event.reportedState,
        proof: shown.proof,
        occurredAt: event.occurredAt,
        recordedAt: event.recordedAt,
        expiresAt: event.expiresAt,
        collectionPoint:
          point === undefined || shown.version === null
            ? null
            : {
                id: formatId("cpt", point.id),
                key: point.key,
                kind: point.kind,
                name: point.name,
                version: shown.version,
                privacyNoticeUrl: shown.privacyNoticeUrl,
              },
        wording:
          shown.wording === null || shown.wordingSha256 === null || shown.wordingLanguage === null
            ? null
            : { text: shown.wording, language: shown.wordingLanguage, sha256: shown.wordingSha256 },
        indication: shown.indication,
        pageUrl: shown.pageUrl,
        ipAddress: shown.ipAddress,
        userAgent: shown.userAgent,
        language: shown.language,
        operator: shown.operator,
        evidence:
          shown.evidence === null || typeof shown.evidence === "string"
            ? shown.evidence
            : JSON.stringify(shown.evidence),
        ...(shown.legacyEvidence !== null && { list: listOf(shown.legacyEvidence) }),
        ...(shown.attachments.length > 0 && {
          attachments: files
            .filter(({ consentId }) => consentId === event.id)
            .map(({ path, mediaType, bytes, sha256 }) => ({ attachment: path, mediaType, bytes, sha256 })),
        }),
      };
    }),
  );
}

function listOf({
  collectedFrom: collectedSince,
  ...list
}: NonNullable<Reported["consents"][number]["provenance"]["legacyEvidence"]>) {
  return { ...list, collectedSince };
}

/**
 * Opt-outs and their undoing, noes that came along with a number, messages that may be a no, what the person chose about
 * how they are written to, blocks, and choices on the platform.
 */
export async function optOutSection({ ctx, recordIds, hashes, consents }: Reported): Promise<Section> {
  const [events, noes, suspicions, choices, codes, blocks, preferences] = await Promise.all([
    optOutsOf(ctx, recordIds, hashes),
    selectStandingNoes(ctx, hashes),
    selectSuspicions(ctx, recordIds, hashes),
    choicesOf(ctx, recordIds),
    codesOf(ctx, recordIds),
    blocksOf(ctx, hashes),
    selectPreferences(ctx, hashes),
  ]);
  const liftings = await selectLiftings(
    ctx,
    blocks.flatMap(({ id }) => parseId("blk", id) ?? []),
  );
  const blank = { id: null, scope: null, purpose: null, channel: null, source: null, reason: null };
  const told = new Set([...events.map(({ id }) => formatId("opt", id)), ...consents.map(({ id }) => id)]);
  const rows: OwnRows["opt_outs"][] = [
    ...events.map((event): OwnRows["opt_outs"] => ({
      ...blank,
      id: formatId("opt", event.id),
      kind: "opt_out",
      event: event.kind,
      scope: event.scope,
      purpose: event.purpose,
      channel: event.channel,
      source: event.source,
      occurredAt: event.occurredAt.toISOString(),
      recordedAt: event.recordedAt.toISOString(),
      expiresAt: null,
    })),
    ...standing(noes, told),
    ...suspicions.map(({ id, cause, occurredAt, event, reason, at }): OwnRows["opt_outs"] => {
      const isSuspected = event === "suspected";
      return {
        ...blank,
        id: formatId("sus", id),
        kind: "suspicion",
        event,
        source: isSuspected ? cause : "staff",
        reason,
        occurredAt: (isSuspected ? occurredAt : at).toISOString(),
        recordedAt: at.toISOString(),
        expiresAt: null,
      };
    }),
    ...choices.map((choice): OwnRows["opt_outs"] => ({
      ...blank,
      id: formatId("prf", choice.id),
      kind: "preference",
      event: `${choice.aspect}_${choice.kind}`,
      source: choice.source,
      reason: choice.most === null ? choice.word : `${choice.most} / ${choice.hours} h`,
      occurredAt: choice.recordedAt.toISOString(),
      recordedAt: choice.recordedAt.toISOString(),
      expiresAt: choice.until?.toISOString() ?? null,
    })),
    ...codes.map(({ id, createdAt, expiresAt, usedAt }): OwnRows["opt_outs"] => ({
      ...blank,
      id: formatId("pcd", id),
      kind: "preference",
      event: usedAt === null ? "code_made" : "code_used",
      occurredAt: (usedAt ?? createdAt).toISOString(),
      recordedAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    })),
    ...blocks.map((block): OwnRows["opt_outs"] => ({
      ...blank,
      id: block.id,
      kind: "block",
      event: "blocked",
      reason: block.note === null ? block.reason : `${block.reason}: ${block.note}`,
      occurredAt: block.createdAt,
      recordedAt: block.createdAt,
      expiresAt: block.expiresAt,
    })),
    ...liftings.map((lifting): OwnRows["opt_outs"] => ({
      ...blank,
      id: formatId("blk", lifting.blockId),
      kind: "block",
      event: "lifted",
      reason: lifting.reason,
      occurredAt: lifting.at.toISOString(),
      recordedAt: lifting.at.toISOString(),
      expiresAt: null,
    })),
    ...preferences.map(({ value, at }): OwnRows["opt_outs"] => ({
      ...blank,
      kind: "platform_preference",
      event: value,
      channel: "whatsapp",
      source: "platform",
      occurredAt: at.toISOString(),
      recordedAt: null,
      expiresAt: null,
    })),
  ];
  return listed(
    "opt_outs",
    rows.sort((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt)),
  );
}

/**
 * Noes that stand for an identifier of the person and are told nowhere else: those of an earlier holder of the number,
 * and that it changed hands.
 */
function standing(
  noes: Awaited<ReturnType<typeof selectStandingNoes>>,
  told: ReadonlySet<string>,
): OwnRows["opt_outs"][] {
  const rows = new Map<string, OwnRows["opt_outs"]>();
  for (const no of noes) {
    if (told.has(no.eventId)) continue;
    const purpose = no.purpose.startsWith("*") ? null : no.purpose;
    rows.set(`${no.eventId} ${no.kind} ${no.channel} ${no.purpose}`, {
      id: /^(?:opt|cns)_/.test(no.eventId) ? no.eventId : null,
      kind: "opt_out",
      event: no.kind,
      scope: no.purpose === "*marketing" ? "marketing" : purpose === null ? "all" : "purpose",
      purpose,
      channel: no.channel === "*" ? null : no.channel,
      source: no.kind === "invalidated" ? "platform" : null,
      reason: null,
      occurredAt: no.at.toISOString(),
      recordedAt: null,
      expiresAt: null,
    });
  }
  return [...rows.values()];
}

/** The person's data requests, this one included, each with its history and the letters about it. */
export async function requestSection({ ctx, recordIds, evidenceKeys }: Reported): Promise<Section> {
  const requests = await selectRequests(ctx, recordIds);
  const ids = requests.map(({ id }) => id);
  const [events, letters] = await Promise.all([selectRequestEvents(ctx, ids), selectSentLetters(ctx, ids)]);
  return listed(
    "requests",
    requests.map((request): OwnRows["requests"] => ({
      requestId: formatId("req", request.id),
      kind: request.kind,
      regime: request.regime,
      channel: request.channel,
      status: request.status,
      receivedAt: request.receivedAt.toISOString(),
      dueAt: request.dueAt.toISOString(),
      history: events
        .filter(({ requestId }) => requestId === request.id)
        .map(({ at, event, status, details }) => ({
          at: at.toISOString(),
          event,
          status,
          note: reasonOf(details),
        })),
      letters: letters
        .filter(({ requestId }) => requestId === request.id)
        .map(({ letterId, sentAt, kind, way, language, sealed }) => ({
          sentAt: sentAt.toISOString(),
          kind,
          way,
          language,
          ...openLetter(evidenceKeys.get(request.subjectId), letterId, sealed),
        })),
    })),
  );
}

function openLetter(key: Key | undefined, letterId: string, sealed: Uint8Array) {
  if (key === undefined) throw new Error("A person's record has no evidence key.");
  const plain = open(key, sentLetterPlace(letterId), sealed).toString("utf8");
  const { subject, text } = sentLetterSchema.parse(JSON.parse(plain));
  return { subject, text };
}

function reasonOf(details: unknown): string | null {
  if (typeof details !== "object" || details === null || !("reason" in details)) return null;
  return typeof details.reason === "string" ? details.reason : null;
}

/** When staff looked at an archive of the person: dates and reasons, no names. */
export async function disclosureSection({ ctx, recordIds, language }: Reported): Promise<Section> {
  const requests = await selectRequests(ctx, recordIds);
  const archives = await selectArchiveIds(
    ctx,
    requests.map(({ id }) => id),
  );
  const openings = await selectOpenings(
    ctx,
    archives.map((id) => formatId("arc", id)),
  );
  return listed(
    "disclosures",
    openings.map(({ at }): OwnRows["disclosures"] => ({
      kind: "viewed",
      at: at.toISOString(),
      recipient: null,
      reason: openingReason[language],
      categories: [],
    })),
  );
}

const openingReason: Readonly<Record<Language, string>> = {
  en: "Staff opened the archive that answers a data request.",
  ru: "Сотрудники открыли архив с ответом на запрос о данных.",
};

const signInTitle: Readonly<Record<Language, string>> = { en: "Sign-ins", ru: "Входы" };

const signInSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    signIns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          openedAt: { type: "string" },
          codeSentAt: { type: ["string", "null"] },
        },
        required: ["openedAt", "codeSentAt"],
        additionalProperties: false,
      },
    },
  },
  required: ["signIns"],
  additionalProperties: false,
};

/** Sign-ins that were opened so that a code may be sent, when there were any. */
export async function signInSections({ ctx, hashes, language }: Reported): Promise<Section[]> {
  const causes = await selectCauses(ctx, hashes);
  if (causes.length === 0) return [];
  return [
    {
      name: "sign_ins",
      state: "document",
      custom: { title: signInTitle[language], schema: signInSchema },
      document: {
        signIns: causes.map(({ openedAt, usedAt }) => ({
          openedAt: openedAt.toISOString(),
          codeSentAt: usedAt?.toISOString() ?? null,
        })),
      },
    },
  ];
}
