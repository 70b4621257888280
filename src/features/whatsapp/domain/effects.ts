import type { Update } from "./update.ts";

/** What an error code of the platform means for us. */
export type PlatformEffect =
  /** No message from the person in the last 24 hours: our record of the window is wrong. */
  | { readonly type: "window_closed" }
  /** Held back by the platform; null seconds: it does not say how long. No automatic retry. */
  | { readonly type: "platform_hold"; readonly holdSeconds: number | null }
  /** The person stopped this business's marketing on the platform. */
  | { readonly type: "platform_marketing_stop" }
  /** Not on WhatsApp, an old app, terms not accepted. Never to be read as a no. */
  | { readonly type: "undeliverable" }
  /** The business itself blocked the person. */
  | { readonly type: "blocked_by_business" }
  /** The account may not message the person's country. */
  | { readonly type: "destination_restricted" }
  /** The account is restricted, disabled or locked: everything stops. */
  | { readonly type: "sender_restricted" }
  /** Too much of it was taken for spam: marketing stops, staff are told. */
  | { readonly type: "marketing_rate_limited" }
  /** Too fast: back off. */
  | { readonly type: "rate_limited" }
  | {
      readonly type: "template_state";
      readonly state: "missing" | "paused" | "disabled" | "against_policy";
    };

interface ErrorCode {
  readonly code: number;
  readonly means: string;
  readonly effect: PlatformEffect;
}

/** Source: Meta, "Error codes" of the Cloud API; the hold's length from its pages on per-user marketing limits. */
export const errorCodes: readonly ErrorCode[] = [
  {
    code: 131047,
    means: "more than 24 hours since the person's last message",
    effect: { type: "window_closed" },
  },
  {
    code: 131049,
    means: "held back to keep the ecosystem healthy",
    effect: { type: "platform_hold", holdSeconds: 24 * 3600 },
  },
  {
    code: 130472,
    means: "the person is in an experiment",
    effect: { type: "platform_hold", holdSeconds: null },
  },
  {
    code: 131050,
    means: "the person stopped marketing from this business",
    effect: { type: "platform_marketing_stop" },
  },
  { code: 131026, means: "undeliverable", effect: { type: "undeliverable" } },
  { code: 130403, means: "you blocked this person", effect: { type: "blocked_by_business" } },
  {
    code: 130497,
    means: "the account may not message that country",
    effect: { type: "destination_restricted" },
  },
  { code: 368, means: "blocked for policy violations", effect: { type: "sender_restricted" } },
  { code: 131031, means: "account locked", effect: { type: "sender_restricted" } },
  { code: 131048, means: "spam rate limit", effect: { type: "marketing_rate_limited" } },
  { code: 131056, means: "pair rate limit", effect: { type: "rate_limited" } },
  { code: 130429, means: "throughput reached", effect: { type: "rate_limited" } },
  { code: 4, means: "API calls of the app", effect: { type: "rate_limited" } },
  { code: 80007, means: "API calls of the account", effect: { type: "rate_limited" } },
  {
    code: 132001,
    means: "no such template in that language",
    effect: { type: "template_state", state: "missing" },
  },
  { code: 132015, means: "template paused", effect: { type: "template_state", state: "paused" } },
  { code: 132016, means: "template disabled", effect: { type: "template_state", state: "disabled" } },
  {
    code: 132007,
    means: "template against policy",
    effect: { type: "template_state", state: "against_policy" },
  },
];

const effects: ReadonlyMap<number, PlatformEffect> = new Map(
  errorCodes.map(({ code, effect }) => [code, effect]),
);

/**
 * The effects of the errors of one failed message (or of a `platform_error`), each once. A code that is not in the
 * table has none.
 */
export function effectsOf(errors: readonly { readonly code: number }[]): readonly PlatformEffect[] {
  const found = errors.map(({ code }) => effects.get(code)).filter((effect) => effect !== undefined);
  return [...new Map(found.map((effect) => [JSON.stringify(effect), effect])).values()];
}

/** Whether an error code tells that too much of what the sender writes was taken for spam. */
export function saysSpam(errorCode: number): boolean {
  return effectsOf([{ code: errorCode }]).some(({ type }) => type === "marketing_rate_limited");
}

/** Whether an update tells that people, or the platform, find what the sender writes unwelcome. */
export function isComplaint(update: Update): boolean {
  switch (update.type) {
    case "message_status":
      return update.errors.some(({ code }) => saysSpam(code));
    case "number_quality":
      return update.event === "flagged";
    case "template_quality":
      return update.quality === "red";
    default:
      return false;
  }
}

/** What one error code of a message changes in what is held of the person and the sender. */
export function changesBy(errorCode: number) {
  const types = new Set(effectsOf([{ code: errorCode }]).map(({ type }) => type));
  return {
    closesWindow: types.has("window_closed"),
    stopsMarketing: types.has("platform_marketing_stop"),
    restrictsSender: types.has("sender_restricted"),
  };
}
