import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { identifierFields, instant, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { createBlock, endBlock, listBlocks } from "./manage-blocks.ts";

const blockInput = z.strictObject({
  identifier: z.strictObject(identifierFields),
  reason: z.enum([
    "complaint",
    "manual",
    "legal",
    "invalid",
    "abuse",
    "fraud",
    "deceased",
    "reassigned",
    "other",
  ]),
  note: text(2_000).optional(),
  expiresAt: instant.optional(),
});

const recorded = z
  .object({
    id: z.string(),
    identifier: z.object({ kind: z.string(), ending: z.string() }),
    reason: z.string(),
    createdAt: instant,
    expiresAt: instant.nullable(),
  })
  .openapi("RecordedBlock");

const block = recorded.extend({ note: z.string().nullable(), liftedAt: instant.nullable() }).openapi("Block");

/** Routes of the blocklist. */
export function blocklistRoutes(app: App): void {
  app.use("/v1/blocks/*", requires("blocks"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/blocks",
      tags: ["Blocks"],
      summary: "Block an identifier, known or not",
      request: body(blockInput),
      responses: { 201: answer(recorded, "The block"), ...refusals },
    }),
    async (c) => c.json(await createBlock(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/blocks",
      tags: ["Blocks"],
      summary: "Blocks, the newest first",
      request: { query: pageById("blk") },
      responses: { 200: answer(listOf(block), "A page of blocks"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listBlocks(c.var.context, cursor, limit), limit, (b) => b.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/blocks/{id}/lift",
      tags: ["Blocks"],
      summary: "End a block; the reason stays on record",
      middleware: requires("staff"),
      request: { params: z.object({ id: z.string() }), ...body(z.strictObject({ reason: text(1_000) })) },
      responses: {
        200: answer(z.object({ id: z.string(), liftedAt: instant }), "The lifted block"),
        ...refusals,
      },
    }),
    async (c) => c.json(await endBlock(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}
