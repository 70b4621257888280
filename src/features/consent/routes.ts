import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import {
  channel,
  idOf,
  instant,
  keyName,
  language,
  listOf,
  pageById,
  pageOf,
  subjectReference,
  text,
} from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { consentHistory, listConsents } from "./consent-history.ts";
import { consentReceipt } from "./consent-receipt.ts";
import { indications } from "./domain/import-row.ts";
import type { ConsentRecorder } from "./record-consents.ts";

const consentInput = z.strictObject({
  subject: subjectReference,
  channel: channel.default("whatsapp"),
  purpose: keyName,
  state: z.enum(["given", "withdrawn", "refused"]),
  provenance: z.strictObject({
    collectionPointId: text(64).optional().openapi({
      example: "cpt_01kb0q8s5hf6xv3y1m2n4p5q6r",
      description: "This and `version` may be left out with a capture token, which knows them.",
    }),
    version: z.number().int().min(1).max(2_147_483_647).optional(),
    captureToken: text(4_000).optional().openapi({
      description:
        "From the widget, the checkbox or `…/capture-tokens`: proves which wording, version, language and page was on the screen. Good for one person and one day.",
    }),
    indication: z.enum(indications),
    pageUrl: text(2_000).optional(),
    ipAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
    userAgent: text(1_000).optional(),
    language: language.optional(),
    operator: text().optional(),
    occurredAt: instant,
    evidence: z
      .union([text(10_000), z.record(z.string().max(200), z.unknown())])
      .optional()
      .openapi({
        description:
          'Whatever else proves it. `{"messageId": "wamid.…"}` refers to a message of the person that Sayso holds: then the yes is their own doing. A text message or an e-mail comes along as `{"messageId", "text"}`.',
      }),
    attachments: z
      .array(idOf("att"))
      .min(1)
      .max(limits.consentAttachments)
      .refine((ids) => new Set(ids).size === ids.length, "Name each file once.")
      .optional()
      .openapi({
        description:
          "Files that prove it, from POST /v1/attachments, each of this consent alone: the recording of a `voice`, the scan of a `paper`.",
      }),
  }),
});

const recorded = z
  .object({ id: z.string(), subjectId: z.string(), state: z.string(), recordedAt: instant })
  .openapi("RecordedConsent");

const event = z
  .object({
    id: z.string(),
    subjectId: z.string(),
    channel: z.string(),
    purpose: z.string(),
    state: z.string(),
    reportedState: z.string(),
    occurredAt: instant,
    recordedAt: instant,
    expiresAt: instant.nullable(),
  })
  .openapi("ConsentEvent");

const history = event
  .extend({
    provenance: z.object({
      collectionPointId: z.string().nullable(),
      version: z.number().nullable(),
      wording: z.string().nullable(),
      wordingSha256: z.string().nullable(),
      wordingLanguage: z.string().nullable(),
      privacyNoticeUrl: z.string().nullable(),
      indication: z.string().nullable(),
      proof: z.string(),
      pageUrl: z.string().nullable(),
      ipAddress: z.string().nullable(),
      userAgent: z.string().nullable(),
      language: z.string().nullable(),
      operator: z.string().nullable(),
      occurredAt: instant,
      recordedAt: instant,
      evidence: z.unknown(),
      attachments: z.array(
        z.object({ id: z.string(), mediaType: z.string(), bytes: z.number().int(), sha256: z.string() }),
      ),
      importId: z.string().nullable(),
      legacyEvidence: z
        .object({
          listSha256: z.string(),
          answersFor: z.string(),
          collectedFrom: instant,
          collectedUntil: instant,
        })
        .nullable()
        .openapi({
          description: "What stands behind a list that was collected before Sayso (proof `legacy`).",
        }),
    }),
  })
  .openapi("ConsentEventWithProvenance");

const receipt = z
  .object({
    version: z.string().openapi({ example: "KI-CR-v1.1.0" }),
    jurisdiction: z.string(),
    consentTimestamp: z.number().int().openapi({ description: "Seconds since 1970." }),
    collectionMethod: z.string(),
    consentReceiptID: z.string(),
    language: z.string(),
    piiPrincipalId: z.string().openapi({ description: "The person's `sub_…`." }),
    piiControllers: z.array(
      z.object({
        piiController: z.string(),
        contact: z.string(),
        address: z.object({ addressCountry: z.string().optional() }),
        email: z.string(),
        phone: z.string(),
      }),
    ),
    policyUrl: z.string(),
    services: z.array(
      z.object({
        service: z.string(),
        purposes: z.array(
          z.object({
            purpose: z.string(),
            purposeCategory: z.array(z.string()),
            consentType: z.string(),
            piiCategory: z.array(z.string()),
            primaryPurpose: z.boolean(),
            termination: z.string(),
            thirdPartyDisclosure: z.boolean(),
            thirdPartyName: z.string().optional(),
          }),
        ),
      }),
    ),
    sensitive: z.boolean(),
    spiCat: z.array(z.string()),
    consentStatus: z.string().nullable().openapi({
      description: "As the W3C's Data Privacy Vocabulary 2.3 names it, as it is now.",
      example: "dpv:ConsentGiven",
    }),
    proof: z.string(),
    wordingSha256: z.string().nullable(),
  })
  .openapi("ConsentReceipt");

/** Routes of consent events. */
export function consentRoutes(app: App, record: ConsentRecorder): void {
  app.use("/v1/consents/*", requires("consents"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/consents",
      tags: ["Consents"],
      summary: "Record a yes or a no, with its proof",
      description:
        "A yes that is only reported after a no stays `requested`; with a capture token it is the person's own doing. A yes to a purpose with double opt-in stays `requested` until a message is quoted that the person wrote in a later second than they had asked. A yes needs what its way (the collection point's kind) needs: `keyword`, `inbound_message` and `click_to_chat` the id of their message, `sms` and `email` the message, `voice` the recording, `paper` the scan, `in_person` the operator. A no never does.",
      request: body(consentInput),
      responses: { 201: answer(recorded, "The consent event"), ...refusals },
    }),
    async (c) => {
      const { id, subjectId, state, recordedAt } = await record(c.var.context, c.req.valid("json"));
      return c.json({ id, subjectId, state, recordedAt }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/consents",
      tags: ["Consents"],
      summary: "Consent events, the newest first",
      request: { query: pageById("cns") },
      responses: { 200: answer(listOf(event), "A page of consent events"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listConsents(c.var.context, cursor, limit), limit, (e) => e.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/consents/{id}/receipt",
      tags: ["Consents"],
      summary: "The receipt of a consent (Kantara Consent Receipt 1.1)",
      description:
        "For the person, or for whoever must be shown that they agreed. It names the person by Sayso's id alone; what is not on record is an empty text.",
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: answer(receipt, "The receipt"), ...refusals },
    }),
    async (c) => c.json(await consentReceipt(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}/consents",
      tags: ["Subjects"],
      summary: "A person's consent history with full provenance and the wording as it was shown",
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: answer(listOf(history), "Every event, the newest first"), ...refusals },
    }),
    async (c) =>
      c.json({ items: await consentHistory(c.var.context, c.req.valid("param").id), nextCursor: null }, 200),
  );
}
