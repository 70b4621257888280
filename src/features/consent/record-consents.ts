import type { Context } from "../../context.ts";
import { replay, replayAll } from "../../db/write.ts";
import { apart } from "../../kernel/apart.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { type Gathered, gather, settleTogether } from "../../kernel/gather.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { seal } from "../../kernel/seal.ts";
import { notInFuture, wholeSecond } from "../../kernel/time.ts";
import { type Capture, findPoints, findVersions, pageOf, readCaptureToken } from "../collection/index.ts";
import { findPurposes } from "../organization/index.ts";
import {
  findSubjects,
  type ResolvedSubject,
  resolveSubjects,
  type SubjectReference,
} from "../subject/index.ts";
import { type AttachmentRow, selectAttachments } from "./attachment-store.ts";
import { handOver } from "./attachments.ts";
import { lacking, mayQuoteTheirMessage } from "./domain/ways.ts";
import {
  type Evidence,
  findEvidence,
  insertConsentEvents,
  type RecordedRow,
  selectTokenUsers,
} from "./store.ts";

const tokenPointer = "/provenance/captureToken";
const attachmentsPointer = "/provenance/attachments";

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
  /** Files that prove it (`att_…`), each of this consent alone. */
  readonly attachments?: readonly string[] | undefined;
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

/** What was recorded of a consent. */
export interface RecordedConsent {
  readonly id: string;
  readonly subjectId: string;
  readonly state: string;
  readonly recordedAt: string;
  /** Recorded by this call; otherwise it was on record already. */
  readonly isNew: boolean;
}

/** Who said so, when it is no caller with an API key. */
export type Word =
  /** Somebody on a page, where anybody may type any number. */
  | { readonly by: "visitor" }
  /** The owner of the number or address, who confirmed what was typed for it; said at this time. */
  | { readonly by: "owner"; readonly saidAt: Date }
  /** Who wrote the message that the evidence quotes: worth what that message is, and nothing without it. */
  | { readonly by: "writer" };

/** One of many consents, and on whose behalf. */
interface Asked {
  readonly ctx: Context;
  readonly input: ConsentInput;
  readonly unlessRecorded: boolean;
  readonly word?: Word | undefined;
}

type Outcome = PromiseSettledResult<RecordedConsent>;

/** Records one consent. Throws what recordConsents rejects with. */
export type ConsentRecorder = (ctx: Context, input: ConsentInput) => Promise<RecordedConsent>;

/** The recorder of a process: consents of one organization that are reported at the same time share their statements. */
export function createConsentRecorder(): ConsentRecorder {
  const ofOrganization = new Map<string, Gathered<Asked, Outcome>>();
  return async (ctx, input) => {
    const record =
      ofOrganization.get(ctx.organizationId) ??
      gather(recordInTurn, { most: limits.gatheredConsents, inFlight: limits.consentRunsInFlight });
    ofOrganization.set(ctx.organizationId, record);
    const outcome = await record({ ctx, input, unlessRecorded: false });
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  };
}

/**
 * Records one consent as somebody's own word, once for each Idempotency-Key. Throws what recordConsents rejects with.
 *
 * A visitor's yes lifts no no: while one stands it is stored as `requested`, and it counts only as long as there is none.
 * The owner's does, and confirms a double opt-in.
 */
export async function giveConsent(ctx: Context, input: ConsentInput, word: Word): Promise<RecordedConsent> {
  const [outcome] = await recordInTurn([{ ctx, input, unlessRecorded: false, word }]);
  if (outcome?.status !== "fulfilled") throw outcome?.reason;
  return outcome.value;
}

/**
 * Records yeses and noes with their proof, as if one after the other. Answers as Promise.allSettled does: one that
 * cannot be taken harms no other.
 *
 * What a yes is worth is in gate-rules: it is the person's own doing when a caller reports it with a capture token of ours
 * or it rests on a message of theirs that Sayso holds; otherwise it is reported, and after a no it stays `requested`. A yes to a
 * purpose with double opt-in is `requested` until a message of the person is quoted that they wrote after they had asked.
 *
 * `unlessRecorded`: what is on record of the same person, channel, purpose, state, version and time already is answered
 * from there (`isNew` false), so that an import can be done again. An Idempotency-Key is one consent's: it counts for the
 * recorder, and not here.
 *
 * Rejects with `invalid` with a pointer for an unknown purpose, collection point or version, a version that did not
 * exist at that time or does not cover the purpose, a token that does not fit the screen, a time in the future, a yes that
 * lacks what its way needs (`lacking`), a file that is not there or proves another consent; `conflict` when the
 * identifiers name two people; `unavailable` or `outcome_unknown` when the database is lost.
 */
export async function recordConsents(
  ctx: Context,
  inputs: readonly ConsentInput[],
  { unlessRecorded = false } = {},
): Promise<Outcome[]> {
  const keyless = { ...ctx, idempotency: undefined };
  const outcomes: Outcome[] = [];
  for (let start = 0; start < inputs.length; start += limits.consentsAtOnce) {
    const some = inputs.slice(start, start + limits.consentsAtOnce);
    outcomes.push(...(await recordInTurn(some.map((input) => ({ ctx: keyless, input, unlessRecorded })))));
  }
  return outcomes;
}

/** Records all of them, as many at once as do not depend on each other. They are of one organization. */
async function recordInTurn(asked: readonly Asked[]): Promise<Outcome[]> {
  const outcomes = new Map<Asked, Outcome>();
  for (let left = asked; left.length > 0; left = left.filter((one) => !outcomes.has(one))) {
    // Of two with one key the second is answered from the first one's record.
    const [some] = apart(left, ({ ctx }) => (ctx.idempotency === undefined ? [] : [ctx.idempotency.key]));
    const ready: Ready[] = [];
    (await settleTogether(some, prepareAll)).forEach((run, place) => {
      const one = some[place];
      const prepared = run.status === "rejected" ? run : run.value;
      if (one === undefined || prepared === undefined) return;
      if ("status" in prepared) outcomes.set(one, prepared);
      else ready.push(prepared);
    });
    // The parts of a statement do not see what it writes: of one person and purpose each comes after the other.
    for (let [now, then] = apart(ready, claimsOf); now.length > 0; [now, then] = apart(then, claimsOf)) {
      const inserted = await settleTogether(now, insertAll);
      now.forEach(({ one }, place) => {
        const run = inserted[place];
        const outcome = run?.status === "fulfilled" ? run.value : run;
        if (outcome !== undefined) outcomes.set(one, outcome);
      });
    }
  }
  return asked.flatMap((one) => outcomes.get(one) ?? []);
}

/** What two must not share to be recorded together; a no also stands for a user id that was named beside somebody. */
function claimsOf({ one: { input }, subject }: Ready): string[] {
  const { channel, purpose, provenance } = input;
  return [
    ...[subject.id, ...subject.named].map((of) => `${of} ${channel} ${purpose}`),
    ...(provenance.attachments ?? []),
  ];
}

/** A consent that fits what it refers to, with the person whom it is of. */
interface Ready extends Read, ReturnType<typeof fitConsent> {
  readonly subject: ResolvedSubject;
  readonly files: readonly AttachmentRow[];
}

/** A consent with what its capture token says of the screen. */
interface Read {
  readonly one: Asked;
  readonly capture: Capture | undefined;
  readonly provenance: Provenance;
}

/**
 * Takes each a step further: the results, and for each that the step threw for, its outcome into `outcomes`.
 */
async function goOn<One extends { readonly one: Asked }, More>(
  some: readonly One[],
  outcomes: Map<Asked, Outcome>,
  step: (each: One, place: number) => More | Promise<More>,
): Promise<(One & More)[]> {
  const settled = await Promise.allSettled(some.map(async (each, place) => step(each, place)));
  return some.flatMap((each, place) => {
    const result = settled[place];
    if (result?.status === "fulfilled") return { ...each, ...result.value };
    if (result !== undefined) outcomes.set(each.one, result);
    return [];
  });
}

/**
 * Finds or makes the people whom the consents are of, and records nothing yet. Answers with the outcome of what was
 * recorded before or cannot be taken; undefined for one that has to wait until it is clear whose capture token it has.
 */
async function prepareAll(asked: readonly Asked[]): Promise<(Ready | Outcome | undefined)[]> {
  const outcomes = new Map<Asked, Outcome>();
  const ctx = asked[0]?.ctx;
  if (ctx === undefined) return [];

  const earlier = await replayAll<RecordedRow>(asked.map((one) => one.ctx));
  const unanswered = asked.flatMap((one, place) => {
    const answer = earlier[place];
    if (answer instanceof SaysoError) outcomes.set(one, { status: "rejected", reason: answer });
    else if (answer !== undefined) outcomes.set(one, recorded({ ...answer, is_new: false }));
    return answer === undefined ? { one } : [];
  });
  const read = await goOn(unanswered, outcomes, ({ one: { ctx: own, input } }) => {
    const capture = readCapture(own, input.provenance.captureToken);
    return { capture, provenance: withCapture(input.provenance, capture) };
  });
  const points = read.flatMap(({ provenance }) => parseId("cpt", provenance.collectionPointId ?? "") ?? []);
  const named = read.flatMap(({ provenance: { attachments = [] } }) =>
    attachments.flatMap((id) => parseId("att", id) ?? []),
  );
  const [purposes, versions, kinds, files] = await Promise.all([
    findPurposes(ctx, [...new Set(read.map(({ one }) => one.input.purpose))]),
    findVersions(ctx, [...new Set(points)]),
    findPoints(ctx, [...new Set(points)]),
    selectAttachments(ctx, named),
  ]);
  const fitting = beforeSharedToken(
    await goOn(read, outcomes, (each) => ({
      ...fitConsent(each, purposes, versions),
      files: filesOf(each.provenance, files),
    })),
  );

  const users = await selectTokenUsers(
    ctx,
    fitting.flatMap(({ capture }) => capture?.tokenId ?? []),
  );
  const allowed = await goOn(fitting, outcomes, async (each) => {
    const user = each.capture && users.get(each.capture.tokenId);
    // Before anybody is made known: what is refused leaves no trace of a person.
    const find = () => findSubjects(ctx, each.one.input.subject, "/subject");
    if (user !== undefined && !(await find()).roots.includes(user)) throw othersToken();
    const kind = kinds.find(({ id }) => id === each.shown.collectionPointId)?.kind ?? "";
    if (each.one.input.state === "given") await refuseBare(each, kind, find);
    return {};
  });

  const resolved = await resolveSubjects(
    ctx,
    allowed.map(({ one }) => one.input.subject),
    "/subject",
    // Whoever types a number must not learn whether it is known.
    { untold: allowed.some(({ one }) => one.word?.by === "visitor") },
  );
  const ready = await goOn(allowed, outcomes, (_each, place) => {
    const subject = resolved[place];
    if (subject?.status !== "fulfilled") throw subject?.reason;
    return { subject: subject.value };
  });
  const readyOf = new Map(ready.map((each) => [each.one, each]));
  return asked.map((one) => outcomes.get(one) ?? readyOf.get(one));
}

/** Refuses a yes that lacks what its way needs. */
async function refuseBare(
  { one: { ctx, input, word }, provenance, files }: Read & { readonly files: readonly AttachmentRow[] },
  kind: string,
  findPeople: () => Promise<{ readonly roots: readonly string[] }>,
): Promise<void> {
  const way = word?.by === "writer" ? "inbound_message" : kind;
  const messageId = evidenceMessageId(provenance.evidence);
  let quotesTheirMessage = false;
  if (messageId !== undefined && mayQuoteTheirMessage(way)) {
    const { roots } = await findPeople();
    const { channel, purpose } = input;
    // Two people are a conflict, which resolving them tells.
    if (roots.length > 1) return;
    const found = await findEvidence(
      ctx,
      roots.map((subjectId) => ({ subjectId, messageId, channel, purpose })),
    );
    quotesTheirMessage = found.some((message) => message !== undefined);
  }
  const missing = lacking(way, {
    quotesTheirMessage,
    attachments: files.map(({ mediaType }) => mediaType),
    operator: provenance.operator,
    evidence: provenance.evidence,
  });
  if (missing !== undefined) throw invalid(missing.pointer, missing.message);
}

/** The files that a consent names, in that order. */
function filesOf(
  { attachments = [] }: Provenance,
  files: readonly AttachmentRow[],
): readonly AttachmentRow[] {
  return attachments.map((publicId, place) => {
    const file = files.find(({ id }) => formatId("att", id) === publicId);
    if (file === undefined)
      throw invalid(
        `${attachmentsPointer}/${place}`,
        "There is no such file. One that no consent names is removed within a day: store it again.",
      );
    if (file.consentEventId !== null) throw usedFile(place);
    return file;
  });
}

function usedFile(place: number) {
  return invalid(
    `${attachmentsPointer}/${place}`,
    "This file proves another consent. Store it once for each.",
  );
}

/** Records them in one statement. When it throws, nothing was recorded. */
async function insertAll(some: readonly Ready[]): Promise<(Outcome | undefined)[]> {
  const ctx = some[0]?.one.ctx;
  if (ctx === undefined) return [];
  const quoting = some.flatMap((each) => {
    const messageId = evidenceMessageId(each.one.input.provenance.evidence);
    return messageId === undefined ? [] : { each, messageId };
  });
  const messages = await findEvidence(
    ctx,
    quoting.map(({ each: { one, subject }, messageId }) => ({
      subjectId: subject.id,
      messageId,
      channel: one.input.channel,
      purpose: one.input.purpose,
    })),
  );
  const evidence = new Map(quoting.map(({ each }, place) => [each, messages[place]]));
  const rows = await insertConsentEvents(
    some.map((each) => ({ ctx: each.one.ctx, event: newEvent(each, evidence.get(each)) })),
  );
  const outcomes = new Map<Asked, Outcome>();
  await goOn(some, outcomes, async ({ one }, place) => {
    const row = rows[place] ?? (await replay<RecordedRow>(one.ctx));
    // Two first uses of one file, or of one token by two people, at the same time: the statement itself decides.
    if (row === undefined) {
      const { provenance } = one.input;
      filesOf(provenance, await selectAttachments(one.ctx, some[place]?.files.map(({ id }) => id) ?? []));
      throw othersToken();
    }
    outcomes.set(one, recorded(row));
  });
  return some.map(({ one }) => outcomes.get(one));
}

function newEvent(
  { one, provenance, purpose, shown, capture, occurredAt, subject, files }: Ready,
  message: Evidence | undefined,
) {
  const { input, ctx, unlessRecorded, word } = one;
  const { indication, language, pageUrl, ipAddress, userAgent, operator, evidence } = provenance;
  const id = ctx.services.newId("cns");
  const sealed: SealedProvenance = { pageUrl, ipAddress, userAgent, operator, evidence };
  return {
    id,
    publicId: formatId("cns", id),
    subjectId: subject.id,
    channel: input.channel,
    purpose: input.purpose,
    reportedState: input.state,
    yesState: purpose.doubleOptIn && !message?.confirms && word?.by !== "owner" ? "requested" : "given",
    proof:
      word?.by === "visitor"
        ? "typed"
        : word?.by === "owner" || capture !== undefined || message !== undefined
          ? "demonstrated"
          : "reported",
    collectionPointId: shown.collectionPointId,
    version: shown.version,
    indication,
    language,
    occurredAt: occurredAt.toISOString(),
    saidAt: (word?.by === "owner" ? word.saidAt : message?.at)?.toISOString(),
    validityDays: purpose.validityDays,
    captureTokenId: capture?.tokenId,
    sealed: seal(subject.evidenceKey, consentPlace(subject.id, id), Buffer.from(JSON.stringify(sealed))),
    named: subject.named,
    unlessRecorded,
    attachments:
      files.length === 0
        ? undefined
        : files.map((file) => ({
            id: file.id,
            key: handOver(ctx, file, subject.evidenceKey).toString("base64"),
          })),
  } as const;
}

/**
 * Those before the first use of a token that an earlier one has for others: whoever that names must not be made known
 * before it is clear whose the token is.
 */
function beforeSharedToken<One extends { one: Asked; capture: { tokenId: string } | undefined }>(
  some: readonly One[],
): readonly One[] {
  const users = new Map<string, string>();
  const shared = some.findIndex(({ one, capture }) => {
    if (capture === undefined) return false;
    const user = JSON.stringify(one.input.subject);
    const first = users.get(capture.tokenId) ?? user;
    users.set(capture.tokenId, first);
    return user !== first;
  });
  return shared < 0 ? some : some.slice(0, shared);
}

function recorded(row: RecordedRow): Outcome {
  return {
    status: "fulfilled",
    value: {
      id: formatId("cns", row.id),
      subjectId: formatId("sub", row.subject_id),
      state: row.state,
      recordedAt: new Date(row.recorded_at).toISOString(),
      isNew: row.is_new,
    },
  };
}

/** What a consent is about, when it fits the purpose, the version and the screen that it names. */
function fitConsent(
  { one: { ctx, input }, provenance, capture }: Read,
  purposes: Awaited<ReturnType<typeof findPurposes>>,
  versions: Awaited<ReturnType<typeof findVersions>>,
) {
  const purpose = purposes.find(({ key }) => key === input.purpose);
  if (purpose === undefined) throw invalid("/purpose", "There is no such purpose.");
  const occurredAt = notInFuture(provenance.occurredAt, ctx.services.now(), "/provenance/occurredAt");
  const shown = shownVersion({ ...input, provenance }, versions, occurredAt);
  if (capture !== undefined) refuseOtherScreen(capture, provenance, shown, occurredAt);
  return { purpose, shown, occurredAt };
}

/** The refusal of a capture token that was used for somebody else. */
export function othersToken(): SaysoError {
  return invalid(tokenPointer, "This capture token proved the consent of another person.");
}

function shownVersion(
  input: ConsentInput,
  versions: Awaited<ReturnType<typeof findVersions>>,
  occurredAt: Date,
) {
  const { version } = input.provenance;
  const pointId = parseId("cpt", input.provenance.collectionPointId ?? "");
  const ofPoint = versions.filter(({ collectionPointId }) => collectionPointId === pointId);
  if (ofPoint.length === 0)
    throw invalid("/provenance/collectionPointId", "There is no such collection point.");
  const shown = ofPoint.find((each) => each.version === version);
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
