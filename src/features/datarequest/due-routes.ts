import { type App, answer, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { instant, listOf } from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { listDue } from "./list-due.ts";

const due = z
  .object({
    requestId: z.string(),
    kind: z.string(),
    regime: z.string(),
    status: z.string(),
    about: z.string().openapi({
      description: "answer, or letter: one that a step of the request rests on and that is not sent yet.",
    }),
    dueAt: instant,
    owner: z.string().nullable(),
    overdue: z.boolean(),
  })
  .openapi("DueDataRequest");

/** What is due. Entered before the routes of single requests, which take any name for an id. */
export function dueRoutes(app: App): void {
  app.use("/v1/data-requests/*", requires("data_requests"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/overdue",
      tags: ["Data requests"],
      summary: "What is overdue, or due soon, the most urgent first",
      request: {
        query: z.object({
          withinDays: z.coerce
            .number()
            .int()
            .min(0)
            .max(limits.dueDaysAhead)
            .default(0)
            .openapi({ description: "Until how many days from now; 0: only what is overdue." }),
          unassigned: z
            .enum(["true", "false"])
            .default("false")
            .transform((text) => text === "true")
            .openapi({ description: "Only what nobody answers for yet." }),
          limit: z.coerce.number().int().min(1).max(limits.listMost).default(limits.listMost),
        }),
      },
      responses: { 200: answer(listOf(due), "What is due"), ...refusals },
    }),
    async (c) => c.json({ items: await listDue(c.var.context, c.req.valid("query")), nextCursor: null }, 200),
  );
}
