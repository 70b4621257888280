import { call, message, ownNumber, receivedAt, sentSeconds, text } from "./bodies.ts";

const media = { id: "1", mime_type: "application/octet-stream" };

/** What a person sends, and so restarts the window. */
export const opening: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "a text": text("Good morning"),
  "an opt-out keyword, for it is a message all the same": text("STOP"),
  "an image": message({ type: "image", image: media }),
  "a voice message": message({ type: "audio", audio: media }),
  "a video": message({ type: "video", video: media }),
  "a document": message({ type: "document", document: media }),
  "a sticker": message({ type: "sticker", sticker: media }),
  "a location": message({ type: "location", location: { latitude: 0, longitude: 0 } }),
  "a shared contact": message({ type: "contacts", contacts: [{ phones: [] }] }),
  "an order": message({ type: "order", order: { catalog_id: "1" } }),
  "a tap on a template's quick reply": message({ type: "button", button: { text: "Yes", payload: "y" } }),
  "a tap on a reply button": message({
    type: "interactive",
    interactive: { type: "button_reply", button_reply: { id: "y", title: "Yes" } },
  }),
  "a tap on a list": message({
    type: "interactive",
    interactive: { type: "list_reply", list_reply: { id: "y", title: "Yes" } },
  }),
  "an answered form": message({ type: "interactive", interactive: { type: "nfm_reply", nfm_reply: {} } }),
  "an interactive answer without its content": message({ type: "interactive" }),
  "a reaction": message({ type: "reaction", reaction: { message_id: "wamid.out1", emoji: "👍" } }),
  "something that the platform cannot hand on": message({ type: "unsupported", errors: [{ code: 131051 }] }),
  "a message from an ad": text("Hello", { referral: { source_type: "ad" } }),
  "a text with odd members around it": text("Hello", { context: 7, referral: null, button: "x", edit: [] }),
};

/** What comes in as a message and restarts nothing. */
export const notOpening: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "a reaction taken back with an empty emoji": message({ type: "reaction", reaction: { emoji: "" } }),
  "a reaction taken back without an emoji": message({
    type: "reaction",
    reaction: { message_id: "wamid.out1" },
  }),
  "a reaction without its content": message({ type: "reaction", reaction: "text-string" }),
  "a message in a group": text("Hello", { group_id: "Y2FwaV9ncm91cDox" }),
  "a message in a group whose id is odd": text("Hello", { group_id: 7 }),
  "an edited message": message({
    type: "edit",
    edit: { message: { type: "text", text: { body: "Hello" } } },
  }),
  "a deleted message": message({ type: "revoke", revoke: { original_message_id: "wamid.in0" } }),
  "a chat that was opened and nothing written": message({ type: "request_welcome" }),
  "a call permission, which a setting may have granted": message({
    type: "interactive",
    interactive: { type: "call_permission_reply", call_permission_reply: { response: "accept" } },
  }),
  "a type that nobody has told us of": message({ type: "hologram" }),
  "a call under the name of a message": message({ type: "call" }),
  "a message without a type": message({ text: { body: "Hello" } }),
};

/** Timestamps that are none, in every kind of JSON. */
export const noTimestamps: Readonly<Record<string, unknown>> = {
  missing: undefined,
  null: null,
  zero: 0,
  "zero as text": "0",
  negative: -1_700_000_000,
  "negative as text": "-1700000000",
  fractional: sentSeconds + 0.5,
  "in milliseconds": sentSeconds * 1000,
  "in milliseconds as text": String(sentSeconds * 1000),
  "in the future by more than the clocks may differ": Math.floor(receivedAt.getTime() / 1000) + 301,
  "in the far future": 99_999_999_999,
  huge: 1e300,
  "not a number": "text-string",
  "a number with a space": ` ${sentSeconds}`,
  hexadecimal: "0x66f00000",
  exponential: "1e9",
  "an ISO date": receivedAt.toISOString(),
  empty: "",
  "a boolean": true,
  "a list": [sentSeconds],
  "an object": { seconds: sentSeconds },
};

/** Calls and what comes of them. */
export const callsWithoutEffect: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "the end of the person's call": call("terminate", "USER_INITIATED"),
  "our own call": call("connect", "BUSINESS_INITIATED", { from: ownNumber }),
  "the end of our own call": call("terminate", "BUSINESS_INITIATED"),
  "a call that does not say whose it is": call("connect", ""),
};
