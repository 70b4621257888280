import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { instant, listOf, pageBySection, pageOf, sectionName, text } from "../../http/schemas.ts";
import { getAccountData, putAccountData, readAccountData } from "./account-data.ts";
import { listCustomSections, registerCustomSection } from "./custom-sections.ts";

const document = z.record(z.string(), z.unknown()).openapi({
  description: "The section's document, by the schema of the section.",
  example: { readReceipts: true },
});

const stored = z
  .object({ subjectId: z.string(), section: z.string(), updatedAt: instant, document })
  .openapi("AccountData");

const customInput = z.strictObject({
  section: sectionName,
  title: text(),
  schema: z.record(z.string(), z.unknown()).openapi({
    description: "JSON Schema, draft 2020-12, of one document. References must stay within it.",
    example: { type: "object", properties: { cardNumber: { type: "string" } } },
  }),
});

const custom = customInput.extend({ createdAt: instant }).openapi("CustomSection");

const ofSubject = z.object({ id: z.string() });
const ofSection = ofSubject.extend({ section: z.string() });

/** Routes of account data: what an organization stores about a person, section by section. */
export function accountDataRoutes(app: App): void {
  app.use("/v1/subjects/:id/account-data/*", requires("account_data"));
  app.use("/v1/account-sections/*", requires("account_data"));

  app.openapi(
    createRoute({
      method: "put",
      path: "/v1/subjects/{id}/account-data/{section}",
      tags: ["Account data"],
      summary: "Store a section about a person, in place of the earlier document",
      request: { params: ofSection, ...body(document) },
      responses: { 200: answer(stored, "What is stored now"), ...refusals },
    }),
    async (c) => {
      const { id, section } = c.req.valid("param");
      return c.json(await putAccountData(c.var.context, id, section, c.req.valid("json")), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}/account-data/{section}",
      tags: ["Account data"],
      summary: "A stored section",
      request: { params: ofSection },
      responses: { 200: answer(stored, "The document"), ...refusals },
    }),
    async (c) => {
      const { id, section } = c.req.valid("param");
      return c.json(await getAccountData(c.var.context, id, section), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}/account-data",
      tags: ["Account data"],
      summary: "Every stored section, the newest first",
      request: { params: ofSubject },
      responses: {
        200: answer(listOf(stored.omit({ subjectId: true })), "The documents"),
        ...refusals,
      },
    }),
    async (c) =>
      c.json({ items: await readAccountData(c.var.context, c.req.valid("param").id), nextCursor: null }, 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/account-sections",
      tags: ["Account data"],
      summary: "Register a section of your own with its JSON Schema",
      request: body(customInput),
      responses: { 201: answer(custom, "The section"), ...refusals },
    }),
    async (c) => c.json(await registerCustomSection(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/account-sections",
      tags: ["Account data"],
      summary: "List your own sections",
      request: { query: pageBySection },
      responses: { 200: answer(listOf(custom), "A page of sections"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listCustomSections(c.var.context, cursor, limit), limit, ({ section }) => section),
        200,
      );
    },
  );
}
