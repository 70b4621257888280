import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Key, seal } from "../../kernel/seal.ts";
import { notInFuture } from "../../kernel/time.ts";
import type { NewOptOut } from "../optout/index.ts";
import { getOrganization } from "../organization/index.ts";
import { hashIdentifier, readReference, resolveSubject, type SubjectReference } from "../subject/index.ts";
import { clocksOf, earliestDueDate } from "./domain/earliest.ts";
import type { RequestKind } from "./domain/kind.ts";
import { openLife, takeStep } from "./domain/life.ts";
import type { RequesterCapacity } from "./domain/requester.ts";
import { questionOf } from "./due-date.ts";
import { presentRequest } from "./present-request.ts";
import { requesterPlace } from "./sealed-text.ts";
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
  /** The law that sets the date, or several that apply. */
  readonly regime: string | readonly string[];
  /** ISO 8601 with offset: when it reached the organization, however it came. */
  readonly receivedAt: string;
  readonly channel: string;
  readonly language?: string | undefined;
  readonly requester?: RequesterInput | undefined;
}

/** Who asks. Whoever is not the person says by what right. */
export interface RequesterInput {
  readonly capacity: RequesterCapacity;
  /** What showed that they may ask for the person: a mandate, a court's paper, a birth certificate; seen, not kept. */
  readonly evidence?: string | undefined;
  /** ISO 8601: until when that holds. */
  readonly validUntil?: string | undefined;
  /** Where the answer goes, if not to the person. */
  readonly deliverTo?: string | undefined;
}

/** Kinds that are carried out so far. */
export const openableKinds: readonly RequestKind[] = ["access", "portability", "erasure", "objection"];

const attempts = 5;

/**
 * Opens a data request, with its due date by the regimes that apply, in the organization's country and time zone: of several
 * the earliest counts. When one of the
 * same person and kind is open it is joined instead: the earlier due date counts, and the identity check stays where
 * it is. An objection ends marketing to the person in the same statement, before anybody proved who they are: it only
 * takes away.
 *
 * Throws `invalid` for a kind that is not carried out yet, a regime that does not exist or is not switched on, a time of receipt in the future, and
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
  if (!openableKinds.includes(input.kind)) {
    throw invalid("/kind", `Requests of this kind cannot be taken yet. Kinds: ${openableKinds.join(", ")}.`);
  }
  const receivedAt = notInFuture(input.receivedAt, ctx.services.now(), "/receivedAt").toISOString();
  const organization = await getOrganization(ctx);
  const keys = typeof input.regime === "string" ? [input.regime] : input.regime;
  const question = await questionOf(ctx, { regimes: keys, kind: input.kind, receivedAt });
  const deadline = earliestDueDate(question);
  const subject = await resolveSubject(ctx, input.subject, "/subject");
  const id = ctx.services.newId("req");
  const requester = readRequester(ctx, input.requester, id, subject.evidenceKey);
  const life = openLife(input.kind, organization.fourEyes || requester.requesterCapacity !== "self" ? 2 : 1);
  const made: NewDataRequest = {
    id,
    subjectId: subject.id,
    ...(input.kind === "objection" ? takeStep(life, { kind: "carried_out" }) : life),
    ...requester,
    regime: deadline.regime,
    regimes: question.regimes.map(({ regime }) => regime.key),
    channel: input.channel,
    language: input.language ?? organization.language,
    receivedAt,
    dueAt: deadline.dueAt,
    lastDay: deadline.lastDay,
    counting: deadline.steps,
    clocks: clocksOf(question),
  };
  const optOut = input.kind === "objection" ? optOutOf(ctx, input, made) : undefined;
  // What somebody else asks stands alone: it must not ride on the person's own proof, nor theirs on its.
  const isOwn = made.requesterCapacity === "self";
  // Between looking and writing another request may open or end; then the other way is right.
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const known = isOwn ? await findOpenRequest(ctx, subject.id, input.kind) : undefined;
    const opened = await (known === undefined
      ? insertRequest(ctx, made, optOut)
      : joinRequest(ctx, known, made, optOut));
    if (opened !== undefined) return opened;
  }
  throw new SaysoError("in_progress", "This person's requests change at this moment. Ask again.");
}

/** An objection to marketing is a no to all of it from its receipt, for every identifier of the person (GDPR Art. 21(3)). */
function optOutOf(ctx: Context, { subject }: DataRequestInput, made: NewDataRequest): NewOptOut {
  const id = ctx.services.newId("opt");
  const read = readReference(subject, "/subject");
  return {
    events: [{ id, subjectId: made.subjectId }],
    publicId: formatId("opt", id),
    scope: "marketing",
    purpose: undefined,
    channel: undefined,
    source: "data_request",
    occurredAt: made.receivedAt,
    named: "identifiers" in read ? read.identifiers.map((each) => hashIdentifier(ctx, each)) : [],
  };
}

function readRequester(ctx: Context, asked: RequesterInput | undefined, id: string, evidenceKey: Key) {
  const { capacity = "self", evidence, validUntil, deliverTo } = asked ?? {};
  if (capacity === "self") {
    if (evidence !== undefined || validUntil !== undefined || deliverTo !== undefined) {
      throw invalid("/requester", "The person themself needs no mandate. Leave it out, or say who asks.");
    }
    return { requesterCapacity: capacity, requesterSealed: null, requesterUntil: null };
  }
  if (evidence === undefined) {
    throw invalid("/requester/evidence", "Say what showed that they may ask for this person.");
  }
  if (validUntil !== undefined && new Date(validUntil) <= ctx.services.now()) {
    throw invalid("/requester/validUntil", "This is past: they may not ask for this person any more.");
  }
  return {
    requesterCapacity: capacity,
    requesterSealed: seal(
      evidenceKey,
      requesterPlace(id),
      Buffer.from(JSON.stringify({ evidence, deliverTo })),
    ),
    requesterUntil: validUntil === undefined ? null : new Date(validUntil).toISOString(),
  };
}
