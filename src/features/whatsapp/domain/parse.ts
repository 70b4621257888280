import { z } from "zod";
import { parseAccountCapability, parseAccountUpdate, parseNumberQuality } from "./parse-account.ts";
import { parseCall, parseMessage } from "./parse-message.ts";
import { parsePreference } from "./parse-preference.ts";
import { parseErrorReport, parseStatus } from "./parse-status.ts";
import { isIdentityChange, isSystemMessage, parseSystemMessage, parseUserIdUpdate } from "./parse-system.ts";
import { parseTemplateCategory, parseTemplateQuality, parseTemplateStatus } from "./parse-template.ts";
import { canonicalForms, digits, nameCount, peopleOf, readPerson } from "./person.ts";
import {
  anything,
  ignored,
  isThere,
  lenient,
  malformed,
  originOf,
  platformId,
  type Setting,
  unreadable,
  within,
} from "./reading.ts";
import type { Ignored, Origin, ParsedWebhook, PersonIdentifiers, Stamp, Update } from "./update.ts";

const bodySchema = z.object({ object: anything, entry: z.array(z.unknown()) });
const entrySchema = z.object({
  id: lenient(platformId),
  time: anything,
  changes: z.array(z.unknown()),
});
const changeSchema = z.object({ field: z.string(), value: anything });
const valueSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.object({
  phone_number_id: lenient(platformId),
  display_phone_number: anything,
});

/**
 * Reads one webhook body of the WhatsApp Business Platform into a list of updates, change by change and list by
 * list. Order means nothing: webhooks come late, twice and out of order. Promises:
 * - It never throws, whatever JSON comes.
 * - Every element is read on its own: a broken one becomes `unreadable` and holds up no other.
 * - No instant is later than `receivedAt`, the moment this body first came in (on a replay too, or a late replay
 *   would date what has no timestamp of its own anew).
 * - Where the platform names one person by several identifiers, an `identity_link` stands before the update; it
 *   is left out where the same change says that the person's identity changed.
 * The signature is checked before (`signingSecret`). Source: Meta, "Webhooks reference".
 */
export function parseWebhook(body: unknown, receivedAt: Date): ParsedWebhook {
  const top: Setting = {
    position: "",
    wabaId: null,
    phoneNumberId: null,
    receivedAt,
    entryTime: undefined,
    ownNumber: null,
    contacts: peopleOf([]),
  };
  const read = bodySchema.safeParse(body);
  if (!read.success) return { updates: [malformed(top, read.error)] };
  if (read.data.object !== "whatsapp_business_account") {
    return { updates: [unreadable(top, "not_whatsapp", ["object"])] };
  }
  return {
    updates: read.data.entry.flatMap((entry, index) =>
      parseEntry(entry, { ...top, position: `entry/${index}` }),
    ),
  };
}

function parseEntry(entry: unknown, setting: Setting): readonly Update[] {
  const read = entrySchema.safeParse(entry);
  if (!read.success) return [malformed(setting, read.error)];
  const named = { ...setting, wabaId: read.data.id ?? null, entryTime: read.data.time };
  return read.data.changes.flatMap((change, index) => parseChange(change, within(named, "changes", index)));
}

function parseChange(change: unknown, setting: Setting): readonly Update[] {
  const read = changeSchema.safeParse(change);
  if (!read.success) return [malformed(setting, read.error)];
  const { field, value } = read.data;
  const inside = within(setting, "value");
  switch (field) {
    // `standby` is `messages` while Meta's own agent holds the conversation: the person writes to this very number.
    case "messages":
    case "standby":
    case "calls":
    case "user_preferences":
    case "user_id_update":
      return parseConversation(value, inside);
    case "message_template_status_update":
      return [parseTemplateStatus(value, inside)];
    case "template_category_update":
      return [parseTemplateCategory(value, inside)];
    case "message_template_quality_update":
      return [parseTemplateQuality(value, inside)];
    case "account_update":
      return parseAccountUpdate(value, inside);
    case "business_capability_update":
      return [parseAccountCapability(value, inside)];
    case "phone_number_quality_update":
      return [parseNumberQuality(value, inside)];
    default:
      return [ignored(setting, reasonToIgnore(field))];
  }
}

const fieldsWithoutEffect: ReadonlySet<string> = new Set([
  "account_alerts",
  "account_review_update",
  "account_settings_update",
  "automatic_events",
  "business_status_update",
  "campaign_status_update",
  "flows",
  "message_template_components_update",
  "messaging_handovers",
  "partner_solutions",
  "payment_configuration_update",
  "phone_number_name_update",
  "security",
  "smb_app_state_sync",
  "template_correct_category_detection",
  "template_performance_metrics",
  "tracking_events",
]);

function reasonToIgnore(field: string): Ignored["reason"] {
  if (field === "smb_message_echoes" || field === "message_echoes") return "echo";
  // Chats from before the number was connected: they open no window and are too old to act on.
  if (field === "history") return "history";
  if (field.startsWith("group_")) return "group_update";
  return fieldsWithoutEffect.has(field) ? "field_without_effect" : "unknown_field";
}

type ElementParser = (element: unknown, setting: Setting) => Update;

/** The lists that a conversation's value may hold. Each is read wherever it turns up: a no is a no in any of them. */
const lists: Readonly<Record<string, ElementParser>> = {
  messages: (element, setting) =>
    isSystemMessage(element) ? parseSystemMessage(element, setting) : parseMessage(element, setting),
  statuses: parseStatus,
  calls: parseCall,
  user_preferences: parsePreference,
  user_id_update: parseUserIdUpdate,
  errors: parseErrorReport,
  message_echoes: (_element, setting) => ignored(setting, "echo"),
  groups: (_element, setting) => ignored(setting, "group_update"),
};

function parseConversation(value: unknown, setting: Setting): readonly Update[] {
  const read = valueSchema.safeParse(value);
  if (!read.success) return [malformed(setting, read.error)];
  const metadata = metadataSchema.safeParse(read.data.metadata).data;
  const named: Setting = {
    ...setting,
    phoneNumberId: metadata?.phone_number_id ?? null,
    ownNumber: digits(metadata?.display_phone_number) ?? null,
  };
  const { contacts, broken } = readContacts(read.data.contacts, within(named, "contacts"));
  // Beside a change of identity a contact could tie the old number to the new id: it is not believed.
  const isChange = saysIdentityChanged(read.data);
  const people = peopleOf(isChange ? [] : contacts.map(({ person }) => person));
  const updates = Object.entries(lists).flatMap(([name, parse]) =>
    parseList(read.data[name], within({ ...named, contacts: people }, name), parse),
  );
  const all = [...broken, ...(isChange ? updates : withLinks(contacts, updates, setting.receivedAt))];
  return all.length === 0 ? [ignored(setting, "nothing_in_it")] : all;
}

function saysIdentityChanged(value: Readonly<Record<string, unknown>>): boolean {
  if (isThere(value.user_id_update)) return true;
  return Array.isArray(value.messages) && value.messages.some(isIdentityChange);
}

function parseList(list: unknown, setting: Setting, parse: ElementParser): readonly Update[] {
  if (!isThere(list)) return [];
  if (!Array.isArray(list)) return [unreadable(setting, "malformed")];
  return list.map((element: unknown, index) => parse(element, within(setting, index)));
}

interface Contact {
  readonly person: PersonIdentifiers;
  readonly setting: Setting;
}

const contactSchema = z.object({
  wa_id: anything,
  user_id: anything,
  parent_user_id: anything,
});

/** The people in `contacts`; names and usernames stay behind. A contact without a readable identifier is no one. */
function readContacts(
  list: unknown,
  setting: Setting,
): { contacts: readonly Contact[]; broken: readonly Update[] } {
  const contacts: Contact[] = [];
  const broken: Update[] = [];
  if (isThere(list) && !Array.isArray(list)) broken.push(unreadable(setting, "malformed"));
  for (const [index, element] of (Array.isArray(list) ? list : []).entries()) {
    const place = within(setting, index);
    const read = contactSchema.safeParse(element);
    if (!read.success) broken.push(malformed(place, read.error));
    else {
      const { wa_id, user_id, parent_user_id } = read.data;
      const person = readPerson(wa_id, user_id, parent_user_id);
      if (nameCount(person) > 0) contacts.push({ person, setting: place });
    }
  }
  return { contacts, broken };
}

/** Puts a link before the first place that names one person by a pair of identifiers not seen together before. */
function withLinks(
  contacts: readonly Contact[],
  updates: readonly Update[],
  receivedAt: Date,
): readonly Update[] {
  const since = earliestStamp(updates, receivedAt);
  const seen = new Set<string>();
  const linked: Update[] = [];
  const link = (person: PersonIdentifiers, origin: Origin) => {
    if (nameCount(person) < 2) return;
    const forms = canonicalForms(person);
    const pairs = forms.flatMap((form, index) => forms.slice(index + 1).map((other) => `${form} ${other}`));
    if (pairs.every((pair) => seen.has(pair))) return;
    for (const pair of pairs) seen.add(pair);
    linked.push({ ...origin, ...since, type: "identity_link", person });
  };
  for (const { person, setting } of contacts) link(person, originOf(setting));
  for (const update of updates) {
    const { position, wabaId, phoneNumberId } = update;
    const person = personOf(update);
    if (person !== undefined) link(person, { position, wabaId, phoneNumberId });
    linked.push(update);
  }
  return linked;
}

function earliestStamp(updates: readonly Update[], receivedAt: Date): Stamp {
  const stamps = updates.flatMap((update) =>
    "at" in update ? [{ at: update.at, atFrom: update.atFrom }] : [],
  );
  const byTime = stamps.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return byTime[0] ?? { at: receivedAt.toISOString(), atFrom: "received" };
}

function personOf(update: Update): PersonIdentifiers | undefined {
  if (update.type === "inbound_message") return update.from;
  if (update.type === "message_status") return update.recipient;
  return update.type === "user_preference" ? update.person : undefined;
}
