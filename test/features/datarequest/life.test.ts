import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isFinal,
  nextStatus,
  nextSteps,
  type RequestEventKind,
  type RequestStatus,
  requestEventKinds,
  requestStatuses,
  requestSteps,
} from "../../../src/features/datarequest/domain/life.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";

const reason = "Because the test says so.";

interface Life {
  readonly status: RequestStatus | null;
  readonly taken: readonly RequestEventKind[];
}

/** Lets the events happen one after another; those that are refused leave everything as it is. */
function live(kinds: readonly RequestEventKind[]): Life[] {
  let life: Life = { status: null, taken: [] };
  const lives = [life];
  for (const kind of kinds) {
    try {
      life = { status: nextStatus(life.status, { kind, reason }), taken: [...life.taken, kind] };
      lives.push(life);
    } catch (error) {
      if (!(error instanceof SaysoError) || error.code !== "conflict") throw error;
    }
  }
  return lives;
}

/** Statuses that can be reached without a kind of event ever happening. */
function reachableWithout(forbidden: RequestEventKind | undefined): Set<RequestStatus> {
  const reached = new Set<RequestStatus>();
  const open: (RequestStatus | "unopened")[] = ["unopened"];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const kind of requestEventKinds) {
      const to = kind === forbidden ? undefined : requestSteps[from][kind];
      if (to === undefined || reached.has(to)) continue;
      reached.add(to);
      open.push(to);
    }
  }
  return reached;
}

const anyEvents = fc.array(fc.constantFrom(...requestEventKinds), { maxLength: 60 });

/** Mostly the next thing to do, now and then anything: such a life gets far. */
const eagerEvents = fc
  .array(fc.option(fc.constantFrom(...requestEventKinds), { freq: 4, nil: undefined }), { maxLength: 40 })
  .map((wishes) => {
    const kinds: RequestEventKind[] = [];
    for (const wish of wishes) {
      const status = live(kinds).at(-1)?.status ?? null;
      const expected = status === null ? "opened" : isFinal(status) ? "opened" : nextSteps[status].event;
      kinds.push(wish ?? expected);
    }
    return kinds;
  });

describe("the life of a data request", () => {
  it("goes from received to closed by way of identity, building and delivery", () => {
    const kinds: RequestEventKind[] = [
      "opened",
      "identity_asked",
      "identity_noted",
      "build_started",
      "archive_ready",
      "delivery_created",
      "downloaded",
      "closed",
    ];
    expect(live(kinds).map((life) => life.status)).toEqual([
      null,
      "received",
      "identity_check",
      "in_progress",
      "in_progress",
      "ready",
      "delivered",
      "delivered",
      "closed",
    ]);
  });

  const steps = requestStatuses.flatMap((from) =>
    requestEventKinds.map((kind) => ({ from, kind, to: requestSteps[from][kind] })),
  );

  it.each(steps.filter((step) => step.to !== undefined))(
    "takes $kind while $from and is $to",
    ({ from, kind, to }) => {
      expect(nextStatus(from, { kind, reason })).toBe(to);
    },
  );

  it.each(steps.filter((step) => step.to === undefined))("refuses $kind while $from", ({ from, kind }) => {
    expect(() => nextStatus(from, { kind, reason })).toThrowError(
      expect.objectContaining({ code: "conflict", detail: expect.stringContaining(from) }),
    );
  });

  it.each(requestEventKinds.filter((kind) => kind !== "opened"))("does not begin with %s", (kind) => {
    expect(() => nextStatus(null, { kind, reason })).toThrowError(
      expect.objectContaining({ code: "conflict" }),
    );
  });

  it("stays in progress, with the reason, when building fails, and can be built again", () => {
    const failed = nextStatus("in_progress", { kind: "build_failed", reason: "A source did not answer." });
    expect(failed).toBe("in_progress");
    expect(nextStatus(failed, { kind: "build_started" })).toBe("in_progress");
  });

  it("does not end when an archive grows old before anyone was given it", () => {
    expect(nextStatus("ready", { kind: "archive_expired" })).toBe("in_progress");
  });

  it.each([
    ["in_progress", "build_failed"],
    ["received", "refused"],
    ["ready", "cancelled"],
    ["delivered", "closed"],
  ] as const)("while %s does not take %s without saying why", (status, kind) => {
    for (const missing of [undefined, "", " \n"]) {
      expect(() => nextStatus(status, { kind, reason: missing })).toThrowError(
        expect.objectContaining({
          code: "invalid",
          errors: [expect.objectContaining({ pointer: "/reason" })],
        }),
      );
    }
  });
});

describe("whatever happens to a data request", () => {
  it("no table of steps leads to an archive, a delivery or an end by answer past the identity check", () => {
    const reached = reachableWithout("identity_noted");
    expect([...reached].sort()).toEqual(["cancelled", "identity_check", "received", "refused"]);
  });

  it("nothing is ready, delivered, closed or expired before identity was noted", () => {
    fc.assert(
      fc.property(fc.oneof(anyEvents, eagerEvents), (kinds) => {
        for (const { status, taken } of live(kinds)) {
          if (status === null || !["ready", "delivered", "closed", "expired"].includes(status)) continue;
          expect(taken).toContain("identity_noted");
        }
      }),
      { numRuns: 500 },
    );
  });

  it("an open request has someone who moves it on, by a step that is allowed, and an end in reach", () => {
    fc.assert(
      fc.property(fc.oneof(anyEvents, eagerEvents), (kinds) => {
        for (const { status } of live(kinds)) {
          if (status === null || isFinal(status)) continue;
          const next = nextSteps[status];
          expect(requestSteps[status][next.event]).toBeDefined();
          expect(["staff", "system", "person"]).toContain(next.by);
        }
      }),
    );
    for (const status of requestStatuses) expect(endsFrom(status)).toBe(true);
  });

  it("an end is an end: no event is taken after it", () => {
    fc.assert(
      fc.property(eagerEvents, (kinds) => {
        const statuses = live(kinds).map((life) => life.status);
        for (const status of statuses.slice(0, -1)) expect(status !== null && isFinal(status)).toBe(false);
      }),
    );
    expect(requestStatuses.filter((status) => isFinal(status))).toEqual([
      "closed",
      "refused",
      "cancelled",
      "expired",
    ]);
  });

  it("every status can be reached", () => {
    expect([...reachableWithout(undefined)].sort()).toEqual([...requestStatuses].sort());
  });

  function endsFrom(start: RequestStatus): boolean {
    const seen = new Set<RequestStatus>([start]);
    for (const from of seen) {
      if (isFinal(from)) return true;
      for (const to of Object.values(requestSteps[from])) seen.add(to);
    }
    return false;
  }
});
