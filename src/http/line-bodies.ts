import { z } from "@hono/zod-openapi";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { validate } from "./problem.ts";
import { channel, instant, keyName, subjectReference, text } from "./schemas.ts";

/** The body of POST /v1/opt-outs. */
export const optOutBody = z.strictObject({
  subject: subjectReference,
  scope: z.enum(["all", "marketing", "purpose"]).openapi({
    description: "`marketing`: every purpose of that category, those to come included.",
  }),
  purpose: keyName.optional(),
  channel: channel.optional().openapi({ description: "Left out: every channel." }),
  source: z.enum(["staff", "api", "link", "keyword", "platform", "import"]),
  occurredAt: instant,
});

/** The body of POST /v1/messages/inbound. */
export const inboundBody = z.strictObject({
  sender: text(64),
  from: subjectReference,
  messageId: text(200),
  occurredAt: instant,
  kind: z.enum(["text", "audio"]).optional().openapi({
    description:
      "audio: a voice note. When it came within a day after marketing it may be a no that nobody has heard. Left out: text.",
  }),
  text: text(limits.textLength)
    .optional()
    .openapi({ description: "Read for keywords such as STOP; not kept." }),
});

/** Read a line of a file as strictly as a body. Throw SaysoError `malformed` or `invalid`, with pointers. */
export const readOptOutLine = lineReader(optOutBody.extend({ source: z.literal("import").optional() }));
export const readInboundLine = lineReader(inboundBody);

function lineReader<T extends z.ZodType>(schema: T): (line: string) => z.output<T> {
  return (line) => {
    const read = validate(schema, parseStrictJson(line), "");
    if (read instanceof SaysoError) throw read;
    return read;
  };
}
