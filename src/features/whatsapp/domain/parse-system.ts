import { z } from "zod";
import { parsePreference } from "./parse-preference.ts";
import { nameCount, readPerson } from "./person.ts";
import {
  anything,
  ignored,
  lenient,
  malformed,
  originOf,
  type Setting,
  stamp,
  unreadable,
} from "./reading.ts";
import type { PersonIdentifiers, Update } from "./update.ts";

const systemSchema = z.object({
  timestamp: anything,
  from: anything,
  from_user_id: anything,
  from_parent_user_id: anything,
  system: z.object({
    type: lenient(z.string()),
    customer: anything,
    wa_id: anything,
    new_wa_id: anything,
    user_id: anything,
    parent_user_id: anything,
    previous_user_id: anything,
    previous_parent_user_id: anything,
    marketing: anything,
  }),
});
type SystemMessage = z.infer<typeof systemSchema>;

/** Words of `system.type` that end the tie between a person and a number or a BSUID. */
const numberChanges: readonly string[] = ["user_changed_number", "customer_changed_number"];
const identityChanges: readonly string[] = [...numberChanges, "user_changed_user_id"];

/** Whether an element of `messages` says that the person's number or BSUID changed. */
export function isIdentityChange(element: unknown): boolean {
  const read = systemSchema.safeParse(element);
  return read.success && identityChanges.includes(read.data.system.type ?? "");
}

/** Whether an element of `messages` is the platform's word about a person and not the person's. */
export function isSystemMessage(element: unknown): boolean {
  return z.object({ type: z.literal("system") }).safeParse(element).success;
}

/**
 * Reads a system message: a changed number or BSUID (Meta, "System messages webhook reference", with the previous
 * ids since August 2026 and the older names of the same members), or the marketing switch, which used to come this
 * way. It is the platform's word and opens no window. A new security code (`customer_identity_changed`) has no
 * effect.
 */
export function parseSystemMessage(element: unknown, setting: Setting): Update {
  const read = systemSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const message = read.data;
  const kind = message.system.type ?? "";
  if (numberChanges.includes(kind)) return numberChanged(message, setting);
  if (kind === "user_changed_user_id") return bsuidChanged(message, setting);
  if (kind === "user_preference_changed") {
    return parsePreference(
      {
        value: message.system.marketing,
        category: "marketing_messages",
        wa_id: message.from,
        user_id: message.from_user_id,
        parent_user_id: message.from_parent_user_id,
        timestamp: message.timestamp,
      },
      setting,
    );
  }
  return ignored(setting, "system_message");
}

function numberChanged(message: SystemMessage, setting: Setting): Update {
  const { system } = message;
  const { previous, current } = beforeAndAfter(
    message,
    system.customer ?? message.from,
    system.wa_id ?? system.new_wa_id,
  );
  if (nameCount(previous) === 0) return unreadable(setting, "nobody_named", ["from"]);
  if (nameCount(current) === 0) return unreadable(setting, "nobody_named", ["system", "wa_id"]);
  return {
    ...originOf(setting),
    ...stamp(message.timestamp, setting.receivedAt),
    type: "number_changed",
    previous,
    current,
  };
}

function bsuidChanged(message: SystemMessage, setting: Setting): Update {
  const { previous, current } = beforeAndAfter(message, undefined, undefined);
  if (nameCount(previous) === 0) return unreadable(setting, "nobody_named", ["system", "previous_user_id"]);
  if (nameCount(current) === 0) return unreadable(setting, "nobody_named", ["system", "user_id"]);
  return {
    ...originOf(setting),
    ...stamp(message.timestamp, setting.receivedAt),
    type: "bsuid_changed",
    previous,
    current,
  };
}

/**
 * Meta does not say whether `from_user_id` beside a change is the old id or the new one: it is the old one unless
 * `system` names it as the new one.
 */
function beforeAndAfter(
  { system, from_user_id, from_parent_user_id }: SystemMessage,
  previousWaId: unknown,
  currentWaId: unknown,
): { previous: PersonIdentifiers; current: PersonIdentifiers } {
  const old = (previous: unknown, from: unknown, now: unknown) =>
    previous ?? (from === now ? undefined : from);
  return {
    previous: readPerson(
      previousWaId,
      old(system.previous_user_id, from_user_id, system.user_id),
      old(system.previous_parent_user_id, from_parent_user_id, system.parent_user_id),
    ),
    current: readPerson(currentWaId, system.user_id, system.parent_user_id),
  };
}

const change = z.object({ previous: anything, current: anything });
const userIdUpdateSchema = z.object({
  timestamp: anything,
  user_id: change,
  parent_user_id: lenient(change),
});

/** Reads one element of `user_id_update`, the form that BSUID changes had before August 2026. */
export function parseUserIdUpdate(element: unknown, setting: Setting): Update {
  const read = userIdUpdateSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const { user_id, parent_user_id } = read.data;
  const previous = readPerson(undefined, user_id.previous, parent_user_id?.previous);
  const current = readPerson(undefined, user_id.current, parent_user_id?.current);
  if (nameCount(previous) === 0) return unreadable(setting, "nobody_named", ["user_id", "previous"]);
  if (nameCount(current) === 0) return unreadable(setting, "nobody_named", ["user_id", "current"]);
  return {
    ...originOf(setting),
    ...stamp(read.data.timestamp, setting.receivedAt),
    type: "bsuid_changed",
    previous,
    current,
  };
}
