import { type App, answer, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { instant } from "../../http/schemas.ts";
import { carryOutErasure, previewErasure } from "./erase-subject.ts";
import { erasureCertificate } from "./erasure-certificate.ts";
import { renderCertificate } from "./erasure-certificate-page.ts";

const part = z.object({ key: z.string(), data: z.string(), records: z.number().int() });
const staying = part.extend({
  reason: z.string(),
  until: instant.nullable().openapi({ description: "Null: there is no fixed end." }),
});

const preview = z
  .object({
    id: z.string(),
    subjectId: z.string(),
    asOf: instant,
    goes: z.array(part),
    stays: z.array(staying),
    backupsGoneAt: instant.nullable().openapi({
      description:
        "When the last backup with the key is gone; null when the organization has set no backupDays.",
    }),
    holds: z.array(z.object({ id: z.string(), scope: z.string(), placedAt: instant, reviewAt: instant })),
    openRequests: z.array(z.string()).openapi({ description: "To be answered first." }),
    isReady: z.boolean().openapi({ description: "Identified, approved, and nothing stands in its way." }),
  })
  .openapi("ErasurePreview");

const erased = z
  .object({ id: z.string(), status: z.string(), erasedAt: instant, evidenceUntil: instant })
  .openapi("ErasureDone");

const certificate = z
  .object({
    requestId: z.string(),
    subjectId: z.string(),
    regime: z.string(),
    organization: z.object({
      name: z.string(),
      country: z.string().nullable(),
      dpo: z.object({ name: z.string(), contact: z.string() }).nullable(),
    }),
    receivedAt: instant,
    erasedAt: instant,
    mergedRecords: z.number().int(),
    erased: z.array(part),
    dataKey: z.object({ destroyedAt: instant, lastBackupGoneAt: instant.nullable() }),
    stays: z.array(staying),
    ru152fz: z.boolean().openapi({ description: "The page has the act and the extract from the log, too." }),
  })
  .openapi("ErasureCertificate");

const params = z.object({ id: z.string() });
const query = z.object({ lang: z.enum(["en", "ru"]).optional() });

/** Routes of erasures: what would go, carrying it out, and what proves it. */
export function erasureRoutes(app: App): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/erasure-preview",
      tags: ["Data requests"],
      summary: "What an erasure would take and leave, why, and until when",
      request: { params, query },
      responses: { 200: answer(preview, "The preview"), ...refusals },
    }),
    async (c) => {
      const language = c.req.valid("query").lang ?? preferredLanguage(c);
      return c.json(await previewErasure(c.var.context, c.req.valid("param").id, language), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/erase",
      tags: ["Data requests"],
      summary: "Erase the person for good",
      middleware: requires("staff"),
      request: { params },
      responses: { 200: answer(erased, "What was done"), ...refusals },
    }),
    async (c) => c.json(await carryOutErasure(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/certificate",
      tags: ["Data requests"],
      summary: "The certificate of an erasure",
      request: { params, query },
      responses: { 200: answer(certificate, "The certificate"), ...refusals },
    }),
    async (c) => {
      const language = c.req.valid("query").lang ?? preferredLanguage(c);
      return c.json(await erasureCertificate(c.var.context, c.req.valid("param").id, language), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/certificate.html",
      tags: ["Data requests"],
      summary: "The same as a page to print; for ru-152fz with the act and the extract from the log",
      request: { params, query },
      responses: {
        200: { description: "The page", content: { "text/html": { schema: z.string() } } },
        ...refusals,
      },
    }),
    async (c) => {
      const language = c.req.valid("query").lang ?? preferredLanguage(c);
      const { id } = c.req.valid("param");
      return c.body(await renderCertificate(c.var.context, id, language), 200, pageHeaders);
    },
  );
}
