import type { z } from "@hono/zod-openapi";
import { type ErrorCode, type FieldError, SaysoError } from "../kernel/errors.ts";
import { fieldErrors } from "../kernel/field-errors.ts";
import { limits } from "../kernel/limits.ts";

const problems: Readonly<Record<ErrorCode, readonly [status: number, title: string]>> = {
  malformed: [400, "The request cannot be read"],
  unauthenticated: [401, "No valid credentials"],
  forbidden: [403, "Not allowed with these credentials"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "Method not allowed"],
  conflict: [409, "In conflict with what exists"],
  gone: [410, "No longer here"],
  precondition_failed: [412, "Changed meanwhile"],
  precondition_required: [428, "If-Match is missing"],
  too_large: [413, "Too large"],
  unsupported_media_type: [415, "Wrong content type"],
  invalid: [422, "Values that cannot be taken"],
  idempotency_key_reused: [422, "Idempotency-Key used for another request"],
  in_progress: [409, "Still running"],
  too_many_requests: [429, "Too many requests"],
  outcome_unknown: [503, "Outcome unknown"],
  unavailable: [503, "Unavailable for the moment"],
  internal: [500, "Something went wrong on our side"],
};

/** A problem document (RFC 9457). `type` is a stable name; clients branch on it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: FieldError[];
}

/** The public side of an error. An inner message or cause never gets into it. */
export function toProblem(error: SaysoError, requestId: string): Problem {
  const [status, title] = problems[error.code];
  return {
    type: `urn:sayso:problem:${error.code}`,
    title,
    status,
    detail: error.detail,
    requestId,
    ...(error.errors.length > 0 ? { errors: error.errors.slice(0, limits.problemErrors) } : {}),
  };
}

/** Errors of a zod check as an `invalid` SaysoError, with pointers below `base`. */
export function invalidBy(issues: readonly z.core.$ZodIssue[], base = ""): SaysoError {
  return new SaysoError("invalid", "The request has values that cannot be taken; see errors.", {
    errors: fieldErrors(issues, base),
  });
}

/** A value that fits the schema, or the error that says where it does not. */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  pointer: string,
): z.output<T> | SaysoError {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : invalidBy(parsed.error.issues, pointer);
}
