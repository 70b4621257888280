import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { instant, text } from "../../http/schemas.ts";
import { assignRequest } from "./assign-request.ts";
import { askClarification, receiveClarification } from "./clarify-request.ts";
import { cancelRequest, closeRequest, refusalGrounds, refuseRequest } from "./end-request.ts";
import { extendRequest } from "./extend-request.ts";

const params = z.object({ id: z.string() });
const reason = text(2_000).openapi({ description: "In words for the person. Kept sealed." });

const stepped = z
  .object({
    id: z.string(),
    status: z.string(),
    owner: z.string().nullable(),
    isClarifying: z.boolean(),
    isExtended: z.boolean(),
    dueAt: instant,
    lastDay: z.string(),
    next: z
      .object({
        by: z.string(),
        event: z.string(),
        letterId: z.string().optional(),
        neededBy: instant.nullable().optional(),
      })
      .nullable()
      .openapi({ description: "What comes next: letter_sent where the person must be told of the step." }),
  })
  .openapi("SteppedDataRequest");

const route = <Input extends z.ZodType, Path extends string>(path: Path, summary: string, input: Input) =>
  createRoute({
    method: "post",
    path: `/v1/data-requests/{id}/${path}`,
    tags: ["Data requests"],
    summary,
    request: { params, ...body(input) },
    responses: { 200: answer(stepped, "Where the request stands now"), ...refusals },
  });

/** Routes by which staff move a request on; who may is settled for all data requests in routes.ts. */
export function requestStepRoutes(app: App): void {
  app.openapi(
    route(
      "assign",
      "Say who answers for a request",
      z.strictObject({
        owner: text(64)
          .nullable()
          .openapi({ description: "Your own name of a desk or of staff; null: the unassigned list." }),
      }),
    ),
    async (c) =>
      c.json(await assignRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    route(
      "ask-clarification",
      "Note that the person was asked what they mean",
      z.strictObject({ reason, askedAt: instant.optional() }),
    ),
    async (c) =>
      c.json(await askClarification(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    route(
      "receive-clarification",
      "Note that they answered; where the law stops its clock meanwhile, the due date moves",
      z.strictObject({ answeredAt: instant.optional() }),
    ),
    async (c) =>
      c.json(await receiveClarification(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    route(
      "extend",
      "Put the answer off, once, as far as the law lets you, with the letter",
      z.strictObject({
        reason,
        notifiedAt: instant.optional().openapi({ description: "When the person was told; now without it." }),
        until: z.iso
          .date()
          .optional()
          .openapi({ description: "The date they were told, for a law that sets no length." }),
      }),
    ),
    async (c) =>
      c.json(await extendRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    route(
      "refuse",
      "Refuse a request, with reasons and the letter; its archive is deleted",
      z.strictObject({
        ground: z.enum(refusalGrounds),
        reason,
        legalGround: text(500).optional().openapi({
          description: "The provision that the refusal rests on; 152-FZ wants it named (Art. 20(2)).",
        }),
      }),
    ),
    async (c) =>
      c.json(await refuseRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(route("cancel", "End a request that was taken back", z.strictObject({ reason })), async (c) =>
    c.json(await cancelRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    route("close", "Close a request that the person has their answer to", z.strictObject({ reason })),
    async (c) => c.json(await closeRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
