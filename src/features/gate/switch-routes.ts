import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { endSwitch, listSwitches, pullSwitch } from "./manage-switches.ts";

const reason = text(1_000);

const switchInput = z.discriminatedUnion("scope", [
  z.strictObject({ scope: z.literal("organization"), reason }),
  z.strictObject({
    scope: z.literal("sender"),
    sender: text(64).openapi({ description: "A sender's id (snd_…) or its phoneNumberId." }),
    reason,
  }),
  z.strictObject({ scope: z.literal("purpose"), purpose: text(limits.keyLength), reason }),
]);

const pulled = z
  .object({
    id: idOf("swi"),
    scope: z.string(),
    sender: z.string().nullable(),
    purpose: z.string().nullable(),
    reason: z.string(),
    pulledAt: instant,
    releasedAt: instant.nullable(),
  })
  .openapi("Switch");

/** Routes of the switches that pause sending. */
export function switchRoutes(app: App): void {
  app.use("/v1/switches/*", requires("staff"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/switches",
      tags: ["Switches"],
      summary: "Pause the organization, a sender or a purpose: every check in its scope is denied",
      request: body(switchInput),
      responses: { 201: answer(pulled, "The switch"), ...refusals },
    }),
    async (c) => c.json(await pullSwitch(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/switches",
      tags: ["Switches"],
      summary: "Switches, released ones included, the newest first",
      request: { query: pageById("swi") },
      responses: { 200: answer(listOf(pulled), "A page of switches"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listSwitches(c.var.context, cursor, limit), limit, (s) => s.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/switches/{id}/release",
      tags: ["Switches"],
      summary: "End a pause; the reason stays on record",
      request: { params: z.object({ id: z.string() }), ...body(z.strictObject({ reason })) },
      responses: {
        200: answer(z.object({ id: idOf("swi"), releasedAt: instant }), "The released switch"),
        ...refusals,
      },
    }),
    async (c) => c.json(await endSwitch(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
