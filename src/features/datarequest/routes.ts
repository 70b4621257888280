import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import { instant, language, listOf, pageById, pageOf, subjectReference, text } from "../../http/schemas.ts";
import { approveRequest } from "./approve-request.ts";
import { createDelivery } from "./create-delivery.ts";
import { requestKinds } from "./domain/kind.ts";
import { requesterCapacities } from "./domain/requester.ts";
import { openArchive } from "./open-archive.ts";
import { openRequest } from "./open-request.ts";
import { getRequest, listRequests } from "./present-request.ts";
import { zipHeaders } from "./zip-headers.ts";

const requestInput = z.strictObject({
  subject: subjectReference,
  kind: z.enum(requestKinds).openapi({
    description:
      "access, portability, erasure and objection (to marketing) are carried out so far; the others are refused.",
    example: "access",
  }),
  regime: z.union([text(64), z.array(text(64)).min(1).max(10)]).openapi({
    example: "gdpr",
    description:
      "The law that sets the date (GET /v1/regimes), or a list where several apply: the earliest date counts.",
  }),
  receivedAt: instant.openapi({ description: "When it reached the organization, however it came." }),
  channel: z.enum(["web", "staff", "api", "opendsr"]),
  language: language
    .optional()
    .openapi({ description: "The person's language; the organization's without it." }),
  requester: z
    .strictObject({
      capacity: z.enum(requesterCapacities),
      evidence: text(2_000)
        .optional()
        .openapi({ description: "What showed that they may ask for the person. Kept sealed; no copies." }),
      validUntil: instant.optional().openapi({ description: "Until when they may." }),
      deliverTo: text(500).optional().openapi({ description: "Where the answer goes. Kept sealed." }),
    })
    .optional()
    .openapi({
      description:
        "Who asks, when it is not the person: then two must approve, and the first says how the person was told.",
    }),
});

const requestFields = {
  id: z.string(),
  subjectId: z.string(),
  kind: z.string(),
  regime: z.string().openapi({ description: "The one whose date counts." }),
  regimes: z.array(z.string()).openapi({ description: "All that apply." }),
  status: z.string().openapi({
    description:
      "received, identity_check, in_progress, ready, delivered, closed, refused, cancelled or expired.",
  }),
  channel: z.string(),
  language: z.string(),
  receivedAt: instant,
  dueAt: instant.openapi({ description: "An answer at this instant is on time." }),
  lastDay: z.string().openapi({ description: "The last day of the term in the organization's time zone." }),
  owner: z
    .string()
    .nullable()
    .openapi({ description: "Who answers for it; null: it is on the unassigned list." }),
  approvals: z.object({ needed: z.number().int(), given: z.number().int() }).openapi({
    description: "How many must approve before anything leaves or is changed, and how many did.",
  }),
  isClarifying: z
    .boolean()
    .openapi({ description: "The person was asked what they mean, and has not answered." }),
  isExtended: z.boolean().openapi({ description: "The time to answer was extended." }),
  createdAt: instant,
};

const request = z.object(requestFields).openapi("DataRequest");

const opened = z
  .object({
    ...requestFields,
    joined: z
      .boolean()
      .openapi({ description: "An open request for the same was there already: this is it." }),
  })
  .openapi("OpenedDataRequest");

const archive = z
  .object({
    id: z.string(),
    state: z.string().openapi({ description: "building, ready or deleted." }),
    bytes: z.number().int().nullable(),
    sha256: z.string().nullable(),
    partial: z.boolean().nullable().openapi({ description: "A source could not be read." }),
    manifest: z.record(z.string(), z.unknown()).nullable(),
    createdAt: instant,
    readyAt: instant.nullable(),
    expiresAt: instant.nullable(),
    deletedAt: instant.nullable(),
    downloads: z.number().int(),
    deliveries: z.array(
      z.object({
        id: z.string(),
        createdAt: instant,
        expiresAt: instant,
        triesLeft: z.number().int(),
        downloads: z.number().int(),
      }),
    ),
  })
  .openapi("Archive");

const requestInFull = z
  .object({
    ...requestFields,
    next: z
      .object({
        by: z.string(),
        event: z.string(),
        letterId: z.string().optional().openapi({ description: "The letter that the person must get." }),
        neededBy: instant.nullable().optional(),
      })
      .nullable()
      .openapi({ description: "Who moves it on, and by what; null when nothing can happen any more." }),
    requester: z
      .object({
        capacity: z.string(),
        validUntil: instant.nullable(),
        evidence: z.string().nullable(),
        deliverTo: z.string().nullable(),
      })
      .openapi({ description: "Who asks." }),
    counting: z.array(z.string()).openapi({ description: "How the due date came about, step by step." }),
    clocks: z
      .array(
        z.object({
          key: z.string(),
          regime: z.string(),
          duty: z.string(),
          dueAt: instant,
          lastDay: z.string(),
        }),
      )
      .openapi({ description: "What else the law wants done, and by when." }),
    timeline: z.array(
      z.object({
        event: z.string(),
        status: z.string(),
        at: instant,
        actor: z.object({ kind: z.string(), id: z.string().nullable() }),
        reason: z.string().nullable(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
    holds: z
      .array(
        z.object({
          id: z.string(),
          scope: z.string(),
          placedAt: instant,
          reviewAt: instant,
          isReviewDue: z.boolean(),
        }),
      )
      .openapi({ description: "Holds on the person: while one stands nothing of theirs is erased." }),
    letters: z
      .array(
        z.object({
          id: z.string(),
          kind: z.string(),
          state: z.string(),
          neededBy: instant.nullable(),
          way: z.string().nullable(),
          sentAt: instant.nullable(),
          failure: z.string().nullable(),
        }),
      )
      .openapi({ description: "What the person is told, without the words: see …/letters/{letterId}." }),
    warnings: z
      .array(
        z.object({
          warning: z.string().openapi({ description: "half, three_days, one_day or overdue." }),
          about: z.string().openapi({ description: "answer, or letter." }),
          dueAt: instant,
          at: instant,
          mailedAt: instant.nullable(),
          mailFailure: z.string().nullable(),
        }),
      )
      .openapi({ description: "That its time runs out, as others were told." }),
    archive: archive.nullable(),
  })
  .openapi("DataRequestInFull");

const approval = z.strictObject({
  identity: z.strictObject({ method: text(), note: text(2_000).optional() }).optional(),
  personTold: text(1_000).optional().openapi({
    description:
      "With the first approval of what somebody asks for the person: how the person was told, or why they could not be.",
  }),
});

const approved = z
  .object({
    id: z.string(),
    status: z.string(),
    approvals: requestFields.approvals,
    archive: z
      .object({ id: z.string(), state: z.string() })
      .nullable()
      .openapi({ description: "Null for kinds of requests that no archive answers." }),
  })
  .openapi("ApprovedDataRequest");

const delivery = z
  .object({
    id: z.string(),
    url: z.string(),
    passcode: z.string().openapi({ description: "Goes to the person by another way than the link." }),
    expiresAt: instant,
  })
  .openapi("Delivery");

const params = z.object({ id: z.string() });

/** Routes of data requests for machines and staff; the pages that people see are in pickup-routes.ts. */
export function dataRequestRoutes(app: App): void {
  app.use("/v1/data-requests/*", requires("data_requests"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests",
      tags: ["Data requests"],
      summary: "Open a person's request about their data, or join the open one",
      request: body(requestInput),
      responses: {
        200: answer(opened, "The open request for the same that this one joined"),
        201: answer(opened, "The request"),
        ...refusals,
      },
    }),
    async (c) => {
      const answered = await openRequest(c.var.context, c.req.valid("json"));
      return c.json(answered, answered.joined ? 200 : 201);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests",
      tags: ["Data requests"],
      summary: "List requests, the newest first",
      request: {
        query: pageById("req").extend({
          unassigned: z
            .enum(["true", "false"])
            .optional()
            .openapi({ description: "true: only open requests that nobody answers for." }),
        }),
      },
      responses: { 200: answer(listOf(request), "A page of requests"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit, unassigned } = c.req.valid("query");
      const isUnassigned = unassigned === "true";
      return c.json(
        pageOf(await listRequests(c.var.context, cursor, limit, { isUnassigned }), limit, ({ id }) => id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}",
      tags: ["Data requests"],
      summary: "Where a request stands: due date, timeline, archive",
      request: { params },
      responses: { 200: answer(requestInFull, "The request"), ...refusals },
    }),
    async (c) => c.json(await getRequest(c.var.context, c.req.valid("param").id, preferredLanguage(c)), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/approve",
      tags: ["Data requests"],
      summary: "Say how it was made sure who asks, and have the archive built; or give the second approval",
      description:
        "The first approval comes with `identity`, unless the person proved themself. Where two must approve, the " +
        "second is another actor's, without `identity`: of the archive once it is ready, or of work before it is done.",
      request: { params, ...body(approval) },
      responses: { 202: answer(approved, "The request as it now stands"), ...refusals },
    }),
    async (c) =>
      c.json(await approveRequest(c.var.context, c.req.valid("param").id, c.req.valid("json")), 202),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/data-requests/{id}/delivery",
      tags: ["Data requests"],
      summary: "Make a link and a passcode for the person; both are shown this once",
      request: { params },
      responses: { 201: answer(delivery, "Link and passcode"), ...refusals },
    }),
    async (c) => c.json(await createDelivery(c.var.context, c.req.valid("param").id), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/data-requests/{id}/archive",
      tags: ["Data requests"],
      summary: "The archive, for staff",
      middleware: requires("staff"),
      request: { params },
      responses: {
        200: {
          description: "The ZIP",
          content: { "application/zip": { schema: z.string().openapi({ format: "binary" }) } },
        },
        ...refusals,
      },
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      const { bytes, stream } = await openArchive(c.var.context, id);
      return c.body(stream, 200, zipHeaders(id, bytes));
    },
  );
}
