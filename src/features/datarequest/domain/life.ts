import { invalid, SaysoError } from "../../../kernel/errors.ts";

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
export type FinalStatus = "closed" | "refused" | "cancelled" | "expired";
export type OpenStatus = Exclude<RequestStatus, FinalStatus>;

/** What can happen to a data request. */
export const requestEventKinds = [
  "opened",
  "joined",
  "identity_asked",
  "identity_noted",
  "build_started",
  "build_failed",
  "archive_ready",
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
  /** Why, in words. Must be given for `build_failed`, `closed`, `refused` and `cancelled`. */
  readonly reason?: string | undefined;
}

const endings = { refused: "refused", cancelled: "cancelled" } as const;

/**
 * Every allowed step: status → event → next status. What is not here is refused. `unopened` stands before the
 * first event. A second request for the same joins an open one and moves it nowhere: least of all past the identity
 * check.
 */
export const requestSteps: Readonly<
  Record<RequestStatus | "unopened", Readonly<Partial<Record<RequestEventKind, RequestStatus>>>>
> = {
  unopened: { opened: "received" },
  // Staff who already know the person note how, and nothing is asked (GDPR Art. 12(6): only where in doubt).
  received: {
    joined: "received",
    identity_asked: "identity_check",
    identity_noted: "in_progress",
    ...endings,
  },
  identity_check: {
    joined: "identity_check",
    identity_asked: "identity_check",
    identity_noted: "in_progress",
    ...endings,
  },
  in_progress: {
    joined: "in_progress",
    build_started: "in_progress",
    build_failed: "in_progress",
    archive_ready: "ready",
    ...endings,
  },
  // Built anew when staff withhold something, and when the archive grew old before anyone was given it:
  // the person has no answer yet, so the request does not end.
  ready: {
    joined: "ready",
    delivery_created: "delivered",
    build_started: "in_progress",
    archive_expired: "in_progress",
    ...endings,
  },
  // A second delivery is a new link and passcode. `archive_expired` is for an archive that nobody fetched; one
  // that was fetched is closed.
  delivered: {
    joined: "delivered",
    delivery_created: "delivered",
    downloaded: "delivered",
    archive_expired: "expired",
    closed: "closed",
  },
  closed: {},
  refused: {},
  cancelled: {},
  expired: {},
};

/** Who moves an open request on, and by what. An open request without an entry here could be lost. */
export const nextSteps: Readonly<
  Record<OpenStatus, { readonly by: "staff" | "system" | "person"; readonly event: RequestEventKind }>
> = {
  received: { by: "staff", event: "identity_noted" },
  identity_check: { by: "staff", event: "identity_noted" },
  in_progress: { by: "system", event: "archive_ready" },
  ready: { by: "staff", event: "delivery_created" },
  delivered: { by: "person", event: "downloaded" },
};

const needsReason: ReadonlySet<RequestEventKind> = new Set([
  "build_failed",
  "closed",
  "refused",
  "cancelled",
]);

/**
 * The status after an event; null is the status before the first one, so that a request's events fold into
 * where it stands. Throws `conflict` when the event is not allowed now, `invalid` when its reason is missing.
 */
export function nextStatus(status: RequestStatus | null, event: RequestEvent): RequestStatus {
  const next = requestSteps[status ?? "unopened"][event.kind];
  if (next === undefined) {
    throw new SaysoError(
      "conflict",
      status === null
        ? "A data request begins with being opened."
        : `A data request that is ${status} cannot take the step ${event.kind}.`,
    );
  }
  if (needsReason.has(event.kind) && !event.reason?.trim()) {
    throw invalid("/reason", `Say why: ${event.kind} needs a reason.`);
  }
  return next;
}

/** Whether nothing can happen to the request any more. */
export function isFinal(status: RequestStatus): status is FinalStatus {
  return !Object.hasOwn(nextSteps, status);
}
