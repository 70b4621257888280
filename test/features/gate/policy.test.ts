import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DecisionDocument } from "../../../src/features/gate/domain/stored-decision.ts";
import { unpackDecision } from "../../../src/features/gate/index.ts";
import { selectDecisionsAfter, selectNewestDecision } from "../../../src/features/gate/store.ts";
import { firstUuidOf, formatId, parseId } from "../../../src/kernel/ids.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { created, Shop } from "../../support/shop.ts";

let service: TestService;
let replica: TestService;
let shop: Shop;

beforeAll(async () => {
  service = await startTestService();
  replica = await startTestService({ database: service.database });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});
beforeEach(async () => {
  shop = await Shop.open(service);
});

const american = { phone: "+12025550161" };
const irish = { phone: "+353209100161" };

interface PolicyAnswer {
  readonly version: number;
  readonly policyVersion: string;
  readonly document: Record<string, unknown>;
  readonly inForce: boolean;
  readonly type?: string;
}

/** No marketing to numbers of this country. */
const closing = (country: string) => ({
  closedDestinations: [{ country, categories: ["marketing"], reason: "Not here." }],
});

/** Proposes a policy and answers with its number. */
async function proposed(document: object, org: OrganizationClient = shop.org): Promise<number> {
  return (await created<PolicyAnswer>(org.post("/v1/policies", { document }))).version;
}

function activate(version: number, expected: string, org: OrganizationClient = shop.org) {
  return org.post<PolicyAnswer>(
    `/v1/policies/${version}/activate`,
    { reason: "Agreed on Monday." },
    { "if-match": `"${expected}"` },
  );
}

async function activated(document: object, expected = "built-in/1"): Promise<number> {
  const version = await proposed(document);
  expect((await activate(version, expected)).status).toBe(200);
  return version;
}

/** Stores a decision as from before there was a fact, and gives its uuid. */
async function storedBefore(decisionId: string, lacking: (document: DecisionDocument) => object) {
  const older = service.services.newId("dec");
  const id = parseId("dec", decisionId) ?? "";
  const [row] = await shop.sql(
    (sql) => sql<{ document: unknown }[]>`select document from decision where id = ${id}`,
  );
  const document = unpackDecision(row?.document);
  await shop.sql(
    (sql, organizationId) => sql`
      insert into decision (organization_id, id, at, subject_id, decision, document)
      select organization_id, ${older}, at, subject_id, decision,
        ${JSON.stringify({ ...document, facts: lacking(document) })}::text::json
      from decision where organization_id = ${organizationId} and id = ${id}`,
  );
  return older;
}

const inForce = async (org: OrganizationClient = shop.org) =>
  (await org.get<PolicyAnswer>("/v1/policy")).body.policyVersion;

describe("a proposal", () => {
  test("is refused with a pointer to each wrong place, by the schema and by what no schema can tell", async () => {
    const wrong = await shop.org.post("/v1/policies", {
      document: {
        permitTtlSeconds: 0,
        caps: [
          { most: 1, hours: 24 },
          { most: "two", hours: 1 },
        ],
        unknown: 1,
      },
    });
    expect([wrong.status, wrong.body.errors]).toEqual([
      422,
      [
        { pointer: "/document/permitTtlSeconds", message: expect.any(String) },
        { pointer: "/document/caps/1/most", message: expect.any(String) },
        { pointer: "/document/unknown", message: expect.any(String) },
      ],
    ]);
    const nowhere = await shop.org.post("/v1/policies", {
      document: { timeZones: { IE: "Europe/Nowhere" } },
    });
    expect([nowhere.status, nowhere.body.errors]).toEqual([
      422,
      [{ pointer: "/document/timeZones/IE", message: expect.any(String) }],
    ]);
    expect((await shop.org.get("/v1/policies")).body).toEqual({ items: [], nextCursor: null });
  });

  test("changes nothing until it is activated, and says what it will be called", async () => {
    await shop.proven(american);
    const answer = await shop.org.post<PolicyAnswer>("/v1/policies", {
      document: closing("US"),
      note: "As counsel says.",
    });
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        version: 1,
        policyVersion: "policy/1",
        note: "As counsel says.",
        createdAt: expect.any(String),
        createdBy: { kind: "api_key", id: expect.stringMatching(/^key_/) },
        inForce: false,
        activatedAt: null,
        document: expect.objectContaining(closing("US")),
      },
    ]);
    expect(await inForce()).toBe("built-in/1");
    expect(await shop.check(american)).toMatchObject({ decision: "allow", policyVersion: "built-in/1" });
  });

  test("has a number of its own however many come at once, and the list has the newest first", async () => {
    const versions = await Promise.all(Array.from({ length: 8 }, () => proposed({})));
    expect(versions.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const first = await shop.org.get<{ items: PolicyAnswer[]; nextCursor: string }>("/v1/policies?limit=5");
    expect(first.body.items.map(({ version }) => version)).toEqual([8, 7, 6, 5, 4]);
    expect(first.body.items[0]).not.toHaveProperty("document");
    const rest = await shop.org.get<{ items: PolicyAnswer[]; nextCursor: string | null }>(
      `/v1/policies?limit=5&cursor=${first.body.nextCursor}`,
    );
    expect(rest.body.items.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(rest.body.nextCursor).toBeNull();
  });

  test("with an Idempotency-Key is made once", async () => {
    const send = () =>
      shop.org.post<PolicyAnswer>("/v1/policies", { document: {} }, { "idempotency-key": "proposal-1" });
    expect((await Promise.all([send(), send()])).map(({ body }) => body.version)).toEqual([1, 1]);
    expect((await send()).body.version).toBe(1);
  });

  test("leaves an audit entry that names it and holds none of its words", async () => {
    await created(shop.org.post("/v1/policies", { document: {}, note: "Ask Monday's caller." }));
    await activate(1, "built-in/1");
    const entries = await shop.sql(
      (sql, organizationId) => sql`
        select action, entity, details from audit_entry
        where organization_id = ${organizationId} and action like 'policy.%' order by id`,
    );
    expect([...entries]).toEqual([
      { action: "policy.proposed", entity: "policy/1", details: {} },
      { action: "policy.activated", entity: "policy/1", details: { replaced: null } },
    ]);
  });
});

describe("an activation", () => {
  test("needs If-Match with the policy that is in force", async () => {
    const version = await proposed({});
    const path = `/v1/policies/${version}/activate`;
    const missing = await shop.org.post(path, { reason: "x" });
    expect([missing.status, missing.body.type]).toEqual([428, "urn:sayso:problem:precondition_required"]);
    for (const tag of [
      '"policy/1"',
      '"policy/2"',
      "built-in/1",
      'W/"built-in/1"',
      "*",
      '""',
      '"built-in/1", "x"',
    ]) {
      const answer = await shop.org.post(path, { reason: "x" }, { "if-match": tag });
      expect([tag, answer.status, answer.body.type]).toEqual([
        tag,
        412,
        "urn:sayso:problem:precondition_failed",
      ]);
    }
    expect(await inForce()).toBe("built-in/1");

    const before = await shop.org.get("/v1/policy");
    const done = await shop.org.post<PolicyAnswer>(
      path,
      { reason: "Agreed." },
      { "if-match": before.headers.get("etag") ?? "" },
    );
    expect([done.status, done.body.policyVersion, done.body.inForce]).toEqual([200, "policy/1", true]);
    expect(done.headers.get("etag")).toBe('"policy/1"');
    expect((await shop.org.get("/v1/policy")).headers.get("etag")).toBe('"policy/1"');
    expect((await activate(version, "built-in/1")).status).toBe(412);
  });

  test("decides the very next check, on every replica, and an older version can come back", async () => {
    await shop.proven(american);
    const elsewhere = replicaOf(shop);
    const ask = async () => {
      const question = {
        sender: shop.sender.id,
        recipient: american,
        purpose: "promotions",
        message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
      };
      const answers = await Promise.all(
        [shop.org, elsewhere].map((org) =>
          org.post<{ decision: string; policyVersion: string }>("/v1/checks", question),
        ),
      );
      return answers.map(({ body }) => `${body.decision} by ${body.policyVersion}`);
    };
    expect(await ask()).toEqual(["allow by built-in/1", "allow by built-in/1"]);
    const open = await proposed({});
    const closed = await proposed(closing("US"));
    let expected = "built-in/1";
    for (const [version, said] of [
      [closed, "deny by policy/2"],
      [open, "allow by policy/1"],
      [closed, "deny by policy/2"],
    ] as const) {
      expect((await activate(version, expected)).status).toBe(200);
      expect(await ask()).toEqual([said, said]);
      expected = `policy/${version}`;
    }
  });

  test("of two that replace the same policy happens once", async () => {
    const versions = await Promise.all(Array.from({ length: 6 }, () => proposed({})));
    const elsewhere = replicaOf(shop);
    for (let round = 0; round < 5; round += 1) {
      const before = await inForce();
      const answers = await Promise.all(
        versions.map((version, n) => activate(version, before, n % 2 === 0 ? shop.org : elsewhere)),
      );
      const won = answers.filter(({ status }) => status === 200);
      const lost = answers.filter(({ status }) => status === 412);
      // Whoever brings back what is in force already leaves the others' If-Match true.
      const repeated = won.filter(({ body }) => body.policyVersion === before);
      expect([won.length - repeated.length, lost.length]).toEqual([1, 6 - won.length]);
    }
    const events = await shop.sql(
      (sql, organizationId) => sql<{ replaced: number | null; version: number }[]>`
        select replaced, version from policy_activation where organization_id = ${organizationId} order by at, id`,
    );
    expect(events.at(-1)?.version).toBe(Number((await inForce()).slice("policy/".length)));
  });

  test("with an Idempotency-Key happens once, and says so again", async () => {
    const version = await proposed({});
    const send = () =>
      shop.org.post(
        `/v1/policies/${version}/activate`,
        { reason: "Agreed." },
        { "if-match": '"built-in/1"', "idempotency-key": "activation-1" },
      );
    expect([(await send()).status, (await send()).status]).toEqual([200, 200]);
    const events = await shop.sql(
      (sql, organizationId) => sql`select 1 from policy_activation where organization_id = ${organizationId}`,
    );
    expect(events).toHaveLength(1);
  });

  test("is for staff", async () => {
    const version = await proposed({});
    expect((await activate(version, "built-in/1", await shop.org.limitedTo("configuration"))).status).toBe(
      403,
    );
    expect(
      (await activate(version, "built-in/1", await shop.org.limitedTo("configuration", "staff"))).status,
    ).toBe(200);
  });
});

/** The same organization, asked through another process's services. */
function replicaOf({ org }: Shop): OrganizationClient {
  return org.through({ transport: async (path, init) => replica.app.request(path, init) });
}

describe("a policy that cannot be read", () => {
  test("denies by failing: no check of the organization is answered, others are", async () => {
    const other = await Shop.open(service);
    for (const each of [shop, other]) await each.proven(irish);
    await shop.sql(
      (sql, organizationId) => sql`
        with made as (
          insert into policy_version (organization_id, version, document, actor_kind)
          values (${organizationId}, 1, '{"caps": "none"}', 'system') returning organization_id, version)
        insert into active_policy (organization_id, version) select * from made`,
    );
    const question = (each: Shop) => ({
      sender: each.sender.id,
      recipient: irish,
      purpose: "promotions",
      message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
    });
    const [refused, answered] = await Promise.all(
      [shop, other].map((each) => each.org.post("/v1/checks", question(each))),
    );
    expect([refused?.status, refused?.body.type]).toEqual([500, "urn:sayso:problem:internal"]);
    expect(refused?.body).not.toHaveProperty("decision");
    expect([answered?.status, answered?.body.decision]).toEqual([200, "allow"]);
    const decisions = await shop.sql(
      (sql, organizationId) => sql`select 1 from decision where organization_id = ${organizationId}`,
    );
    expect(decisions).toHaveLength(0);
  });
});

interface BacktestAnswer {
  readonly decisions: number;
  readonly unchanged: number;
  readonly allowsToDenies: { count: number; byReason: Record<string, number> };
  readonly deniesToAllows: { count: number; byReason: Record<string, number> };
  readonly truncated: boolean;
}

describe("a backtest", () => {
  const backtest = (version: number, days = 1) =>
    shop.org.post<BacktestAnswer>(`/v1/policies/${version}/backtest`, { days });

  test("counts exactly what would change, and why", async () => {
    for (const person of [american, irish]) await shop.proven(person);
    const stranger = { phone: "+12025550162" };
    for (const person of [american, american, irish, stranger]) await shop.check(person);
    await shop.check(american, { dryRun: true });
    await activated(closing("IE"));
    await shop.check(irish);

    const same = await backtest(await proposed(closing("IE")));
    expect([same.status, same.body]).toEqual([
      200,
      {
        policyVersion: "policy/2",
        decisions: 5,
        unchanged: 4,
        allowsToDenies: { count: 1, byReason: { destination_restricted: 1 } },
        deniesToAllows: { count: 0, byReason: {} },
        from: expect.any(String),
        to: expect.any(String),
        truncated: false,
      },
    ]);
    const turned = await backtest(await proposed(closing("US")));
    expect(turned.body).toMatchObject({
      decisions: 5,
      unchanged: 2,
      allowsToDenies: { count: 2, byReason: { destination_restricted: 2 } },
      deniesToAllows: { count: 1, byReason: { destination_restricted: 1 } },
    });
    expect(await inForce()).toBe("policy/1");
  });

  test("of a frequency cap counts the sends of a time when nothing was capped, retries of one as one", async () => {
    const daily = { caps: [{ categories: ["marketing"], most: 2, hours: 24 }] };
    for (const person of [american, irish]) await shop.proven(person);
    for (const messageRef of ["a", "a", "b", "c", undefined]) await shop.check(american, { messageRef });
    for (const purpose of ["promotions", "promotions", "no_such_purpose"])
      await shop.check(irish, { purpose });
    const capped = await proposed(daily);
    const before = await backtest(capped);
    expect(before.body).toMatchObject({
      decisions: 8,
      unchanged: 6,
      allowsToDenies: { count: 2, byReason: { frequency_cap_reached: 2 } },
      deniesToAllows: { count: 0, byReason: {} },
    });

    // In force, it decides by what it counts itself, and a backtest of the same changes nothing.
    expect((await activate(capped, "built-in/1")).status).toBe(200);
    const third = { phone: "+12025550164" };
    await shop.proven(third);
    const decided = [];
    for (let n = 0; n < 4; n += 1) decided.push((await shop.check(third)).decision);
    expect(decided).toEqual(["allow", "allow", "deny", "deny"]);
    expect((await backtest(await proposed(daily))).body.allowsToDenies.count).toBe(2);
    const wider = { caps: [{ categories: ["marketing"], most: 3, hours: 24 }] };
    expect((await backtest(await proposed(wider))).body).toMatchObject({
      allowsToDenies: { count: 1, byReason: { frequency_cap_reached: 1 } },
      deniesToAllows: { count: 1, byReason: { frequency_cap_reached: 1 } },
    });
    const other = { caps: [{ purposes: ["no_such_purpose"], most: 1, hours: 24 }] };
    expect((await backtest(await proposed(other))).body.deniesToAllows.count).toBe(2);
  });

  test("goes back as far as it is asked to, over as many pages as it takes", async () => {
    await shop.proven(american);
    const { decisionId } = await shop.check(american);
    const daysOld = (days: number) => {
      const ms = Date.now() - days * 24 * 3600_000;
      const hex = ms.toString(16).padStart(12, "0");
      return { at: new Date(ms), id: `${hex.slice(0, 8)}-${hex.slice(8)}` };
    };
    for (const [days, most] of [
      [0.5, 450],
      [6.9, 3],
      [7.1, 5],
    ] as const) {
      const { at, id } = daysOld(days);
      await shop.sql(
        (sql, organizationId) => sql`
          insert into decision (organization_id, id, at, subject_id, decision, message_ref, document)
          select organization_id, (${id} || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${at}, subject_id, decision,
            message_ref, document
          from decision, generate_series(1, ${most}::int) n
          where organization_id = ${organizationId} and id = ${parseId("dec", decisionId) ?? ""}`,
      );
    }
    const version = await proposed(closing("US"));
    const counts = await Promise.all([1, 7, 8].map((days) => backtest(version, days)));
    expect(counts.map(({ body }) => [body.decisions, body.allowsToDenies.count, body.truncated])).toEqual([
      [451, 451, false],
      [454, 454, false],
      [459, 459, false],
    ]);
  });

  test("of more decisions than the limit begins so that the newest of them are looked at", async () => {
    const made: string[] = [];
    for (let n = 0; n < 4; n += 1) made.push((await shop.check(irish)).decisionId);
    const ctx = await shop.org.context();
    const since = { at: new Date(Date.now() - 60_000), id: firstUuidOf(new Date(Date.now() - 60_000)) };
    const tooOld = await selectNewestDecision(ctx, since, 3);
    const page = await selectDecisionsAfter(ctx, since, tooOld?.id, 10);
    expect(page.map(({ id }) => formatId("dec", id))).toEqual(made.slice(1));
    expect(await selectNewestDecision(ctx, since, 4)).toBeUndefined();
  });

  test("takes 1 to 30 days", async () => {
    const version = await proposed({});
    for (const days of [0, 31, 1.5, "1"]) {
      const answer = await shop.org.post(`/v1/policies/${version}/backtest`, { days });
      expect([days, answer.status, answer.body.errors]).toEqual([
        days,
        422,
        [{ pointer: "/days", message: expect.any(String) }],
      ]);
    }
  });
});

interface ReplayAnswer {
  readonly same: boolean;
  readonly recorded: { decision: string; policyVersion: string };
  readonly replayed: {
    decision: string;
    policyVersion: string;
    reasons?: { code: string }[];
    missingFact?: string;
  };
}

describe("a replay", () => {
  const replay = (decisionId: string, body?: object) =>
    shop.org.post<ReplayAnswer>(`/v1/decisions/${decisionId}/replay`, body);

  test("gives the recorded answer, word for word, whatever was done since", async () => {
    await shop.proven(american);
    const allowed = await shop.check(american);
    const denied = await shop.check({ phone: "+12025550163" }, { purpose: "no_such_purpose" });
    await shop.optOut(american);
    await activated(closing("US"));
    const closed = await shop.check(american);
    await shop.proven(irish);
    const capping = await proposed({ caps: [{ most: 1, hours: 1 }] });
    expect((await activate(capping, "policy/1")).status).toBe(200);
    const first = await shop.check(irish);
    const capped = await shop.check(irish);
    expect(capped.reasons.map(({ code }) => code)).toEqual(["frequency_cap_reached"]);
    for (const { decisionId, decision, policyVersion } of [allowed, denied, closed, first, capped]) {
      const { status, body } = await replay(decisionId);
      expect([status, body.same]).toEqual([200, true]);
      expect(body.recorded).toMatchObject({ decision, policyVersion });
      expect(body.replayed).toEqual(body.recorded);
    }
    const stored = await shop.sql(
      (sql, organizationId) => sql`select 1 from decision where organization_id = ${organizationId}`,
    );
    expect(stored).toHaveLength(5);
  });

  test("under another policy shows what that would have said", async () => {
    await shop.proven(american);
    const { decisionId } = await shop.check(american);
    const version = await proposed(closing("US"));
    const { body } = await replay(decisionId, { policyVersion: `policy/${version}` });
    expect(body).toMatchObject({
      same: false,
      recorded: { decision: "allow", policyVersion: "built-in/1" },
      replayed: {
        decision: "deny",
        policyVersion: `policy/${version}`,
        reasons: [{ code: "destination_restricted" }],
      },
    });
    const likeBefore = await proposed({});
    expect((await replay(decisionId, { policyVersion: `policy/${likeBefore}` })).body.same).toBe(true);
    expect((await replay(decisionId, { policyVersion: "built-in/1" })).body.same).toBe(true);
  });

  test("of facts that lack what a rule looks at is a deny that says which", async () => {
    await shop.proven(american);
    const { decisionId } = await shop.check(american);
    const older = await storedBefore(decisionId, ({ facts }) => {
      const { isSender: _unknown, ...recipient } = facts.recipient;
      return { ...facts, recipient };
    });
    const { status, body } = await replay(formatId("dec", older));
    expect([status, body.same, body.replayed]).toEqual([
      200,
      false,
      { decision: "deny", policyVersion: "built-in/1", missingFact: "/recipient/isSender" },
    ]);
    const counted = await shop.org.post<BacktestAnswer>(`/v1/policies/${await proposed({})}/backtest`, {
      days: 1,
    });
    expect(counted.body.allowsToDenies).toEqual({ count: 1, byReason: { fact_missing: 1 } });
  });

  test("counts no sends that the decision did not see: a cap that nobody had then is a deny that says so", async () => {
    await shop.proven(american);
    const { decisionId } = await shop.check(american);
    const capped = await proposed({ caps: [{ categories: ["marketing"], most: 2, hours: 24 }] });
    const elsewhere = await proposed({ caps: [{ categories: ["utility"], most: 2, hours: 24 }] });
    const under = async (version: number) =>
      (await replay(decisionId, { policyVersion: `policy/${version}` })).body.replayed;
    expect(await under(capped)).toEqual({
      decision: "deny",
      policyVersion: `policy/${capped}`,
      missingFact: "/sends",
    });
    expect(await under(elsewhere)).toMatchObject({ decision: "allow" });

    await storedBefore(decisionId, ({ facts: { sends: _unknown, ...facts } }) => facts);
    const { body } = await shop.org.post<BacktestAnswer>(`/v1/policies/${capped}/backtest`, { days: 1 });
    expect(body.allowsToDenies).toEqual({ count: 1, byReason: { fact_missing: 1 } });
  });

  test("refuses a policy that is none", async () => {
    const { decisionId } = await shop.check(american);
    for (const policyVersion of [
      "policy/9",
      "policy/0",
      "policy/",
      "latest",
      "built-in/2",
      "policy/99999999999",
    ]) {
      const answer = await shop.org.post(`/v1/decisions/${decisionId}/replay`, { policyVersion });
      expect([policyVersion, answer.status, answer.body.errors]).toEqual([
        policyVersion,
        422,
        [{ pointer: "/policyVersion", message: expect.any(String) }],
      ]);
    }
  });
});

describe("another organization's versions", () => {
  test("are a plain 404, and a check of theirs is not decided by mine", async () => {
    const version = await activated(closing("US"));
    await proposed({});
    const stranger = await Shop.open(service);
    await stranger.proven(american);
    const { org } = stranger;
    for (const answer of [
      await org.get(`/v1/policies/${version}`),
      await org.post(`/v1/policies/${version}/backtest`, { days: 1 }),
      await activate(version, "built-in/1", org),
    ]) {
      expect([answer.status, answer.body.type]).toEqual([404, "urn:sayso:problem:not_found"]);
    }
    expect(await stranger.check(american)).toMatchObject({ decision: "allow", policyVersion: "built-in/1" });
    // The same number there is another document.
    expect(await proposed(closing("IE"), org)).toBe(version);
    expect((await activate(version, "built-in/1", org)).status).toBe(200);
    expect(await stranger.check(american)).toMatchObject({ decision: "allow", policyVersion: "policy/1" });
    await shop.proven(american);
    expect(await shop.check(american)).toMatchObject({ decision: "deny", policyVersion: "policy/1" });
  });
});

test("versions and activations are facts that the database refuses to change", async () => {
  await activated({});
  for (const table of ["policy_version", "policy_activation"]) {
    await expect(
      administer(service.database.ownerUrl, (sql) => sql`update ${sql(table)} set version = 7`),
    ).rejects.toMatchObject({ code: "23001" });
    await expect(
      administer(service.database.ownerUrl, (sql) => sql`delete from ${sql(table)}`),
    ).rejects.toMatchObject({ code: "23001" });
  }
});

test("every preset can be proposed as it is and fits the published schema, and what no route takes does not", async () => {
  const { body: schema } = await shop.org.get("/v1/policy-schema");
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema as object);
  const presets = await shop.org.get<{ items: { name: string; document: object }[] }>("/v1/policy-presets");
  expect(presets.body.items.map(({ name }) => name).toSorted()).toEqual([
    "eu",
    "ru",
    "us",
    "whatsapp-business-app",
    "whatsapp-platform",
  ]);
  for (const { name, document } of presets.body.items) {
    expect([name, fits(document)]).toEqual([name, true]);
    await proposed(document);
  }
  for (const wrong of [
    { unknown: 1 },
    { permitTtlSeconds: 0 },
    { closedDestinations: [{ country: "us" }] },
  ]) {
    expect(fits(wrong)).toBe(false);
    expect((await shop.org.post("/v1/policies", { document: wrong })).status).toBe(422);
  }
  expect(fits({})).toBe(true);
});
