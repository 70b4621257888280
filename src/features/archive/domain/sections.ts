import { z } from "zod";

/**
 * The sections that Sayso fills from its own records, as lists of rows. Every field is always there; null means
 * that nothing is recorded. Values of closed lists (states, kinds, codes) are texts here, since a report must
 * show what is stored, whatever the word.
 */
export const ownSectionNames = [
  "consents",
  "opt_outs",
  "messages",
  "decisions",
  "requests",
  "disclosures",
] as const;
export type OwnSectionName = (typeof ownSectionNames)[number];

const instant = z.iso.datetime({ offset: true });
const text = z.string();

/** A consent event with its provenance and the wording as it was shown. */
const consent = z.strictObject({
  eventId: text,
  channel: text,
  purpose: z.strictObject({ key: text, name: text }),
  state: text,
  /** What the caller reported, where Sayso recorded another state (a yes after a no that awaits confirmation). */
  reportedState: text.nullable(),
  /** demonstrated, typed, reported, legacy or unproven. */
  proof: text.nullable(),
  occurredAt: instant,
  recordedAt: instant,
  expiresAt: instant.nullable(),
  collectionPoint: z
    .strictObject({
      id: text,
      key: text,
      kind: text,
      name: text,
      version: z.int(),
      privacyNoticeUrl: text.nullable(),
    })
    .nullable(),
  /** The exact text that was shown, and the SHA-256 of its UTF-8 bytes in hex. */
  wording: z.strictObject({ text, language: text, sha256: text.regex(/^[0-9a-f]{64}$/) }).nullable(),
  indication: text.nullable(),
  pageUrl: text.nullable(),
  ipAddress: text.nullable(),
  userAgent: text.nullable(),
  language: text.nullable(),
  /** Who entered it for the person. */
  operator: text.nullable(),
  evidence: text.nullable(),
  /** Of a list that was collected before Sayso: its SHA-256, when it was collected, and who answers for it. */
  list: z
    .strictObject({ listSha256: text, collectedSince: instant, collectedUntil: instant, answersFor: text })
    .optional(),
  /** Files of the archive that prove it: a scan, a recording. */
  attachments: z
    .array(
      z.strictObject({
        attachment: text,
        mediaType: text,
        bytes: z.int().min(0),
        sha256: text.regex(/^[0-9a-f]{64}$/),
      }),
    )
    .optional(),
});

/** An opt-out or its undoing, what may be one, what the person chose about how they are written to, a block made or lifted, or a stop or resume on the platform. */
const optOut = z.strictObject({
  id: text.nullable(),
  kind: z.enum(["opt_out", "suspicion", "preference", "block", "platform_preference"]),
  /** opted_out, undone, suspected, confirmed, dismissed, pause_chosen, blocked, lifted, stop, resume, … */
  event: text,
  scope: text.nullable(),
  purpose: text.nullable(),
  channel: text.nullable(),
  source: text.nullable(),
  reason: text.nullable(),
  occurredAt: instant,
  recordedAt: instant.nullable(),
  expiresAt: instant.nullable(),
});

/** A message of the person (`in`), or what became of one to them (`out`: one row for every status). */
const message = z.strictObject({
  direction: z.enum(["in", "out"]),
  messageId: text,
  at: instant,
  receivedAt: instant,
  /** The business number. */
  sender: text,
  /** Of an incoming message: text, button, call, … */
  kind: text.nullable(),
  /** Whether an incoming message opened the 24-hour window. */
  opensWindow: z.boolean().nullable(),
  /** Of an outgoing message: sent, delivered, read, failed. */
  status: text.nullable(),
  errorCode: z.int().nullable(),
  /** Only where the organization stores content. */
  text: text.nullable(),
});

/** One check: might this message be sent to this person at that time? */
const decision = z.strictObject({
  decisionId: text,
  at: instant,
  decision: z.enum(["allow", "deny"]),
  sender: text,
  channel: text,
  purpose: text,
  messageKind: text,
  category: text.nullable(),
  template: text.nullable(),
  messageRef: text.nullable(),
  /** When an allow was taken up, what the sender said became of the message, and the platform's id of it. */
  redeemedAt: instant.nullable(),
  outcome: text.nullable(),
  messageId: text.nullable(),
  /** Why not; empty for an allow. `message` is in the report's language. */
  reasons: z.array(z.strictObject({ code: text, message: text })),
  policyVersion: text.nullable(),
});

/** A data request of this person and its history. */
const request = z.strictObject({
  requestId: text,
  kind: text,
  regime: text,
  channel: text,
  status: text,
  receivedAt: instant,
  dueAt: instant,
  history: z.array(z.strictObject({ at: instant, event: text, status: text, note: text.nullable() })),
  /** What the person was told about it, exactly as it went out. */
  letters: z.array(
    z.strictObject({ sentAt: instant, kind: text, way: text, language: text, subject: text, text }),
  ),
});

/** Who received this person's data, or that it was looked at: purposes and dates, not the names of staff. */
const disclosure = z.strictObject({
  kind: z.enum(["shared", "viewed"]),
  at: instant,
  recipient: text.nullable(),
  reason: text,
  categories: z.array(text),
});

/** The schema of one row of each section. */
export const rowSchemas = {
  consents: consent,
  opt_outs: optOut,
  messages: message,
  decisions: decision,
  requests: request,
  disclosures: disclosure,
} satisfies Record<OwnSectionName, z.ZodType>;

/** What one row of each section holds. */
export type OwnRows = { [Name in OwnSectionName]: z.infer<(typeof rowSchemas)[Name]> };
