import { invalid, SaysoError } from "../../../kernel/errors.ts";
import type { RequestKind } from "./kind.ts";

/** Where a data request stands. The last four are final. */
export const requestStatuses = [
  "received",
  "identity_check",
  "in_progress",
  "ready",
  "delivered",
  "closed",
  "refused",
  "cancelled",
  "expired",
] as const;

export type RequestStatus = (typeof requestStatuses)[number];

const finalStatuses: ReadonlySet<RequestStatus> = new Set(["closed", "refused", "cancelled", "expired"]);

/** What can happen to a data request. */
export const requestEventKinds = [
  "opened",
  "joined",
  "assigned",
  "identity_asked",
  "identity_noted",
  "clarification_asked",
  "clarification_received",
  "extended",
  "approved",
  "build_started",
  "build_failed",
  "archive_ready",
  "carried_out",
  "delivery_created",
  "downloaded",
  "archive_expired",
  "closed",
  "refused",
  "cancelled",
] as const;

export type RequestEventKind = (typeof requestEventKinds)[number];

export interface RequestEvent {
  readonly kind: RequestEventKind;
  /** Why, in words. Must be given where `needsReason` says so. */
  readonly reason?: string | undefined;
  /** Who did it, as `api_key:…`. Must be given for `approved`. */
  readonly by?: string | undefined;
  /** For `assigned`: who answers for the request from now on; null puts it on the unassigned list. */
  readonly owner?: string | null | undefined;
}

/** Everything that decides what may happen to a request next. Its events fold into it, and its row holds it. */
export interface Life {
  readonly kind: RequestKind;
  readonly status: RequestStatus;
  /** How many people must have approved before anything leaves or is changed: 1, or 2. */
  readonly approvalsNeeded: number;
  /** Who did, each once. */
  readonly approvals: readonly string[];
  /** Who answers for it; null: it is on the unassigned list. */
  readonly owner: string | null;
  /** The person was asked what they mean, and has not answered. */
  readonly isClarifying: boolean;
  readonly isExtended: boolean;
}

type Steps = Readonly<Partial<Record<RequestEventKind, RequestStatus>>>;
type StepTable = Readonly<Record<RequestStatus, Steps>>;

const endings = { refused: "refused", cancelled: "cancelled" } as const;

/** What can be noted wherever an open request stands, and moves it nowhere: least of all past the identity check. */
function notes(status: RequestStatus) {
  return {
    joined: status,
    assigned: status,
    clarification_received: status,
  } satisfies Steps;
}

/** What buys time as long as the person has no answer. */
function delays(status: RequestStatus) {
  return { clarification_asked: status, extended: status } satisfies Steps;
}

/** Nothing moves a request that has ended. Letters may still go out: they are notes (`LetterNote`) and no steps. */
const ends = { closed: {}, refused: {}, cancelled: {}, expired: {} } satisfies Partial<StepTable>;

const beginning = {
  // Staff who already know the person note how, and nothing is asked (GDPR Art. 12(6): only where in doubt).
  received: {
    ...notes("received"),
    ...delays("received"),
    identity_asked: "identity_check",
    identity_noted: "in_progress",
    ...endings,
  },
  identity_check: {
    ...notes("identity_check"),
    ...delays("identity_check"),
    identity_asked: "identity_check",
    identity_noted: "in_progress",
    ...endings,
  },
} as const satisfies Partial<StepTable>;

/** Access and portability: an archive is built and handed over. */
const byArchive: StepTable = {
  ...beginning,
  in_progress: {
    ...notes("in_progress"),
    ...delays("in_progress"),
    approved: "in_progress",
    build_started: "in_progress",
    build_failed: "in_progress",
    archive_ready: "ready",
    ...endings,
  },
  // Built anew when staff withhold something, and when the archive grew old before anyone was given it:
  // the person has no answer yet, so the request does not end.
  ready: {
    ...notes("ready"),
    ...delays("ready"),
    approved: "ready",
    delivery_created: "delivered",
    build_started: "in_progress",
    archive_expired: "in_progress",
    ...endings,
  },
  // A second delivery is a new link and passcode. `archive_expired` is for an archive that nobody fetched; one
  // that was fetched is closed.
  delivered: {
    ...notes("delivered"),
    delivery_created: "delivered",
    downloaded: "delivered",
    archive_expired: "expired",
    closed: "closed",
  },
  ...ends,
};

/** Rectification, erasure and restriction: something is done, and the person is told. What is done is not cancelled. */
const byWork: StepTable = {
  ...beginning,
  in_progress: {
    ...notes("in_progress"),
    ...delays("in_progress"),
    approved: "in_progress",
    carried_out: "ready",
    ...endings,
  },
  ready: { ...notes("ready"), closed: "closed" },
  delivered: {},
  ...ends,
};

/**
 * Objection to marketing: absolute (GDPR Art. 21(3)), so there is nothing to refuse, and it only takes away, so nobody
 * has to prove who they are: it is carried out as it is received.
 */
const byOptOut: StepTable = {
  received: { ...notes("received"), carried_out: "ready", cancelled: "cancelled" },
  identity_check: {},
  in_progress: {},
  ready: { ...notes("ready"), closed: "closed" },
  delivered: {},
  ...ends,
};

/** Every allowed step of each kind of request: status → event → next status. What is not here is refused. */
export const requestSteps: Readonly<Record<RequestKind, StepTable>> = {
  access: byArchive,
  portability: byArchive,
  rectification: byWork,
  erasure: byWork,
  restriction: byWork,
  objection: byOptOut,
};

/** Whether an archive answers requests of this kind. */
export function isAnsweredByArchive(kind: RequestKind): boolean {
  return requestSteps[kind] === byArchive;
}

export const needsReason: ReadonlySet<RequestEventKind> = new Set([
  "clarification_asked",
  "extended",
  "build_failed",
  "archive_expired",
  "closed",
  "refused",
  "cancelled",
]);

/** A request at its beginning. Whoever asks for somebody else, and whoever asks for four eyes, needs two approvals. */
export function openLife(kind: RequestKind, approvalsNeeded: 1 | 2): Life {
  return {
    kind,
    status: "received",
    approvalsNeeded,
    approvals: [],
    owner: null,
    isClarifying: false,
    isExtended: false,
  };
}

/**
 * A request after an event. Throws `conflict` when the event is not allowed now, which covers an archive that would
 * leave and work that would be done without the approvals it needs; `invalid` when the event's reason is missing.
 */
export function takeStep(life: Life, event: RequestEvent): Life {
  const status = requestSteps[life.kind][life.status][event.kind];
  if (status === undefined) {
    throw conflict(`A data request that is ${life.status} cannot take the step ${event.kind}.`);
  }
  if (needsReason.has(event.kind) && !event.reason?.trim()) {
    throw invalid("/reason", `Say why: ${event.kind} needs a reason.`);
  }
  const next = { ...life, status };
  switch (event.kind) {
    case "assigned":
      return { ...next, owner: event.owner ?? null };
    case "clarification_asked":
      if (life.isClarifying) throw conflict("The person was asked already and has not answered.");
      return { ...next, isClarifying: true };
    case "clarification_received":
      if (!life.isClarifying) throw conflict("The person was not asked what they mean.");
      return { ...next, isClarifying: false };
    case "extended":
      if (life.isExtended) throw conflict("The time to answer was extended already, and can be once.");
      return { ...next, isExtended: true };
    case "approved":
      return { ...next, approvals: approvalsWith(life, event.by) };
    case "archive_ready":
      // Who approved the request did so for good; who approved what leaves, approved another archive.
      return { ...next, approvals: life.approvals.slice(0, 1) };
    case "carried_out":
      // An objection is absolute.
      if (life.kind !== "objection") mustBeApproved(life);
      return { ...next, isClarifying: false };
    case "delivery_created":
      mustBeApproved(life);
      return { ...next, isClarifying: false };
    default:
      return next;
  }
}

function approvalsWith(life: Life, by: string | undefined): readonly string[] {
  if (by === undefined) throw conflict("An approval is somebody's: the system cannot give one.");
  if (life.approvals.length >= life.approvalsNeeded) {
    throw conflict(`This data request, which is ${life.status}, needs no other approval.`);
  }
  if (life.approvals.includes(by)) {
    throw conflict("You approved this data request already: the second approval is somebody else's to give.");
  }
  if (life.approvals.length > 0 && life.status !== "ready" && isAnsweredByArchive(life.kind)) {
    throw conflict(
      `This data request is ${life.status}: the second approval is of the archive, so it comes when that is ready.`,
    );
  }
  return [...life.approvals, by];
}

function mustBeApproved(life: Life): void {
  if (life.approvals.length < life.approvalsNeeded) {
    throw conflict(
      life.approvals.length === 0
        ? "This data request is not approved yet. Approve it first."
        : "This data request needs a second approval, by somebody else than the first. Have them approve it.",
    );
  }
}

function conflict(detail: string): SaysoError {
  return new SaysoError("conflict", detail);
}

/** Who moves an open request on, and by what. */
export interface NextStep {
  readonly by: "staff" | "system" | "person";
  readonly event: RequestEventKind;
}

/** Who moves a request on, and by what; null when it has ended. An open request without a next step could be lost. */
export function nextStep(life: Life): NextStep | null {
  if (isFinal(life.status)) return null;
  if (life.isClarifying) return { by: "person", event: "clarification_received" };
  const isApproved = life.approvals.length >= life.approvalsNeeded;
  if (life.kind === "objection") {
    return life.status === "received"
      ? { by: "system", event: "carried_out" }
      : { by: "staff", event: "closed" };
  }
  switch (life.status) {
    case "received":
    case "identity_check":
      return { by: "staff", event: "identity_noted" };
    case "in_progress":
      if (isAnsweredByArchive(life.kind)) return { by: "system", event: "archive_ready" };
      return { by: "staff", event: isApproved ? "carried_out" : "approved" };
    case "ready":
      if (!isAnsweredByArchive(life.kind)) return { by: "staff", event: "closed" };
      return { by: "staff", event: isApproved ? "delivery_created" : "approved" };
    default:
      return { by: "person", event: "downloaded" };
  }
}

/** Whether a request in this status has ended. */
export function isFinal(status: RequestStatus): boolean {
  return finalStatuses.has(status);
}
