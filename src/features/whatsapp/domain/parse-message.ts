import { z } from "zod";
import { completed, digits, nameCount, readPerson } from "./person.ts";
import {
  anything,
  ignored,
  isThere,
  lenient,
  malformed,
  originOf,
  platformId,
  type Setting,
  stamp,
  unreadable,
} from "./reading.ts";
import type { MessageKind, Update } from "./update.ts";

/**
 * Types of `messages` that are a message from the person and so restart the window. `unsupported` is one: the
 * person did send something (a poll, a newer type), the platform only cannot hand on what. A tap on a button or a
 * list is one. Receipts and platform preferences are no messages at all and never come here.
 */
const openingKinds: readonly MessageKind[] = [
  "text",
  "image",
  "audio",
  "video",
  "document",
  "sticker",
  "location",
  "contacts",
  "order",
  "button",
  "interactive",
  "reaction",
  "unsupported",
];

/**
 * Types that are known and restart nothing: changing or deleting an earlier message, opening the chat without
 * writing (`request_welcome`). Neither does a type nobody has told us of (`other`): unknown denies.
 */
const otherKinds: readonly MessageKind[] = ["edit", "revoke", "request_welcome"];

function kindOf(type: string | undefined): MessageKind {
  return [...openingKinds, ...otherKinds].find((kind) => kind === type) ?? "other";
}

const reply = lenient(z.object({ id: lenient(z.string()), title: lenient(z.string()) }));
const contents = {
  text: lenient(z.object({ body: lenient(z.string()) })),
  button: lenient(z.object({ text: lenient(z.string()), payload: lenient(z.string()) })),
  interactive: lenient(z.object({ type: lenient(z.string()), button_reply: reply, list_reply: reply })),
};
const messageSchema = z.object({
  id: platformId,
  type: lenient(z.string()),
  timestamp: anything,
  from: anything,
  from_user_id: anything,
  from_parent_user_id: anything,
  group_id: anything,
  referral: anything,
  reaction: lenient(z.object({ emoji: lenient(z.string()) })),
  edit: lenient(z.object({ message: lenient(z.object(contents)) })),
  ...contents,
});
type Message = z.infer<typeof messageSchema>;

/**
 * Reads one element of `messages` that is no system message. The platform's timestamp restarts the window; where
 * there is none the message still counts (its text may be a no), from its receipt, and opens nothing.
 */
export function parseMessage(element: unknown, setting: Setting): Update {
  const read = messageSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const message = read.data;
  if (setting.ownNumber !== null && digits(message.from) === setting.ownNumber) {
    return ignored(setting, "echo");
  }
  const own = readPerson(message.from, message.from_user_id, message.from_parent_user_id);
  const from = completed(own, setting.contacts);
  if (nameCount(from) === 0) return unreadable(setting, "nobody_named", ["from"]);
  const at = stamp(message.timestamp, setting.receivedAt);
  const group = isThere(message.group_id);
  return {
    ...originOf(setting),
    ...at,
    type: "inbound_message",
    messageId: message.id,
    from,
    kind: kindOf(message.type),
    opensWindow: at.atFrom === "platform" && !group && isFromThePerson(message),
    texts: textsOf(message),
    referral: isThere(message.referral),
    group,
  };
}

/**
 * A reaction without an emoji takes an earlier one back. A call permission may be granted by a setting of the
 * person's, without a tap, and no page of Meta's says that it restarts the window.
 */
function isFromThePerson(message: Message): boolean {
  const kind = kindOf(message.type);
  if (kind === "reaction") return (message.reaction?.emoji ?? "") !== "";
  if (kind === "interactive") return message.interactive?.type !== "call_permission_reply";
  return openingKinds.includes(kind);
}

/** The person's own words and taps, an edited message's new words too; never what they quote, forward or order. */
function textsOf(message: Message): readonly string[] {
  return [message, message.edit?.message]
    .flatMap((content) => [
      content?.text?.body,
      content?.button?.text,
      content?.button?.payload,
      content?.interactive?.button_reply?.title,
      content?.interactive?.button_reply?.id,
      content?.interactive?.list_reply?.title,
      content?.interactive?.list_reply?.id,
    ])
    .filter((text) => text !== undefined);
}

const callSchema = z.object({
  id: platformId,
  event: lenient(z.string()),
  direction: lenient(z.string()),
  timestamp: anything,
  from: anything,
  from_user_id: anything,
  from_parent_user_id: anything,
});

/**
 * Reads one element of `calls`. A call from the person restarts the window, answered or not: its `connect` is an
 * inbound message of kind `call`. Its end and our own calls have no effect.
 */
export function parseCall(element: unknown, setting: Setting): Update {
  const read = callSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const call = read.data;
  if (call.event !== "connect" || call.direction !== "USER_INITIATED") {
    return ignored(setting, "call_event");
  }
  const own = readPerson(call.from, call.from_user_id, call.from_parent_user_id);
  const from = completed(own, setting.contacts);
  if (nameCount(from) === 0) return unreadable(setting, "nobody_named", ["from"]);
  const at = stamp(call.timestamp, setting.receivedAt);
  return {
    ...originOf(setting),
    ...at,
    type: "inbound_message",
    messageId: call.id,
    from,
    kind: "call",
    opensWindow: at.atFrom === "platform",
    texts: [],
    referral: false,
    group: false,
  };
}
