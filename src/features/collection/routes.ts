import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import {
  channel,
  httpUrl,
  instant,
  keyName,
  language,
  listOf,
  pageById,
  pageOf,
  text,
} from "../../http/schemas.ts";
import { limits } from "../../kernel/limits.ts";
import { chatLinkOf } from "./chat-link.ts";
import { issueCaptureToken } from "./issue-capture-token.ts";
import {
  addVersion,
  changeCollectionPoint,
  createCollectionPoint,
  getCollectionPoint,
  getVersion,
  listCollectionPoints,
  listVersions,
  lookAtWording,
  wordingFindings,
} from "./manage-collection-points.ts";
import { writeSnippet } from "./write-snippet.ts";

const purposes = z.array(keyName).min(1).max(20);
const wording = text(limits.textLength).openapi({
  example: "Yes, send me offers from Example Shop on WhatsApp. I can stop at any time.",
});
const boxes = z
  .array(
    z.strictObject({
      wording,
      purposes,
      required: z
        .boolean()
        .default(false)
        .openapi({ description: "A form cannot be sent without it. For what nothing can be done without." }),
    }),
  )
  .min(1)
  .max(limits.pointBoxes)
  .openapi({
    description:
      "Separate boxes, instead of one `wording` with its `purposes`: each is ticked by itself, and each proves the consents to its own purposes. Consent to personal data and to advertising never share one.",
  });

const versionFields = {
  channels: z.array(channel).min(1).max(5),
  purposes: purposes.optional(),
  language,
  wording: wording.optional(),
  boxes: boxes.optional(),
  privacyNoticeUrl: httpUrl.optional(),
  defaultChecked: z.boolean().default(false).openapi({ description: "A pre-ticked box is refused." }),
  acceptWarnings: z
    .array(z.enum(wordingFindings))
    .max(wordingFindings.length)
    .optional()
    .openapi({ description: "Warnings about the wording that you have read and let stand, by their code." }),
};

const localHosts = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** A site as browsers name it (RFC 6454). Without TLS on this machine only: elsewhere anybody on the way is the site. */
const origin = z
  .string()
  .max(300)
  .refine(
    (text) =>
      URL.canParse(text) &&
      new URL(text).origin === text &&
      !text.includes("*") &&
      (text.startsWith("https://") || localHosts.test(text)),
    "An https address with nothing after host and port, such as https://shop.example.",
  )
  .openapi({ example: "https://shop.example" });

const settings = {
  name: text(),
  origins: z
    .array(origin)
    .max(limits.pointOrigins)
    .openapi({ description: "Sites whose pages may show the widget or checkbox of this collection point." }),
  chat: z
    .strictObject({
      sender: text(64).openapi({ example: "snd_01kb0q8s5hf6xv3y1m2n4p5q6r" }),
      text: text(1_000),
    })
    .nullable()
    .openapi({
      description:
        "The chat that people may start instead: the sender whose number it is with, and what they write first. Let it name the purpose.",
    }),
  chatGivesConsent: z.boolean().openapi({
    description:
      "Whether the chat's words, sent as they are, are the person's own yes to the one purpose of this point. They must name the business and the purpose.",
  }),
  keywords: z
    .array(text(60))
    .max(limits.pointKeywords)
    .openapi({
      example: ["START"],
      description:
        "Words that are the same yes when they are a whole message, whatever the case and punctuation. Without a chat: to any sender.",
    }),
};

/** Takes one wording with its purposes, or boxes, and nothing of both. */
function oneOrSeveral({ purposesNeeded }: { purposesNeeded: boolean }) {
  return (
    { wording, purposes, boxes }: { wording?: string | undefined; purposes?: unknown; boxes?: unknown },
    refined: z.RefinementCtx,
  ): void => {
    const refuse = (field: string, message: string) =>
      refined.addIssue({ code: "custom", path: [field], message });
    if (boxes === undefined) {
      if (wording === undefined) refuse("wording", "Give a wording with its purposes, or boxes.");
      if (purposes === undefined && purposesNeeded) refuse("purposes", "Name what the wording asks for.");
      return;
    }
    for (const [field, value] of Object.entries({ wording, purposes }))
      if (value !== undefined) refuse(field, "Each box has its own. Leave this out.");
  };
}

const settingsChange = z
  .strictObject({
    name: settings.name.optional(),
    origins: settings.origins.optional(),
    chat: settings.chat.optional(),
    chatGivesConsent: settings.chatGivesConsent.optional(),
    keywords: settings.keywords.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Name what is to be changed.");

const kind = z.enum([
  "form",
  "widget",
  "checkbox",
  "click_to_chat",
  "inbound_message",
  "keyword",
  "sms",
  "email",
  "voice",
  "paper",
  "in_person",
  "import",
  "api",
]);

const pointInput = z
  .strictObject({
    key: keyName,
    kind,
    name: settings.name,
    origins: settings.origins.default([]),
    chat: settings.chat.default(null),
    chatGivesConsent: settings.chatGivesConsent.default(false),
    keywords: settings.keywords.default([]),
    ...versionFields,
  })
  .superRefine(oneOrSeveral({ purposesNeeded: true }));

const versionInput = z
  .strictObject({
    ...versionFields,
    channels: versionFields.channels.optional(),
    language: language.optional(),
  })
  .superRefine(oneOrSeveral({ purposesNeeded: false }));

const checkInput = z
  .strictObject({ kind: kind.default("form"), ...versionFields })
  .superRefine(oneOrSeveral({ purposesNeeded: true }));

const checkedWording = z
  .object({
    ok: z.boolean().openapi({ description: "There is nothing to mend, and nothing to accept." }),
    findings: z.array(
      z.object({
        code: z.enum(wordingFindings),
        severity: z
          .enum(["error", "warning"])
          .openapi({ description: "An error is refused; a warning is let stand with `acceptWarnings`." }),
        pointer: z.string().openapi({ example: "/boxes/0/wording" }),
        message: z
          .string()
          .openapi({ description: "What is wrong, in English or Russian (Accept-Language)." }),
      }),
    ),
  })
  .openapi("CheckedWording");

const point = z
  .object({
    id: z.string(),
    key: z.string(),
    kind: z.string(),
    name: z.string(),
    publicKey: z.string().openapi({
      example: "pub_4x0q8s5hf6xv3y1m2n4p5q6r7s",
      description: "Names this collection point on pages. It is no secret, and cannot be guessed.",
    }),
    formUrl: z.string().nullable().openapi({
      description: "A form: the address of its page, for links and QR codes.",
    }),
    origins: z.array(z.string()),
    chat: z.object({ sender: z.string(), text: z.string() }).nullable(),
    chatGivesConsent: z.boolean(),
    keywords: z.array(z.string()),
    version: z.number().int(),
    channels: z.array(z.string()),
    purposes: z.array(z.string()),
    language: z.string(),
    wording: z.string().openapi({ description: "Of several boxes: all of them, one after the other." }),
    wordingSha256: z.string(),
    boxes: z.array(
      z.object({
        wording: z.string(),
        wordingSha256: z.string(),
        purposes: z.array(z.string()),
        required: z.boolean(),
      }),
    ),
    privacyNoticeUrl: z.string().nullable(),
    defaultChecked: z.boolean(),
    createdAt: instant.openapi({ description: "When this version came into being." }),
  })
  .openapi("CollectionPoint");

const captureToken = z
  .object({
    token: z.string(),
    collectionPointId: z.string(),
    version: z.number().int(),
    language: z.string(),
    pageUrl: z.string().nullable(),
    issuedAt: instant,
    expiresAt: instant,
  })
  .openapi("CaptureToken");

const snippet = z
  .object({
    html: z.string().openapi({
      description:
        "Paste it where the box is to be, a widget anywhere. It runs this release of the script only.",
    }),
    script: z.object({
      src: z.string(),
      integrity: z.string(),
      newest: z.string().openapi({ description: "The newest release at all times; it cannot be pinned." }),
    }),
    contentSecurityPolicy: z.record(z.string(), z.string()).openapi({
      description:
        "What the page's Content-Security-Policy must let through, by directive. Nothing else is needed.",
    }),
    fields: z.object({ consent: z.string(), captureToken: z.string() }).nullable().openapi({
      description:
        "A checkbox: what the form sends. `consent` once for each box that is ticked, with its purposes (separated by spaces); then send `captureToken` with POST /v1/consents, for each purpose.",
    }),
    origins: z.array(z.string()).openapi({ description: "The sites on which it works." }),
  })
  .openapi("Snippet");

const chatLink = z
  .object({
    url: z.string().openapi({ example: "https://wa.me/12025550100?text=Please%20send%20me%20offers." }),
    text: z.string(),
    qrSvg: z
      .string()
      .nullable()
      .openapi({ description: "The link as a QR code, an SVG; null where it is too long for one." }),
  })
  .openapi("ChatLink");

const id = z.object({ id: z.string() });

/** Routes of collection points, their versions and capture tokens. */
export function collectionRoutes(app: App): void {
  // A shop's server asks for a token at each page view; it may do so with a key that only records consents.
  app.use("/v1/collection-points/:id/capture-tokens", requires("consents"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/collection-points",
      tags: ["Collection points"],
      summary: "Make a collection point with its first version",
      middleware: requires("configuration"),
      request: body(pointInput),
      responses: { 201: answer(point, "The collection point"), ...refusals },
    }),
    async (c) =>
      c.json(await createCollectionPoint(c.var.context, c.req.valid("json"), preferredLanguage(c)), 201),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/collection-points/check-wording",
      tags: ["Collection points"],
      summary: "Say what is missing in a wording, before anybody is shown it",
      description:
        "Business, channel, purpose and the way to stop must be named, each purpose in a box of its own, personal data apart from advertising. Records nothing. The same is looked at when a collection point or a version is made.",
      middleware: requires("configuration"),
      request: body(checkInput),
      responses: { 200: answer(checkedWording, "What was found"), ...refusals },
    }),
    async (c) => {
      const { kind, ...version } = c.req.valid("json");
      return c.json(await lookAtWording(c.var.context, kind, version, preferredLanguage(c)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points",
      tags: ["Collection points"],
      summary: "List collection points as their newest versions show them",
      middleware: requires("configuration"),
      request: { query: pageById("cpt") },
      responses: { 200: answer(listOf(point), "A page of collection points"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listCollectionPoints(c.var.context, cursor, limit), limit, (p) => p.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points/{id}",
      tags: ["Collection points"],
      summary: "A collection point as its newest version shows it",
      middleware: requires("configuration"),
      request: { params: id },
      responses: { 200: answer(point, "The collection point"), ...refusals },
    }),
    async (c) => c.json(await getCollectionPoint(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "patch",
      path: "/v1/collection-points/{id}",
      tags: ["Collection points"],
      summary: "Change its name, the sites that may show it, the chat that it offers, or the words it hears",
      middleware: requires("configuration"),
      request: { params: id, ...body(settingsChange) },
      responses: { 200: answer(point, "The collection point"), ...refusals },
    }),
    async (c) =>
      c.json(await changeCollectionPoint(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points/{id}/snippet",
      tags: ["Collection points"],
      summary: "What to paste into a page that shows it: a widget, a checkbox or a click to chat",
      middleware: requires("configuration"),
      request: { params: id },
      responses: { 200: answer(snippet, "The snippet"), ...refusals },
    }),
    async (c) => c.json(await writeSnippet(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points/{id}/chat-link",
      tags: ["Collection points"],
      summary: "The link and the QR code that open its chat with its words typed already",
      middleware: requires("configuration"),
      request: { params: id },
      responses: { 200: answer(chatLink, "The link"), ...refusals },
    }),
    async (c) => c.json(await chatLinkOf(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/collection-points/{id}/versions",
      tags: ["Collection points"],
      summary: "Add a version; what is left out is taken from the newest",
      middleware: requires("configuration"),
      request: { params: id, ...body(versionInput) },
      responses: { 201: answer(point, "The new version"), ...refusals },
    }),
    async (c) =>
      c.json(
        await addVersion(c.var.context, c.req.valid("param").id, c.req.valid("json"), preferredLanguage(c)),
        201,
      ),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points/{id}/versions",
      tags: ["Collection points"],
      summary: "Every version, the newest first",
      middleware: requires("configuration"),
      request: { params: id },
      responses: { 200: answer(listOf(point), "The versions"), ...refusals },
    }),
    async (c) =>
      c.json({ items: await listVersions(c.var.context, c.req.valid("param").id), nextCursor: null }, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/collection-points/{id}/versions/{version}",
      tags: ["Collection points"],
      summary: "One version, exactly as it was shown",
      middleware: requires("configuration"),
      request: { params: id.extend({ version: z.coerce.number().int().min(1).max(2_147_483_647) }) },
      responses: { 200: answer(point, "The version"), ...refusals },
    }),
    async (c) => {
      const { id, version } = c.req.valid("param");
      return c.json(await getVersion(c.var.context, id, version), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/collection-points/{id}/capture-tokens",
      tags: ["Collection points"],
      summary: "A signed token that says which version was on the screen, and when",
      request: {
        params: id,
        body: {
          required: false,
          content: {
            "application/json": {
              schema: z.strictObject({
                version: z.number().int().min(1).max(2_147_483_647).optional(),
                pageUrl: httpUrl.optional().openapi({
                  example: "https://shop.example/checkout",
                  description:
                    "The page that shows it. Its query is left out; a consent with this token is of no other page.",
                }),
              }),
            },
          },
        },
      },
      responses: { 201: answer(captureToken, "The token"), ...refusals },
    }),
    async (c) =>
      c.json(await issueCaptureToken(c.var.context, c.req.valid("param").id, c.req.valid("json")), 201),
  );
}
