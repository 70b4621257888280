import fc from "fast-check";
import postgres from "postgres";
import { fromString, toUUID } from "typeid-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../src/context.ts";
import { type Database, openDatabase } from "../../../src/db/database.ts";
import { createConsentRecorder, recordConsents } from "../../../src/features/consent/index.ts";
import { recordOptOut } from "../../../src/features/optout/record-opt-out.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, Shop } from "../../support/shop.ts";

type Input = Parameters<typeof recordConsents>[1][number];
type Outcomes = Awaited<ReturnType<typeof recordConsents>>;

let service: TestService;
const pools: Database[] = [];
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await service.close();
});

/** The organization as another process sees it: with connections of its own. */
async function elsewhere(shop: Shop, timeoutMs?: number): Promise<Context> {
  const ctx = await shop.org.context();
  const db = openDatabase({
    url: service.database.applicationUrl,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  pools.push(db);
  return { ...ctx, services: { ...ctx.services, db } };
}

function consent(shop: Shop, subject: object, input: object = {}, provenance: object = {}): Input {
  return {
    subject,
    channel: "whatsapp",
    purpose: "promotions",
    state: "given",
    provenance: {
      collectionPointId: shop.point,
      version: 1,
      indication: "ticked",
      occurredAt: ago(0),
      ...provenance,
    },
    ...input,
  } as Input;
}

/** What became of each: its state, or why it was not taken. */
const words = (outcomes: Outcomes) =>
  outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value.state : refusal(outcome.reason as unknown),
  );

function refusal(reason: unknown): string {
  if (!(reason instanceof SaysoError)) return String(reason);
  return [reason.code, ...reason.errors.map(({ pointer }) => pointer)].join(" ");
}

interface Counts {
  readonly subjects: number;
  readonly orphans: number;
  readonly unsealed: number;
  readonly events: number;
  readonly audited: number;
  readonly remembered: number;
}

async function countsOf(shop: Shop): Promise<Counts> {
  const [row] = await shop.sql(
    (sql, organizationId) => sql<Counts[]>`
      select (select count(*)::int from subject where organization_id = o) as subjects,
        (select count(*)::int from subject s where organization_id = o and not exists (
          select from identifier i where i.organization_id = o and i.subject_id = s.id)) as orphans,
        (select count(*)::int from identifier where organization_id = o and sealed is null) as unsealed,
        (select count(*)::int from consent_event where organization_id = o) as events,
        (select count(*)::int from audit_entry where organization_id = o and action = 'consent.recorded') as audited,
        (select count(*)::int from idempotency_record where organization_id = o) as remembered
      from (select ${organizationId}::uuid as o) x`,
  );
  if (row === undefined) throw new Error("Nothing was counted.");
  return row;
}

describe("many consents at once", () => {
  it("are answered in their order, and one that cannot be taken harms no other and makes nobody known", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("club", { doubleOptIn: true });
    const token = await shop.captureToken();
    await shop.reported({ phone: "+12025550190" }, {}, { captureToken: token });
    await shop.reported({ email: "two@example.org" });
    const erased = await shop.reported({ phone: "+12025550191" });
    await shop.sql(
      (sql, organizationId) =>
        sql`update subject set data_key = null where organization_id = ${organizationId} and id in (
          select subject_id from consent_event where organization_id = ${organizationId}
            and id = ${uuid(erased.id)})`,
    );
    const before = await countsOf(shop);

    const good = (n: number) => consent(shop, { externalId: `good-${n}` });
    const inputs = [
      good(1),
      consent(shop, { externalId: "bad-1" }, { purpose: "nothing" }),
      consent(shop, { phone: "12025550142" }),
      consent(shop, { phone: "+12025550190", email: "two@example.org" }),
      good(2),
      consent(shop, { subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" }),
      consent(shop, { externalId: "bad-2" }, {}, { occurredAt: ago(-600) }),
      consent(shop, { externalId: "bad-3" }, {}, { version: 9 }),
      consent(shop, { externalId: "bad-4" }, {}, { captureToken: token }),
      consent(shop, { phone: "+12025550191" }),
      consent(shop, { externalId: "good-3" }, { purpose: "club" }, { version: 2, occurredAt: ago(1) }),
      good(4),
    ];
    const outcomes = await recordConsents(await shop.org.context(), inputs);
    expect(words(outcomes)).toEqual([
      "given",
      "invalid /purpose",
      "invalid /subject/phone",
      "conflict",
      "given",
      "not_found",
      "invalid /provenance/occurredAt",
      "invalid /provenance/version",
      "invalid /provenance/captureToken",
      "gone",
      "requested",
      "given",
    ]);
    const after = await countsOf(shop);
    expect([after.subjects - before.subjects, after.events - before.events]).toEqual([4, 4]);
    expect([after.orphans, after.unsealed, after.audited]).toEqual([0, 0, after.events]);
  });

  it("are as good as one after the other: whoever shares identifiers, purposes or tokens", async () => {
    const [together, inTurn] = [await Shop.open(service), await Shop.open(service)];
    const [all, one] = [await together.org.context(), await inTurn.org.context()];
    /** The ways to name a few people whom no other run names. */
    const waysOf = (run: number): object[] => {
      const [first, second] = [`1202555${run}1`, `1202555${run}2`];
      const [email, externalId] = [`a${run}@example.org`, `c-${run}`];
      const bsuid = `US.1349120865530274${run}`;
      return [
        { phone: `+${first}` },
        { waId: first },
        { phone: `+${second}` },
        { email },
        { phone: `+${first}`, email },
        { email: email.toUpperCase(), externalId },
        { externalId },
        { phone: `+${second}`, externalId: `d-${run}` },
        { bsuid },
        { phone: `+${second}`, bsuid },
      ];
    };
    const act = fc.record({
      way: fc.nat({ max: 9 }),
      state: fc.constantFrom("given", "given", "withdrawn", "refused"),
      purpose: fc.constantFrom("promotions", "support"),
      token: fc.option(fc.constantFrom(0, 1), { nil: undefined }),
      seconds: fc.integer({ min: 1, max: 50 }),
    });
    let run = 100;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 14 }), async (acts) => {
        run += 1;
        const ways = waysOf(run);
        const now = Date.now();
        const said = async (shop: Shop) => {
          const tokens = [await shop.captureToken(), await shop.captureToken()];
          return acts.map(({ way, state, purpose, token, seconds }) =>
            consent(
              shop,
              ways[way] ?? {},
              { state, purpose },
              {
                occurredAt: new Date(now - seconds * 1000).toISOString(),
                captureToken: token === undefined ? undefined : tokens[token],
              },
            ),
          );
        };
        const many = await recordConsents(all, await said(together));
        const single: Outcomes = [];
        for (const input of await said(inTurn)) single.push(...(await recordConsents(one, [input])));
        expect(words(many)).toEqual(words(single));
        expect(peopleOf(many)).toEqual(peopleOf(single));
        expect(await statesOf(together, many)).toEqual(await statesOf(inTurn, single));
        // A no may hold for an identifier more: one that another of them named for the same person.
        expect(await noesOf(together, many)).toEqual(expect.arrayContaining(await noesOf(inTurn, single)));
      }),
      {
        numRuns: 6,
        endOnFailure: true,
        // The second is about a number and somebody's user id, which the third makes a person of its own: a no of the
        // second stands for that user id, too.
        examples: (["given", "refused"] as const).map(
          (second): [(typeof act extends fc.Arbitrary<infer Act> ? Act : never)[]] => [
            [2, 9, 8].map((way, place) => ({
              way,
              state: place === 1 ? second : ("given" as const),
              purpose: "promotions" as const,
              token: undefined,
              seconds: place + 1,
            })),
          ],
        ),
      },
    );
  }, 120_000);

  it("that are told again are not recorded again when that is asked for, and answer with what is on record", async () => {
    const shop = await Shop.open(service);
    const ctx = await shop.org.context();
    const inputs = Array.from({ length: 30 }, (_, n) =>
      consent(
        shop,
        { externalId: `again-${n % 20}` },
        { state: n % 3 === 0 ? "withdrawn" : "given" },
        { occurredAt: ago(100 - n) },
      ),
    );
    const first = await recordConsents(ctx, inputs.slice(0, 13), { unlessRecorded: true });
    const again = await recordConsents(ctx, inputs, { unlessRecorded: true });
    expect(fulfilled(again).slice(0, 13)).toEqual(
      fulfilled(first).map((recorded) => ({ ...recorded, isNew: false })),
    );
    expect(
      fulfilled(again)
        .slice(13)
        .every(({ isNew }) => isNew),
    ).toBe(true);
    expect(await countsOf(shop)).toMatchObject({ subjects: 20, events: 30, audited: 30 });
    // Said anew at another time it is another yes; and without being asked, the same is recorded twice.
    const later = { ...inputs[1], provenance: { ...inputs[1]?.provenance, occurredAt: ago(1) } } as Input;
    expect(fulfilled(await recordConsents(ctx, [later], { unlessRecorded: true }))[0]?.isNew).toBe(true);
    expect(fulfilled(await recordConsents(ctx, [later]))[0]?.isNew).toBe(true);
    expect((await countsOf(shop)).events).toBe(32);
  });
});

describe("simultaneous consents and noes of the same new people, in two processes", () => {
  it("make one record a person, none without an identifier, and lose no no", async () => {
    const shop = await Shop.open(service);
    const contexts = [await elsewhere(shop), await elsewhere(shop)] as const;
    const people = Array.from({ length: 20 }, (_, n) => `+120255502${String(n).padStart(2, "0")}`);
    const ways = (phone: string, n: number): object[] => [
      { phone },
      { waId: phone.slice(1) },
      { phone, externalId: `known-as-${n}` },
    ];
    const opted = people.filter((_phone, n) => n % 4 === 0);
    const withdrawn = people.filter((_phone, n) => n % 4 === 1);
    const bulks = contexts.flatMap((ctx, process) =>
      Array.from({ length: 6 }, (_, bulk) => {
        const inputs = people.flatMap((phone, n) => [
          consent(shop, ways(phone, n)[(n + bulk + process) % 3] ?? {}),
          ...(withdrawn.includes(phone) && bulk === 3
            ? [consent(shop, { phone }, { state: "withdrawn" })]
            : []),
        ]);
        return recordConsents(ctx, bulk % 2 === 0 ? inputs : inputs.reverse());
      }),
    );
    const noes = opted.map((phone, n) =>
      recordOptOut(contexts[n % 2 === 0 ? 0 : 1], {
        subject: { phone },
        scope: "all",
        source: "api",
        occurredAt: ago(0),
      }),
    );
    const outcomes = (await Promise.all(bulks)).flat();
    await Promise.all(noes);
    expect(words(outcomes).filter((word) => !["given", "requested", "withdrawn"].includes(word))).toEqual([]);
    const counts = await countsOf(shop);
    expect(counts).toMatchObject({ subjects: people.length, orphans: 0, unsealed: 0 });
    expect(counts.audited).toBe(counts.events);
    expect(counts.events).toBe(outcomes.length);
    for (const [n, phone] of people.entries()) {
      for (const way of ways(phone, n)) {
        const codes = await shop.codes(way);
        if (opted.includes(phone)) expect(codes).toContain("recipient_opted_out");
        else if (withdrawn.includes(phone)) expect(codes).toContain("consent_withdrawn");
        else expect(codes).toEqual([]);
      }
    }
  }, 60_000);

  it("let a capture token prove one person's consent only", async () => {
    const shop = await Shop.open(service);
    const contexts = [await elsewhere(shop), await elsewhere(shop)] as const;
    const captureToken = await shop.captureToken();
    const outcomes = await Promise.all(
      contexts.flatMap((ctx, process) =>
        Array.from({ length: 5 }, (_, bulk) =>
          recordConsents(
            ctx,
            Array.from({ length: 4 }, (_each, n) =>
              consent(shop, { externalId: `${process}-${bulk}-${n}` }, {}, { captureToken }),
            ),
          ),
        ),
      ),
    );
    const all = words(outcomes.flat());
    expect(all.filter((word) => word === "given")).toHaveLength(1);
    expect(all.filter((word) => word === "invalid /provenance/captureToken")).toHaveLength(39);
  });
});

describe("Idempotency-Keys of consents that are recorded together", () => {
  it("give each request its own first answer, and refuse another body, whichever process is asked", async () => {
    const shop = await Shop.open(service);
    const there = shop.org.through(await service.startProcess());
    const body = (n: number, state = "given") => consent(shop, { externalId: `keyed-${n}` }, { state });
    const bodies = Array.from({ length: 12 }, (_, n) => body(n));
    const send = (n: number, call: number, other = false) =>
      (call % 2 === 0 ? shop.org : there).post<{ id: string }>(
        "/v1/consents",
        other ? { ...bodies[n], state: "refused" } : bodies[n],
        { "idempotency-key": `key-${n}` },
      );
    const answers = await Promise.all(
      bodies.flatMap((_body, n) => Array.from({ length: 6 }, (_each, call) => send(n, call))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(12);
    expect(await countsOf(shop)).toMatchObject({ subjects: 12, events: 12, audited: 12, remembered: 12 });

    const mixed = await Promise.all(
      bodies.flatMap((_body, n) => [send(n, n), send(n, n + 1, true), send(n, n, true)]),
    );
    expect(mixed.map(({ status }) => status)).toEqual(bodies.flatMap(() => [201, 422, 422]));
    expect((await countsOf(shop)).events).toBe(12);
  }, 60_000);

  it("say that the first request still runs, and keep no other waiting for its answer", async () => {
    const shop = await Shop.open(service);
    const ctx = await elsewhere(shop, 2_000);
    const record = createConsentRecorder();
    const keyed = (key: string) => ({
      ...ctx,
      idempotency: { key, route: "POST /v1/consents", bodyHash: Buffer.alloc(32) },
    });
    // A request that does not come to its end: its record is there, and nobody sees it yet.
    const running = shop.sql(
      (sql, organizationId) => sql`
        with held as (
          insert into idempotency_record (organization_id, key, route, body_hash, answer)
          values (${organizationId}, 'held', 'POST /v1/consents', ${Buffer.alloc(32)}, '{}') returning 1)
        select pg_sleep(4) from held`,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const outcomes = await Promise.allSettled(
      ["a", "held", "b", "c"].map((key) => record(keyed(key), consent(shop, { externalId: key }))),
    );
    expect(words(outcomes)).toEqual(["given", "in_progress", "given", "given"]);
    await running;
    expect(await countsOf(shop)).toMatchObject({ events: 3, audited: 3 });
  }, 30_000);

  it("make what was sent while connections were lost come to its end once", async () => {
    const shop = await Shop.open(service);
    const ctx = await elsewhere(shop, 3_000);
    const record = createConsentRecorder();
    const occurredAt = ago(0);
    const end = Date.now() + 3_000;
    let isStorming = true;
    const unknown: string[] = [];
    const send = async (n: number) => {
      for (;;) {
        const keyed = {
          ...ctx,
          idempotency: { key: `lost-${n}`, route: "POST /v1/consents", bodyHash: Buffer.alloc(32) },
        };
        try {
          return await record(keyed, consent(shop, { externalId: `lost-${n}` }, {}, { occurredAt }));
        } catch (error) {
          unknown.push(refusal(error));
        }
      }
    };
    // The application's role may end its own backends, and nobody else's.
    const killer = postgres(service.database.applicationUrl, {
      max: 1,
      connection: { application_name: "killer" },
    });
    const storm = (async () => {
      // At least until a statement that writes was among them.
      while (Date.now() < end || !unknown.includes("outcome_unknown")) {
        await killer`
          select pg_terminate_backend(pid) from (
            select pid from pg_stat_activity
            where datname = current_database() and application_name = 'sayso' and state = 'active'
              and query ~ 'resolve_subjects|insert into consent_event'
            order by random() limit 1) a`;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      isStorming = false;
      await killer.end();
    })();
    const answers: { id: string; subjectId: string }[] = [];
    let next = 0;
    const caller = async () => {
      while (isStorming) answers.push(await send(next++));
    };
    await Promise.all(Array.from({ length: 30 }, caller));
    await storm;
    expect(new Set(unknown.filter((word) => !["unavailable", "outcome_unknown"].includes(word)))).toEqual(
      new Set(),
    );
    const counts = await countsOf(shop);
    expect(counts).toMatchObject({
      subjects: next,
      orphans: 0,
      events: next,
      audited: next,
      remembered: next,
    });
    expect(new Set(answers.map(({ id }) => id)).size).toBe(next);
  }, 60_000);
});

/** The uuid of a public id. */
function uuid(id: string): string {
  return toUUID(fromString(id));
}

function fulfilled(outcomes: Outcomes) {
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
}

/** Which of the outcomes are about one person: the number of the first that was about the same one. */
function peopleOf(outcomes: Outcomes): number[] {
  const subjects = outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value.subjectId : undefined,
  );
  return subjects.map((subject) => (subject === undefined ? -1 : subjects.indexOf(subject)));
}

/** The consent states that came of it, with numbers for ids. */
async function statesOf(shop: Shop, outcomes: Outcomes): Promise<string[]> {
  const rows = await shop.sql(
    (sql, organizationId) => sql<{ line: string }[]>`
      select concat_ws(' ', s.subject_id, s.purpose, s.given_event_id, s.given_at, s.proven_event_id, s.proven_at,
        s.requested_event_id, s.requested_at, s.no_kind, s.no_event_id, s.no_at) as line
      from consent_state s where s.organization_id = ${organizationId}`,
  );
  const numbers = new Map<string, string>();
  outcomes.forEach((outcome, place) => {
    if (outcome.status !== "fulfilled") return;
    const { id, subjectId } = outcome.value;
    numbers.set(uuid(id), `event${place}`);
    if (!numbers.has(uuid(subjectId))) numbers.set(uuid(subjectId), `person${place}`);
  });
  return rows
    .filter(({ line }) => numbers.has(line.slice(0, 36)))
    .map(({ line }) => line.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => numbers.get(id) ?? "unknown"))
    .sort();
}

/** The standing noes that came of it, by the kind of identifier that each holds for. */
async function noesOf(shop: Shop, outcomes: Outcomes): Promise<string[]> {
  const events = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value.id : []));
  const rows = await shop.sql(
    (sql, organizationId) => sql<{ line: string }[]>`
      select concat_ws(' ', array_position(${events}::text[], n.event_id), n.purpose, n.kind, n.at, i.kind) as line
      from standing_no n
      left join identifier i on i.organization_id = n.organization_id and i.hash = n.identifier_hash
      where n.organization_id = ${organizationId} and n.event_id = any(${events}::text[])`,
  );
  return rows.map(({ line }) => line).sort();
}
