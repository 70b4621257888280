import {
  type App,
  answer,
  body,
  createRoute,
  limited,
  readJsonText,
  refusals,
  tooManyRequests,
  z,
} from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { checkBatch, checkLines, checkSchema, readCheck } from "../../http/check-body.ts";
import { preferredLanguage } from "../../http/language.ts";
import { linesType } from "../../http/lines.ts";
import { toProblem, validate } from "../../http/problem.ts";
import {
  idOf,
  instant,
  listOf,
  pageById,
  pageOf,
  reason,
  subjectReference,
  text,
} from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import type { Gate } from "./check.ts";
import { openCause } from "./open-cause.ts";
import { getDecision, listDecisionsOf, presentAnswer } from "./present-decision.ts";
import { replayDecision } from "./replay-decision.ts";

const verdict = z.object({
  decision: z.enum(["allow", "deny"]).openapi({ description: "The answer. Branch on this alone." }),
  category: z.string().nullable().openapi({ description: "The category that counts." }),
  reasons: z.array(reason).openapi({
    description:
      "Every rule that failed, worst first; with an allow those that monitor mode only watched. New codes may appear.",
  }),
  rules: z.array(z.object({ rule: z.string(), outcome: z.string() })),
  window: z.object({ open: z.boolean(), openedAt: instant.nullable(), expiresAt: instant.nullable() }),
  obligations: z.array(z.string()),
  policyVersion: z.string(),
});

const sandbox = z
  .literal(true)
  .optional()
  .openapi({ description: "Only there in a sandbox: a test's key asked." });

const checked = verdict
  .extend({
    decisionId: z.string().optional().openapi({ description: "Absent for a dry run." }),
    permit: z.object({ id: z.string(), expiresAt: instant }).optional().openapi({
      description: "Comes with an allow: leave to send this one message, once, until it expires.",
    }),
    sandbox,
  })
  .openapi("CheckAnswer");

/** A check as its caller writes it, and the answer. */
export type CheckBody = z.input<typeof checkSchema>;
export type CheckAnswer = z.output<typeof checked>;

const batchAnswer = z
  .object({
    results: z.array(z.union([checked, z.object({ problem: z.unknown() })])).openapi({
      description: "One for each recipient, in the order asked; a bad one answers with its own problem.",
    }),
  })
  .openapi("BatchAnswer");

const answerLines = z.string().openapi({
  description:
    "NDJSON: each line is a CheckAnswer with the messageRef of its line, or {line, messageRef?, problem}.",
});

const decision = verdict
  .extend({
    decisionId: z.string(),
    at: instant,
    subjectId: z.string().nullable(),
    messageRef: z.string().nullable(),
    sandbox,
    question: z.unknown(),
    facts: z
      .unknown()
      .openapi({ description: "What the decision saw, with the ids of every record behind it." }),
  })
  .openapi("Decision");

const replayed = z
  .object({
    same: z.boolean().openapi({ description: "Everything but the policy's name is as it was." }),
    recorded: verdict,
    replayed: z.union([
      verdict,
      z.object({
        decision: z.literal("deny"),
        policyVersion: z.string(),
        missingFact: z.string().openapi({
          description:
            "The facts were stored before a rule looked at this one (JSON pointer). Unknown denies.",
        }),
      }),
    ]),
  })
  .openapi("ReplayedDecision");

const id = z.object({ id: z.string() });

/**
 * The route of a single check. It stands before everything that reads bodies for all others: what a check pays for is
 * its own reading, once.
 */
export function checkRoute(app: App, gate: Gate): void {
  app.openAPIRegistry.registerPath(
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
  );
  app.post("/v1/checks", requires("checks"), limited(limits.bodyBytes), async (c) => {
    const check = readCheck(await readJsonText(c));
    const answered = await gate(c.get("context"), check);
    return c.json(presentAnswer(answered, preferredLanguage(c)) satisfies CheckAnswer, 200);
  });
}

/** Routes of batches, decisions and causes. */
export function gateRoutes(app: App, gate: Gate): void {
  for (const path of ["/v1/checks/*", "/v1/decisions/*", "/v1/causes/*"]) app.use(path, requires("checks"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/checks/batch",
      tags: ["Checks"],
      summary: "Many checks at once, as lines without end or as one document",
      description: `As application/x-ndjson each line is the body of a single check and is answered in the order asked by a line of its own, while further lines are read: the answer of a single check with the line's messageRef, or {line, problem}, which harms no other line. Empty lines are counted and not answered. As application/json it is the same question for up to ${limits.batchRecipients} recipients. Takes no Idempotency-Key.`,
      request: {
        body: {
          required: true,
          content: { "application/json": { schema: checkBatch }, [linesType]: { schema: checkLines } },
        },
      },
      responses: {
        200: {
          description: "The answers, in the order asked",
          content: { "application/json": { schema: batchAnswer }, [linesType]: { schema: answerLines } },
        },
        ...refusals,
      },
    }),
    async (c) => {
      const { defaults, recipients } = c.req.valid("json");
      const language = preferredLanguage(c);
      const results = await Promise.all(
        recipients.map(async (item, index) => {
          const recipient = validate(subjectReference, item, `/recipients/${index}`);
          if (recipient instanceof SaysoError) return { problem: toProblem(recipient, c.get("requestId")) };
          return presentAnswer(await gate(c.get("context"), { ...defaults, recipient }, "batch"), language);
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
      method: "post",
      path: "/v1/decisions/{id}/replay",
      tags: ["Checks"],
      summary: "Decide again from the stored facts, under the same policy or another; nothing is stored",
      request: {
        params: id,
        body: {
          required: false,
          content: {
            "application/json": {
              schema: z.strictObject({
                policyVersion: text(64)
                  .optional()
                  .openapi({ description: "As decisions name it.", example: "policy/3" }),
              }),
            },
          },
        },
      },
      responses: { 200: answer(replayed, "What was recorded, and what it is now"), ...refusals },
    }),
    async (c) =>
      c.json(
        await replayDecision(
          c.get("context"),
          c.req.valid("param").id,
          c.req.valid("json"),
          preferredLanguage(c),
        ),
        200,
      ),
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
      responses: {
        201: answer(z.object({ id: idOf("cau"), expiresAt: instant }), "The cause"),
        ...refusals,
        ...tooManyRequests,
      },
    }),
    async (c) => c.json(await openCause(c.get("context"), c.req.valid("json")), 201),
  );
}
