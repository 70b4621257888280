import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { policySchema } from "../../src/features/gate/index.ts";
import { composeTasks } from "../../src/jobs/tasks.ts";
import { firstUuidOf, parseId } from "../../src/kernel/ids.ts";
import { limits } from "../../src/kernel/limits.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { ago, messages, Shop } from "../support/shop.ts";

let service: TestService;
let owner: postgres.Sql;
beforeAll(async () => {
  service = await startTestService();
  owner = postgres(service.database.ownerUrl, { max: 4, onnotice: () => {} });
});
afterAll(async () => {
  await owner.end();
  await service.close();
});

const oldest = 9;
/** Every test finds the months of the last year on their own, and nothing of another test's in them. */
beforeEach(async () => {
  for (const { name, parent } of await partitions()) {
    await owner`alter table ${owner(parent)} detach partition ${owner(name)}`;
    await owner`drop table ${owner(name)}`;
  }
  for (const table of ["decision_default", "inbound_message_default"]) {
    await owner.unsafe(`alter table ${table} disable trigger user; delete from ${table};
      alter table ${table} enable trigger user`);
  }
  await owner`select make_partitions(${monthsAgo(oldest)}, ${oldest + 3})`;
});

/** The middle of a month (UTC). */
function monthsAgo(months: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 15, 12));
}

const monthOf = (at: Date) => at.toISOString().slice(0, 7);
const partitionOf = (table: string, at: Date) => `${table}_${monthOf(at).replace("-", "_")}`;

async function partitions(): Promise<{ name: string; parent: string }[]> {
  return owner<{ name: string; parent: string }[]>`
    select i.inhrelid::regclass::text as name, i.inhparent::regclass::text as parent from pg_inherits i
    where i.inhparent in ('decision'::regclass, 'inbound_message'::regclass) and i.inhrelid::regclass::text !~ 'default'
    order by 1`;
}

const names = async () => (await partitions()).map(({ name }) => name);

const uuidOf = (org: { readonly id: string }) => parseId("org", org.id) ?? "";

function idAt(at: Date): string {
  return firstUuidOf(at).slice(0, 15) + randomUUID().slice(15);
}

/** Puts decisions of a month on record, as if they had been made then. */
async function decided(org: Shop["org"], at: Date, input: { count?: number; subjectId?: string } = {}) {
  const ids = Array.from({ length: input.count ?? 1 }, () => idAt(at));
  await owner`
    insert into decision (organization_id, id, at, subject_id, decision, document)
    select ${uuidOf(org)}::uuid, x::uuid, ${at}, ${input.subjectId ?? null}, 'allow', '{}' from unnest(${ids}::text[]) x`;
  return ids;
}

const decisionsOf = async (org: Shop["org"]) =>
  (
    await owner<{ id: string }[]>`select id from decision where organization_id = ${uuidOf(org)} order by id`
  ).map(({ id }) => id);

const messagesOf = async (org: Shop["org"]) =>
  (
    await owner<{ id: string }[]>`
      select message_id as id from inbound_message where organization_id = ${uuidOf(org)} order by at`
  ).map(({ id }) => id);

const applied = (org: Shop["org"]) => owner<{ entity: string; details: object; actor_id: string }[]>`
  select entity, details, actor_id from audit_entry
  where organization_id = ${uuidOf(org)} and action = 'retention.applied' order by at, entity`;

const keep = (shop: Shop, retention: object) => shop.activatePolicy({ retention });

const runJob = async (name: "make_partitions" | "apply_retention", signal = new AbortController().signal) =>
  composeTasks(service.composed).list[name]?.({}, signal);

describe("partitions", () => {
  it("are there for this month and the coming ones before any of them begins", async () => {
    const coming = Array.from({ length: limits.partitionMonthsAhead + 1 }, (_, n) => monthsAgo(-n));
    for (const at of coming) {
      for (const table of ["decision", "inbound_message"]) {
        await owner`drop table ${owner(partitionOf(table, at))}`;
      }
    }
    // Several processes at once, and again.
    await Promise.all([1, 2, 3, 4].map(() => runJob("make_partitions")));
    await runJob("make_partitions");
    const made = await names();
    for (const at of coming) {
      expect(made).toContain(partitionOf("decision", at));
      expect(made).toContain(partitionOf("inbound_message", at));
    }
  });

  it("take what belongs to their month, and a lookup by id looks into one of them", async () => {
    const shop = await Shop.open(service);
    const [old] = await decided(shop.org, monthsAgo(5));
    const { decisionId } = await shop.check({ phone: "+12025550142" });
    const today = parseId("dec", decisionId) ?? "";
    const [places] = await owner<{ old: string; today: string }[]>`
      select (select tableoid::regclass::text from decision where id = ${old ?? ""}) as old,
        (select tableoid::regclass::text from decision where id = ${today}) as today`;
    expect(places).toEqual({
      old: partitionOf("decision", monthsAgo(5)),
      today: partitionOf("decision", new Date()),
    });
    const plan = await owner.unsafe(
      `explain (format json) select * from decision where organization_id = '${uuidOf(shop.org)}' and id = '${today}'`,
    );
    const looked = JSON.stringify(plan).match(/decision_\d{4}_\d{2}|decision_default/g);
    expect(new Set(looked)).toEqual(new Set([partitionOf("decision", new Date())]));
    expect((await shop.org.get(`/v1/decisions/${decisionId}`)).status).toBe(200);
  });

  it("refuse UPDATE, DELETE and TRUNCATE when they are spoken to directly", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(4));
    const partition = partitionOf("decision", monthsAgo(4));
    for (const name of [partition, "decision_default", partitionOf("inbound_message", new Date())]) {
      await expect(owner`truncate ${owner(name)}`).rejects.toMatchObject({ code: "23001" });
    }
    await expect(owner`delete from ${owner(partition)}`).rejects.toMatchObject({ code: "23001" });
    await expect(owner`update ${owner(partition)} set decision = 'deny'`).rejects.toMatchObject({
      code: "23001",
    });
    expect(await decisionsOf(shop.org)).toHaveLength(1);
  });

  it("that are missing lose nothing: the default one takes it, keeps it and gives it out", async () => {
    const shop = await Shop.open(service);
    await owner`drop table ${owner(partitionOf("decision", new Date()))}`;
    await owner`drop table ${owner(partitionOf("inbound_message", new Date()))}`;
    const { decisionId } = await shop.check({ phone: "+12025550142" });
    await shop.inbound({ phone: "+12025550142" }, { messageId: "wamid.now" });
    await shop.inbound(
      { phone: "+12025550142" },
      { messageId: "wamid.old", occurredAt: ago(5 * 366 * 86_400) },
    );
    await runJob("make_partitions");
    expect(service.log.join("")).toContain(partitionOf("decision", new Date()));
    expect(await names()).not.toContain(partitionOf("decision", new Date()));
    expect(await decisionsOf(shop.org)).toEqual([parseId("dec", decisionId)]);
    expect(await messagesOf(shop.org)).toEqual(["wamid.old", "wamid.now"]);
    expect((await shop.org.get(`/v1/decisions/${decisionId}`)).status).toBe(200);
  });
});

describe("a message that comes twice is one row", () => {
  it.each(["the same time", "another time"])("at the same moment, with %s", async (which) => {
    const shop = await Shop.open(service);
    const at = ago(100);
    const tell = (n: number) =>
      shop.org.post("/v1/messages/inbound", {
        sender: shop.sender.id,
        from: { phone: "+12025550142" },
        messageId: "wamid.twice",
        occurredAt: which === "the same time" ? at : ago(100 + n * 40 * 86_400),
        text: "STOP",
      });
    await Promise.all([0, 1, 2, 3, 4, 5].map(tell));
    await tell(6);
    expect(await messagesOf(shop.org)).toEqual(["wamid.twice"]);
    const [noes] = await owner<{ count: number }[]>`
      select count(*)::int from opt_out_event where organization_id = ${uuidOf(shop.org)}`;
    expect(noes?.count).toBeGreaterThan(0);
    if (which === "the same time") expect(noes?.count).toBe(1);
  });
});

describe("retention", () => {
  it("removes nothing as long as no policy says so", async () => {
    const shop = await Shop.open(service);
    await shop.activatePolicy({ permitTtlSeconds: 30 });
    await decided(shop.org, monthsAgo(9), { count: 3 });
    const before = await names();
    await runJob("apply_retention");
    expect(await decisionsOf(shop.org)).toHaveLength(3);
    expect(await names()).toEqual(before);
    expect(await applied(shop.org)).toHaveLength(0);
  });

  it("drops whole months that nobody keeps, with an audit entry for everybody who had something in them", async () => {
    const [first, second] = [await Shop.open(service), await Shop.open(service)];
    const gone = monthsAgo(4);
    const kept = monthsAgo(3);
    await decided(first.org, gone, { count: 3 });
    await decided(second.org, gone, { count: 2 });
    const stays = await decided(first.org, kept, { count: 2 });
    await keep(first, { decisionMonths: 3 });
    await keep(second, { decisionMonths: 2 });
    await runJob("apply_retention");

    expect(await names()).not.toContain(partitionOf("decision", gone));
    expect(await names()).toContain(partitionOf("decision", kept));
    expect(await names()).toContain(partitionOf("inbound_message", gone));
    expect(await decisionsOf(first.org)).toEqual(stays.toSorted());
    expect(await decisionsOf(second.org)).toEqual([]);
    for (const [{ org }, rows] of [
      [first, 3],
      [second, 2],
    ] as const) {
      expect([...(await applied(org))]).toEqual([
        {
          entity: partitionOf("decision", gone),
          actor_id: "apply_retention",
          details: { table: "decision", month: monthOf(gone), rows },
        },
      ]);
    }
  });

  it("leaves a month that another organization keeps, without the rows of the one that does not", async () => {
    const [brief, forEver] = [await Shop.open(service), await Shop.open(service)];
    const gone = monthsAgo(6);
    await decided(brief.org, gone, { count: 5 });
    const stays = await decided(forEver.org, gone, { count: 2 });
    await keep(brief, { decisionMonths: 5 });
    await runJob("apply_retention");
    expect(await names()).toContain(partitionOf("decision", gone));
    expect(await decisionsOf(brief.org)).toEqual([]);
    expect(await decisionsOf(forEver.org)).toEqual(stays.toSorted());
    expect([...(await applied(brief.org))]).toEqual([
      expect.objectContaining({
        entity: "decision",
        details: { table: "decision", before: expect.stringContaining(monthOf(monthsAgo(5))), rows: 5 },
      }),
    ]);
    expect(await applied(forEver.org)).toHaveLength(0);
  });

  it("deletes in pieces, each with its entry, and what hung on a decision goes with it, what is newer not", async () => {
    const [shop, other] = [await Shop.open(service), await Shop.open(service)];
    const gone = await decided(shop.org, monthsAgo(7), { count: 12 });
    await decided(other.org, monthsAgo(7));
    const [stays = ""] = await decided(shop.org, monthsAgo(1));
    const rest = async () =>
      (
        await owner<{ rows: number }[]>`
          select (select count(*) from cause_use where organization_id = ${uuidOf(shop.org)})::int as rows union all
          select (select count(*) from permit_redemption where organization_id = ${uuidOf(shop.org)})::int union all
          select (select count(*) from permit_outcome where organization_id = ${uuidOf(shop.org)})::int`
      ).map(({ rows }) => rows);
    for (const id of [...gone, stays]) {
      const key = owner`${uuidOf(shop.org)}, ${id}`;
      await owner`insert into permit_redemption (organization_id, decision_id) values (${key})`;
      await owner`insert into permit_outcome (organization_id, decision_id, outcome) values (${key}, 'unknown'), (${key}, 'sent')`;
      await owner`insert into cause_use (organization_id, decision_id, kind, cause_id) values (${key}, 'sign_in', ${id})`;
    }
    await keep(shop, { decisionMonths: 2 });
    const step = (after: string) => owner<{ deleted: number; last_key: string | null }[]>`
      select deleted::int, last_key from delete_expired('decision', ${uuidOf(shop.org)}, ${after}, 5)`;
    const sizes: number[] = [];
    for (let after: string | null = firstUuidOf(new Date(0)); after !== null; ) {
      const [done]: { deleted: number; last_key: string | null }[] = await step(after);
      sizes.push(done?.deleted ?? -1);
      after = done?.last_key ?? null;
    }
    expect(sizes).toEqual([5, 5, 2, 0]);
    expect((await applied(shop.org)).map(({ details }) => details)).toMatchObject([
      { rows: 5 },
      { rows: 5 },
      { rows: 2 },
    ]);
    expect(await decisionsOf(shop.org)).toEqual([stays]);
    expect(await rest()).toEqual([13, 13, 26]);
    await runJob("apply_retention");
    expect(await rest()).toEqual([1, 1, 2]);
  });

  it("reaches into the default partition, and drops a month that has become empty", async () => {
    const shop = await Shop.open(service);
    const other = await Shop.open(service);
    await shop.inbound(
      { phone: "+12025550142" },
      { messageId: "wamid.ancient", occurredAt: ago(3 * 366 * 86_400) },
    );
    await shop.inbound({ phone: "+12025550142" }, { messageId: "wamid.new" });
    await decided(shop.org, monthsAgo(8));
    await decided(other.org, monthsAgo(8));
    await keep(shop, { inboundMonths: 2, decisionMonths: 2 });
    await runJob("apply_retention");
    expect(await messagesOf(shop.org)).toEqual(["wamid.new"]);
    expect(await names()).toContain(partitionOf("decision", monthsAgo(8)));
    await keep(other, { decisionMonths: 2 });
    await runJob("apply_retention");
    expect(await names()).not.toContain(partitionOf("decision", monthsAgo(8)));
  });

  it("is the leave of the rows that are past it only: the database refuses every other DELETE, by its owner too", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(2));
    await decided(shop.org, monthsAgo(3));
    await keep(shop, { decisionMonths: 2 });
    const remove = (at: Date) =>
      owner`delete from decision where organization_id = ${uuidOf(shop.org)} and at = ${at}`;
    await expect(remove(monthsAgo(2))).rejects.toMatchObject({ code: "23001" });
    await expect(
      owner`update decision set decision = 'deny' where at = ${monthsAgo(3)}`,
    ).rejects.toMatchObject({
      code: "23001",
    });
    await shop.activatePolicy({});
    await expect(remove(monthsAgo(3))).rejects.toMatchObject({ code: "23001" });
    expect(await decisionsOf(shop.org)).toHaveLength(2);
  });

  it("cannot be had by the service's own role", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(8));
    await keep(shop, { decisionMonths: 2 });
    const application = postgres(service.database.applicationUrl, { max: 1, onnotice: () => {} });
    for (const forbidden of [
      application`select * from drop_partition()`,
      application`select * from delete_expired('decision', ${uuidOf(shop.org)}, ${firstUuidOf(new Date(0))}, 10)`,
      application`select * from make_partitions('2019-01-01', 1)`,
      application`delete from decision`,
      application`drop table decision_default`,
    ]) {
      await expect(forbidden).rejects.toMatchObject({ code: "42501" });
    }
    await application.end();
    expect(await decisionsOf(shop.org)).toHaveLength(1);
  });

  it("of less than two months, which rules and caps look back to, or of nonsense is no policy", () => {
    for (const retention of [
      { decisionMonths: 1 },
      { inboundMonths: 0 },
      { decisionMonths: 2.5 },
      { months: 3 },
      3,
    ]) {
      expect(policySchema.safeParse({ retention }).success).toBe(false);
    }
    expect(policySchema.parse({})).toMatchObject({ retention: {} });
    expect(policySchema.safeParse({ retention: { decisionMonths: 24 } }).success).toBe(true);
  });
});

describe("retention leaves what is needed", () => {
  const phone = "+12025550142";

  it("of a person whose data request is open, until it is answered, also in records merged with theirs", async () => {
    const shop = await Shop.open(service);
    const [asking, merged] = [await shop.reported({ phone }), await shop.reported({ phone: "+12025550143" })];
    const records = [asking, merged].map(({ subjectId }) => parseId("sub", subjectId) ?? "");
    await owner`
      select merge_subjects(${uuidOf(shop.org)}, ${records[0] ?? ""}, ${records[1] ?? ""}, 'staff', null, 'test', 'test')`;
    const theirs = await decided(shop.org, monthsAgo(8), { subjectId: records[0] ?? "" });
    const mergedOnes = await decided(shop.org, monthsAgo(6), { subjectId: records[1] ?? "" });
    await decided(shop.org, monthsAgo(8), { count: 3 });
    await shop.inbound({ phone }, { messageId: "wamid.asked", occurredAt: monthsAgo(8).toISOString() });
    await shop.org.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin" });
    const opened = await shop.org.post<{ id: string }>("/v1/data-requests", {
      subject: { phone },
      kind: "access",
      regime: "gdpr",
      channel: "web",
      receivedAt: ago(60),
    });
    expect(opened.status, opened.text).toBe(201);
    await keep(shop, { decisionMonths: 2, inboundMonths: 2 });
    await runJob("apply_retention");
    expect(await decisionsOf(shop.org)).toEqual([...theirs, ...mergedOnes].toSorted());
    expect(await messagesOf(shop.org)).toEqual(["wamid.asked"]);

    await owner`update data_request set status = 'closed' where organization_id = ${uuidOf(shop.org)}`;
    await runJob("apply_retention");
    expect(await decisionsOf(shop.org)).toEqual([]);
    expect(await messagesOf(shop.org)).toEqual([]);
  });

  it.each(["by message", "by form and message"])(
    "of messages that a consent %s rests on, as long as there is that consent",
    async (how) => {
      const shop = await Shop.open(service);
      const at = monthsAgo(5).toISOString();
      await shop.inbound({ phone }, { messageId: "wamid.yes", occurredAt: at });
      await shop.inbound({ phone: "+12025550144" }, { messageId: "wamid.other", occurredAt: at });
      await shop.reported({ phone }, {}, { occurredAt: at, evidence: { messageId: "wamid.yes" } });
      // As a confirmed double opt-in has it: the form's token, and the message that confirmed it.
      if (how === "by form and message") {
        await owner`alter table consent_event disable trigger user`;
        await owner`update consent_event set capture_token_id = id where organization_id = ${uuidOf(shop.org)}`;
        await owner`alter table consent_event enable trigger user`;
      }
      await shop.inbound({ phone }, { messageId: "wamid.afterwards", occurredAt: at });
      await keep(shop, { inboundMonths: 2 });
      await runJob("apply_retention");
      expect(await messagesOf(shop.org)).toEqual(["wamid.yes"]);
      expect(await names()).toContain(partitionOf("inbound_message", monthsAgo(5)));
      await runJob("apply_retention");
      expect(await messagesOf(shop.org)).toEqual(["wamid.yes"]);
    },
  );

  it("and what it keeps no more proves no further consent, so that none can lose its proof", async () => {
    const shop = await Shop.open(service);
    const at = monthsAgo(5).toISOString();
    await shop.inbound({ phone }, { messageId: "wamid.yes", occurredAt: at });
    await keep(shop, { inboundMonths: 2 });
    const { id } = await shop.reported(
      { phone },
      {},
      { occurredAt: at, evidence: { messageId: "wamid.yes" } },
    );
    const [event] = await owner`select proof from consent_event where id = ${parseId("cns", id) ?? ""}`;
    expect(event?.proof).toBe("reported");
    await runJob("apply_retention");
    expect(await messagesOf(shop.org)).toEqual([]);
  });

  it("so that whoever has a permit, a place under a cap or a window of today still has it", async () => {
    const shop = await Shop.open(service);
    await shop.proven({ phone });
    await shop.inbound({ phone });
    await shop.activatePolicy({
      caps: [{ most: 1, hours: 24 * 31 }],
      retention: { decisionMonths: 2, inboundMonths: 2 },
    });
    const { permit } = await shop.check({ phone });
    await decided(shop.org, monthsAgo(5), { count: 3 });
    await runJob("apply_retention");
    expect((await shop.org.post(`/v1/permits/${permit?.id}/redeem`)).body).toEqual({ redeemed: true });
    const again = await shop.check({ phone }, { message: messages.sale });
    expect(again.reasons.map(({ code }) => code)).toEqual(["frequency_cap_reached"]);
    expect(again.window.open).toBe(true);
  });
});

describe("the job", () => {
  const waitingToDrop = () => owner<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and query like '%drop_partition()%' and wait_event_type = 'Lock'`;

  it("run by two processes at once, and again, removes once and says so once", async () => {
    const [shop, other] = [await Shop.open(service), await Shop.open(service)];
    await decided(shop.org, monthsAgo(8), { count: 4 });
    await decided(shop.org, monthsAgo(7), { count: 20 });
    const kept = await decided(other.org, monthsAgo(7));
    await keep(shop, { decisionMonths: 2 });
    await Promise.all([1, 2, 3].map(() => runJob("apply_retention")));
    await runJob("apply_retention");
    expect(await decisionsOf(shop.org)).toEqual([]);
    expect(await decisionsOf(other.org)).toEqual(kept);
    expect((await applied(shop.org)).map(({ details }) => details)).toMatchObject([
      { rows: 4 },
      { rows: 20 },
    ]);
  });

  it("killed in the middle of dropping a month has dropped nothing and said nothing; the next run does", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(oldest), { count: 4 });
    await keep(shop, { decisionMonths: 2 });
    // Somebody reads: the dropping waits for them, its audit entries written.
    const reader = await owner.reserve();
    await reader`begin`;
    await reader`select count(*) from decision`;
    const run = runJob("apply_retention").then(
      () => "done",
      () => "failed",
    );
    while ((await waitingToDrop()).length === 0) await delay(20);
    for (const { pid } of await waitingToDrop()) await owner`select pg_terminate_backend(${pid})`;
    expect(await run).toBe("failed");
    await reader`commit`;
    reader.release();
    expect(await decisionsOf(shop.org)).toHaveLength(4);
    expect(await applied(shop.org)).toHaveLength(0);
    await runJob("apply_retention");
    expect(await names()).not.toContain(partitionOf("decision", monthsAgo(oldest)));
    expect(await applied(shop.org)).toHaveLength(1);
  });

  it("waits for what is just being written into the month, and then leaves it", async () => {
    const [shop, other] = [await Shop.open(service), await Shop.open(service)];
    await decided(shop.org, monthsAgo(oldest));
    await keep(shop, { decisionMonths: 2 });
    const late = idAt(monthsAgo(oldest));
    const writer = await owner.reserve();
    await writer`begin`;
    await writer`
      insert into decision (organization_id, id, at, decision, document)
      values (${uuidOf(other.org)}, ${late}, ${monthsAgo(oldest)}, 'allow', '{}')`;
    const run = runJob("apply_retention");
    while ((await waitingToDrop()).length === 0) await delay(20);
    await writer`commit`;
    writer.release();
    await run;
    expect(await decisionsOf(other.org)).toEqual([late]);
    expect(await decisionsOf(shop.org)).toEqual([]);
  });

  it("does not hold up checks while somebody is in its way: it gives up in seconds and comes again", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(oldest));
    await keep(shop, { decisionMonths: 2 });
    const reader = await owner.reserve();
    await reader`begin`;
    await reader`select count(*) from decision`;
    const run = runJob("apply_retention").then(
      () => "done",
      () => "failed",
    );
    const check = shop.check({ phone: "+12025550142" });
    expect(await run).toBe("failed");
    expect((await check).decision).toBe("deny");
    await reader`commit`;
    reader.release();
    expect(await names()).toContain(partitionOf("decision", monthsAgo(oldest)));
  });

  it("that is told to stop begins nothing further", async () => {
    const shop = await Shop.open(service);
    await decided(shop.org, monthsAgo(oldest));
    await keep(shop, { decisionMonths: 2 });
    const stopping = new AbortController();
    stopping.abort();
    await runJob("apply_retention", stopping.signal);
    expect(await decisionsOf(shop.org)).toHaveLength(1);
  });
});
