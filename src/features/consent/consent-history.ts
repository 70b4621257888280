import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { open } from "../../kernel/seal.ts";
import { boxFor, findVersions } from "../collection/index.ts";
import { readPerson } from "../subject/index.ts";
import { attachmentsOf } from "./attachments.ts";
import { readLegacyEvidence } from "./import-consents.ts";
import { consentPlace, type SealedProvenance } from "./record-consents.ts";
import { type ConsentEventRow, selectEvents, selectEventsOf } from "./store.ts";

/**
 * Every consent event of a person, merged records included, the newest first, with full provenance and the wording
 * exactly as it was shown. Throws `not_found`.
 */
export async function consentHistory(ctx: Context, subjectId: string) {
  const { keys } = await readPerson(ctx, subjectId);
  const events = await selectEventsOf(ctx, [...keys.keys()]);
  const pointIds = [...new Set(events.flatMap((event) => event.collectionPointId ?? []))];
  const versions = await findVersions(ctx, pointIds);
  const files = await attachmentsOf(ctx, keys);
  const lists = await readLegacyEvidence(
    ctx,
    events.flatMap((event) => (event.proof === "legacy" ? (event.collectionPointId ?? []) : [])),
  );
  return events.map((event) => {
    const owner = keys.get(event.subjectId);
    const sealed: SealedProvenance =
      owner === undefined || event.sealed === null
        ? {}
        : (JSON.parse(
            open(owner.evidenceKey, consentPlace(event.subjectId, event.id), event.sealed).toString("utf8"),
          ) as SealedProvenance);
    const shown = versions.find(
      (version) =>
        version.collectionPointId === event.collectionPointId &&
        version.version === event.collectionPointVersion,
    );
    const box = shown && boxFor(shown, event.purpose);
    return {
      ...presentEvent(event),
      provenance: {
        collectionPointId: event.collectionPointId === null ? null : formatId("cpt", event.collectionPointId),
        version: event.collectionPointVersion,
        wording: box?.wording ?? null,
        wordingSha256: box?.wordingSha256 ?? null,
        wordingLanguage: shown?.language ?? null,
        privacyNoticeUrl: shown?.privacyNoticeUrl ?? null,
        indication: event.indication,
        proof: event.proof,
        pageUrl: sealed.pageUrl ?? null,
        ipAddress: sealed.ipAddress ?? null,
        userAgent: sealed.userAgent ?? null,
        language: event.language,
        operator: sealed.operator ?? null,
        occurredAt: event.occurredAt.toISOString(),
        recordedAt: event.recordedAt.toISOString(),
        evidence: sealed.evidence ?? null,
        attachments: files
          .filter(({ consentId }) => formatId("cns", event.id) === consentId)
          .map(({ id, mediaType, bytes, sha256 }) => ({ id, mediaType, bytes, sha256 })),
        importId: event.importId === null ? null : formatId("imp", event.importId),
        legacyEvidence: listOf(event, lists),
      },
    };
  });
}

/** What stands behind the list that a legacy consent comes from. */
function listOf(event: ConsentEventRow, lists: Awaited<ReturnType<typeof readLegacyEvidence>>) {
  const list = lists.find(
    (each) => event.proof === "legacy" && each.collectionPointId === event.collectionPointId,
  );
  if (list === undefined) return null;
  const { collectionPointId: _id, ...evidence } = list;
  return evidence;
}

/** Consent events of the organization, the newest first, without what is sealed. */
export async function listConsents(ctx: Context, before: string | undefined, limit: number) {
  return (await selectEvents(ctx, before, limit)).map(presentEvent);
}

function presentEvent(event: ConsentEventRow) {
  return {
    id: formatId("cns", event.id),
    subjectId: formatId("sub", event.subjectId),
    channel: event.channel,
    purpose: event.purpose,
    state: event.state,
    reportedState: event.reportedState,
    occurredAt: event.occurredAt.toISOString(),
    recordedAt: event.recordedAt.toISOString(),
    expiresAt: event.expiresAt?.toISOString() ?? null,
  };
}
