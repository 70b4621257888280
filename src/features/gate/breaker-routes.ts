import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { endBreaker, listBreakers } from "./manage-breakers.ts";

const count = z.int().min(0);

const breaker = z
  .object({
    id: idOf("brk"),
    sender: idOf("snd"),
    causes: z.array(z.string()).openapi({
      description:
        "Which limits of the policy were passed: complaint_rate, spam_errors, number_quality, template_quality.",
    }),
    counted: z.object({
      from: instant,
      sends: count.openapi({ description: "Marketing messages; not counted as long as nobody complained." }),
      complaints: count,
      spamErrors: count,
      numberIsRed: z.boolean(),
      redTemplates: z.array(z.string()),
    }),
    policyVersion: z.string(),
    openedAt: instant,
    closedAt: instant.nullable(),
  })
  .openapi("ComplaintBreaker");

/** Routes of the breakers that stop a sender's marketing when complaints about it pass the policy's limits. */
export function breakerRoutes(app: App): void {
  app.use("/v1/complaint-breakers/*", requires("staff"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/complaint-breakers",
      tags: ["Complaint breakers"],
      summary: "Breakers that stopped a sender's marketing, closed ones included, the newest first",
      request: { query: pageById("brk") },
      responses: { 200: answer(listOf(breaker), "A page of breakers"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listBreakers(c.var.context, cursor, limit), limit, (b) => b.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/complaint-breakers/{id}/close",
      tags: ["Complaint breakers"],
      summary: "Let the sender's marketing go on; only what happens from now on counts",
      request: {
        params: z.object({ id: z.string() }),
        ...body(z.strictObject({ reason: text(1_000) })),
      },
      responses: {
        200: answer(z.object({ id: idOf("brk"), closedAt: instant }), "The closed breaker"),
        ...refusals,
      },
    }),
    async (c) => c.json(await endBreaker(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
