import type { Tone } from "./view.ts";

// How the sections that Sayso knows are laid out; what is not named here is shown field by field.

/** Columns of the tables: a field, and smaller ones below it in the same cell. */
export type Columns = readonly { readonly field: string; readonly extras?: readonly string[] }[];

/** The tables of the sections that are logs. */
export const tables: Readonly<Record<string, Columns>> = {
  opt_outs: [
    { field: "occurredAt", extras: ["recordedAt", "expiresAt"] },
    { field: "event" },
    { field: "scope", extras: ["purpose", "channel"] },
    { field: "source", extras: ["reason"] },
    { field: "id" },
  ],
  messages: [
    { field: "at", extras: ["receivedAt"] },
    { field: "direction" },
    { field: "what", extras: ["errorCode", "opensWindow", "text"] },
    { field: "sender" },
    { field: "messageId" },
  ],
  decisions: [
    { field: "at" },
    { field: "decision", extras: ["redeemedAt", "outcome"] },
    { field: "purpose", extras: ["messageKind", "category", "template"] },
    { field: "reasons" },
    { field: "decisionId", extras: ["sender", "channel", "messageRef", "messageId", "policyVersion"] },
  ],
  disclosures: [
    { field: "at" },
    { field: "kind" },
    { field: "recipient" },
    { field: "reason" },
    { field: "categories" },
  ],
};

/** What a consent's card shows below the wording, in this order. */
export const consentFields = [
  "occurredAt",
  "recordedAt",
  "collectionPoint",
  "indication",
  "channel",
  "reportedState",
  "proof",
  "expiresAt",
  "operator",
  "evidence",
  "attachments",
  "answersFor",
  "collectedSince",
  "collectedUntil",
  "language",
  "ipAddress",
  "pageUrl",
  "privacyNoticeUrl",
  "userAgent",
  "collectionPointId",
  "listSha256",
  "eventId",
];

/** What a data request's card shows, beside its history. */
export const requestFields = ["receivedAt", "dueAt", "regime", "channel", "requestId", "letters"];

/** Fields that hold a word of a closed list, by section; everything else is shown as it is stored. */
export const wordFields: Readonly<Record<string, ReadonlySet<string>>> = {
  account: new Set(["kind"]),
  devices: new Set(["kind"]),
  settings: new Set(["lastSeenPrivacy", "photoPrivacy", "aboutPrivacy", "statusPrivacy"]),
  consents: new Set(["channel", "state", "reportedState", "proof", "kind", "indication"]),
  opt_outs: new Set(["event", "kind", "scope", "channel", "source", "reason"]),
  messages: new Set(["direction", "what"]),
  decisions: new Set(["decision", "outcome", "category", "messageKind", "channel"]),
  requests: new Set(["kind", "channel", "status", "event", "way"]),
  disclosures: new Set(["kind"]),
};

/** Fields that are set apart, since nobody reads them letter by letter: ids, addresses. */
export const codeFields = new Set([
  "id",
  "collectionPointId",
  "decisionId",
  "eventId",
  "messageId",
  "messageRef",
  "requestId",
  "currentIp",
  "previousIp",
  "ipAddress",
  "pageUrl",
  "privacyNoticeUrl",
  "userAgent",
  "policyVersion",
  "listSha256",
]);

/** More columns than this are easier to read as cards. */
export const mostColumns = 6;

/** Whether a state is a yes, a no or still open. */
export const tones: Readonly<Record<string, Tone>> = {
  given: "yes",
  renewed: "yes",
  delivered: "yes",
  closed: "yes",
  refused: "no",
  withdrawn: "no",
  revoked: "no",
  expired: "no",
  invalidated: "no",
  cancelled: "no",
};
