import { isIP } from "node:net";
import type { Context } from "../../context.ts";
import { answerOnce, replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import type { EventType } from "../../kernel/event-types.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { hostOf, refusedTarget } from "../../kernel/target.ts";
import { endpointSecret } from "./endpoint-secret.ts";
import { isPublicAddress } from "./post.ts";
import {
  type DeliveryRow,
  type DeliveryStatus,
  disableEndpoint,
  type EndpointRow,
  insertEndpoint,
  type RecordedEndpoint,
  replayDeliveries,
  selectAttempts,
  selectDeliveries,
  selectEndpoint,
  selectEndpoints,
} from "./store.ts";

export interface EndpointInput {
  readonly url: string;
  /** None: every type, also those still to come. */
  readonly eventTypes?: readonly EventType[] | undefined;
  readonly description?: string | undefined;
}

/**
 * Adds an endpoint that is told what happens from now on. The secret is in this answer and in no other. Throws
 * `invalid` for a URL that nothing may be sent to; whether its address is public is looked at before each delivery.
 */
export async function createEndpoint(ctx: Context, input: EndpointInput) {
  const refused = refusedTarget(input.url, ctx.services.targets);
  if (refused !== undefined) throw invalid("/url", refused);
  const host = hostOf(input.url);
  if (isIP(host) !== 0 && !isPublicAddress(host) && !ctx.services.targets.privateHosts.includes(host))
    throw invalid("/url", "This is a private address. Name a host that everybody can reach.");
  const row = (await replay<RecordedEndpoint>(ctx)) ?? (await add(ctx, input));
  return { ...presentEndpoint(row), secret: endpointSecret(ctx, row.id) };
}

async function add(ctx: Context, { url, eventTypes, description }: EndpointInput): Promise<RecordedEndpoint> {
  const known = await selectEndpoints(ctx, undefined, limits.webhookEndpoints + 1);
  if (known.filter(({ disabledAt }) => disabledAt === null).length >= limits.webhookEndpoints) {
    throw new SaysoError(
      "conflict",
      `An organization has at most ${limits.webhookEndpoints} webhook endpoints. Disable one first.`,
    );
  }
  const id = ctx.services.newId("whe");
  const row = await insertEndpoint(ctx, {
    id,
    publicId: formatId("whe", id),
    url,
    eventTypes: [...new Set(eventTypes ?? [])],
    description: description ?? null,
  });
  if (row === undefined) throw new SaysoError("internal", "The endpoint was not added.");
  return row;
}

/** Ends an endpoint: it is told nothing more, not even what waits. Throws `not_found`; one that is disabled is a `conflict`. */
export async function endEndpoint(ctx: Context, id: string, { reason }: { reason: string }) {
  const endpoint = await findEndpoint(ctx, id);
  return answerOnce(ctx, async () => {
    const row = await disableEndpoint(ctx, { id: endpoint.id, publicId: id, reason });
    if (row === undefined) throw new SaysoError("conflict", "This endpoint was disabled before.");
    return row;
  }).then(({ disabledAt }) => ({ id, disabledAt: new Date(disabledAt).toISOString() }));
}

export async function listEndpoints(ctx: Context, after: string | undefined, limit: number) {
  return (await selectEndpoints(ctx, after, limit)).map((row) => presentEndpoint(row));
}

/** The delivery log of an endpoint, the newest event first, with what came of the attempts. */
export async function listDeliveries(
  ctx: Context,
  id: string,
  page: { before: string | undefined; limit: number; status: DeliveryStatus | undefined },
) {
  const endpoint = await findEndpoint(ctx, id);
  const rows = await selectDeliveries(ctx, endpoint.id, page);
  const attempts = await selectAttempts(
    ctx,
    endpoint.id,
    rows.map(({ eventId }) => eventId),
  );
  return rows.map((row) => ({
    ...presentDelivery(row),
    log: attempts
      .filter(({ eventId }) => eventId === row.eventId)
      .map(({ at, status, error, durationMs }) => ({ at: at.toISOString(), status, error, durationMs })),
  }));
}

/** Sends one event to an endpoint again, under the same webhook-id. Throws `not_found`, and `conflict` when disabled. */
export async function replayDelivery(ctx: Context, id: string, eventId: string) {
  const endpoint = await findEndpoint(ctx, id);
  const uuid = parseId("evt", eventId);
  if (uuid === undefined) throw notFound("delivery");
  if (endpoint.disabledAt !== null) throw disabled();
  const row = await replayDeliveries(ctx, { id: endpoint.id, publicId: id }, { eventId: uuid });
  if (row === undefined) throw notFound("delivery");
  return { replayed: row.count };
}

/** Sends everything of a time to an endpoint again, each event under its own webhook-id. Answers how many. */
export async function replaySince(
  ctx: Context,
  id: string,
  time: { since: string; until?: string | undefined },
) {
  const endpoint = await findEndpoint(ctx, id);
  if (endpoint.disabledAt !== null) throw disabled();
  const row = await replayDeliveries(
    ctx,
    { id: endpoint.id, publicId: id },
    { since: time.since, until: time.until },
  );
  return { replayed: row?.count ?? 0 };
}

const disabled = () => new SaysoError("conflict", "This endpoint is disabled. Add it anew first.");

async function findEndpoint(ctx: Context, id: string): Promise<EndpointRow> {
  const uuid = parseId("whe", id);
  const row = uuid === undefined ? undefined : await selectEndpoint(ctx, uuid);
  if (row?.url === undefined || row.url === null) throw notFound("endpoint");
  return row;
}

function presentEndpoint(row: RecordedEndpoint | EndpointRow) {
  const { disabledAt, disabledReason } =
    "disabledAt" in row ? row : { disabledAt: null, disabledReason: null };
  return {
    id: formatId("whe", row.id),
    url: row.url ?? "",
    eventTypes: row.eventTypes,
    description: row.description,
    createdAt: new Date(row.createdAt).toISOString(),
    disabledAt: disabledAt?.toISOString() ?? null,
    disabledReason,
  };
}

function presentDelivery({ eventId, type, data, at, dueAt, attempts, deliveredAt, failedAt }: DeliveryRow) {
  const status: DeliveryStatus =
    deliveredAt !== null ? "delivered" : failedAt !== null ? "failed" : "pending";
  return {
    eventId: formatId("evt", eventId),
    type,
    data: data as Record<string, unknown>,
    at: at.toISOString(),
    status,
    attempts,
    deliveredAt: deliveredAt?.toISOString() ?? null,
    nextAttemptAt: status === "pending" ? dueAt.toISOString() : null,
  };
}
