import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import {
  type RefusalGround,
  type RequestKind,
  refusalGrounds,
  requestKinds,
} from "../features/datarequest/index.ts";
import { idOf, instant, language, text } from "../http/schemas.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { type Scope, scopes } from "../kernel/scopes.ts";

const name = text()
  .trim()
  .min(1, "It has at least one letter.")
  .regex(/^\P{Cc}*$/u, "It has no control characters.");

/** A name of a key or an organization, or a word that staff choose. */
export const readName = reader(name);
export const readNote = reader(text(2_000));
export const readReason = reader(text(1_000));
/** An instant in ISO 8601 with offset. */
export const readInstant = reader(
  instant.transform((at) => new Date(at)),
  "Write it like 2027-01-31T12:00:00Z.",
);
/** A number of days from now on. */
export const readDays = reader(
  z.coerce.number<string>().int().min(0).max(limits.dueDaysAhead),
  `A whole number of days, at most ${limits.dueDaysAhead}.`,
);
export const readLanguage = reader(language);
export const readRequestId = reader(idOf("req"));
export const readHoldId = reader(idOf("hld"));
export const readDay = reader(z.iso.date(), "Write it like 2027-01-31.");
export const readRefusalGround: (text: string) => RefusalGround = reader(
  z.enum(refusalGrounds),
  `Grounds are ${refusalGrounds.join(", ")}.`,
);
export const readKind: (text: string) => RequestKind = reader(z.enum(requestKinds));

const scope = reader(z.enum(scopes), `Scopes are ${scopes.join(", ")}.`);

/** An option that may be given several times. */
export function addScope(text: string, earlier: readonly Scope[] = []): readonly Scope[] {
  return [...earlier, scope(text)];
}

/** A file that a command was given. Throws `not_found` and `too_large`. */
export async function readTextFile(file: string, mostBytes: number): Promise<string> {
  try {
    if ((await stat(file)).size > mostBytes)
      throw new SaysoError("too_large", `A file may have at most ${mostBytes} bytes. Split it.`);
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof SaysoError) throw cause;
    throw new SaysoError("not_found", `${file} cannot be read.`, { cause });
  }
}

/** The bytes of a file of any length, read as they are taken; `-` is standard input. Throws `not_found`. */
export async function* filePieces(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === "-" ? process.stdin : createReadStream(file);
  } catch (cause) {
    throw new SaysoError(
      "not_found",
      `${file === "-" ? "Standard input" : file} cannot be read (${systemCode(cause)}).`,
      { cause },
    );
  }
}

/** What the system says is wrong with a file, as its code. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}

/** Commands that are about one organization. */
export function ofOrganization(command: Command): Command {
  return command.option("--organization <id>", "org_…; the first organization without it");
}

/** Reads an argument by a schema; `hint` says how it is written. */
export function reader<Output>(schema: z.ZodType<Output, string>, hint?: string): (text: string) => Output {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (!parsed.success) throw new InvalidArgumentError(hint ?? parsed.error.issues[0]?.message ?? "");
    return parsed.data;
  };
}
