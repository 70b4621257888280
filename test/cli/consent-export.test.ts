import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportConsents } from "../../src/features/consent/index.ts";
import { formatId } from "../../src/kernel/ids.ts";
import { limits } from "../../src/kernel/limits.ts";
import { environmentOf, runBuilt } from "../support/built.ts";
import { collect } from "../support/collect.ts";
import { contentsOf, without } from "../support/contents.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { ago, created, Shop } from "../support/shop.ts";
import { Platform } from "../support/webhook.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-export-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

async function consent(shop: Shop, ...args: string[]) {
  const all = ["consent", ...args, "--organization", shop.org.id, "--json"];
  const { code, stdout, stderr } = await runBuilt("cli.js", all, environmentOf(service.database));
  if (code !== 0) throw new Error(`Exit code ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Record<string, number>;
}

const people = [
  { phone: "+12025550111", email: "one@example.org" },
  { externalId: "=1+1" },
  { phone: "+12025550133" },
  { phone: "+12025550144" },
];
const evidence = 'row "7",\nbought @ the shop';

/** A shop with consents of every kind that there is. */
async function busyShop(): Promise<Shop> {
  const shop = await Shop.open(service);
  await shop.purpose("club", { doubleOptIn: true });
  const [one, two, three, four] = people as [object, object, object, object];
  await shop.proven(one, {}, { pageUrl: "https://shop.example/a", evidence, ipAddress: "192.0.2.1" });
  await shop.reported(
    two,
    {},
    { occurredAt: ago(900), evidence: { order: 7 }, operator: "+cmd|' /C calc'!A0" },
  );
  await shop.reported(three, { purpose: "club" }, { version: 2, evidence: "x" });
  await shop.reported(four, {}, { occurredAt: ago(900), evidence: "x" });
  await shop.reported(four, { state: "withdrawn" }, { occurredAt: ago(600) });
  return shop;
}

it.each(["csv", "ndjson"])(
  "an export as %s says everything, and imported again it changes nothing",
  async (format) => {
    const shop = await busyShop();
    const file = path.join(folder, `${service.nextNumber()}.${format}`);
    expect(await consent(shop, "export", "--output", file)).toEqual({ exported: 5 });
    const text = await readFile(file, "utf8");
    const rows: Record<string, unknown>[] =
      format === "csv"
        ? parse(text, { columns: true })
        : text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line));
    expect(rows).toMatchObject([
      {
        phone: "+12025550111",
        email: "one@example.org",
        state: "given",
        consentStatus: "dpv:ConsentGiven",
        proof: "demonstrated",
        evidence,
      },
      {
        externalId: format === "csv" ? "'=1+1" : "=1+1",
        operator: `${format === "csv" ? "'" : ""}+cmd|' /C calc'!A0`,
        evidence: format === "csv" ? '{"order":7}' : { order: 7 },
        pageUrl: format === "csv" ? "" : null,
      },
      { state: "requested", consentStatus: "dpv:ConsentRequested", reportedState: "given" },
      { state: "given", proof: "reported", wordingSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { state: "withdrawn", consentStatus: "dpv:ConsentWithdrawn" },
    ]);

    const before = await contentsOf(service.database);
    expect(await consent(shop, "import", file)).toMatchObject({ imported: 0, unchanged: 5, refused: 0 });
    const started = ["audit_entry", "consent_import", "consent_import_batch"];
    expect(without(await contentsOf(service.database), ...started)).toEqual(without(before, ...started));
  },
);

it.each(["csv", "ndjson"])(
  "what one organization exported as %s another imports with the same effect",
  async (format) => {
    const [from, to] = [await busyShop(), await Shop.open(service)];
    await to.purpose("club", { doubleOptIn: true });
    const file = path.join(folder, `${service.nextNumber()}.${format}`);
    await consent(from, "export", "--output", file);
    // The wordings are those of the other organization's own point.
    const swapped = (await readFile(file, "utf8")).replaceAll(from.point, to.point);
    await writeFile(file, swapped);
    expect(await consent(to, "import", file)).toMatchObject({ imported: 5, unchanged: 0, refused: 0 });
    for (const person of people) {
      const [then, now] = await Promise.all([from.codes(person), to.codes(person)]);
      expect([person, now]).toEqual([person, then]);
    }
    const again = path.join(folder, `${service.nextNumber()}.${format}`);
    await consent(to, "export", "--output", again);
    const said = (text: string) =>
      text
        .split(/\n(?=cns_|\{)/)
        .map((row) =>
          row.match(/one@example\.org|=1\+1|bought @ the shop|order\W*7|192\.0\.2\.1|\+cmd\|' \/C calc'!A0/g),
        )
        .filter((found) => found !== null);
    expect(
      said(await readFile(again, "utf8"))
        .flat()
        .sort(),
    ).toEqual(said(swapped).flat().sort());
  },
);

it.each(["csv", "ndjson"])(
  "noes by keyword, link and page go along in an export as %s: elsewhere they stand too",
  async (format) => {
    const [from, to] = [await Shop.open(service), await Shop.open(service)];
    const n = Number(service.nextNumber()) % 10;
    const [keyword, link, page] = [1, 2, 3].map((each) => ({ phone: `+1202555${each}${n}31` })) as [
      { phone: string },
      { phone: string },
      { phone: string },
    ];
    for (const person of [keyword, link, page]) await from.proven(person);
    const platform = new Platform(service.anonymous, from.sender);
    await platform.deliver(platform.messages(platform.text(keyword.phone.slice(1), "STOP")));
    const { url } = await created<{ url: string }>(from.org.post("/v1/opt-out-links", { subject: link }));
    const form = { "content-type": "application/x-www-form-urlencoded" };
    await service.anonymous.post(new URL(url).pathname, "scope=all", form);
    await service.anonymous.post(`/stop/${from.org.id}`, `phone=${encodeURIComponent(page.phone)}`, form);

    const file = path.join(folder, `${service.nextNumber()}.${format}`);
    await consent(from, "export", "--output", file);
    const text = await readFile(file, "utf8");
    expect(text.match(/dpv:ConsentGiven/g)).toBeNull();
    await writeFile(file, text.replaceAll(from.point, to.point));
    expect(await consent(to, "import", file)).toMatchObject({ unchanged: 0, refused: 0 });
    for (const person of [keyword, link, page]) {
      expect(await from.codes(person)).not.toEqual([]);
      expect(await to.codes(person)).toContain("consent_withdrawn");
    }
  },
);

it("an export is on record, and tells nothing of people who were erased but that they agreed", async () => {
  const shop = await busyShop();
  await shop.sql(
    (sql, o) => sql`
      update subject set data_key = null where organization_id = ${o}
        and id in (select subject_id from consent_event where organization_id = ${o} and proof = 'demonstrated')`,
  );
  const file = path.join(folder, `${service.nextNumber()}.ndjson`);
  await consent(shop, "export", "--output", file);
  const [first] = (await readFile(file, "utf8")).split("\n");
  expect(JSON.parse(first ?? "")).toMatchObject({
    state: "given",
    phone: null,
    email: null,
    evidence: null,
    pageUrl: null,
  });
  const entries = await shop.sql(
    (sql, o) =>
      sql`select entity from audit_entry where organization_id = ${o} and action = 'consents.exported'`,
  );
  expect(entries).toEqual([{ entity: shop.org.id }]);
});

it("an export is of one instant: what is recorded while it is read, under an older id too, is not in it", async () => {
  const shop = await Shop.open(service);
  const ctx = await shop.org.context();
  const [, late] = [await shop.reported({ phone: "+12025550150" }), { phone: "+12025550151" }];
  // More than one page.
  await shop.sql(async (sql, o) => {
    await sql`
      insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
        occurred_at, recorded_at, effective_at, actor_kind)
      select organization_id, overlay(id::text placing lpad(to_hex(n), 12, '0') from 25)::uuid, subject_id, channel, purpose,
        state, reported_state, proof, occurred_at, recorded_at, effective_at, actor_kind
      from consent_event, generate_series(1, ${limits.exportRows}) n where organization_id = ${o}`;
  });
  const known = async () =>
    (
      await shop.sql(
        (sql, o) =>
          sql<{ id: string }[]>`select id from consent_event where organization_id = ${o} order by id`,
      )
    ).map(({ id }) => formatId("cns", id));
  const before = await known();
  expect(before.length).toBeGreaterThan(limits.exportRows);

  const reading = exportConsents(ctx)[Symbol.asyncIterator]();
  const pages = [(await reading.next()).value ?? []];
  await shop.reported(late);
  await shop.optOut(late);
  await shop.sql(
    (sql, o) => sql`
      insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
        occurred_at, recorded_at, effective_at, actor_kind)
      select organization_id, '00000000-0000-7000-8000-000000000001', subject_id, channel, purpose, 'withdrawn',
        'withdrawn', proof, occurred_at, recorded_at, effective_at, actor_kind
      from consent_event where organization_id = ${o} order by id limit 1`,
  );
  for (let next = await reading.next(); !next.done; next = await reading.next()) pages.push(next.value);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.flat().map(({ id }) => id)).toEqual(before);
  expect((await known()).length).toBe(before.length + 2);
});

it("an export says what keeps messages from people who said yes: a block, and their stop on the platform", async () => {
  const shop = await Shop.open(service);
  const platform = new Platform(service.anonymous, shop.sender);
  const [free, blocked, stopped] = ["+12025550161", "+12025550162", "+12025550163"] as const;
  for (const phone of [free, blocked, stopped])
    for (const purpose of ["promotions", "order_updates"]) await shop.proven({ phone }, { purpose });
  await created(shop.org.post("/v1/blocks", { identifier: { phone: blocked }, reason: "complaint" }));
  await platform.deliver(platform.preferences(platform.preference("stop", stopped.slice(1))));
  expect(await shop.codes({ phone: stopped })).toContain("platform_marketing_stopped");
  const rows = (await collect(exportConsents(await shop.org.context()))).flat();
  const told = (phone: string) =>
    rows.filter((row) => row.phone === phone).map((row) => [row.purpose, row.consentStatus, row.heldBackBy]);
  const given = "dpv:ConsentGiven";
  expect(told(free)).toEqual([
    ["promotions", given, null],
    ["order_updates", given, null],
  ]);
  expect(told(blocked)).toEqual([
    ["promotions", given, "block"],
    ["order_updates", given, "block"],
  ]);
  expect(told(stopped)).toEqual([
    ["promotions", given, "platform_stop"],
    ["order_updates", given, null],
  ]);
});
