import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { listMonitors, startMonitor, stopMonitor } from "./monitors.ts";

const reason = text(1_000);

const monitorInput = z.strictObject({
  sender: text(64).openapi({ description: "A sender's id (snd_…) or its phoneNumberId." }),
  purpose: text(limits.keyLength),
  reason,
  until: instant.openapi({
    description: `When it ends by itself: at most ${limits.monitorDays} days after it first began.`,
  }),
});

const monitor = z
  .object({
    id: idOf("mon"),
    sender: idOf("snd"),
    purpose: z.string(),
    reason: z.string(),
    startedAt: instant,
    until: instant,
    endedAt: instant.nullable().openapi({ description: "Null while it lasts." }),
  })
  .openapi("Monitor");

/** Routes of monitor mode, for the first weeks of a sender and a purpose. */
export function monitorRoutes(app: App): void {
  app.use("/v1/monitors/*", requires("staff"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/monitors",
      tags: ["Monitor mode"],
      summary: "Watch most rules of a sender and a purpose for a time, instead of enforcing them",
      description:
        "Everything is decided and recorded. What a watched rule would deny is allowed, and its reason says enforced: false. Recipient, sender, switches, blocks, opt-outs, withdrawn or refused consents and platform stops deny as ever.",
      request: body(monitorInput),
      responses: { 201: answer(monitor, "The monitor mode"), ...refusals },
    }),
    async (c) => c.json(await startMonitor(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/monitors",
      tags: ["Monitor mode"],
      summary: "Monitor modes, those that are over included, the newest first",
      request: { query: pageById("mon") },
      responses: { 200: answer(listOf(monitor), "A page of monitor modes"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listMonitors(c.var.context, cursor, limit), limit, ({ id }) => id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/monitors/{id}/end",
      tags: ["Monitor mode"],
      summary: "Enforce every rule again, before the monitor mode is over by itself",
      request: { params: z.object({ id: z.string() }), ...body(z.strictObject({ reason })) },
      responses: {
        200: answer(z.object({ id: idOf("mon"), endedAt: instant }), "The ended monitor mode"),
        ...refusals,
      },
    }),
    async (c) => c.json(await stopMonitor(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
