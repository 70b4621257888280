import { type App, answer, createRoute, limited, readBody, refusals, z } from "../../http/app.ts";
import { idempotentBytes, requires } from "../../http/authenticate.ts";
import { instant, listOf, pageById, pageOf } from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { addAttachment, listAttachments, openAttachment } from "./attachments.ts";
import { attachmentTypes, mediaTypes } from "./domain/media-type.ts";

const attachment = z
  .object({
    id: z.string().openapi({ example: "att_01kb0q8s5hf6xv3y1m2n4p5q6r" }),
    mediaType: z.string(),
    bytes: z.number().int(),
    sha256: z.string(),
    consentId: z.string().nullable().openapi({ description: "The consent that names it, for ever." }),
    createdAt: instant,
    expiresAt: instant
      .nullable()
      .openapi({ description: "When it is removed, unless a consent names it by then." }),
  })
  .openapi("Attachment");

const binary = { schema: z.string().openapi({ format: "binary" }) };

/** What no browser opens in place, whatever its bytes are. */
const fileHeaders = (id: string, mediaType: string, bytes: number) => ({
  "Content-Type": mediaType,
  "Content-Length": String(bytes),
  "Content-Disposition": `attachment; filename="${id}"`,
  "Cache-Control": "no-store",
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
});

/** Routes of files that prove consents. They stand before what takes every body for JSON. */
export function attachmentRoutes(app: App): void {
  app.use("/v1/attachments/*", requires("consents"), limited(limits.attachmentBytes), idempotentBytes);

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/attachments",
      tags: ["Consents"],
      summary: "Store a file that proves a consent: a scan, a recording",
      description: `The body is the file: a PDF, PNG, JPEG, Ogg (Opus, Vorbis), MP3, WAV or M4A of at most ${limits.attachmentBytes} bytes, and the Content-Type says which. Name its id in \`provenance.attachments\` of one consent; what none names is removed within a day.`,
      request: {
        body: {
          required: true,
          content: Object.fromEntries(attachmentTypes.map((type) => [type, binary])),
        },
      },
      responses: { 201: answer(attachment, "The file"), ...refusals },
    }),
    async (c) => {
      const content = new Uint8Array(await readBody(c));
      return c.json(
        await addAttachment(c.var.context, { content, contentType: c.req.header("content-type") }),
        201,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/attachments",
      tags: ["Consents"],
      summary: "Files that prove consents, the newest first",
      request: { query: pageById("att") },
      responses: { 200: answer(listOf(attachment), "A page of files, without their content"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listAttachments(c.var.context, cursor, limit), limit, ({ id }) => id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/attachments/{id}",
      tags: ["Consents"],
      summary: "A file, for staff",
      middleware: requires("staff"),
      request: { params: z.object({ id: z.string() }) },
      responses: {
        200: {
          description: "The file, to be kept and not shown in place",
          content: Object.fromEntries(mediaTypes.map((type) => [type, binary])),
        },
        ...refusals,
      },
    }),
    async (c) => {
      const { id, mediaType, bytes, content } = await openAttachment(c.var.context, c.req.valid("param").id);
      return c.body(new Uint8Array(content), 200, fileHeaders(id, mediaType, bytes));
    },
  );
}
