import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import { instant, reason, text } from "../../http/schemas.ts";
import type { Redeemer } from "./redeem-permit.ts";
import { reportOutcome } from "./report-outcome.ts";

const redemption = z
  .object({
    redeemed: z.boolean().openapi({ description: "Only true is leave to send." }),
    decisionId: z
      .string()
      .optional()
      .openapi({ description: "The decision by which the rules say no by now." }),
    reasons: z.array(reason).optional(),
  })
  .openapi("Redemption");

/** The answer to an attempt to redeem a permit. */
export type Redemption = z.output<typeof redemption>;

const outcomeReport = z.strictObject({
  outcome: z.enum(["sent", "failed", "unknown"]),
  messageId: text(200).optional().openapi({ description: "The platform's id of the message (wamid)." }),
  errorCode: z.int().min(1).max(2_147_483_647).optional(),
});

const outcome = z
  .object({ permitId: z.string(), outcome: outcomeReport.shape.outcome, recordedAt: instant })
  .openapi("PermitOutcome");

const params = z.object({ id: z.string() });

/** Routes of permits: leave to send one message, and what became of it. */
export function permitRoutes(app: App, redeem: Redeemer): void {
  app.use("/v1/permits/*", requires("checks"));
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/permits/{id}/redeem",
      tags: ["Checks"],
      summary: "Take up the leave to send one message, right before sending it",
      description:
        "Works once. Every rule is asked again: a no since the check is a no. On a 503 do not send: check again with the same messageRef. Takes no Idempotency-Key, since a yes is never repeated.",
      request: { params },
      responses: { 200: answer(redemption, "Whether it may go out now"), ...refusals },
    }),
    async (c) =>
      c.json(
        redemption.parse(await redeem(c.get("context"), c.req.valid("param").id, preferredLanguage(c))),
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/permits/{id}/outcome",
      tags: ["Checks"],
      summary: "Say what became of the message",
      description:
        "A failure gives its place under the frequency caps and the sender's limits back; an error code has the effect that it would have in a webhook.",
      request: { params, ...body(outcomeReport) },
      responses: { 200: answer(outcome, "What is on record"), ...refusals },
    }),
    async (c) =>
      c.json(await reportOutcome(c.get("context"), c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
