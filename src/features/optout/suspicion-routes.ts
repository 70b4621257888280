import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, keyName, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { decideOptOutSuspicion, listOptOutSuspicions } from "./decide-suspicion.ts";

const reason = text(1_000);

const decisionInput = z.discriminatedUnion("decision", [
  z.strictObject({
    decision: z.literal("confirm"),
    purpose: keyName
      .optional()
      .openapi({ description: "What the no is to. Left out: to everything, as with a STOP." }),
    reason: reason.optional(),
  }),
  z.strictObject({ decision: z.literal("dismiss"), reason }),
]);

const suspicion = z
  .object({
    id: idOf("sus"),
    subjectId: idOf("sub"),
    cause: z.string().openapi({
      description:
        "near_match: it asks in other words to be left alone. voice_note: it came within a day after marketing, and nobody has heard it.",
    }),
    senderId: idOf("snd"),
    messageId: z.string().openapi({ description: "Of the message, to look at it. Its text is not kept." }),
    occurredAt: instant,
    recordedAt: instant,
    decidedAt: instant.nullable(),
    decision: z.string().nullable().openapi({ description: "confirmed or dismissed; null while it waits." }),
    reason: z.string().nullable(),
  })
  .openapi("OptOutSuspicion");

const decided = z
  .object({
    id: idOf("sus"),
    decision: z.string(),
    decidedAt: instant,
    optOutId: idOf("opt").nullable().openapi({ description: "The opt-out that a confirmation recorded." }),
  })
  .openapi("DecidedOptOutSuspicion");

/** Routes of messages that may be a no: they pause a person's marketing until staff decide. */
export function suspicionRoutes(app: App): void {
  app.use("/v1/opt-out-suspicions/*", requires("staff"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/opt-out-suspicions",
      tags: ["Opt-outs"],
      summary: "Messages that may be a no, the oldest first: marketing to these people waits",
      request: {
        query: pageById("sus").extend({
          open: z
            .enum(["true", "false"])
            .default("true")
            .openapi({ description: "false: those that were decided, too." }),
        }),
      },
      responses: { 200: answer(listOf(suspicion), "A page of suspicions"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit, open } = c.req.valid("query");
      const found = await listOptOutSuspicions(c.var.context, {
        after: cursor,
        limit,
        isOpen: open === "true",
      });
      return c.json(
        pageOf(found, limit, (s) => s.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/opt-out-suspicions/{id}/decide",
      tags: ["Opt-outs"],
      summary:
        "Say whether a message was a no: confirmed it is an opt-out as of then, dismissed marketing goes on",
      request: { params: z.object({ id: z.string() }), ...body(decisionInput) },
      responses: { 200: answer(decided, "What was decided"), ...refusals },
    }),
    async (c) =>
      c.json(await decideOptOutSuspicion(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
