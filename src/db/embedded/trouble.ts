import { SaysoError } from "../../kernel/errors.ts";

/** The embedded PostgreSQL cannot be had; the sentence says what to do about it. */
export function unavailable(detail: string, cause?: unknown): SaysoError {
  return new SaysoError("unavailable", detail, { cause });
}

/** What an error says of itself. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error is the system's refusal with this code, for example ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
