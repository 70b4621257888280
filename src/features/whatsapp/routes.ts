import { type App, answer, body, createRoute, limited, readBody, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { inboundBody } from "../../http/line-bodies.ts";
import { instant, listOf, pageById, pageOf } from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { signingSecret, verifyHandshake } from "./domain/signature.ts";
import { templateFields } from "./domain/template-entry.ts";
import { importTemplates } from "./import-templates.ts";
import { listTemplates, recordTemplate } from "./manage-templates.ts";
import type { OwnKeywords } from "./opt-out-words.ts";
import { reportInbound } from "./report-inbound.ts";
import { takeWebhook, type WebhookIntake } from "./take-webhook.ts";

const templateInput = z.strictObject(templateFields);

const entry = z.unknown().openapi({
  type: "object",
  description: "As POST /v1/templates takes it; the platform's own words, such as APPROVED, too.",
});

const templateImport = z
  .object({
    imported: z.number().int(),
    unchanged: z.number().int(),
    refused: z.array(z.object({ position: z.number().int(), reason: z.string() })),
  })
  .openapi("TemplateImport", { description: "`position` counts the entries from 0." });

const template = z
  .object({
    id: z.string(),
    wabaId: z.string(),
    name: z.string(),
    language: z.string(),
    category: z.string(),
    status: z.string(),
    createdAt: instant,
  })
  .openapi("Template");

const inbound = z
  .object({
    messageId: z.string(),
    optOut: z
      .boolean()
      .openapi({ description: "The text was a no: nothing more goes out on the business's own account." }),
    windowExpiresAt: instant,
    confirmation: z
      .object({
        language: z.string(),
        text: z.string(),
        cause: z.object({ kind: z.literal("opt_out_confirmation"), id: z.string() }),
      })
      .optional()
      .openapi({
        description:
          "Only with a no: words to confirm it with, and the cause that lets this one message through a check.",
      }),
    optOutSuspicionId: z.string().optional().openapi({
      description:
        "The message may be a no: marketing to the person waits until staff decide (/v1/opt-out-suspicions).",
    }),
    preferenceCodeId: z.string().optional().openapi({
      description:
        "The person asks for the code that opens their preferences: POST /v1/preference-codes/{id}/reveal, and send it to them.",
    }),
  })
  .openapi("InboundMessage");

/** Routes of templates and of messages that come in. */
export function whatsappRoutes(app: App, ownKeywords: OwnKeywords): void {
  app.use("/v1/templates/*", requires("configuration"));
  app.use("/v1/messages/*", requires("messages"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/templates",
      tags: ["Messages"],
      summary: "Record a message template as it is now",
      request: body(templateInput),
      responses: { 201: answer(template, "The template"), ...refusals },
    }),
    async (c) => c.json(await recordTemplate(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/templates/import",
      tags: ["Messages"],
      summary: "Record many templates as they are now; what cannot be taken is refused by itself",
      request: body(z.array(entry).min(1).max(limits.importedTemplates)),
      responses: { 200: answer(templateImport, "What became of them"), ...refusals },
    }),
    async (c) => c.json(await importTemplates(c.var.context, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/templates",
      tags: ["Messages"],
      summary: "List templates",
      request: { query: pageById("tpl") },
      responses: { 200: answer(listOf(template), "A page of templates"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listTemplates(c.var.context, cursor, limit), limit, (t) => t.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/messages/inbound",
      tags: ["Messages"],
      summary: "Report a message from a person, for senders that are not on Meta's webhooks",
      request: body(inboundBody),
      responses: { 201: answer(inbound, "It opened the window"), ...refusals },
    }),
    async (c) => c.json(await reportInbound(c.var.context, c.req.valid("json"), ownKeywords), 201),
  );
}

/** Meta's webhook: the handshake, and signed updates. Answers 200 only when every no in the body is in force. */
export function webhookRoutes(
  app: App,
  intake: WebhookIntake,
  secrets: {
    appSecrets: readonly string[];
    /** Where the bodies of the app with the secret at the same place go on to. */
    forwardUrls: readonly (string | undefined)[];
    verifyToken: string | undefined;
  },
): void {
  app.get("/webhooks/whatsapp", (c) => {
    const challenge = verifyHandshake(c.req.query(), secrets.verifyToken ?? "");
    if (challenge === undefined) {
      throw new SaysoError("forbidden", "The handshake's mode or verify token is not right.");
    }
    return c.text(challenge);
  });
  app.post("/webhooks/whatsapp", limited(limits.webhookBodyBytes), async (c) => {
    const raw = new Uint8Array(await readBody(c));
    const signature = c.req.header("x-hub-signature-256") ?? "";
    const app = signingSecret(secrets.appSecrets, raw, signature);
    if (app === undefined) {
      throw new SaysoError("unauthenticated", "The X-Hub-Signature-256 is missing or does not fit the body.");
    }
    const url = secrets.forwardUrls[app];
    await takeWebhook(intake, raw, c.var.requestId, url === undefined ? undefined : { url, signature });
    return c.json({ received: true });
  });
}
