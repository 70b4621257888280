import type { Redemption } from "./features/gate/permit-routes.ts";
import type { CheckAnswer, CheckBody } from "./features/gate/routes.ts";

// What a sending service puts before its own sending. It brings nothing along: fetch and timers are the platform's.

export type { CheckAnswer, CheckBody };

export interface GuardOptions {
  /** Where Sayso answers, such as `https://sayso.shop.example`. */
  readonly url: string;
  /** An API key with the scope `checks`. */
  readonly apiKey: string;
  /** How long one request may take before it counts as unanswered, in milliseconds. 5,000 unless set. */
  readonly timeoutMs?: number;
  /** How the reasons are worded. */
  readonly language?: "en" | "ru";
}

/** A message to be sent: the question of a check, and until when it is worth sending. */
export interface GuardedMessage extends Omit<CheckBody, "dryRun"> {
  /**
   * Your own id of this message. Retries of it keep their place under frequency caps. Without one it is made, and only
   * this very call is one message.
   */
  readonly messageRef?: string;
  /** Until when to go on asking when Sayso does not answer. Not set: it is asked once. */
  readonly deadline?: Date;
}

/** Leave to send. Hand `id` to the platform as its opaque callback data when you like to find the decision later. */
export interface Permit {
  readonly id: string;
  readonly decisionId: string;
}

export type Reason = CheckAnswer["reasons"][number];

/** What became of a message. Only `allow` was handed to your function. */
export type Guarded<Sent> =
  | {
      readonly decision: "allow";
      readonly permit: Permit;
      readonly sent: Sent;
      /** Whether Sayso knows that it was sent. When false, report it by `POST /v1/permits/{id}/outcome`. */
      readonly reported: boolean;
    }
  | {
      readonly decision: "deny";
      readonly reasons: readonly Reason[];
      readonly decisionId: string | undefined;
    }
  /** Nobody could say: unreachable, too late, not understood. It was not sent. */
  | { readonly decision: "undecided"; readonly cause: unknown };

export interface Guard {
  /**
   * Checks, redeems, calls `sendFn`, and reports what became of it. `sendFn` is called once at most, and only with a
   * redeemed permit; what it returns comes back as `sent`, and its `messageId` is reported. When it throws, the outcome
   * is reported as unknown, or as failed for a `SendFailed`, and the error is thrown on. Throws `GuardError` when the
   * question itself is wrong (4xx): asking again would not help.
   */
  send<Sent extends { readonly messageId?: string | undefined }>(
    message: GuardedMessage,
    sendFn: (permit: Permit) => Promise<Sent>,
  ): Promise<Guarded<Sent>>;
}

/** To be thrown by a sending function when the platform refused the message: it certainly did not go out. */
export class SendFailed extends Error {
  override readonly name = "SendFailed";
  /** The platform's error code, such as 131050. */
  readonly errorCode: number | undefined;

  constructor(message: string, errorCode?: number) {
    super(message);
    this.errorCode = errorCode;
  }
}

/** Sayso refused the request itself: a wrong key, a field that does not fit. */
export class GuardError extends Error {
  override readonly name = "GuardError";
  readonly status: number;
  /** The problem document (RFC 9457). */
  readonly problem: unknown;

  constructor(status: number, problem: unknown) {
    super(`Sayso refused the request with ${status}. It was not sent.`);
    this.status = status;
    this.problem = problem;
  }
}

/** No answer that can be understood. */
class Unanswered extends Error {
  override readonly name = "Unanswered";
}

const firstPauseMs = 200;
const longestPauseMs = 5_000;
const reportTries = 3;

/** Makes a guard. Without an answer, or with one that it does not understand, nothing is sent. */
export function createGuard({ url, apiKey, timeoutMs = 5_000, language = "en" }: GuardOptions): Guard {
  const base = url.replace(/\/+$/, "");

  async function ask<Answer>(
    path: string,
    body: object | undefined,
    understand: (answer: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Answer> {
    const response = await fetch(`${base}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${apiKey}`,
        "accept-language": language,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new Unanswered("Sayso cannot be reached.", { cause });
    });
    const answer: unknown = await response.json().catch((cause: unknown) => {
      throw new Unanswered(`Sayso answered ${response.status} with something that is not JSON.`, { cause });
    });
    const isRefusal =
      response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status);
    if (isRefusal) throw new GuardError(response.status, answer);
    if (response.status !== 200 || !isObject(answer) || !understand(answer)) {
      throw new Unanswered(`Sayso answered ${response.status} with something that is not an answer.`, {
        cause: answer,
      });
    }
    return answer as Answer;
  }

  /** Asks once. An allow is redeemed; that alone is leave to send. */
  async function decide(question: object): Promise<Permit | Extract<Guarded<never>, { decision: "deny" }>> {
    const checked = await ask<CheckAnswer>("/v1/checks", question, isCheckAnswer);
    const { decisionId, permit } = checked;
    if (checked.decision !== "allow") return { decision: "deny", reasons: checked.reasons, decisionId };
    if (permit === undefined || decisionId === undefined)
      throw new Unanswered("An allow came without a permit.");
    const redemption = await ask<Redemption>(
      `/v1/permits/${encodeURIComponent(permit.id)}/redeem`,
      undefined,
      ({ redeemed }) => typeof redeemed === "boolean",
    );
    if (redemption.redeemed === true) return { id: permit.id, decisionId };
    return {
      decision: "deny",
      reasons: redemption.reasons ?? [],
      decisionId: redemption.decisionId ?? decisionId,
    };
  }

  async function report(permit: Permit, outcome: object): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await ask(`/v1/permits/${encodeURIComponent(permit.id)}/outcome`, outcome, () => true);
        return true;
      } catch {
        // What was sent was sent: that Sayso does not know it yet must not look like a failed message.
        if (tries === reportTries) return false;
        await pause(firstPauseMs * tries);
      }
    }
  }

  return {
    async send({ deadline, ...message }, sendFn) {
      const question = { ...message, messageRef: message.messageRef ?? crypto.randomUUID() };
      let permit: Permit | undefined;
      for (let wait = firstPauseMs; permit === undefined; wait = Math.min(wait * 2, longestPauseMs)) {
        try {
          const decided = await decide(question);
          if ("decision" in decided) return decided;
          permit = decided;
        } catch (cause) {
          if (!(cause instanceof Unanswered)) throw cause;
          if (deadline === undefined || Date.now() + wait >= deadline.getTime()) {
            return { decision: "undecided", cause };
          }
          await pause(wait);
        }
      }
      try {
        const sent = await sendFn(permit);
        const reported = await report(permit, {
          outcome: "sent",
          ...(sent.messageId === undefined ? {} : { messageId: sent.messageId }),
        });
        return { decision: "allow", permit, sent, reported };
      } catch (error) {
        const isFailed = error instanceof SendFailed;
        await report(permit, {
          outcome: isFailed ? "failed" : "unknown",
          ...(isFailed && error.errorCode !== undefined ? { errorCode: error.errorCode } : {}),
        });
        throw error;
      }
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCheckAnswer({ decision, reasons }: Readonly<Record<string, unknown>>): boolean {
  return (decision === "allow" || decision === "deny") && Array.isArray(reasons);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
