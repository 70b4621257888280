import { z } from "@hono/zod-openapi";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { validate } from "./problem.ts";
import { subjectReference, text } from "./schemas.ts";

const message = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("template"),
    category: z.enum(["marketing", "utility", "authentication", "service"]),
    template: z.strictObject({ name: text(512), language: text(35) }),
  }),
  z.strictObject({ kind: z.literal("free_form"), inReplyTo: text(200).optional() }),
]);

/** What a check says beside whom it is about. */
const checkFields = {
  sender: text(64).openapi({ description: "A sender's id (snd_…) or its phoneNumberId." }),
  channel: z.literal("whatsapp").default("whatsapp"),
  purpose: text(limits.keyLength),
  message,
  messageRef: text(200)
    .optional()
    .openapi({ description: "Your own id of this message; the same for every retry of it." }),
  cause: z
    .strictObject({
      kind: z.enum(["data_request", "opt_out_confirmation", "double_opt_in", "sign_in"]),
      id: text(64),
    })
    .optional(),
  dryRun: z.boolean().optional(),
};

/** A check: the body of a single one, and a line of a batch, over HTTP and for the command alike. */
export const checkSchema = z.strictObject({ ...checkFields, recipient: subjectReference });

/** Many checks as one document: what they have in common, and the recipients, each to be read on its own. */
export const checkBatch = z.strictObject({
  defaults: z.strictObject(checkFields),
  recipients: z.array(z.unknown()).min(1).max(limits.batchRecipients),
});

/** Checks as JSON lines, for the OpenAPI document: no handler is ever given the whole of them. */
export const checkLines = z.never().openapi({
  type: "string",
  description: `NDJSON: each line is the body of POST /v1/checks and has at most ${limits.bodyBytes} bytes.`,
});

/** Reads a line of a batch as strictly as a body. Throws SaysoError `malformed` or `invalid`, with pointers. */
export function readCheck(line: string): z.output<typeof checkSchema> {
  const check = validate(checkSchema, parseStrictJson(line), "");
  if (check instanceof SaysoError) throw check;
  return check;
}
