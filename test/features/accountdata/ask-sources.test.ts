import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import type { Context } from "../../../src/context.ts";
import { askSources, checkSources } from "../../../src/features/accountdata/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { administer, createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { Receiver } from "../../support/receiver.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { folderOf, withSources } from "../../support/sources.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let service: TestService;
let shop: OrganizationClient;
let ctx: Context;
/** The customer database of a shop: another database of the same server. */
let crm: TestDatabase;

beforeAll(async () => {
  service = await startTestService();
  shop = await service.organization();
  ctx = await shop.context();
  crm = await createTestDatabase();
  await administer(crm.ownerUrl, async (sql) => {
    await sql`create schema shop`;
    await sql`create table shop.customer (id text primary key, phone text, email text, name text,
      registered_at timestamptz, marketing boolean, points bigint)`;
    await sql`create sequence shop.numbers`;
    await sql`create table shop.device (customer_id text, model text, seen_at timestamptz)`;
    await sql`insert into shop.customer values
      ('customer-42', '+12025550123', 'ann@shop.example', 'Ann O''Neill', '2024-02-29T12:00:00+03', true, 7),
      ('customer-43', '+12025550199', 'bob@shop.example', 'Bob', '2025-01-01T00:00:00Z', false, 9)`;
    await sql`insert into shop.device values ('customer-42', 'Phone 9', '2026-11-01T10:00:00Z'),
      ('customer-42', 'Tablet 3', null), ('customer-43', 'Phone 1', null)`;
  });
});
afterAll(async () => {
  await service.close();
  await crm.drop();
});

const ann = [
  { kind: "phone", value: "+1 202 555 0123" },
  { kind: "email", value: "ann@shop.example" },
  { kind: "external_id", value: "customer-42" },
];

const postgresql = (section: string, query: string, more: object = {}, source: object = {}) => ({
  sources: [
    { name: "crm", kind: "postgresql", url: crmUrl, ...source, sections: { [section]: { query, ...more } } },
  ],
});

const crmUrl = "$" + "{CRM_URL}";

/** What one source with one section has about Ann. */
async function ask(
  written: Parameters<typeof withSources>[1],
  identifiers = ann,
  folder = "/nowhere",
  url = crm.ownerUrl,
) {
  const asking = withSources(ctx, written, { variables: { CRM_URL: url }, folder });
  const [answer] = await askSources(asking, identifiers);
  if (answer === undefined) throw new Error("No source was asked.");
  return answer;
}

const account = `select name, registered_at as "registeredAt" from shop.customer where phone = :phone`;

describe("a PostgreSQL", () => {
  it("is asked by number, address or id, each bound and never part of the query", async () => {
    const document = { name: "Ann O'Neill", registeredAt: "2024-02-29T09:00:00+00:00" };
    for (const where of [
      "phone = :phone",
      "email = :email",
      "id = :externalId::text",
      "phone = :phone or id = :externalId",
    ]) {
      const query = `select name, registered_at as "registeredAt" from shop.customer where ${where} -- :nobody`;
      expect(await ask(postgresql("account", query))).toEqual({
        source: "crm",
        title: "crm",
        section: "account",
        document,
      });
    }
    const hostile = [{ kind: "external_id", value: "x' or '1'='1" }];
    const all = `select name from shop.customer where id = :externalId`;
    expect(await ask(postgresql("account", all), hostile)).toEqual({
      source: expect.any(String),
      title: expect.any(String),
      section: "account",
    });
  });

  it("gives several rows as a list, or as their values", async () => {
    const rows = `select model, seen_at as "lastActiveAt" from shop.device where customer_id = :externalId order by model`;
    expect((await ask(postgresql("devices", rows, { list: "devices" }))).document).toEqual({
      devices: [
        { model: "Phone 9", lastActiveAt: "2026-11-01T10:00:00+00:00" },
        { model: "Tablet 3", lastActiveAt: null },
      ],
    });
    const values = `select model from shop.device where customer_id = :externalId order by model`;
    expect((await ask(postgresql("groups", values, { values: "current" }))).document).toEqual({
      current: ["Phone 9", "Tablet 3"],
    });
    expect((await ask(postgresql("devices", rows))).trouble?.reason).toContain(
      "2 rows about the person where one",
    );
  });

  it("is asked once for each number of somebody with two, and one customer stays one", async () => {
    const two = [...ann, { kind: "wa_id", value: "12025550199" }];
    const query = `select name from shop.customer where phone = :phone or email = :email order by name`;
    expect((await ask(postgresql("groups", query, { values: "current" }), two)).document).toEqual({
      current: ["Ann O'Neill", "Bob"],
    });
  });

  it("is not asked about somebody who has none of what the query names", async () => {
    const broken = postgresql("account", "select * from shop.nothing where email = :email");
    expect(await ask(broken, [{ kind: "phone", value: "+12025550123" }])).toEqual({
      source: expect.any(String),
      title: expect.any(String),
      section: "account",
    });
  });

  const failing: [string, string, RegExp, boolean][] = [
    ["takes too long", "select pg_sleep(5)::text as name where :phone <> ''", /longer than 0.2 s/, true],
    [
      "lacks the table",
      "select name from shop.nothing where phone = :phone",
      /does not fit this database \(42P01\)/,
      false,
    ],
    [
      "would write",
      "with gone as (delete from shop.device where model = :phone returning 1) select name from shop.customer",
      /\((25006|0A000)\)/,
      false,
    ],
    [
      "would write by a function",
      "select nextval('shop.numbers')::text as name where :phone <> ''",
      /\(25006\)/,
      false,
    ],
    [
      "has more rows than a section may have",
      `select g::text as name from generate_series(1, ${limits.sourceRows + 1}) g where :phone <> ''`,
      /more than 50000 rows/,
      false,
    ],
    [
      "has more bytes than a section may have",
      "select repeat('x', 5000000) as name where :phone <> ''",
      /more than 4194304 bytes/,
      false,
    ],
    [
      "has two columns of one name",
      "select name, email as name from shop.customer where phone = :phone",
      /cannot be taken: This key stands twice/,
      false,
    ],
    [
      "has what does not fit the section",
      "select name, points as colour from shop.customer where phone = :phone",
      /does not fit the section account. \/colour: There is no such field/,
      false,
    ],
    [
      "has NUL in a text",
      'select name, \'{"a":"\\u0000"}\'::json as status from shop.customer where phone = :phone',
      /NUL/,
      false,
    ],
  ];
  it.each(failing)("that %s is said to, and quotes nobody", async (_what, query, reason, mayHeal) => {
    const { document, trouble } = await ask(
      postgresql("account", query, {}, { timeoutSeconds: query.includes("sleep") ? 0.2 : 10 }),
    );
    expect(document).toBeUndefined();
    expect(trouble?.reason).toMatch(reason);
    expect(trouble).toMatchObject({ mayHeal, rows: null });
    expect(trouble?.reason).not.toMatch(/2025550123|Ann|shop\.example/);
  });

  it("that is not there, or lets nobody in, is said to", async () => {
    const gone = new URL(crm.ownerUrl);
    gone.port = "1";
    const lost = await ask(postgresql("account", account), ann, undefined, gone.href);
    expect(lost.trouble).toMatchObject({
      mayHeal: true,
      reason: expect.stringContaining("cannot be reached"),
    });
    const nowhere = new URL(crm.ownerUrl);
    nowhere.pathname = "/no_such_database";
    const none = await ask(postgresql("account", account), ann, undefined, nowhere.href);
    expect(none.trouble).toMatchObject({ mayHeal: false, reason: "There is no such database (3D000)." });
  });
});

describe("a web address", () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await Receiver.open();
  });
  afterEach(() => receiver.stop());

  const http = (source: object = {}, section: object = {}) => ({
    hosts: ["127.0.0.1", "localhost"],
    sources: [
      {
        name: "web",
        kind: "http",
        url: receiver.url,
        timeoutSeconds: 1,
        ...source,
        sections: { account: section },
      },
    ],
  });
  const json = { "content-type": "application/json; charset=utf-8" };

  it("is asked by POST with everything that the person is known by, and nothing in the address", async () => {
    receiver.behave = (response) => void response.writeHead(200, json).end('{"person":{"name":"Ann"}}');
    expect((await ask(http({ headers: { "x-shop": "tea" } }, { at: "/person" }))).document).toEqual({
      name: "Ann",
    });
    const [got] = receiver.received;
    expect(JSON.parse(got?.raw.toString() ?? "")).toEqual({
      phone: ["+12025550123"],
      email: ["ann@shop.example"],
      externalId: ["customer-42"],
    });
    expect([got?.path, got?.headers["x-shop"]]).toEqual(["/hooks", "tea"]);
  });

  it.each([204, 404])("that answers %d has nothing about the person", async (status) => {
    receiver.behave = (response) => void response.writeHead(status).end();
    expect(await ask(http())).toEqual({
      source: expect.any(String),
      title: expect.any(String),
      section: "account",
    });
  });

  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  type Behave = Receiver["behave"];
  const hostile: [string, Behave, RegExp, boolean][] = [
    ["hangs", () => {}, /longer than 1 s/, true],
    [
      "hangs in the midst of its answer",
      (r) => void r.writeHead(200, json).write('{"name":'),
      /longer than 1 s/,
      true,
    ],
    [
      "answers with HTML",
      (r) => void r.writeHead(200, { "content-type": "text/html" }).end("<h1>Hi"),
      /HTML where JSON/,
      false,
    ],
    ["calls HTML JSON", (r) => void r.writeHead(200, json).end("<h1>Hi"), /is not JSON/, false],
    [
      "says that it is longer than it is",
      (r, _, socket) => {
        socket.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"name":"Ann"}',
        );
        r.destroy();
      },
      /broke off|shorter than it said|cannot be reached/,
      true,
    ],
    [
      "says that it is shorter than it is",
      (_r, _, socket) =>
        void socket.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"name":"Ann"}',
        ),
      /not JSON|cannot be reached/,
      true,
    ],
    [
      "says that it is too large",
      (r) => void r.writeHead(200, { ...json, "content-length": "99999999999" }).write("{"),
      /more than 4194304 bytes/,
      false,
    ],
    [
      "is too large and does not say so",
      (r) => {
        r.writeHead(200, json);
        const piece = "x".repeat(1024 * 1024);
        for (let n = 0; n < 6; n += 1) r.write(piece);
        r.end();
      },
      /more than 4194304 bytes/,
      false,
    ],
    [
      "answers compressed",
      (r) => void r.writeHead(200, { ...json, "content-encoding": "gzip" }).end("x"),
      /compressed/,
      false,
    ],
    [
      "redirects to a private address",
      (r) => void r.writeHead(302, { location: "http://10.0.0.1/" }).end(),
      /answered 302, and redirects are not followed/,
      false,
    ],
    ["lets nobody in", (r) => void r.writeHead(401).end(), /401: look at the headers/, false],
    ["fails", (r) => void r.writeHead(503).end(), /answered 503/, true],
    ["answers with a list", (r) => void r.writeHead(200, json).end("[]"), /no JSON object/, false],
    [
      "nests what it says too deep for a document",
      (r) => void r.writeHead(200, json).end(deep(40)),
      /at most 32 deep/,
      false,
    ],
    [
      "nests it as deep as its bytes allow",
      (r) => void r.writeHead(200, json).end("[".repeat(1_000_000)),
      /not JSON|deep/,
      false,
    ],
    [
      "says one thing twice",
      (r) => void r.writeHead(200, json).end('{"name":"a","name":"b"}'),
      /stands twice/,
      false,
    ],
    ["says what does not fit", (r) => void r.writeHead(200, json).end('{"name":7}'), /\/name: /, false],
  ];
  it.each(hostile)("that %s is said to", async (_what, behave, reason, mayHeal) => {
    receiver.behave = behave;
    const { document, trouble } = await ask(http());
    expect(document).toBeUndefined();
    expect(trouble?.reason).toMatch(reason);
    expect(trouble?.mayHeal).toBe(mayHeal);
  });

  it("at a private address is not connected to, whatever its name says", async () => {
    const port = new URL(receiver.url).port;
    const written = http({ url: `https://localhost:${port}/` });
    expect((await ask(written)).trouble).toMatchObject({
      mayHeal: false,
      reason: expect.stringContaining("private address"),
    });
    expect(receiver.received).toEqual([]);
  });

  it("is asked again when it may have been busy", async () => {
    receiver.behave = (response) => {
      if (receiver.received.length < 3) response.writeHead(503).end();
      else response.writeHead(200, json).end('{"name":"Ann"}');
    };
    expect((await ask(http())).document).toEqual({ name: "Ann" });
    expect(receiver.received).toHaveLength(3);
  });
});

describe("a CSV file", () => {
  const csv = (section: object = { fields: { name: "Name", status: "State" } }, source: object = {}) => ({
    sources: [
      {
        name: "club",
        kind: "csv",
        file: "club.csv",
        match: { phone: "Mobile", email: "Mail" },
        ...source,
        sections: { account: section },
      },
    ],
  });
  async function read(content: string, written = csv()) {
    const { folder, remove } = await folderOf({ "club.csv": content });
    return ask(written, ann, folder).finally(remove);
  }

  it("gives the person's row, however the number is written, and no empty cell", async () => {
    const rows = 'Name,Mobile,Mail,State\nBob,+12025550199,,x\n"Ann, O\'Neill",+1 (202) 555-0123,,\n';
    expect(await read(rows)).toMatchObject({ document: { name: "Ann, O'Neill" }, trouble: undefined });
    expect((await read("Name,Mobile,Mail,State\nAnn,,ANN@shop.example,active\n")).document).toEqual({
      name: "Ann",
      status: "active",
    });
    expect(await read("Name,Mobile,Mail,State\nBob,+12025550199,,x\n")).toEqual({
      source: expect.any(String),
      title: expect.any(String),
      section: "account",
    });
  });

  it("tells the lines of broken rows, and gives what the others have", async () => {
    const answer = await read(
      'Name,Mobile,Mail,State\nBob,+1\nAnn,+12025550123,,active\nC"y,1,2,3\nDi,2025550123,,x\n',
    );
    expect(answer.document).toEqual({ name: "Ann", status: "active" });
    expect(answer.trouble).toMatchObject({
      rows: 3,
      mayHeal: false,
      reason: "3 rows cannot be read and may be about the person: lines 2, 4, 5.",
    });
  });

  it("with a quotation mark that is not closed is read up to there", async () => {
    const answer = await read('Name,Mobile,Mail,State\nAnn,+12025550123,,active\n"Bob,1,2,3\nCy,1,2,3\n');
    expect(answer.document).toEqual({ name: "Ann", status: "active" });
    expect(answer.trouble).toMatchObject({ rows: null, reason: expect.stringContaining("beyond line 2") });
  });

  it("without a column, or that is not there, is said to", async () => {
    expect((await read("Name,Mobile\n")).trouble?.reason).toBe("The file has no column “Mail”.");
    expect((await ask(csv())).trouble).toMatchObject({
      mayHeal: true,
      reason: "The file cannot be read (ENOENT).",
    });
  });
});

describe("a JSON file", () => {
  const written = (section: object = { at: "/profile" }) => ({
    sources: [
      {
        name: "app",
        kind: "json",
        file: "app.json",
        match: { phone: "/contact/phone" },
        sections: { account: section },
      },
    ],
  });
  async function read(content: string, source = written()) {
    const { folder, remove } = await folderOf({ "app.json": content });
    return ask(source, ann, folder).finally(remove);
  }
  const row = (phone: string, name: string) => JSON.stringify({ contact: { phone }, profile: { name } });

  it.each([
    ["a list", `[\n${row("+12025550199", "Bob")},\n${row("+12025550123", "Ann")}]`],
    ["lines", `${row("+12025550199", "Bob")}\n${row("+12025550123", "Ann")}\n`],
  ])("as %s gives the person's item", async (_what, content) => {
    expect(await read(content)).toMatchObject({ document: { name: "Ann" }, trouble: undefined });
    expect((await read(content, written({ fields: { name: "/profile/name" } }))).document).toEqual({
      name: "Ann",
    });
  });

  it("tells the lines of broken items, and gives what the others have", async () => {
    for (const content of [
      `[\n{"contact":},\n${row("+12025550123", "Ann")},\n7]`,
      `\n{"contact":\n${row("+12025550123", "Ann")}\n7`,
    ]) {
      const answer = await read(content);
      expect(answer.document).toEqual({ name: "Ann" });
      expect(answer.trouble).toMatchObject({ rows: 2, reason: expect.stringContaining("lines 2, 4") });
    }
  });
});

test("every source is tried about nobody, and says what does not work", async () => {
  const written = {
    sources: [
      ...postgresql("account", account).sources,
      {
        ...postgresql("devices", "select x from shop.customer where phone = :phone").sources[0],
        name: "other",
      },
      {
        ...postgresql("loyalty", "select name from shop.customer where phone = :phone").sources[0],
        name: "third",
      },
    ],
  };
  const checks = await checkSources(withSources(ctx, written, { variables: { CRM_URL: crm.ownerUrl } }));
  expect(checks).toMatchObject([
    { source: "crm", section: "account", works: true, found: null, problem: null },
    {
      source: "other",
      section: "devices",
      works: false,
      problem: expect.stringContaining('It says: column "x" does not exist'),
    },
    {
      source: "third",
      section: "loyalty",
      works: false,
      problem: expect.stringContaining("Register it first"),
    },
  ]);
});

test("a source is asked for its own organization alone", async () => {
  const other = await service.organization();
  const named = postgresql("account", account, {}, { organization: other.id });
  const how = { variables: { CRM_URL: crm.ownerUrl } };
  expect(await askSources(withSources(await other.context(), named, how), ann)).toHaveLength(1);
  expect(await askSources(withSources(ctx, named, how), ann)).toEqual([]);
});
