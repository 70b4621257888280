import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { httpUrl, instant, keyName, listOf, pageById, pageByKey, pageOf, text } from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { secondaryRegimes } from "../../kernel/secondary-regimes.ts";
import { categories, lawfulBases } from "./domain/purposes.ts";
import { changeOrganization, getOrganization } from "./manage-organizations.ts";
import { createPurpose, listPurposes } from "./manage-purposes.ts";
import { changeSender, getSender, liftRestriction, listSenders, registerSender } from "./manage-senders.ts";

const organization = z
  .object({
    id: z.string(),
    name: z.string(),
    sandboxOf: z
      .string()
      .nullable()
      .openapi({ description: "The organization that this one is the sandbox of; null: it is live." }),
    country: z.string().nullable(),
    timeZone: z.string().nullable(),
    language: z.string(),
    dpo: z.object({ name: z.string(), contact: z.string() }).nullable(),
    supervisoryAuthority: z.object({ name: z.string(), url: z.string().optional() }).nullable(),
    notice: z.record(z.string(), z.string()).nullable(),
    fourEyes: z.boolean(),
    secondaryRegimes: z.array(z.string()),
    backupDays: z.number().int().nullable(),
    stopUrl: z.string().openapi({
      description:
        "Where people end marketing with their number alone. Put it where they find it without a link of ours.",
    }),
    createdAt: instant,
  })
  .openapi("Organization");

const organizationChange = z.strictObject({
  name: text().optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "Two capital letters (ISO 3166-1), such as DE.")
    .optional(),
  timeZone: text(64).optional().openapi({ example: "Europe/Berlin" }),
  language: z.enum(["en", "ru"]).optional(),
  dpo: z.strictObject({ name: text(), contact: text() }).optional(),
  supervisoryAuthority: z.strictObject({ name: text(), url: httpUrl.optional() }).optional(),
  notice: z
    .strictObject({
      recipients: text(2_000).optional(),
      retention: text(2_000).optional(),
      source: text(2_000).optional(),
      automatedDecisions: text(2_000).optional(),
    })
    .optional()
    .openapi({ description: "What GDPR Article 15 wants told beside the data, in your words." }),
  fourEyes: z.boolean().optional().openapi({
    description:
      "Two must approve before anything of a data request leaves or is changed. For requests opened from then on.",
  }),
  secondaryRegimes: z
    .array(z.enum(secondaryRegimes))
    .max(secondaryRegimes.length)
    .optional()
    .openapi({
      description:
        "Laws for data requests whose terms rest on others' accounts of them (GET /v1/regimes). Naming one switches it " +
        "on: do so when a lawyer has confirmed its terms for you. The list replaces the one before.",
    }),
  backupDays: z.number().int().min(1).max(limits.backupMostDays).optional().openapi({
    description: "For how many days your backups of the database are kept: certificates of erasure say it.",
  }),
});

const portfolioId = z
  .string()
  .regex(/^\d{1,32}$/, "The business portfolio's id: digits only.")
  .openapi({
    example: "2329417887457253",
    description: "Senders of one portfolio share its messaging limit. Without it those of one wabaId do.",
  });

const senderInput = z.strictObject({
  name: text(),
  phoneNumberId: z
    .string()
    .regex(/^\d{1,32}$/, "The platform's phone_number_id: digits only.")
    .openapi({ example: "106540352242922" }),
  displayPhoneNumber: text(40).openapi({ example: "+12025550100" }),
  wabaId: z
    .string()
    .regex(/^\d{1,32}$/, "The WhatsApp Business Account's id: digits only.")
    .openapi({ example: "102290129340398" }),
  platform: z.enum(["whatsapp_cloud"]).default("whatsapp_cloud"),
  portfolioId: portfolioId.optional(),
});

const messagingLimit = z.union([z.int().min(1).max(1_000_000), z.literal("unlimited")]).openapi({
  example: 2_000,
  description: "Unique people that the portfolio may write to first in 24 rolling hours.",
});

const senderChange = z
  .strictObject({ portfolioId: portfolioId.nullable().optional(), messagingLimit: messagingLimit.optional() })
  .refine((change) => Object.keys(change).length > 0, "Name what is to be changed.");

const sender = senderInput
  .extend({
    id: z.string(),
    platform: z.string(),
    state: z.string().openapi({ description: "active, or what the platform restricted." }),
    restrictedUntil: instant.nullable(),
    portfolioId: portfolioId.nullable(),
    messagingLimit: messagingLimit.nullable(),
    quality: z
      .string()
      .nullable()
      .openapi({ description: "red when the platform flagged the number, green when it took that back." }),
    createdAt: instant,
  })
  .openapi("Sender");

const purposeInput = z.strictObject({
  key: keyName,
  name: text(),
  description: text(2_000),
  category: z.enum(categories),
  lawfulBasis: z.enum(lawfulBases),
  validityDays: z.number().int().min(1).max(36_500).optional(),
  doubleOptIn: z.boolean().optional(),
});

const purpose = z
  .object({
    key: z.string(),
    name: z.string(),
    description: z.string(),
    category: z.string(),
    lawfulBasis: z.string(),
    validityDays: z.number().nullable(),
    doubleOptIn: z.boolean(),
    createdAt: instant,
  })
  .openapi("Purpose");

/** Routes of organizations, senders and purposes. */
export function organizationRoutes(app: App): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/organization",
      tags: ["Organization"],
      summary: "The organization of this API key",
      responses: { 200: answer(organization, "The organization"), ...refusals },
    }),
    async (c) => c.json(await getOrganization(c.var.context), 200),
  );
  app.openapi(
    createRoute({
      method: "patch",
      path: "/v1/organization",
      tags: ["Organization"],
      summary: "Change what is given, leave the rest",
      request: body(organizationChange),
      responses: { 200: answer(organization, "The organization as it is now"), ...refusals },
    }),
    async (c) => c.json(await changeOrganization(c.var.context, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/senders",
      tags: ["Organization"],
      summary: "Register a business number",
      request: body(senderInput),
      responses: { 201: answer(sender, "The sender"), ...refusals },
    }),
    async (c) => c.json(await registerSender(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/senders",
      tags: ["Organization"],
      summary: "List senders",
      request: { query: pageById("snd") },
      responses: { 200: answer(listOf(sender), "A page of senders"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const items = await listSenders(c.var.context, cursor, limit);
      return c.json(
        pageOf(items, limit, ({ id }) => id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/senders/{id}",
      tags: ["Organization"],
      summary: "A sender by its id or phoneNumberId",
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: answer(sender, "The sender"), ...refusals },
    }),
    async (c) => c.json(await getSender(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "patch",
      path: "/v1/senders/{id}",
      tags: ["Organization"],
      summary: "Say which portfolio a sender belongs to and how many people that may write to",
      description:
        "The portfolio is set for all senders of the same wabaId, the limit for all senders of the portfolio. The platform's next word about the limit counts again.",
      middleware: requires("staff"),
      request: { params: z.object({ id: z.string() }), ...body(senderChange) },
      responses: { 200: answer(sender, "The sender as it is now"), ...refusals },
    }),
    async (c) => c.json(await changeSender(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/senders/{id}/lift-restriction",
      tags: ["Organization"],
      summary: "Say that the platform restricts a sender no more, when it does not say so itself",
      description: "What the platform says of a later time restricts the sender again.",
      middleware: requires("staff"),
      request: { params: z.object({ id: z.string() }), ...body(z.strictObject({ reason: text(1_000) })) },
      responses: { 200: answer(sender, "The sender as it is now"), ...refusals },
    }),
    async (c) =>
      c.json(await liftRestriction(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/purposes",
      tags: ["Organization"],
      summary: "Add a purpose",
      request: body(purposeInput),
      responses: { 201: answer(purpose, "The purpose"), ...refusals },
    }),
    async (c) => c.json(await createPurpose(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/purposes",
      tags: ["Organization"],
      summary: "List purposes",
      request: { query: pageByKey },
      responses: { 200: answer(listOf(purpose), "A page of purposes"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const items = await listPurposes(c.var.context, cursor, limit);
      return c.json(
        pageOf(items, limit, ({ key }) => key),
        200,
      );
    },
  );
}
