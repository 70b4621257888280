import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { limits } from "../kernel/limits.ts";

const name = z
  .string()
  .trim()
  .min(1, "A name has at least one letter.")
  .max(limits.nameLength, `A name has at most ${limits.nameLength} characters.`)
  .regex(/^\P{Cc}*$/u, "A name has no control characters.");

const instant = z.iso.datetime({ offset: true, error: "Write it like 2027-01-31T12:00:00Z." });

/** A name of a key or an organization. */
export function readName(text: string): string {
  return read(name, text);
}

/** An instant in ISO 8601 with offset. */
export function readInstant(text: string): Date {
  return new Date(read(instant, text));
}

/** Commands that are about one organization. */
export function ofOrganization(command: Command): Command {
  return command.option("--organization <id>", "org_…; the first organization without it");
}

function read(schema: z.ZodType<string>, text: string): string {
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "");
  return parsed.data;
}
