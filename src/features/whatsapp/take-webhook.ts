import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { inTurn } from "../../kernel/in-turn.ts";
import { limits } from "../../kernel/limits.ts";
import { open, randomKey, seal } from "../../kernel/seal.ts";
import { addSeconds } from "../../kernel/time.ts";
import { applyUpdate } from "./apply-update.ts";
import { isComplaint } from "./domain/effects.ts";
import { fieldsIn } from "./domain/fields.ts";
import { parseWebhook } from "./domain/parse.ts";
import type { Update } from "./domain/update.ts";
import type { OwnKeywords } from "./opt-out-words.ts";
import {
  deleteDaysBefore,
  findOrMakeDayKey,
  insertBody,
  type KnownSender,
  markProcessed,
  selectBody,
  selectDayKey,
  selectKnownSenders,
  selectUnclaimedBodies,
} from "./store.ts";

/** What the webhook intake needs of the process. */
export interface WebhookIntake {
  readonly services: Services;
  readonly organizationKeys: (organizationId: string) => Promise<OrganizationKeys>;
  /** Told when something in force by now speaks against what the senders of a WhatsApp Business Account write. */
  readonly onComplaint: (ctx: Context, about: { readonly wabaId: string }) => Promise<unknown>;
  readonly ownKeywords: OwnKeywords;
}

/**
 * Takes one verified webhook body: stores it first, sealed, then gives every update its effect, and returns only when
 * all of them are in force. One bad update holds up no other. When this process dies in between, a job goes on with
 * the stored body. `forward`: where the body goes on to, later and whatever comes of it. Throws `unavailable` when an effect could not be recorded: the platform then sends it again.
 */
export async function takeWebhook(
  intake: WebhookIntake,
  raw: Uint8Array,
  requestId: string,
  forward?: { readonly url: string; readonly signature: string },
): Promise<void> {
  const { services } = intake;
  const receivedAt = services.now();
  const id = services.newId("whk");
  const day = receivedAt.toISOString().slice(0, 10);
  const key = await dayKey(services, day);
  await insertBody(services, { id, day, receivedAt, sealed: seal(key, bodyPlace(id), raw) }, forward);
  await applyBody(intake, { id, raw, receivedAt }, requestId);
}

/** Goes on with a stored body, if it still waits: the job behind takeWebhook. */
export async function processStoredBody(intake: WebhookIntake, id: string): Promise<void> {
  const body = await selectBody(intake.services, id);
  if (body !== undefined && body.processedAt === null) await applyStoredBody(intake, body.id);
}

/**
 * Gives effect to what came for a sender, or its account, before it was registered. A body that fails holds up none of
 * the others; the first failure is thrown when all had their turn, so that whoever asked tries again.
 */
export async function replayUnclaimed(
  intake: WebhookIntake,
  names: { phoneNumberId: string; wabaId: string },
): Promise<void> {
  const unclaimed = [names.phoneNumberId, accountName(names.wabaId)];
  await inTurn(await selectUnclaimedBodies(intake.services, unclaimed), (id) => applyStoredBody(intake, id));
}

/** Drops raw bodies that are older than they are kept, with the keys of their days. Returns how many. */
export async function dropOldBodies(services: Services): Promise<number> {
  const first = addSeconds(services.now(), -limits.webhookRetentionDays * 24 * 3600);
  return deleteDaysBefore(services, first.toISOString().slice(0, 10));
}

async function applyStoredBody(intake: WebhookIntake, id: string): Promise<void> {
  const body = await openStoredBody(intake.services, id);
  if (body !== undefined) await applyBody(intake, body, `whk:${id}`);
}

/** A stored body as it came; undefined when it is not kept any more. */
export async function openStoredBody(services: Services, id: string) {
  const body = await selectBody(services, id);
  const wrapped = body && (await selectDayKey(services, body.day));
  if (body === undefined || wrapped === undefined) return undefined;
  const key = open(services.masterKey, dayPlace(body.day), wrapped);
  return { id, raw: open(key, bodyPlace(id), body.sealed), receivedAt: body.receivedAt };
}

async function dayKey(services: Services, day: string) {
  const wrapped = await findOrMakeDayKey(services, day, seal(services.masterKey, dayPlace(day), randomKey()));
  return open(services.masterKey, dayPlace(day), wrapped);
}

const dayPlace = (day: string) => `webhook_day_key:${day}`;
const bodyPlace = (id: string) => `webhook_body:${id}`;
const accountName = (wabaId: string) => `waba:${wabaId}`;

async function applyBody(
  intake: WebhookIntake,
  body: { id: string; raw: Uint8Array; receivedAt: Date },
  requestId: string,
): Promise<void> {
  const { services } = intake;
  const json = readJson(body.raw);
  const { updates } = parseWebhook(json, body.receivedAt);
  const senders = await selectKnownSenders(services, namesIn(updates));
  const unclaimed = new Set<string>();
  const unreadable: object[] = [];
  let failure: unknown;

  const apply = async (update: Update): Promise<void> => {
    services.metrics.webhookUpdate(update.type);
    if (update.type === "unreadable")
      unreadable.push({ position: update.position, reason: update.reason, pointer: update.pointer });
    if (update.type === "unreadable" || update.type === "ignored") return;
    const owners = ownersOf(update, senders);
    if (owners.length === 0) {
      unclaimed.add(update.phoneNumberId ?? accountName(update.wabaId ?? ""));
      return;
    }
    for (const sender of owners) {
      try {
        const ctx = await contextOf(intake, sender, requestId);
        await applyUpdate(ctx, update, sender, intake.ownKeywords);
        if (isComplaint(update)) await intake.onComplaint(ctx, { wabaId: sender.wabaId });
      } catch (error) {
        failure ??= error;
        services.log.error({ requestId, position: update.position, type: update.type }, "update not applied");
      }
    }
  };
  await inParallel(updates, 8, apply);

  if (failure !== undefined) {
    throw new SaysoError("unavailable", "Not every update could be applied. Send the same body again.", {
      cause: failure,
    });
  }
  await markProcessed(services, body, { unclaimed: [...unclaimed], unreadable, heard: fieldsIn(json) });
  // A sender that was registered meanwhile looked for waiting bodies before this one was marked as one.
  if (unclaimed.size > 0 && (await hasOwner(services, updates, unclaimed))) {
    await applyBody(intake, body, requestId);
  }
}

async function hasOwner(
  services: Services,
  updates: readonly Update[],
  unclaimed: ReadonlySet<string>,
): Promise<boolean> {
  const senders = await selectKnownSenders(services, namesIn(updates));
  return senders.some(
    ({ phoneNumberId, wabaId }) => unclaimed.has(phoneNumberId) || unclaimed.has(accountName(wabaId)),
  );
}

function namesIn(updates: readonly Update[]) {
  return {
    phoneNumberIds: distinct(updates.map(({ phoneNumberId }) => phoneNumberId)),
    wabaIds: distinct(updates.map(({ wabaId }) => wabaId)),
  };
}

/** The senders that an update is for: the one it names, or one of each organization with the account it names. */
function ownersOf(update: Update, senders: readonly KnownSender[]): KnownSender[] {
  if (update.phoneNumberId !== null) {
    return senders.filter(({ phoneNumberId }) => phoneNumberId === update.phoneNumberId);
  }
  const ofAccount = senders.filter(({ wabaId }) => wabaId === update.wabaId);
  return [...new Map(ofAccount.map((sender) => [sender.organizationId, sender])).values()];
}

async function contextOf(intake: WebhookIntake, sender: KnownSender, requestId: string): Promise<Context> {
  return {
    services: intake.services,
    organizationId: sender.organizationId,
    keys: await intake.organizationKeys(sender.organizationId),
    actor: { kind: "platform" },
    requestId,
  };
}

async function inParallel<T>(
  items: readonly T[],
  lanes: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of queue) await run(item);
    }),
  );
}

function distinct(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))];
}

function readJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(raw).toString("utf8"));
  } catch {
    // Signed by the platform and yet no JSON: it stays on record as unreadable.
    return undefined;
  }
}
