import type { Redemption } from "./features/gate/permit-routes.ts";
import type { PreviewAnswer } from "./features/gate/preview-routes.ts";
import type { CheckAnswer, CheckBody } from "./features/gate/routes.ts";

// What a sending service puts before its own sending. It brings nothing along: fetch and timers are the platform's.

export type { CheckAnswer, CheckBody, PreviewAnswer };

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

/** Something that was sent; the platform's `messageId`, when it is known, is reported. */
export interface SentMessage {
  readonly messageId?: string | undefined;
}

/** What became of one message of a campaign. Only `allow` was handed to your function, which may have thrown. */
export type CampaignResult<Message, Sent> = { readonly message: Message } & (
  | Guarded<Sent>
  | {
      readonly decision: "allow";
      readonly permit: Permit;
      /** What your function threw. */
      readonly error: unknown;
      readonly reported: boolean;
    }
);

export interface CampaignOptions {
  /** Messages that begin to go out in a second, at most. Without it as many as there are. */
  readonly perSecond?: number;
  /** Permits that are asked for together, and messages that are under way at the same time: 100 unless set, 1,000 at most. */
  readonly chunk?: number;
  /** Ends the campaign: nothing goes out any more but what has its permit redeemed. */
  readonly signal?: AbortSignal;
}

export interface Guard {
  /**
   * Checks, redeems, calls `sendFn`, and reports what became of it. `sendFn` is called once at most, and only with a
   * redeemed permit; what it returns comes back as `sent`, and its `messageId` is reported. When it throws, the outcome
   * is reported as unknown, or as failed for a `SendFailed`, and the error is thrown on. Throws `GuardError` when the
   * question itself is wrong (4xx): asking again would not help.
   */
  send<Sent extends SentMessage>(
    message: GuardedMessage,
    sendFn: (permit: Permit) => Promise<Sent>,
  ): Promise<Guarded<Sent>>;

  /**
   * Sends a campaign of any length as `send` sends one message, and gives a result for each message that it takes, in
   * their order. Permits live a minute, so they are asked for in chunks, each just before it goes out: a person's no is
   * obeyed until their own message goes, and there are never more permits than a chunk has. The messages of a chunk go
   * out at the same time, as fast as `perSecond` lets them. It goes on as long as somebody takes results; whoever stops
   * taking them, or aborts, stops it when everything that is under way has its outcome. What was taken and did not go
   * out is then `undecided`.
   *
   * Throws `GuardError` when Sayso refuses to be asked at all, as for a wrong key, and what `messages` throws. A single
   * message that is no question is `undecided` with a `GuardError` as its cause.
   */
  sendAll<Message extends GuardedMessage, Sent extends SentMessage>(
    messages: Iterable<Message> | AsyncIterable<Message>,
    sendFn: (permit: Permit, message: Message) => Promise<Sent>,
    options?: CampaignOptions,
  ): AsyncGenerator<CampaignResult<Message, Sent>, void, void>;

  /**
   * Counts what the messages would be answered if they went out now: whom, how many, and why not. Nothing is recorded.
   * Throws `GuardError`, and when Sayso does not answer: counts of a part would be taken for those of the whole.
   */
  preview(
    messages: Iterable<GuardedMessage> | AsyncIterable<GuardedMessage>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<PreviewAnswer>;
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
const mostInChunk = 1_000;
/** How long the permits of a chunk may wait for their turn: well below what they live. */
const mostSecondsOfTurns = 10;
/** Bad messages that a preview tells. */
const mostProblems = 100;

type Denied = Extract<Guarded<never>, { decision: "deny" }>;
type Undecided = Extract<Guarded<never>, { decision: "undecided" }>;

type Question = Omit<CheckBody, "dryRun"> & { readonly messageRef: string };

/** How a message of a campaign differs from one by itself. */
interface Turn {
  /** The answer to its check, which was asked together with others; or why there is none. */
  readonly first: CheckAnswer | Error | undefined;
  /** Waits until the message may go. Throws when it may not any more. */
  readonly come: () => Promise<void>;
  readonly stop: AbortSignal;
}

/** Makes a guard. Without an answer, or with one that it does not understand, nothing is sent. */
export function createGuard({ url, apiKey, timeoutMs = 5_000, language = "en" }: GuardOptions): Guard {
  const base = url.replace(/\/+$/, "");

  /** The text of a 200. */
  async function post(path: string, body: string | undefined, type = "application/json"): Promise<string> {
    const { status, text } = await inTime(timeoutMs, async (signal) => {
      const response = await fetch(`${base}${path}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${apiKey}`,
          "accept-language": language,
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body }),
        redirect: "error",
        signal,
      }).catch((cause: unknown) => {
        throw new Unanswered("Sayso cannot be reached.", { cause });
      });
      const text = await response.text().catch((cause: unknown) => {
        throw new Unanswered(`Sayso broke off its answer ${response.status}.`, { cause });
      });
      return { status: response.status, text };
    });
    if (status === 200) return text;
    throw refusal(status, readJson(text));
  }

  async function ask<Answer>(
    path: string,
    text: string | undefined,
    understand: (answer: Readonly<Record<string, unknown>>) => boolean,
    type?: string,
  ): Promise<Answer> {
    const answer = readJson(await post(path, text, type));
    if (!isObject(answer) || !understand(answer))
      throw new Unanswered("Sayso answered with something that is not an answer.", { cause: answer });
    return answer as Answer;
  }

  /** Asks for many at once. Gives an answer for each, or why there is none. */
  async function checkAll(questions: readonly Question[]): Promise<(CheckAnswer | Error)[]> {
    try {
      const answers = (await post("/v1/checks/batch", linesOf(questions), linesType)).split("\n");
      return questions.map((question, index) => readAnswer(answers[index], question));
    } catch (error) {
      if (error instanceof Unanswered) return questions.map(() => error);
      throw error;
    }
  }

  /** Asks once, unless that was done. An allow is redeemed; that alone is leave to send. */
  async function decide(
    question: Question,
    first?: CheckAnswer | Error,
    stop?: AbortSignal,
  ): Promise<Permit | Denied> {
    if (first instanceof Error) throw first;
    const checked = first ?? (await ask<CheckAnswer>("/v1/checks", JSON.stringify(question), isCheckAnswer));
    const { decisionId, permit } = checked;
    if (checked.decision !== "allow") return { decision: "deny", reasons: checked.reasons, decisionId };
    if (typeof permit?.id !== "string" || typeof decisionId !== "string")
      throw new Unanswered("An allow came without a permit.");
    stop?.throwIfAborted();
    const redemption = await ask<Redemption>(
      `/v1/permits/${encodeURIComponent(permit.id)}/redeem`,
      undefined,
      ({ redeemed }) => typeof redeemed === "boolean",
    );
    if (redemption.redeemed === true) return { id: permit.id, decisionId };
    const reasons = redemption.reasons ?? [];
    // It waited for too long among others: that says nothing about the person.
    if (first !== undefined && reasons.some(({ code }) => code === "permit_expired"))
      return decide(question, undefined, stop);
    return { decision: "deny", reasons, decisionId: redemption.decisionId ?? decisionId };
  }

  /** Asks until somebody can say, or the message's deadline has come. */
  async function leaveFor(
    question: Question,
    deadline: Date | undefined,
    turn?: Turn,
  ): Promise<Permit | Denied | Undecided> {
    let first = turn?.first;
    for (let wait = firstPauseMs; ; wait = Math.min(wait * 2, longestPauseMs)) {
      turn?.stop.throwIfAborted();
      try {
        // What does not go out takes nobody's turn.
        if (first === undefined || (!(first instanceof Error) && first.decision === "allow"))
          await turn?.come();
        return await decide(question, first, turn?.stop);
      } catch (cause) {
        if (!(cause instanceof Unanswered)) throw cause;
        if (deadline === undefined || Date.now() + wait >= deadline.getTime())
          return { decision: "undecided", cause };
        await pause(wait, turn?.stop);
      }
      first = undefined;
    }
  }

  async function report(permit: Permit, outcome: object): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        const path = `/v1/permits/${encodeURIComponent(permit.id)}/outcome`;
        await ask(path, JSON.stringify(outcome), () => true);
        return true;
      } catch {
        // What was sent was sent: that Sayso does not know it yet must not look like a failed message.
        if (tries === reportTries) return false;
        await pause(firstPauseMs * tries);
      }
    }
  }

  /** Hands the message over, with leave to send it, and reports what became of it. */
  async function deliver<Sent extends SentMessage>(
    permit: Permit,
    sendFn: (permit: Permit) => Promise<Sent>,
  ): Promise<{ sent: Sent; reported: boolean } | { error: unknown; reported: boolean }> {
    try {
      const sent = await sendFn(permit);
      const { messageId } = sent;
      return { sent, reported: await report(permit, { outcome: "sent", messageId }) };
    } catch (error) {
      const isFailed = error instanceof SendFailed;
      const outcome = isFailed ? { outcome: "failed", errorCode: error.errorCode } : { outcome: "unknown" };
      return { error, reported: await report(permit, outcome) };
    }
  }

  /** Sends one message of a campaign, when its turn comes. */
  async function goOut<Message extends GuardedMessage, Sent extends SentMessage>(
    message: Message,
    question: Question,
    sendFn: (permit: Permit, message: Message) => Promise<Sent>,
    turn: Turn,
  ): Promise<CampaignResult<Message, Sent>> {
    let permit: Permit | Denied | Undecided;
    try {
      permit = await leaveFor(question, message.deadline, turn);
    } catch (cause) {
      return { message, decision: "undecided", cause };
    }
    if ("decision" in permit) return { message, ...permit };
    const delivered = await deliver(permit, (leave) => sendFn(leave, message));
    return { message, decision: "allow", permit, ...delivered };
  }

  async function* sendAll<Message extends GuardedMessage, Sent extends SentMessage>(
    messages: Iterable<Message> | AsyncIterable<Message>,
    sendFn: (permit: Permit, message: Message) => Promise<Sent>,
    { perSecond = Number.POSITIVE_INFINITY, chunk = 100, signal }: CampaignOptions = {},
  ): AsyncGenerator<CampaignResult<Message, Sent>, void, void> {
    if (!(perSecond > 0 && chunk >= 1)) throw new RangeError("perSecond is above 0, and chunk at least 1.");
    const most = Math.min(Math.floor(chunk), mostInChunk, Math.ceil(perSecond * mostSecondsOfTurns));
    const pace = createPace(perSecond);
    const left = new AbortController();
    const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
    let underWay: Promise<CampaignResult<Message, Sent>>[] = [];
    try {
      for await (const group of chunksOf(messages, most, stop)) {
        // Permits are asked for when the first of them can go.
        await pause(pace.untilNext(), stop);
        const asked = group.map((message) => ({ message, question: questionOf(message) }));
        const firsts = stop.aborted ? [] : await checkAll(asked.map(({ question }) => question));
        underWay = asked.map(({ message, question }, index) => {
          const come = async () => {
            await pause(pace.take(), stop);
            stop.throwIfAborted();
            if (message.deadline !== undefined && Date.now() >= message.deadline.getTime())
              throw new Unanswered("The message's deadline came before its turn.");
          };
          return goOut(message, question, sendFn, { first: firsts[index], come, stop });
        });
        for (const result of underWay) yield await result;
      }
    } finally {
      left.abort();
      await Promise.all(underWay);
    }
  }

  return {
    async send(message, sendFn) {
      const permit = await leaveFor(questionOf(message), message.deadline);
      if ("decision" in permit) return permit;
      const delivered = await deliver(permit, sendFn);
      if ("error" in delivered) throw delivered.error;
      return { decision: "allow", permit, ...delivered };
    },
    sendAll,
    async preview(messages, { signal } = {}) {
      const stop = signal ?? new AbortController().signal;
      let total = nothingPreviewed;
      for await (const chunk of chunksOf(messages, mostInChunk, stop)) {
        stop.throwIfAborted();
        const body = linesOf(chunk.map(questionOf));
        const part = await ask<PreviewAnswer>("/v1/checks/preview", body, isPreview, linesType);
        total = added(total, part);
      }
      stop.throwIfAborted();
      return total;
    },
  };
}

/** What is asked about a message: nothing else that the caller keeps with it. */
function questionOf({
  sender,
  recipient,
  channel,
  purpose,
  message,
  cause,
  messageRef = crypto.randomUUID(),
}: GuardedMessage): Question {
  return { sender, recipient, channel, purpose, message, cause, messageRef };
}

const linesType = "application/x-ndjson";

function linesOf(questions: readonly Question[]): string {
  return questions.map((question) => `${JSON.stringify(question)}\n`).join("");
}

/** The answer to a question of a batch, or why there is none. */
function readAnswer(line: string | undefined, question: Question): CheckAnswer | Error {
  let answer: unknown;
  try {
    answer = JSON.parse(line ?? "");
  } catch (cause) {
    return new Unanswered("Sayso gave no answer to this message, or none that is JSON.", { cause });
  }
  if (isObject(answer)) {
    const { problem, messageRef } = answer;
    if (isObject(problem) && typeof problem.status === "number") return refusal(problem.status, problem);
    if (messageRef === question.messageRef && isCheckAnswer(answer)) return answer;
  }
  return new Unanswered("Sayso answered this message with something that is not an answer.", {
    cause: answer,
  });
}

/** A refusal that asking again would not change, or one that counts as no answer. */
function refusal(status: number, problem: unknown): GuardError | Unanswered {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status)
    ? new GuardError(status, problem)
    : new Unanswered(`Sayso answered ${status}.`, { cause: problem });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Unanswered("Sayso answered with something that is not JSON.", { cause });
  }
}

/** Puts messages together, `most` at a time. Ends when told to stop; what was taken by then comes all the same. */
async function* chunksOf<Message>(
  messages: Iterable<Message> | AsyncIterable<Message>,
  most: number,
  stop: AbortSignal,
): AsyncGenerator<Message[]> {
  const source =
    Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
  let isOver = false;
  try {
    while (!isOver) {
      const chunk: Message[] = [];
      while (chunk.length < most && !isOver) {
        const next = stop.aborted ? undefined : await unlessStopped(source.next(), stop);
        if (next === undefined || next.done) isOver = true;
        else chunk.push(next.value);
      }
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    // Not waited for: a source may be waiting for its next message.
    Promise.resolve(source.return?.()).catch(() => {});
  }
}

/** The result, or undefined when told to stop before it is there. */
function unlessStopped<Result>(
  result: Result | PromiseLike<Result>,
  stop: AbortSignal,
): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    stop.addEventListener("abort", end);
    Promise.resolve(result)
      .then(resolve, reject)
      .finally(() => stop.removeEventListener("abort", end));
  });
}

/** Gives every message its time, so that they begin evenly. */
function createPace(perSecond: number) {
  let nextMs = 0;
  return {
    untilNext: () => nextMs - performance.now(),
    /** Takes the next time, and says in how many milliseconds it is. */
    take(): number {
      const now = performance.now();
      const at = Math.max(nextMs, now);
      nextMs = at + 1_000 / perSecond;
      return at - now;
    },
  };
}

const nothingPreviewed: PreviewAnswer = {
  recipients: 0,
  allowed: 0,
  denied: 0,
  unreadable: 0,
  inWindow: 0,
  templateOnly: 0,
  byWorstReason: {},
  byReason: {},
  deniedForNow: { recipients: 0, byHour: {} },
  problems: [],
};

/** The counts of one preview with those of the messages after it. */
function added(a: PreviewAnswer, b: PreviewAnswer): PreviewAnswer {
  const problems = b.problems.map(({ line, problem }) => ({ line: line + a.recipients, problem }));
  return {
    recipients: a.recipients + b.recipients,
    allowed: a.allowed + b.allowed,
    denied: a.denied + b.denied,
    unreadable: a.unreadable + b.unreadable,
    inWindow: a.inWindow + b.inWindow,
    templateOnly: a.templateOnly + b.templateOnly,
    byWorstReason: sums(a.byWorstReason, b.byWorstReason),
    byReason: sums(a.byReason, b.byReason),
    deniedForNow: {
      recipients: a.deniedForNow.recipients + b.deniedForNow.recipients,
      byHour: sums(a.deniedForNow.byHour, b.deniedForNow.byHour),
    },
    problems: [...a.problems, ...problems].slice(0, mostProblems),
  };
}

function sums(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) {
  const both = new Map(Object.entries(a));
  for (const [key, number] of Object.entries(b)) both.set(key, (both.get(key) ?? 0) + number);
  return Object.fromEntries(both);
}

function isPreview(answer: Readonly<Record<string, unknown>>): boolean {
  const { byWorstReason, byReason, deniedForNow, problems } = answer;
  const counts = ["recipients", "allowed", "denied", "unreadable", "inWindow", "templateOnly"];
  return (
    counts.every((name) => typeof answer[name] === "number") &&
    [byWorstReason, byReason, deniedForNow].every(isObject) &&
    Array.isArray(problems)
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCheckAnswer(
  answer: Readonly<Record<string, unknown>>,
): answer is Readonly<Record<string, unknown>> & CheckAnswer {
  const { decision, reasons } = answer;
  return (decision === "allow" || decision === "deny") && Array.isArray(reasons);
}

/**
 * Gives up on what takes longer, and throws `Unanswered`. The signal alone would not do: Node 20 forgets it when memory
 * is cleaned up between the head of an answer and its end.
 */
async function inTime<Result>(ms: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const given = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Unanswered(`Sayso did not answer within ${ms} ms.`));
      given.abort();
    }, ms);
  });
  try {
    return await Promise.race([work(given.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, stop?: AbortSignal): Promise<void> {
  if (!(ms > 0) || stop?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop?.addEventListener("abort", end);
  });
}
