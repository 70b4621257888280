import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, listOf, pageById, pageOf, text } from "../../http/schemas.ts";
import { eventTypes } from "../../kernel/event-types.ts";
import {
  createEndpoint,
  endEndpoint,
  listDeliveries,
  listEndpoints,
  replayDelivery,
  replaySince,
} from "./manage-endpoints.ts";

const eventType = z.enum(eventTypes);

const endpointInput = z.strictObject({
  url: z.string().min(1).max(2_000).openapi({ example: "https://shop.example/hooks/sayso" }),
  eventTypes: z
    .array(eventType)
    .max(eventTypes.length)
    .optional()
    .openapi({ description: "What it is told. Left out: every type, also those still to come." }),
  description: text().optional(),
});

const fields = {
  id: idOf("whe"),
  url: z.string(),
  eventTypes: z.array(z.string()),
  description: z.string().nullable(),
  createdAt: instant,
  disabledAt: instant.nullable(),
  disabledReason: z.string().nullable(),
};
const endpoint = z.object(fields).openapi("WebhookEndpoint");
const newEndpoint = z
  .object({
    ...fields,
    secret: z.string().openapi({
      description: "Verify deliveries with it (Standard Webhooks). Shown here and never again.",
      example: "whsec_…",
    }),
  })
  .openapi("NewWebhookEndpoint");

const delivery = z
  .object({
    eventId: idOf("evt").openapi({ description: "The webhook-id, the same at every attempt and replay." }),
    type: z.string(),
    data: z.record(z.string(), z.unknown()),
    at: instant,
    status: z.enum(["pending", "delivered", "failed"]),
    attempts: z.number().int(),
    deliveredAt: instant.nullable(),
    nextAttemptAt: instant.nullable(),
    log: z.array(
      z.object({
        at: instant,
        status: z.number().int().nullable(),
        error: z.string().nullable().openapi({ description: "Why there was no answer." }),
        durationMs: z.number().int(),
      }),
    ),
  })
  .openapi("WebhookDelivery");

const replayed = z.object({ replayed: z.number().int() }).openapi("WebhookReplay");
const endpointPath = z.object({ id: z.string() });

/** Routes of webhooks that tell other systems what happens. */
export function outgoingRoutes(app: App): void {
  app.use("/v1/webhook-endpoints/*", requires("configuration"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/webhook-endpoints",
      tags: ["Webhooks"],
      summary: "Have a URL told what happens, signed as Standard Webhooks says",
      description:
        "Each event is delivered at least once, under one webhook-id, with retries over three days. Answer with any 2xx within 15 seconds; redirects are not followed. Answer 410 to be told nothing more.",
      request: body(endpointInput),
      responses: { 201: answer(newEndpoint, "The endpoint, with its secret"), ...refusals },
    }),
    async (c) => c.json(await createEndpoint(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/webhook-endpoints",
      tags: ["Webhooks"],
      summary: "Endpoints, disabled ones included",
      request: { query: pageById("whe") },
      responses: { 200: answer(listOf(endpoint), "A page of endpoints"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      return c.json(
        pageOf(await listEndpoints(c.var.context, cursor, limit), limit, (e) => e.id),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/webhook-endpoints/{id}/disable",
      tags: ["Webhooks"],
      summary: "Tell an endpoint nothing more, not even what waits",
      request: { params: endpointPath, ...body(z.strictObject({ reason: text(1_000) })) },
      responses: {
        200: answer(z.object({ id: idOf("whe"), disabledAt: instant }), "The disabled endpoint"),
        ...refusals,
      },
    }),
    async (c) => c.json(await endEndpoint(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/webhook-endpoints/{id}/deliveries",
      tags: ["Webhooks"],
      summary: "The delivery log, the newest event first",
      request: {
        params: endpointPath,
        query: pageById("evt").extend({ status: z.enum(["pending", "delivered", "failed"]).optional() }),
      },
      responses: { 200: answer(listOf(delivery), "A page of deliveries"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit, status } = c.req.valid("query");
      const { id } = c.req.valid("param");
      const found = await listDeliveries(c.var.context, id, { before: cursor, limit, status });
      return c.json(
        pageOf(found, limit, (d) => d.eventId),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/webhook-endpoints/{id}/deliveries/{eventId}/replay",
      tags: ["Webhooks"],
      summary: "Deliver an event again, under its webhook-id",
      request: { params: endpointPath.extend({ eventId: z.string() }) },
      responses: { 202: answer(replayed, "It is on its way"), ...refusals },
    }),
    async (c) => {
      const { id, eventId } = c.req.valid("param");
      return c.json(await replayDelivery(c.var.context, id, eventId), 202);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/webhook-endpoints/{id}/replay",
      tags: ["Webhooks"],
      summary: "Deliver everything of a time again, each event under its webhook-id",
      request: {
        params: endpointPath,
        ...body(z.strictObject({ since: instant, until: instant.optional() })),
      },
      responses: { 202: answer(replayed, "They are on their way"), ...refusals },
    }),
    async (c) => c.json(await replaySince(c.var.context, c.req.valid("param").id, c.req.valid("json")), 202),
  );
}
