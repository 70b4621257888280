import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, listOf, pageById, pageOf, subjectReference, text } from "../../http/schemas.ts";
import { endHold, getHold, listHolds, placeHold, prolongHold } from "./manage-holds.ts";

const reason = text(1_000).openapi({ description: "Why; kept sealed." });
const reviewAt = instant.openapi({ description: "When staff look at it again. It stands all the same." });

const holdInput = z.discriminatedUnion("scope", [
  z.strictObject({ scope: z.literal("organization"), reason, reviewAt }),
  z.strictObject({ scope: z.literal("person"), subject: subjectReference, reason, reviewAt }),
]);

const placed = z
  .object({
    id: idOf("hld"),
    scope: z.string(),
    subjectId: z.string().nullable(),
    placedAt: instant,
    reviewAt: instant,
  })
  .openapi("PlacedHold");

const author = z.object({ kind: z.string(), id: z.string().nullable() });

const hold = placed
  .extend({
    reason: z.string().nullable().openapi({ description: "Null when the person's evidence was destroyed." }),
    author,
    isReviewDue: z.boolean(),
    releasedAt: instant.nullable(),
  })
  .openapi("Hold");

const holdInFull = hold
  .extend({
    history: z.array(
      z.object({
        kind: z.string(),
        reason: z.string().nullable(),
        reviewAt: instant.nullable(),
        at: instant,
        author,
      }),
    ),
  })
  .openapi("HoldInFull");

const params = z.object({ id: z.string() });

/** Routes of holds, which stop erasure and retention. */
export function holdRoutes(app: App): void {
  app.use("/v1/holds/*", requires("staff"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/holds",
      tags: ["Holds"],
      summary:
        "Place a hold: nothing of the person, or of anybody, is erased or expires until it is released",
      request: body(holdInput),
      responses: { 201: answer(placed, "The hold"), ...refusals },
    }),
    async (c) => c.json(await placeHold(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/holds",
      tags: ["Holds"],
      summary: "Holds, released ones included, the newest first",
      request: { query: pageById("hld") },
      responses: { 200: answer(listOf(hold), "A page of holds"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listHolds(c.var.context, cursor, limit), limit, ({ id }) => id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/holds/{id}",
      tags: ["Holds"],
      summary: "A hold with its history",
      request: { params },
      responses: { 200: answer(holdInFull, "The hold"), ...refusals },
    }),
    async (c) => c.json(await getHold(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/holds/{id}/review",
      tags: ["Holds"],
      summary: "Keep a hold for longer; the reason stays on record",
      request: { params, ...body(z.strictObject({ reason, reviewAt })) },
      responses: {
        200: answer(z.object({ id: idOf("hld"), reviewAt: instant }), "When it is looked at again"),
        ...refusals,
      },
    }),
    async (c) => c.json(await prolongHold(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/holds/{id}/release",
      tags: ["Holds"],
      summary: "End a hold; the reason stays on record",
      request: { params, ...body(z.strictObject({ reason })) },
      responses: {
        200: answer(z.object({ id: idOf("hld"), releasedAt: instant }), "The released hold"),
        ...refusals,
      },
    }),
    async (c) => c.json(await endHold(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
