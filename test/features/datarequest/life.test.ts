import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RequestKind, requestKinds } from "../../../src/features/datarequest/domain/kind.ts";
import {
  isAnsweredByArchive,
  isFinal,
  type Life,
  needsReason,
  nextStep,
  openLife,
  type RequestEvent,
  type RequestEventKind,
  type RequestStatus,
  requestEventKinds,
  requestStatuses,
  requestSteps,
  takeStep,
} from "../../../src/features/datarequest/domain/life.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";

const reason = "Because the test says so.";

interface Lived {
  readonly life: Life;
  readonly taken: readonly RequestEvent[];
}

/** Lets the events happen one after another; those that are refused leave everything as it is. */
function live(begun: Life, events: readonly RequestEvent[]): Lived[] {
  let lived: Lived = { life: begun, taken: [] };
  const lives = [lived];
  for (const event of events) {
    try {
      lived = { life: takeStep(lived.life, event), taken: [...lived.taken, event] };
      lives.push(lived);
    } catch (error) {
      if (!(error instanceof SaysoError)) throw error;
    }
  }
  return lives;
}

/** Statuses that the table leads to without an event of some kind ever happening. */
function reachable(kind: RequestKind, without?: RequestEventKind): RequestStatus[] {
  const reached = new Set<RequestStatus>(["received"]);
  for (const from of reached) {
    for (const event of requestEventKinds) {
      const to = event === without ? undefined : requestSteps[kind][from][event];
      if (to !== undefined) reached.add(to);
    }
  }
  return [...reached].sort();
}

const staff = fc.constantFrom("api_key:key_a", "api_key:key_b", "staff:stf_c");
const anyEvent: fc.Arbitrary<RequestEvent> = fc.record({
  kind: fc.constantFrom(...requestEventKinds),
  reason: fc.option(fc.constantFrom("", reason), { nil: undefined, freq: 6 }),
  by: fc.option(staff, { nil: undefined, freq: 6 }),
  owner: fc.option(fc.constantFrom("privacy-desk", "legal"), { nil: null }),
});
const anyBeginning = fc
  .tuple(fc.constantFrom(...requestKinds), fc.constantFrom(1 as const, 2 as const))
  .map(([kind, needed]) => openLife(kind, needed));

/** A beginning and what happens then: mostly the next thing to do, now and then anything. Such a life gets far. */
const anyLife = fc
  .tuple(anyBeginning, fc.array(fc.tuple(fc.boolean(), anyEvent), { maxLength: 40 }))
  .map(([begun, wishes]) => {
    const events: RequestEvent[] = [];
    let life = begun;
    for (const [isEager, wish] of wishes) {
      const event = isEager ? { ...wish, kind: nextStep(life)?.event ?? wish.kind } : wish;
      events.push(event);
      life = live(life, [event]).at(-1)?.life ?? life;
    }
    return live(begun, events);
  });

const kindsOf = (taken: readonly RequestEvent[]) => taken.map(({ kind }) => kind);

describe("the life of a data request", () => {
  const asked = (kinds: readonly RequestEventKind[]) =>
    kinds.map((kind) => ({ kind, reason, by: "staff:stf_a" }));

  it.each<[RequestKind, RequestEventKind[], RequestStatus[]]>([
    [
      "access",
      [
        "identity_asked",
        "identity_noted",
        "approved",
        "build_started",
        "archive_ready",
        "delivery_created",
        "closed",
      ],
      [
        "received",
        "identity_check",
        "in_progress",
        "in_progress",
        "in_progress",
        "ready",
        "delivered",
        "closed",
      ],
    ],
    [
      "erasure",
      ["identity_noted", "approved", "carried_out", "closed"],
      ["received", "in_progress", "in_progress", "ready", "closed"],
    ],
    ["objection", ["carried_out", "closed"], ["received", "ready", "closed"]],
  ])("goes its way to the end: %s", (kind, events, statuses) => {
    expect(live(openLife(kind, 1), asked(events)).map(({ life }) => life.status)).toEqual(statuses);
  });

  it.each(
    requestKinds.flatMap((kind) =>
      requestStatuses.flatMap((from) =>
        requestEventKinds
          .filter((event) => requestSteps[kind][from][event] === undefined)
          .map((event) => ({ kind, from, event })),
      ),
    ),
  )("refuses $event while $kind is $from", ({ kind, from, event }) => {
    expect(() => takeStep({ ...openLife(kind, 1), status: from }, { kind: event, reason })).toThrowError(
      expect.objectContaining({ code: "conflict", detail: expect.stringContaining(from) }),
    );
  });

  it("has a table of steps that a reader can check against the law's order", () => {
    const table = requestKinds.map((kind) => [
      kind,
      requestStatuses.flatMap((from) =>
        requestEventKinds.flatMap((event) => {
          const to = requestSteps[kind][from][event];
          return to === undefined || to === from ? [] : [`${from} -${event}-> ${to}`];
        }),
      ),
    ]);
    const beginning = [
      "received -identity_asked-> identity_check",
      "received -identity_noted-> in_progress",
      "received -refused-> refused",
      "received -cancelled-> cancelled",
      "identity_check -identity_noted-> in_progress",
      "identity_check -refused-> refused",
      "identity_check -cancelled-> cancelled",
    ];
    const archive = [
      ...beginning,
      "in_progress -archive_ready-> ready",
      "in_progress -refused-> refused",
      "in_progress -cancelled-> cancelled",
      "ready -build_started-> in_progress",
      "ready -delivery_created-> delivered",
      "ready -archive_expired-> in_progress",
      "ready -refused-> refused",
      "ready -cancelled-> cancelled",
      "delivered -archive_expired-> expired",
      "delivered -closed-> closed",
    ];
    const work = [
      ...beginning,
      "in_progress -carried_out-> ready",
      "in_progress -refused-> refused",
      "in_progress -cancelled-> cancelled",
      "ready -closed-> closed",
    ];
    expect(Object.fromEntries(table)).toEqual({
      access: archive,
      portability: archive,
      rectification: work,
      erasure: work,
      restriction: work,
      objection: [
        "received -carried_out-> ready",
        "received -cancelled-> cancelled",
        "ready -closed-> closed",
      ],
    });
  });

  it("stays in progress, with the reason, when building fails, and can be built again", () => {
    const begun: Life = { ...openLife("access", 1), status: "in_progress" };
    const failed = takeStep(begun, { kind: "build_failed", reason: "A source did not answer." });
    expect(takeStep(failed, { kind: "build_started" }).status).toBe("in_progress");
  });

  it("asks what the person means once at a time, and extends the time once", () => {
    const asking = takeStep(openLife("access", 1), { kind: "clarification_asked", reason });
    expect(nextStep(asking)).toEqual({ by: "person", event: "clarification_received" });
    expect(() => takeStep(asking, { kind: "clarification_asked", reason })).toThrowError(/not answered/);
    const answered = takeStep(asking, { kind: "clarification_received" });
    expect(() => takeStep(answered, { kind: "clarification_received" })).toThrowError(/not asked/);
    const extended = takeStep(answered, { kind: "extended", reason });
    expect(() => takeStep(extended, { kind: "extended", reason })).toThrowError(/extended already/);
  });

  it("lets the second approval be of the archive that leaves, and asks for it again when that is another one", () => {
    const steps = (life: Life, ...events: RequestEvent[]) => events.reduce(takeStep, life);
    const first = { kind: "approved", by: "api_key:key_a" } as const;
    const second = { kind: "approved", by: "api_key:key_b" } as const;
    const building = steps(openLife("access", 2), { kind: "identity_noted" }, first);
    expect(() => takeStep(building, second)).toThrowError(/when that is ready/);
    const ready = steps(building, { kind: "archive_ready" });
    expect(() => takeStep(ready, first)).toThrowError(/somebody else's/);
    expect(() => takeStep(ready, { kind: "delivery_created" })).toThrowError(/second approval/);
    const approved = steps(ready, second);
    expect(steps(approved, { kind: "delivery_created" }).status).toBe("delivered");
    const rebuilt = steps(approved, { kind: "archive_expired", reason }, { kind: "archive_ready" });
    expect(nextStep(rebuilt)).toEqual({ by: "staff", event: "approved" });
    expect(() => takeStep(rebuilt, { kind: "delivery_created" })).toThrowError(/second approval/);
  });
});

describe("whatever happens to a data request", () => {
  it.each(requestKinds.filter((kind) => kind !== "objection"))(
    "no step of the table leads %s to an answer past the identity check",
    (kind) => {
      expect(reachable(kind, "identity_noted")).toEqual([
        "cancelled",
        "identity_check",
        "received",
        "refused",
      ]);
    },
  );

  it("nothing is handed over or carried out before identity was noted and all who must have approved, each once", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        for (const { life, taken } of lives) {
          if (life.kind === "objection") continue;
          const last = taken.at(-1)?.kind;
          const isAnswer = last === "delivery_created" || last === "carried_out";
          if (!isAnswer) continue;
          expect(kindsOf(taken)).toContain("identity_noted");
          const approvers = new Set(taken.flatMap(({ kind, by }) => (kind === "approved" ? [by] : [])));
          expect(approvers.size).toBeGreaterThanOrEqual(life.approvalsNeeded);
          expect(approvers.has(undefined)).toBe(false);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("nothing is delivered, done, closed or expired by any way but an answer", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        for (const { life, taken } of lives) {
          if (!["delivered", "closed", "expired"].includes(life.status)) continue;
          expect(kindsOf(taken)).toContain(
            isAnsweredByArchive(life.kind) ? "delivery_created" : "carried_out",
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("a second request for the same moves it nowhere, least of all past the identity check", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        for (const { life } of lives) {
          if (requestSteps[life.kind][life.status].joined === undefined) continue;
          expect(takeStep(life, { kind: "joined" })).toEqual(life);
        }
      }),
    );
  });

  it("nothing ends, waits or fails without an entry that says why", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        for (const { life, taken } of lives) {
          const last = taken.at(-1);
          if (last === undefined) continue;
          if (isFinal(life.status)) expect(needsReason.has(last.kind)).toBe(true);
          if (needsReason.has(last.kind)) expect(last.reason?.trim()).toBeTruthy();
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("an open request has a next step that it can take, and is somebody's or on the unassigned list", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        for (const { life, taken } of lives) {
          const next = nextStep(life);
          if (isFinal(life.status)) {
            expect(next).toBeNull();
            continue;
          }
          if (next === null) throw new Error(`A request that is ${life.status} has no next step.`);
          // Somebody who has not approved yet.
          expect(() => takeStep(life, { kind: next.event, reason, by: "staff:stf_new" })).not.toThrow();
          const assigned = taken.findLast(({ kind }) => kind === "assigned");
          expect(life.owner).toBe(assigned?.owner ?? null);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("taking the next step again and again ends it", () => {
    fc.assert(
      fc.property(anyLife, (lives) => {
        let life = lives.at(-1)?.life;
        for (let step = 0; life !== undefined && !isFinal(life.status); step += 1) {
          expect(step).toBeLessThan(12);
          const next = nextStep(life);
          if (next === null) throw new Error("It is stuck.");
          // Whoever fetched their archive has had their answer.
          const kind = next.event === "downloaded" && step > 6 ? "closed" : next.event;
          life = takeStep(life, { kind, reason, by: `staff:stf_${step}` });
        }
      }),
    );
  });

  it("an end is an end: nothing moves it", () => {
    fc.assert(
      fc.property(anyLife, anyEvent, (lives, event) => {
        const life = lives.at(-1)?.life;
        if (life === undefined || !isFinal(life.status)) return;
        expect(live(life, [event]).at(-1)?.life).toEqual(life);
        expect(() => takeStep(life, event)).toThrow(SaysoError);
      }),
      { numRuns: 1_000 },
    );
    expect(requestStatuses.filter(isFinal)).toEqual(["closed", "refused", "cancelled", "expired"]);
  });

  it("every status can be reached by an access request", () => {
    expect(reachable("access")).toEqual([...requestStatuses].sort());
  });
});
