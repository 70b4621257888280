/** A call and its answer as the client saw them. Times are of one monotonic clock. */
export interface Operation<Call, Answer> {
  readonly call: Call;
  readonly invokedAt: number;
  /** Absent: the answer was lost. It happened at some time after it was invoked, or never. */
  readonly answered?: { readonly at: number; readonly answer: Answer };
}

/** What an object does when it is asked one thing at a time. */
export interface Model<State, Call, Answer> {
  readonly initial: State;
  /** The state after a call; undefined when it would have been answered otherwise. A lost answer may be any. */
  readonly step: (state: State, call: Call, answer: Answer | undefined) => State | undefined;
  /** The same text for states that cannot be told apart. */
  readonly nameOf: (state: State) => string;
}

export type Judgement<Call, Answer> =
  | { readonly isLinearizable: true }
  | {
      readonly isLinearizable: false;
      /** As many operations as could be put in order, and those of which none could come next. */
      readonly inOrder: readonly Operation<Call, Answer>[];
      readonly stuckAt: readonly Operation<Call, Answer>[];
    };

/**
 * Judges whether a history is linearizable (Herlihy & Wing, 1990): whether its operations can be put in an order, each
 * after all that were answered before it was invoked, in which the model answers as the clients were answered. Sound and
 * complete: it tries every such order.
 *
 * Wing & Gong's search with Lowe's memory of what was tried ("Testing for linearizability", 2017), as Porcupine has it:
 * the same operations done, in whatever order, and the same state need not be tried twice. A person's history is judged
 * by itself, for people do not share state (Herlihy & Wing: locality). The general search and not a shortcut for this
 * one object, because the model is then all there is to believe: what the rules say, in a few lines. Operations whose
 * answer was lost have no end; they are tried last, since most orders do not need them.
 */
export function judgeHistory<State, Call, Answer>(
  history: readonly Operation<Call, Answer>[],
  model: Model<State, Call, Answer>,
): Judgement<Call, Answer> {
  const operations = history.toSorted((a, b) => a.invokedAt - b.invokedAt);
  const isPlaced = operations.map(() => false);
  const order: Operation<Call, Answer>[] = [];
  const tried = new Set<string>();
  let inOrder: typeof order = [];
  let stuckAt: typeof order = [];

  function place(state: State, begin: number): boolean {
    // Next may come what was invoked before any that is still to be placed was answered.
    const next: { operation: Operation<Call, Answer>; index: number; end: number }[] = [];
    let first = begin;
    while (isPlaced[first]) first += 1;
    let index = first;
    let earliestEnd = Number.POSITIVE_INFINITY;
    for (; index < operations.length; index += 1) {
      const operation = operations[index];
      if (operation === undefined || operation.invokedAt > earliestEnd) break;
      if (isPlaced[index]) continue;
      const end = operation.answered?.at ?? Number.POSITIVE_INFINITY;
      earliestEnd = Math.min(earliestEnd, end);
      next.push({ operation, index, end });
    }
    if (earliestEnd === Number.POSITIVE_INFINITY) return true;

    // Everything before `index` but these is placed, and nothing after it: that is all there is to remember.
    const tryName = `${index} ${next.map((each) => each.index).join()} ${model.nameOf(state)}`;
    if (tried.has(tryName)) return false;
    tried.add(tryName);

    for (const { operation, index: placed } of next.sort((a, b) => a.end - b.end)) {
      const after = model.step(state, operation.call, operation.answered?.answer);
      if (after === undefined) continue;
      isPlaced[placed] = true;
      order.push(operation);
      if (place(after, first)) return true;
      order.pop();
      isPlaced[placed] = false;
    }
    if (order.length >= inOrder.length) {
      inOrder = [...order];
      stuckAt = next.map(({ operation }) => operation);
    }
    return false;
  }

  return place(model.initial, 0) ? { isLinearizable: true } : { isLinearizable: false, inOrder, stuckAt };
}

/** What is done to, or asked about, one person. `at` is the whole second at which they are said to have done it. */
export type PersonCall =
  | { readonly kind: "opt_out" | "withdrawal" | "platform_stop" | "platform_resume"; readonly at: number }
  /** The person's own yes, with its proof, and one that a caller merely reports. */
  | { readonly kind: "proven_yes" | "reported_yes"; readonly at: number }
  | { readonly kind: "block" | "lift"; readonly block: string }
  | { readonly kind: "check" }
  | { readonly kind: "redeem"; readonly permit: string };

export type PersonAnswer = "done" | "allow" | "deny" | "redeemed" | "used" | "refused";

export interface PersonState {
  readonly yesAt: number;
  readonly noAt: number;
  readonly stoppedAt: number;
  readonly resumedAt: number;
  readonly blocks: readonly string[];
  readonly usedPermits: readonly string[];
}

/** Somebody who demonstrably agreed at a second, and whom nobody has blocked. */
export function optedIn(yesAt: number): PersonState {
  return { yesAt, noAt: -1, stoppedAt: -1, resumedAt: 0, blocks: [], usedPermits: [] };
}

/** Whether marketing may go out: in doubt (the same second) the no wins, and so does the platform's stop. */
export function isAllowed({ yesAt, noAt, stoppedAt, resumedAt, blocks }: PersonState): boolean {
  return blocks.length === 0 && stoppedAt < resumedAt && noAt < yesAt;
}

function nextState(state: PersonState, call: PersonCall): PersonState {
  switch (call.kind) {
    case "opt_out":
    case "withdrawal":
      return { ...state, noAt: Math.max(state.noAt, call.at) };
    case "proven_yes":
      return { ...state, yesAt: Math.max(state.yesAt, call.at) };
    case "platform_stop":
      return { ...state, stoppedAt: Math.max(state.stoppedAt, call.at) };
    case "platform_resume":
      return { ...state, resumedAt: Math.max(state.resumedAt, call.at) };
    case "block":
      return { ...state, blocks: [...state.blocks, call.block].sort() };
    case "lift":
      return { ...state, blocks: state.blocks.filter((block) => block !== call.block) };
    case "redeem":
      return isAllowed(state) && !state.usedPermits.includes(call.permit)
        ? { ...state, usedPermits: [...state.usedPermits, call.permit].sort() }
        : state;
    // A reported yes revives nothing after a no, and before one there is a better.
    case "reported_yes":
    case "check":
      return state;
  }
}

function isRightAnswer(state: PersonState, call: PersonCall, answer: PersonAnswer): boolean {
  if (call.kind === "check") return answer === (isAllowed(state) ? "allow" : "deny");
  if (call.kind !== "redeem") return answer === "done";
  if (answer === "used") return state.usedPermits.includes(call.permit);
  // Of two at the same time the one that looked earlier may be told of the rules' no, although the other was first.
  if (answer === "refused") return !isAllowed(state);
  return answer === "redeemed" && isAllowed(state) && !state.usedPermits.includes(call.permit);
}

/** The gate for one person and marketing, as gate-rules would answer one caller at a time. */
export function personModel(initial: PersonState): Model<PersonState, PersonCall, PersonAnswer> {
  return {
    initial,
    step: (state, call, answer) =>
      answer === undefined || isRightAnswer(state, call, answer) ? nextState(state, call) : undefined,
    nameOf: (state) => JSON.stringify(Object.values(state)),
  };
}
