import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { instant, listOf, text } from "../../http/schemas.ts";
import { languages } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { letterKinds, otherWays } from "./domain/letter.ts";
import { draftLetter } from "./draft-letter.ts";
import { discardLetter, editLetter } from "./edit-letter.ts";
import { getLetter, listLetters } from "./present-letter.ts";
import { markLetterSent, sendLetter } from "./send-letter.ts";

const words = text(2_000);
const day = z.iso.date().openapi({ example: "2026-12-28" });
const language = z.enum(languages).optional().openapi({ description: "The request's language without it." });

const letterInput = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("receipt"), language }),
    z.strictObject({
      kind: z.literal("identity_needed"),
      language,
      how: words.optional().openapi({
        description:
          "How they can show who they are; by a code to a number or address that is known without it.",
      }),
    }),
    z.strictObject({ kind: z.literal("clarification"), language, question: words }),
    z.strictObject({ kind: z.literal("ready"), language }),
    z.strictObject({
      kind: z.literal("erasure_done"),
      language,
      erasedOn: day,
      stays: z
        .array(z.strictObject({ what: text(), why: words, until: day.optional() }))
        .max(limits.letterRemainders)
        .openapi({ description: "What could not be erased, why, and until when where there is a date." }),
    }),
    z.strictObject({ kind: z.literal("restriction_lifted"), language, liftedOn: day, reason: words }),
    z.strictObject({ kind: z.literal("done"), language, what: words }),
  ])
  .openapi("LetterInput");

const version = z
  .int()
  .min(1)
  .openapi({ description: "The version that was looked at: another one is a conflict." });

const letter = z
  .object({
    id: z.string(),
    requestId: z.string(),
    kind: z.string().openapi({ description: `${letterKinds.join(", ")}.` }),
    language: z.string(),
    state: z.string().openapi({ description: "draft, sending, sent or discarded." }),
    version: z.number().int(),
    neededBy: instant
      .nullable()
      .openapi({ description: "A step rests on it: the person must have it by then." }),
    way: z
      .string()
      .nullable()
      .openapi({ description: `email, ${otherWays.join(", ")}; null: not yet sent.` }),
    sentAt: instant.nullable(),
    attempts: z.number().int(),
    nextAttemptAt: instant.nullable(),
    failure: z.string().nullable().openapi({ description: "Why it could not be mailed last time." }),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi("Letter");

const letterInFull = z
  .object({
    ...letter.shape,
    subject: z.string(),
    text: z.string(),
    html: z.string().nullable().openapi({
      description: "The text as a mail shows it; null when it went out another way.",
    }),
    to: z.string().nullable(),
    note: z.string().nullable(),
    mustSay: z
      .array(z.object({ element: z.string(), words: z.string() }))
      .openapi({ description: "Words that every change leaves in it." }),
    addresses: z.array(z.string()).openapi({ description: "E-mail addresses of the person." }),
  })
  .openapi("LetterInFull");

const params = z.object({ id: z.string() });
const letterParams = z.object({ id: z.string(), letterId: z.string() });

/** Routes of the letters about a data request. */
export function letterRoutes(app: App): void {
  app.use("/v1/data-requests/*", requires("data_requests"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/letters",
      tags: ["Data requests"],
      summary: "Write a letter from the request's facts, as a draft",
      description: "Letters of refusal and of extension come with those steps.",
      request: { params, ...body(letterInput) },
      responses: { 201: answer(letterInFull, "The draft"), ...refusals },
    }),
    async (c) => c.json(await draftLetter(c.var.context, c.req.valid("param").id, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/letters",
      tags: ["Data requests"],
      summary: "The letters of a request, the oldest first",
      request: { params },
      responses: { 200: answer(listOf(letter), "All of them"), ...refusals },
    }),
    async (c) =>
      c.json({ items: await listLetters(c.var.context, c.req.valid("param").id), nextCursor: null }, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/letters/{letterId}",
      tags: ["Data requests"],
      summary: "A letter as it would go out, or exactly as it did",
      request: { params: letterParams },
      responses: { 200: answer(letterInFull, "The letter"), ...refusals },
    }),
    async (c) => {
      const { id, letterId } = c.req.valid("param");
      return c.json(await getLetter(c.var.context, id, letterId), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "patch",
      path: "/v1/data-requests/{id}/letters/{letterId}",
      tags: ["Data requests"],
      summary: "Change the words of a draft",
      request: {
        params: letterParams,
        ...body(
          z.strictObject({
            version,
            subject: text().optional(),
            text: text(limits.letterCharacters).optional(),
          }),
        ),
      },
      responses: { 200: answer(letterInFull, "The draft"), ...refusals },
    }),
    async (c) => {
      const { id, letterId } = c.req.valid("param");
      return c.json(await editLetter(c.var.context, id, letterId, c.req.valid("json")), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/letters/{letterId}/send",
      tags: ["Data requests"],
      summary: "Mail a draft to the person",
      request: {
        params: letterParams,
        ...body(
          z.strictObject({
            version,
            to: text(254)
              .optional()
              .openapi({ description: "One of the person's addresses; needed when there are several." }),
          }),
        ),
      },
      responses: {
        202: answer(z.object({ id: z.string(), state: z.string() }), "It is being mailed"),
        ...refusals,
      },
    }),
    async (c) => {
      const { id, letterId } = c.req.valid("param");
      return c.json(await sendLetter(c.var.context, id, letterId, c.req.valid("json")), 202);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/letters/{letterId}/mark-sent",
      tags: ["Data requests"],
      summary: "Note that a draft was sent another way",
      request: {
        params: letterParams,
        ...body(z.strictObject({ version, way: z.enum(otherWays), sentAt: instant, note: words.optional() })),
      },
      responses: { 200: answer(letterInFull, "The letter, kept as it was sent"), ...refusals },
    }),
    async (c) => {
      const { id, letterId } = c.req.valid("param");
      return c.json(await markLetterSent(c.var.context, id, letterId, c.req.valid("json")), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/letters/{letterId}/discard",
      tags: ["Data requests"],
      summary: "Give a draft up that nothing rests on",
      request: { params: letterParams, ...body(z.strictObject({ reason: words })) },
      responses: { 200: answer(letterInFull, "The letter"), ...refusals },
    }),
    async (c) => {
      const { id, letterId } = c.req.valid("param");
      return c.json(await discardLetter(c.var.context, id, letterId, c.req.valid("json")), 200);
    },
  );
}
