import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { optOutBody } from "../../http/line-bodies.ts";
import { instant, keyName, listOf, pageById, pageOf, subjectReference } from "../../http/schemas.ts";
import { issueOptOutLink } from "./opt-out-link.ts";
import { listOptOuts, recordOptOut } from "./record-opt-out.ts";

const recorded = z
  .object({
    id: z.string(),
    inForce: z.boolean(),
    supersededBy: z
      .string()
      .optional()
      .openapi({ description: "The person's own later yes to the same purpose." }),
    recordedAt: instant,
  })
  .openapi("RecordedOptOut");

const optOut = z
  .object({
    id: z.string(),
    subjectId: z
      .string()
      .nullable()
      .openapi({ description: "Null: said of a number at /stop, whoever's it is." }),
    kind: z.string(),
    scope: z.string(),
    purpose: z.string().nullable(),
    channel: z.string().nullable(),
    source: z.string(),
    occurredAt: instant,
    recordedAt: instant,
    undoes: z.string().nullable(),
  })
  .openapi("OptOut");

/** Routes of opt-outs for machines; the pages that people see are in page-routes.ts. */
export function optOutRoutes(app: App): void {
  app.use("/v1/opt-outs/*", requires("opt_outs"));
  app.use("/v1/opt-out-links/*", requires("opt_outs"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/opt-outs",
      tags: ["Opt-outs"],
      summary: "Take a person's no, at once",
      request: body(optOutBody),
      responses: { 201: answer(recorded, "The opt-out"), ...refusals },
    }),
    async (c) => c.json(await recordOptOut(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/opt-outs",
      tags: ["Opt-outs"],
      summary: "Opt-outs and their undoing, the newest first",
      request: { query: pageById("opt") },
      responses: { 200: answer(listOf(optOut), "A page of opt-outs"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listOptOuts(c.var.context, cursor, limit), limit, (o) => o.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/opt-out-links",
      tags: ["Opt-outs"],
      summary: "A link by which a person can say no; also for List-Unsubscribe",
      request: body(z.strictObject({ subject: subjectReference, purpose: keyName.optional() })),
      responses: { 201: answer(z.object({ url: z.string() }), "The link"), ...refusals },
    }),
    async (c) => c.json(await issueOptOutLink(c.var.context, c.req.valid("json")), 201),
  );
}
