import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { insertBatch, openImport } from "../../src/features/consent/import-store.ts";
import { statePart } from "../../src/features/consent/store.ts";
import { compareStates } from "../../src/features/state/index.ts";
import { hashNames, preparePeople } from "../../src/features/subject/index.ts";
import { readIdentifiers } from "../../src/kernel/identifier.ts";
import { parseId } from "../../src/kernel/ids.ts";
import { limits } from "../../src/kernel/limits.ts";
import { environmentOf, runBuilt, startBuilt } from "../support/built.ts";
import { contentsOf } from "../support/contents.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { ago, messages, Shop } from "../support/shop.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-consents-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

const [ann, ben, cat] = [{ phone: "+12025550111" }, { phone: "+12025550122" }, { phone: "+12025550133" }];

async function put(name: string, content: string | object): Promise<string> {
  const file = path.join(folder, `${service.nextNumber()}-${name}`);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const args = (shop: Shop, file: string, ...more: string[]) => [
  "consent",
  "import",
  file,
  "--organization",
  shop.org.id,
  ...more,
];
const run = (shop: Shop, file: string, ...more: string[]) =>
  runBuilt("cli.js", args(shop, file, ...more), environmentOf(service.database));

/** Runs an import and reads what it says that it did. */
async function imported(shop: Shop, file: string, ...more: string[]) {
  const { stdout, stderr, code } = await run(shop, file, "--json", ...more);
  if (stdout === "") throw new Error(`Not imported (${code}): ${stderr}`);
  return JSON.parse(stdout) as {
    rows: number;
    imported: number;
    unchanged: number;
    refused: number;
    would?: { byProof: object; heldBack: number };
  };
}

const counts = (numbers: [imported: number, unchanged: number, refused: number]) => ({
  imported: numbers[0],
  unchanged: numbers[1],
  refused: numbers[2],
});

/** A row that has proof. */
const proof = (shop: Shop, person: object, more: object = {}) => ({
  ...person,
  purpose: "promotions",
  occurredAt: ago(3600),
  collectionPointId: shop.point,
  version: 1,
  indication: "ticked",
  evidence: "order 4711",
  ...more,
});
const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

interface History {
  items: {
    id: string;
    state: string;
    expiresAt: string | null;
    occurredAt: string;
    provenance: Record<string, unknown>;
  }[];
}
async function history(shop: Shop, person: object) {
  const found = await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: person });
  return (await shop.org.get<History>(`/v1/subjects/${found.body.id}/consents`)).body.items;
}

const differences = async (shop: Shop) =>
  (await compareStates(service.services, parseId("org", shop.org.id) ?? "")).differences;

async function countsIn(shop: Shop) {
  const [row] = await shop.sql(
    (sql, o) => sql`
      select (select count(*)::int from consent_event where organization_id = ${o}) as events,
        (select count(*)::int from subject where organization_id = ${o}) as subjects,
        (select count(*)::int from subject s where organization_id = ${o} and not exists (
          select from identifier i where i.organization_id = s.organization_id and i.subject_id = s.id)) as orphans,
        (select count(*)::int from audit_entry where organization_id = ${o} and action = 'consents.imported') as audited,
        (select count(*)::int from consent_import_batch where organization_id = ${o}) as batches`,
  );
  return row;
}

describe("an import of consents", () => {
  it("reads a CSV file by its mapping, records each consent once, and tells all of it before when dry", async () => {
    const shop = await Shop.open(service);
    const csv = [
      "\ufeffТелефон;Дата;Согласие;Заказ",
      `8 (916) 123-45-67;2026-05-03 14:00;да;"заказ ""7"""`,
      "+7 916 123-45-68;2026-05-04;да;",
      "+7 916 123-45-69;2026-05-04;нет;",
      "",
    ].join("\r\n");
    const file = await put("base.csv", csv);
    const mapping = await put("mapping.json", {
      columns: { phone: "Телефон", occurredAt: "Дата", state: "Согласие", evidence: "Заказ" },
      constants: { purpose: "promotions", collectionPointId: shop.point, version: "1", indication: "ticked" },
      values: { state: { да: "given", нет: "refused" } },
      country: "RU",
      timeZone: "Europe/Moscow",
      delimiter: ";",
    });
    const before = await contentsOf(service.database);
    expect(await imported(shop, file, "--mapping", mapping, "--dry-run")).toMatchObject({
      ...counts([3, 0, 0]),
      would: { byProof: { reported: 1, unproven: 1, no: 1 }, heldBack: 0 },
    });
    expect(await contentsOf(service.database)).toEqual(before);

    expect(await imported(shop, file, "--mapping", mapping)).toMatchObject(counts([3, 0, 0]));
    const people = ["+79161234567", "+79161234568", "+79161234569"].map((phone) => ({ phone }));
    expect(await Promise.all(people.map((person) => shop.codes(person)))).toEqual([
      [],
      ["consent_unproven"],
      ["consent_refused"],
    ]);
    expect(await history(shop, people[0] ?? {})).toMatchObject([
      {
        state: "given",
        occurredAt: "2026-05-03T11:00:00.000Z",
        provenance: { proof: "reported", wording: "Yes, write to me.", evidence: 'заказ "7"' },
      },
    ]);
    expect(await countsIn(shop)).toMatchObject({ events: 3, subjects: 3, orphans: 0, audited: 1 });

    const after = await contentsOf(service.database);
    expect(await imported(shop, file, "--mapping", mapping)).toMatchObject(counts([0, 3, 0]));
    expect(await imported(shop, file, "--mapping", mapping, "--dry-run")).toMatchObject(counts([0, 3, 0]));
    expect(await contentsOf(service.database)).toEqual(after);
    expect(await differences(shop)).toEqual([]);
  });

  it("leaves rows alone that another file has brought, and takes the new ones beside them", async () => {
    const shop = await Shop.open(service);
    const rows = [ann, ben, cat].map((person) => proof(shop, person));
    expect(await imported(shop, await put("a.ndjson", lines(...rows.slice(0, 2))))).toMatchObject(
      counts([2, 0, 0]),
    );
    expect(await imported(shop, await put("b.ndjson", lines(...rows, ...rows)))).toMatchObject(
      counts([1, 5, 0]),
    );
    expect(await countsIn(shop)).toMatchObject({ events: 3, subjects: 3 });
  });

  it("puts rows that cannot be taken aside with line and reason, and takes them when they are mended", async () => {
    const shop = await Shop.open(service);
    await shop.reported({ phone: "+12025550190" });
    await shop.reported({ email: "two@example.org" });
    const file = await put(
      "base.csv",
      [
        "phone,email,purpose,occurredAt,evidence",
        `+12025550111,,promotions,${ago(60)},"two`,
        `lines"`,
        `=1+1,,promotions,${ago(60)},x`,
        `+12025550190,two@example.org,promotions,${ago(60)},x`,
        "+12025550122,,promotions",
        `+12025550133,,nothing,${ago(60)},x`,
        "",
      ].join("\n"),
    );
    const rejects = path.join(folder, `${service.nextNumber()}-rejects.csv`);
    const { code, stdout } = await run(shop, file, "--rejects", rejects);
    expect([code, stdout.split("\n")[0]]).toEqual([1, "1 imported, 0 unchanged, 4 refused."]);
    const text = await readFile(rejects, "utf8");
    expect(text.split("\n").map((line) => line.split(",").slice(0, 2))).toEqual([
      ["line", "pointer"],
      ["4", "/phone"],
      ["5", ""],
      ["6", ""],
      ["7", "/purpose"],
      [""],
    ]);
    expect(text).toContain(",'=1+1,");
    expect(text).toContain("recipient_ambiguous");
    expect((await run(shop, file, "--rejects", rejects)).stderr).toContain("is there already");

    const mended = text
      .replace(/^5,.*\n6,.*\n/m, "")
      .replace("'=1+1", "+12025550144")
      .replace(",nothing,", ",promotions,");
    expect(await imported(shop, await put("mended.csv", mended))).toMatchObject(counts([2, 0, 0]));
  });

  it("lifts no opt-out, withdrawal, stop by number or block: a yes is requested at most, and held back when dry", async () => {
    const shop = await Shop.open(service);
    const people = [1, 2, 3, 4, 5].map((n) => ({ phone: `+1202555016${n}` }));
    const [optedOut, withdrew, , blocked, refused] = people as [object, object, object, object, object];
    await shop.optOut(optedOut, { occurredAt: ago(9000) });
    await shop.reported(withdrew, {}, { occurredAt: ago(9000) });
    await shop.reported(withdrew, { state: "withdrawn" }, { occurredAt: ago(8000) });
    await service.anonymous.send("POST", `/stop/${shop.org.id}`, {
      body: `phone=${encodeURIComponent("+12025550163")}`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    await shop.org.post("/v1/blocks", { identifier: blocked, reason: "complaint" });
    await shop.reported(refused, { state: "refused" }, { occurredAt: ago(8000) });
    const file = await put("base.ndjson", lines(...people.map((person) => proof(shop, person))));
    expect(await imported(shop, file, "--dry-run")).toMatchObject({ imported: 5, would: { heldBack: 4 } });
    expect(await imported(shop, file)).toMatchObject(counts([5, 0, 0]));
    expect(await Promise.all(people.map(async (person) => (await shop.codes(person))[0]))).toEqual([
      "recipient_opted_out",
      "consent_withdrawn",
      "recipient_opted_out",
      "recipient_blocked",
      "consent_refused",
    ]);
    const states = await Promise.all(people.map(async (person) => (await history(shop, person))[0]?.state));
    expect(states).toEqual(["requested", "requested", "requested", "given", "requested"]);
    expect(await differences(shop)).toEqual([]);
  });

  it("takes a no that stands against every earlier yes, whichever row comes first", async () => {
    const shop = await Shop.open(service);
    const rows = [
      { ...ann, purpose: "promotions", state: "withdrawn" },
      proof(shop, ann, { occurredAt: ago(7200) }),
      proof(shop, ann),
      proof(shop, ben, { purpose: "order_updates" }),
      proof(shop, ben, { evidence: undefined }),
      proof(shop, ben, { occurredAt: ago(7200) }),
      { ...cat, purpose: "promotions", state: "refused", occurredAt: ago(600) },
    ];
    expect(await imported(shop, await put("base.ndjson", lines(...rows)))).toMatchObject(counts([7, 0, 0]));
    expect(await shop.codes(ann)).toContain("consent_withdrawn");
    // A later yes without proof takes nothing from an earlier one with proof.
    expect(await shop.codes(ben)).toEqual([]);
    expect(await shop.codes(cat)).toContain("consent_refused");
    expect(await differences(shop)).toEqual([]);
  });

  it("lets no marketing out on an unproven yes, until it comes again with its proof", async () => {
    const shop = await Shop.open(service);
    await imported(shop, await put("a.ndjson", lines(proof(shop, ann, { evidence: undefined }))));
    expect(await shop.codes(ann)).toEqual(["consent_unproven"]);
    expect(await shop.codes(ann, { purpose: "order_updates", message: messages.parcel })).toEqual([
      "channel_opt_in_missing",
    ]);
    expect(await imported(shop, await put("b.ndjson", lines(proof(shop, ann))))).toMatchObject(
      counts([1, 0, 0]),
    );
    expect(await shop.codes(ann)).toEqual([]);
    await imported(
      shop,
      await put("c.ndjson", lines(proof(shop, ben, { evidence: undefined, occurredAt: ago(60) }))),
    );
    await shop.reported(ben, {}, { occurredAt: ago(7200) });
    expect(await shop.codes(ben)).toEqual([]);
    expect(await differences(shop)).toEqual([]);
  });

  it("takes a no of an unknown time anew from each list that says it, also after the person's own yes", async () => {
    const shop = await Shop.open(service);
    const ahead = ago(-86_400);
    const noes = [ann, ben].map((person, n) => ({
      ...person,
      purpose: "promotions",
      state: "withdrawn",
      ...(n === 1 && { occurredAt: ahead }),
    }));
    const first = await put("a.ndjson", lines(...noes));
    expect(await imported(shop, first)).toMatchObject(counts([2, 0, 0]));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const person of [ann, ben]) await shop.proven(person);
    expect([await shop.codes(ann), await shop.codes(ben)]).toEqual([[], []]);
    expect(await imported(shop, first)).toMatchObject(counts([0, 2, 0]));
    const second = await put("b.ndjson", `\n${lines(...noes)}`);
    expect(await imported(shop, second, "--dry-run")).toMatchObject(counts([2, 0, 0]));
    expect(await imported(shop, second)).toMatchObject(counts([2, 0, 0]));
    for (const person of [ann, ben]) expect(await shop.codes(person)).toContain("consent_withdrawn");
    expect(await differences(shop)).toEqual([]);
  });

  it("takes a no under the id of a yes, and leaves a row alone only when its event says just the same", async () => {
    const shop = await Shop.open(service);
    const occurredAt = ago(900);
    const { id } = await shop.reported(ann, {}, { occurredAt });
    await shop.reported(ben, { state: "withdrawn" }, { occurredAt });
    const [benNo] = await history(shop, ben);
    const said = { purpose: "promotions", occurredAt };
    const same = { ...ann, ...said, id, state: "given" };
    const changed = lines(
      same,
      { ...same, state: "withdrawn" },
      { ...ben, ...said, id: benNo?.id, state: "withdrawn" },
      { ...cat, ...said, id: benNo?.id, state: "withdrawn" },
    );
    const file = await put("changed.ndjson", changed);
    expect(await imported(shop, file, "--dry-run")).toMatchObject(counts([2, 2, 0]));
    expect(await imported(shop, file)).toMatchObject(counts([2, 2, 0]));
    for (const person of [ann, ben, cat]) expect(await shop.codes(person)).toContain("consent_withdrawn");
  });

  it("makes nobody known again who was erased", async () => {
    const shop = await Shop.open(service);
    await shop.reported(ann);
    await shop.sql((sql, o) => sql`update subject set data_key = null where organization_id = ${o}`);
    const file = await put("base.ndjson", lines(proof(shop, ann), proof(shop, ben)));
    expect(await imported(shop, file, "--dry-run")).toMatchObject(counts([1, 0, 1]));
    expect(await imported(shop, file)).toMatchObject(counts([1, 0, 1]));
    expect(await imported(shop, file)).toMatchObject(counts([0, 1, 1]));
  });
});

const evidence = {
  name: "Customers before 2024",
  wording: "Да, присылайте мне предложения в WhatsApp.",
  language: "ru",
  channels: ["whatsapp"],
  purposes: ["promotions"],
  collectedFrom: "2020-01-01T00:00:00Z",
  collectedUntil: "2023-12-31T23:59:59Z",
  answersFor: "Head of sales",
};

describe("a list that was collected before Sayso", () => {
  it("is taken under evidence for the whole of it: legacy, with its wording, and for twelve months from then", async () => {
    const shop = await Shop.open(service);
    const file = await put(
      "list.csv",
      "phone,occurredAt\n+12025550111,2021-05-03T10:00:00Z\n+12025550122,\n",
    );
    const legacy = await put("evidence.json", evidence);
    const constants = await put("mapping.json", { constants: { purpose: "promotions" } });
    const how = ["--mapping", constants, "--legacy", legacy];
    const before = await contentsOf(service.database);
    expect(await imported(shop, file, ...how, "--dry-run")).toMatchObject({
      would: { byProof: { legacy: 2 } },
    });
    expect(await contentsOf(service.database)).toEqual(before);
    expect(await imported(shop, file, ...how)).toMatchObject(counts([2, 0, 0]));
    expect([await shop.codes(ann), await shop.codes(ben)]).toEqual([[], []]);

    const [event] = await history(shop, ben);
    expect(event).toMatchObject({
      occurredAt: "2023-12-31T23:59:59.000Z",
      provenance: { proof: "legacy", wording: evidence.wording, wordingLanguage: "ru" },
    });
    const months = (Date.parse(event?.expiresAt ?? "") - Date.now()) / (86_400_000 * 30.44);
    expect(months).toBeGreaterThan(11.9);
    expect(months).toBeLessThan(12.1);

    // Imported again, among others and under other words, it lasts no longer.
    expect(await imported(shop, file, ...how)).toMatchObject(counts([0, 2, 0]));
    const other = await put("evidence.json", { ...evidence, answersFor: "Somebody else" });
    expect((await run(shop, file, "--mapping", constants, "--legacy", other)).stderr).toContain(
      "other evidence",
    );
    const longer = await put("list.csv", `${await readFile(file, "utf8")}+12025550133,\n`);
    expect(await imported(shop, longer, ...how)).toMatchObject(counts([1, 2, 0]));
    expect((await history(shop, ben)).map(({ expiresAt }) => expiresAt)).toEqual([event?.expiresAt]);
    expect(await differences(shop)).toEqual([]);
  });

  it("ends when it was to end at first: with other columns, in another file, under other words for the same people", async () => {
    const shop = await Shop.open(service);
    const mapping = await put("mapping.json", { constants: { purpose: "promotions" } });
    const take = async (rows: string, more: object = {}) =>
      imported(
        shop,
        await put("list.csv", rows),
        "--mapping",
        mapping,
        "--legacy",
        await put("evidence.json", { ...evidence, ...more }),
      );
    const ends = async (person: object) => (await history(shop, person))[0]?.expiresAt ?? "";
    await take("phone\n+12025550111\n");
    // Half a year later.
    await shop.sql(async (sql, o) => {
      await sql`alter table legacy_evidence disable trigger append_only`;
      await sql`update legacy_evidence set ends_at = ends_at - interval '6 months' where organization_id = ${o}`;
      await sql`alter table legacy_evidence enable trigger append_only`;
    });
    const [kept] = await shop.sql(
      (sql, o) =>
        sql<{ ends: Date }[]>`select ends_at as ends from legacy_evidence where organization_id = ${o}`,
    );
    const first = kept?.ends.toISOString();

    const later = { collectedFrom: "2021-01-01T00:00:00Z", answersFor: "Somebody else", name: "Again" };
    expect(await take("externalId\nc-1\n", later)).toMatchObject(counts([1, 0, 0]));
    expect(await ends({ externalId: "c-1" })).toBe(first);
    const other = { wording: "Совсем другие слова, присылайте мне предложения." };
    expect(await take("phone\n+12025550111\n+12025550122\n", other)).toMatchObject(counts([1, 1, 0]));
    expect(Date.parse(await ends(ben)) - Date.parse(first ?? "")).toBeGreaterThan(150 * 86_400_000);
    expect(await take("phone,occurredAt\n+12025550111,2021-02-03T10:00:00Z\n", other)).toMatchObject(
      counts([1, 0, 0]),
    );
    expect(
      (await history(shop, ann))
        .map(({ expiresAt }) => expiresAt)
        .toSorted()
        .at(0),
    ).toBe(first);
    const [newest] = (await history(shop, ann)).filter(({ occurredAt }) => occurredAt.startsWith("2021-02"));
    expect(newest?.expiresAt).toBe(first);
  });

  it("ends within the twelve months unless the person renews it", async () => {
    const shop = await Shop.open(service);
    const file = await put("list.csv", `phone\n${ann.phone}\n${ben.phone}\n`);
    const how = [
      "--mapping",
      await put("mapping.json", { constants: { purpose: "promotions" } }),
      "--legacy",
      await put("evidence.json", evidence),
    ];
    await imported(shop, file, ...how);
    await shop.proven(ben);
    // Thirteen months later, as far as these consents go.
    await shop.sql(
      (sql, o) => sql`
        update consent_state set given_expires_at = given_expires_at - interval '13 months' where organization_id = ${o}`,
    );
    expect(await shop.codes(ann)).toContain("consent_expired");
    expect(await shop.codes(ben)).toEqual([]);
  });

  it("is refused with evidence that cannot be: other times, unknown purposes, nobody who answers for it", async () => {
    const shop = await Shop.open(service);
    const file = await put("list.csv", "phone,purpose\n+12025550111,promotions\n");
    for (const [wrong, place] of [
      [{ collectedUntil: "2019-12-31T00:00:00Z" }, "collectedUntil"],
      [{ collectedUntil: "2999-12-31T00:00:00Z" }, "collectedUntil"],
      [{ purposes: ["nothing"] }, "purposes"],
      [{ answersFor: " " }, "answersFor"],
    ] as const) {
      const legacy = await put("evidence.json", { ...evidence, ...wrong });
      const { code, stderr } = await run(shop, file, "--legacy", legacy, "--json");
      expect([code, stderr]).toEqual([1, expect.stringContaining(place)]);
    }
    expect(await countsIn(shop)).toMatchObject({ events: 0 });
  });
});

describe("an import that is disturbed", () => {
  const longAgo = ago(3600);
  const many = (shop: Shop, from: number, count: number) =>
    lines(
      ...Array.from({ length: count }, (_, n) =>
        proof(
          shop,
          { phone: `+7916${1_000_000 + from + n}` },
          { evidence: `row ${from + n}`, occurredAt: longAgo },
        ),
      ),
    );

  it("goes on where it was killed: nothing twice, nothing lost", async () => {
    const shop = await Shop.open(service);
    const rows = 12 * limits.importBatchRows + 7;
    const file = await put("base.ndjson", `${many(shop, 0, rows)}{"phone":"1"}\n`);
    const rejects = path.join(folder, `${service.nextNumber()}-rejects.ndjson`);
    let killed = 0;
    for (let kill = 0; kill < 3; kill += 1) {
      const already = (await countsIn(shop))?.batches ?? 0;
      const running = startBuilt(
        "cli.js",
        args(shop, file, "--rejects", rejects),
        environmentOf(service.database),
      );
      while (running.child.exitCode === null && ((await countsIn(shop))?.batches ?? 0) <= already)
        await new Promise((resolve) => setTimeout(resolve, 5));
      running.child.kill("SIGKILL");
      if ((await running.ended).code === null) killed += 1;
    }
    expect(killed).toBeGreaterThan(0);
    const { imported: rest, unchanged, refused } = await imported(shop, file, "--rejects", rejects);
    expect({ all: rest + unchanged, refused }).toEqual({ all: rows, refused: 1 });
    expect(rest).toBeGreaterThan(0);
    expect(unchanged).toBeGreaterThan(0);
    expect(await countsIn(shop)).toMatchObject({
      events: rows,
      subjects: rows,
      orphans: 0,
      batches: 13,
      audited: 13,
    });
    expect((await readFile(rejects, "utf8")).trim().split("\n")).toHaveLength(1);
    expect(await differences(shop)).toEqual([]);
  }, 60_000);

  it("is one when it runs several times at once, and so are other files with the same rows", async () => {
    const shop = await Shop.open(service);
    const rows = 3 * limits.importBatchRows;
    const file = await put("base.ndjson", many(shop, 0, rows));
    const other = await put("other.ndjson", `\n${many(shop, 200, rows)}`);
    const runs = await Promise.all([file, file, other].map((each) => imported(shop, each)));
    expect(runs.map(({ imported: some, unchanged }) => some + unchanged)).toEqual([rows, rows, rows]);
    expect(runs.reduce((sum, each) => sum + each.imported, 0)).toBe(rows + 200);
    expect(await countsIn(shop)).toMatchObject({ events: rows + 200, subjects: rows + 200, orphans: 0 });
    expect(await differences(shop)).toEqual([]);
  }, 60_000);

  it("makes nobody known by a batch that has to be prepared again", async () => {
    const shop = await Shop.open(service);
    const ctx = await shop.org.context();
    const names = ["+12025550171", "+12025550172"].map((phone) =>
      hashNames(ctx, readIdentifiers({ phone }).identifiers),
    );
    const { toMake } = await preparePeople(ctx, names);
    await shop.reported({ phone: "+12025550171" });
    const before = await countsIn(shop);
    const importId = await openImport(ctx, { fileSha256: "f", readingSha256: "r" });
    const batch = {
      importId,
      batch: 0,
      consents: [],
      kinds: [],
      refused: [],
      endsAt: undefined,
      sha256: "s",
    };
    expect(await insertBatch(ctx, { ...batch, toMake }, statePart)).toBe("again");
    expect(await countsIn(shop)).toEqual(before);
    const prepared = await preparePeople(ctx, names);
    expect(await insertBatch(ctx, { ...batch, toMake: prepared.toMake }, statePart)).toEqual({ imported: 0 });
    expect((await countsIn(shop))?.subjects).toBe((before?.subjects ?? 0) + 1);
  });

  it("waits for nobody who is made known meanwhile, and loses no no of theirs", async () => {
    const shop = await Shop.open(service);
    const rows = 2 * limits.importBatchRows;
    const file = await put("base.ndjson", many(shop, 0, rows));
    const running = imported(shop, file);
    for (let n = 0; n < 60; n += 1)
      await shop.optOut({ phone: `+7916${1_000_000 + n * 16}` }, { occurredAt: ago(0) });
    expect(await running).toMatchObject(counts([rows, 0, 0]));
    for (const n of [0, 13, 59])
      expect(await shop.codes({ phone: `+7916${1_000_000 + n * 16}` })).toContain("recipient_opted_out");
    expect(await countsIn(shop)).toMatchObject({ subjects: rows, orphans: 0 });
    expect(await differences(shop)).toEqual([]);
  }, 60_000);
});

describe("a file that cannot be imported", () => {
  it("is refused with what is wrong, and nothing of it is recorded", async () => {
    const shop = await Shop.open(service);
    const cases: [name: string, content: string, mapping: object, says: string][] = [
      ["base.txt", "phone\n", {}, "--format"],
      ["base.csv", "a,b\n1,2\n", {}, "None of the file's columns"],
      ["base.csv", "phone\n+12025550111\n", { columns: { phone: "Phone" } }, "no column “Phone”"],
      ["base.csv", "phone,phone\n1,2\n", {}, "two columns “phone”"],
      ["base.csv", `phone\n"+12025550111\n`, {}, "cannot be read beyond line"],
      ["base.csv", "phone\n1\n", { constants: { phone: "+12025550111" } }, "/constants"],
      ["base.csv", "", {}, "The file is empty"],
    ];
    for (const [name, content, mapping, says] of cases) {
      const file = await put(name, content);
      const { code, stderr } = await run(shop, file, "--mapping", await put("mapping.json", mapping));
      expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
    }
    expect((await run(shop, path.join(folder, "none.csv"))).stderr).toContain("cannot be read");
    expect(await countsIn(shop)).toMatchObject({ events: 0, subjects: 0 });
  });
});
