/** One wrong place in what the caller sent. `pointer` is an RFC 6901 JSON pointer ("" is the whole body). */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
  /** A stable word for what is wrong, where callers branch on it. */
  readonly code?: string;
}

/** What went wrong, as a stable word. The edge maps each to one HTTP status (http/problem.ts). */
export type ErrorCode =
  | "malformed"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "gone"
  | "precondition_failed"
  | "precondition_required"
  | "too_large"
  | "unsupported_media_type"
  | "invalid"
  | "idempotency_key_reused"
  | "in_progress"
  | "too_many_requests"
  | "outcome_unknown"
  | "unavailable"
  | "internal";

/**
 * The one error type inside Sayso. `detail` is public and says what to do; `cause` is internal, says what
 * happened and never leaves the process.
 */
export class SaysoError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** When it makes sense to ask again, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = "SaysoError";
    this.code = code;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A value that cannot be taken, with the place it stands at. Answers 422. */
export function invalid(pointer: string, message: string): SaysoError {
  return new SaysoError("invalid", "The request has values that cannot be taken; see errors.", {
    errors: [{ pointer, message }],
  });
}

/** Nothing of this name that the caller may see. Answers a plain 404, whatever the reason. */
export function notFound(what: string): SaysoError {
  return new SaysoError("not_found", `There is no such ${what}.`);
}
