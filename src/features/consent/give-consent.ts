import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { seal } from "../../kernel/seal.ts";
import { notInFuture, wholeSecond } from "../../kernel/time.ts";
import { type Capture, findVersions, pageOf, readCaptureToken } from "../collection/index.ts";
import { findPurpose } from "../organization/index.ts";
import {
  findSubjects,
  hashIdentifier,
  readReference,
  resolveSubject,
  type SubjectReference,
} from "../subject/index.ts";
import { findEvidence, insertConsentEvent, type RecordedConsent, selectTokenUser } from "./store.ts";

const tokenPointer = "/provenance/captureToken";

export interface Provenance {
  /** Point and version may be left out with a capture token: it knows them. */
  readonly collectionPointId?: string | undefined;
  readonly version?: number | undefined;
  readonly captureToken?: string | undefined;
  readonly indication: string;
  readonly pageUrl?: string | undefined;
  readonly ipAddress?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly language?: string | undefined;
  readonly operator?: string | undefined;
  readonly occurredAt: string;
  readonly evidence?: unknown;
}

export interface ConsentInput {
  readonly subject: SubjectReference;
  readonly channel: string;
  readonly purpose: string;
  readonly state: "given" | "withdrawn" | "refused";
  readonly provenance: Provenance;
}

/** The part of the provenance that is sealed under the person's evidence key. */
export interface SealedProvenance {
  readonly pageUrl?: string | undefined;
  readonly ipAddress?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly operator?: string | undefined;
  readonly evidence?: unknown;
}

export function consentPlace(subjectId: string, eventId: string): string {
  return `consent_event:${subjectId}:${eventId}`;
}

/**
 * Records a yes or a no with its proof. What a yes is worth is in gate-rules: it is the person's own doing when it
 * comes with a capture token of ours or rests on a message of theirs that Sayso holds; otherwise it is reported, and
 * after a no it stays `requested`. A yes to a purpose with double opt-in is `requested` until a message of the person
 * is quoted that they wrote after they had asked.
 *
 * Throws `invalid` with a pointer for an unknown purpose, collection point or version, a version that did not exist
 * at that time or does not cover the purpose, a token that does not fit the screen, a time in the future; `conflict` when
 * the identifiers name two people.
 */
export async function giveConsent(ctx: Context, input: ConsentInput) {
  const earlier = await replay<RecordedConsent>(ctx);
  if (earlier !== undefined) return present(earlier);

  const capture = readCapture(ctx, input.provenance.captureToken);
  const provenance = withCapture(input.provenance, capture);
  const purpose = await findPurpose(ctx, input.purpose);
  if (purpose === undefined) throw invalid("/purpose", "There is no such purpose.");
  const occurredAt = notInFuture(provenance.occurredAt, ctx.services.now(), "/provenance/occurredAt");
  const shown = await shownVersion(ctx, { ...input, provenance }, occurredAt);
  if (capture !== undefined) refuseOtherScreen(capture, provenance, shown, occurredAt);

  const read = readReference(input.subject, "/subject");
  if (capture !== undefined) await refuseOthersToken(ctx, capture.tokenId, input.subject);
  const subject = await resolveSubject(ctx, input.subject, "/subject");
  const messageId = evidenceMessageId(provenance.evidence);
  const evidence =
    messageId === undefined
      ? undefined
      : await findEvidence(ctx, { ...input, subjectId: subject.id, messageId });
  const id = ctx.services.newId("cns");
  const sealed: SealedProvenance = {
    pageUrl: provenance.pageUrl,
    ipAddress: provenance.ipAddress,
    userAgent: provenance.userAgent,
    operator: provenance.operator,
    evidence: provenance.evidence,
  };
  const row = await insertConsentEvent(ctx, {
    id,
    publicId: formatId("cns", id),
    subjectId: subject.id,
    channel: input.channel,
    purpose: input.purpose,
    reportedState: input.state,
    yesState: purpose.doubleOptIn && !evidence?.confirms ? "requested" : "given",
    proof: capture !== undefined || evidence !== undefined ? "demonstrated" : "reported",
    collectionPointId: shown.collectionPointId,
    version: shown.version,
    indication: provenance.indication,
    language: provenance.language,
    occurredAt: occurredAt.toISOString(),
    saidAt: evidence?.at.toISOString(),
    validityDays: purpose.validityDays,
    captureTokenId: capture?.tokenId,
    sealed: seal(subject.evidenceKey, consentPlace(subject.id, id), Buffer.from(JSON.stringify(sealed))),
    named: "identifiers" in read ? read.identifiers.map((identifier) => hashIdentifier(ctx, identifier)) : [],
  });
  // Two people's first uses of one token at the same time: the statement itself decides.
  if (row === undefined) throw othersToken();
  return present(row);
}

/** Before anybody is made known: what is refused leaves no trace of a person. */
async function refuseOthersToken(ctx: Context, tokenId: string, reference: SubjectReference): Promise<void> {
  const user = await selectTokenUser(ctx, tokenId);
  if (user !== undefined && !(await findSubjects(ctx, reference, "/subject")).roots.includes(user))
    throw othersToken();
}

function othersToken() {
  return invalid(tokenPointer, "This capture token proved the consent of another person.");
}

function present(row: RecordedConsent) {
  return {
    id: formatId("cns", row.id),
    subjectId: formatId("sub", row.subject_id),
    state: row.state,
    recordedAt: new Date(row.recorded_at).toISOString(),
  };
}

async function shownVersion(ctx: Context, input: ConsentInput, occurredAt: Date) {
  const { collectionPointId, version } = input.provenance;
  const uuid = parseId("cpt", collectionPointId ?? "");
  const versions = uuid === undefined ? [] : await findVersions(ctx, [uuid]);
  if (versions.length === 0)
    throw invalid("/provenance/collectionPointId", "There is no such collection point.");
  const shown = versions.find((each) => each.version === version);
  if (shown === undefined) throw invalid("/provenance/version", "This collection point has no such version.");
  if (occurredAt.getTime() < wholeSecond(shown.createdAt)) {
    throw invalid("/provenance/version", "This version did not exist yet at that time.");
  }
  if (!shown.purposes.includes(input.purpose)) {
    throw invalid("/purpose", "This version of the collection point does not ask for that purpose.");
  }
  if (!shown.channels.includes(input.channel)) {
    throw invalid("/channel", "This version of the collection point does not ask for that channel.");
  }
  return shown;
}

function readCapture(ctx: Context, token: string | undefined): Capture | undefined {
  if (token === undefined) return undefined;
  const capture = readCaptureToken(ctx, token);
  if (capture === undefined)
    throw invalid(tokenPointer, "Not a capture token of this organization, or altered.");
  return capture;
}

/** What a capture token says of the screen stands in for what the caller left out. */
function withCapture(provenance: Provenance, capture: Capture | undefined): Provenance {
  if (capture === undefined) return provenance;
  return {
    ...provenance,
    collectionPointId: provenance.collectionPointId ?? formatId("cpt", capture.collectionPointId),
    version: provenance.version ?? capture.version,
    language: provenance.language ?? capture.language,
    pageUrl: provenance.pageUrl ?? capture.pageUrl,
  };
}

function refuseOtherScreen(
  capture: Capture,
  provenance: Provenance,
  shown: { collectionPointId: string; version: number },
  occurredAt: Date,
): void {
  if (capture.collectionPointId !== shown.collectionPointId || capture.version !== shown.version) {
    throw invalid(tokenPointer, "This capture token is for another wording.");
  }
  if (provenance.language !== capture.language) {
    throw invalid("/provenance/language", "The capture token says that another language was on the screen.");
  }
  if (capture.pageUrl !== undefined && pageOf(provenance.pageUrl ?? "") !== capture.pageUrl) {
    throw invalid("/provenance/pageUrl", "The capture token says that another page was on the screen.");
  }
  const skew = limits.clockSkewSeconds * 1000;
  if (occurredAt.getTime() < capture.issuedAt - skew) {
    throw invalid("/provenance/occurredAt", "This lies before the capture token was issued.");
  }
  if (occurredAt.getTime() > capture.issuedAt + limits.captureTokenLifeSeconds * 1000 + skew) {
    throw invalid(
      tokenPointer,
      "This capture token is too old. Ask for a new one each time the page is shown.",
    );
  }
}

/** The id of an inbound message that evidence refers to as `{"messageId": "wamid.…"}`. */
function evidenceMessageId(evidence: unknown): string | undefined {
  if (typeof evidence !== "object" || evidence === null || !("messageId" in evidence)) return undefined;
  return typeof evidence.messageId === "string" ? evidence.messageId : undefined;
}
