/** Small webhook bodies of our own. Numbers come from ranges reserved for examples. */

export const receivedAt = new Date("2026-10-05T12:00:00.250Z");
/** The second before, as the platform writes it. */
export const sentSeconds = Math.floor(receivedAt.getTime() / 1000) - 1;
export const sentAt = new Date(sentSeconds * 1000).toISOString();
export const wabaId = "700000000000001";
export const phoneNumberId = "800000000000001";
export const ownNumber = "12025550100";
export const personWaId = "12025550123";
export const personBsuid = "US.5550123";
export const personParentBsuid = "US.ENT.5550123";

type Json = Readonly<Record<string, unknown>>;

/** A body of one change. */
export function body(field: string, value: unknown) {
  return bodyOf([{ field, value }]);
}

export function bodyOf(changes: readonly unknown[]) {
  return { object: "whatsapp_business_account", entry: [{ id: wabaId, time: sentSeconds, changes }] };
}

/** The value of a change that says something of a conversation. */
export function conversation(lists: Json): Json {
  return {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: ownNumber, phone_number_id: phoneNumberId },
    ...lists,
  };
}

export function messages(...list: readonly unknown[]) {
  return body("messages", conversation({ messages: list }));
}

export function statuses(...list: readonly unknown[]) {
  return body("messages", conversation({ statuses: list }));
}

export function preferences(...list: readonly unknown[]) {
  return body("user_preferences", conversation({ user_preferences: list }));
}

export function message(more: Json): Json {
  return { id: "wamid.in1", from: personWaId, timestamp: String(sentSeconds), ...more };
}

export function text(words: string, more: Json = {}): Json {
  return message({ type: "text", text: { body: words }, ...more });
}

export function system(type: string, more: Json = {}, around: Json = {}): Json {
  return message({ type: "system", system: { type, ...more }, ...around });
}

export function status(word: string, more: Json = {}): Json {
  return {
    id: "wamid.out1",
    status: word,
    timestamp: String(sentSeconds),
    recipient_id: personWaId,
    ...more,
  };
}

export function preference(value: string, more: Json = {}): Json {
  return {
    wa_id: personWaId,
    category: "marketing_messages",
    value,
    timestamp: sentSeconds,
    ...more,
  };
}

export function call(event: string, direction: string, more: Json = {}): Json {
  return { id: "wacid.1", from: personWaId, event, direction, timestamp: String(sentSeconds), ...more };
}
