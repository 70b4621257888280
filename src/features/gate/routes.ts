import type { Context } from "../../context.ts";
import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import { toProblem, validate } from "../../http/problem.ts";
import { idOf, instant, listOf, pageById, pageOf, subjectReference, text } from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import type { Answer, CheckInput } from "./check.ts";
import { openCause } from "./open-cause.ts";
import { getDecision, listDecisionsOf, presentAnswer } from "./present-decision.ts";

const message = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("template"),
    category: z.enum(["marketing", "utility", "authentication", "service"]),
    template: z.strictObject({ name: text(512), language: text(35) }),
  }),
  z.strictObject({ kind: z.literal("free_form"), inReplyTo: text(200).optional() }),
]);

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

/** The body of a check. */
export const checkSchema = z.strictObject({ ...checkFields, recipient: subjectReference });

const batch = z.strictObject({
  defaults: z.strictObject(checkFields),
  recipients: z.array(z.unknown()).min(1).max(limits.batchRecipients),
});

const verdict = z.object({
  decision: z.enum(["allow", "deny"]).openapi({ description: "The answer. Branch on this alone." }),
  category: z.string().nullable().openapi({ description: "The category that counts." }),
  reasons: z
    .array(
      z.object({
        code: z.string(),
        rule: z.string(),
        message: z.string(),
        remedy: z.string(),
        retryAt: instant.optional(),
        evidence: z.array(z.string()),
      }),
    )
    .openapi({ description: "Every rule that failed, worst first. New codes may appear." }),
  rules: z.array(z.object({ rule: z.string(), outcome: z.string() })),
  window: z.object({ open: z.boolean(), openedAt: instant.nullable(), expiresAt: instant.nullable() }),
  obligations: z.array(z.string()),
  policyVersion: z.string(),
});

const checked = verdict
  .extend({ decisionId: z.string().optional().openapi({ description: "Absent for a dry run." }) })
  .openapi("CheckAnswer");

const batchAnswer = z
  .object({
    results: z.array(z.union([checked, z.object({ problem: z.unknown() })])).openapi({
      description: "One for each recipient, in the order asked; a bad one answers with its own problem.",
    }),
  })
  .openapi("BatchAnswer");

const decision = verdict
  .extend({
    decisionId: z.string(),
    at: instant,
    subjectId: z.string().nullable(),
    messageRef: z.string().nullable(),
    question: z.unknown(),
    facts: z
      .unknown()
      .openapi({ description: "What the decision saw, with the ids of every record behind it." }),
  })
  .openapi("Decision");

const id = z.object({ id: z.string() });

/** Routes of checks, decisions and causes. */
export function gateRoutes(app: App, gate: (ctx: Context, input: CheckInput) => Promise<Answer>): void {
  for (const path of ["/v1/checks/*", "/v1/decisions/*", "/v1/causes/*"]) app.use(path, requires("checks"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/checks",
      tags: ["Checks"],
      summary: "May this message go out now?",
      description:
        "A deny is a 200: a no is an answer. On a 503 do not send. Takes no Idempotency-Key: every check is evaluated anew.",
      request: body(checkSchema),
      responses: { 200: answer(checked, "The answer"), ...refusals },
    }),
    async (c) => {
      const answered = await gate(c.get("context"), c.req.valid("json"));
      return c.json(presentAnswer(answered, preferredLanguage(c)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/checks/batch",
      tags: ["Checks"],
      summary: `The same question for up to ${limits.batchRecipients} recipients`,
      request: body(batch),
      responses: { 200: answer(batchAnswer, "The answers, in the order asked"), ...refusals },
    }),
    async (c) => {
      const { defaults, recipients } = c.req.valid("json");
      const language = preferredLanguage(c);
      const results = await Promise.all(
        recipients.map(async (item, index) => {
          const recipient = validate(subjectReference, item, `/recipients/${index}`);
          if (recipient instanceof SaysoError) return { problem: toProblem(recipient, c.get("requestId")) };
          return presentAnswer(await gate(c.get("context"), { ...defaults, recipient }), language);
        }),
      );
      return c.json({ results }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/decisions/{id}",
      tags: ["Checks"],
      summary: "A stored decision in full, with its reasons in plain words (Accept-Language: en, ru)",
      request: { params: id },
      responses: { 200: answer(decision, "The decision"), ...refusals },
    }),
    async (c) =>
      c.json(await getDecision(c.get("context"), c.req.valid("param").id, preferredLanguage(c)), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}/decisions",
      tags: ["Subjects"],
      summary: "Decisions about a person, the newest first",
      request: { params: id, query: pageById("dec") },
      responses: { 200: answer(listOf(decision), "A page of decisions"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const subjectId = c.req.valid("param").id;
      const items = await listDecisionsOf(
        c.get("context"),
        subjectId,
        { cursor, limit },
        preferredLanguage(c),
      );
      return c.json(
        pageOf(items, limit, ({ decisionId }) => decisionId),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/causes",
      tags: ["Checks"],
      summary: "Open a sign-in, so that one authentication message may go out for it",
      request: body(z.strictObject({ kind: z.literal("sign_in"), recipient: subjectReference })),
      responses: { 201: answer(z.object({ id: idOf("cau"), expiresAt: instant }), "The cause"), ...refusals },
    }),
    async (c) => c.json(await openCause(c.get("context"), c.req.valid("json")), 201),
  );
}
