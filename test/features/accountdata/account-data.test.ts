import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SectionDocuments } from "../../../src/features/accountdata/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
let shop: OrganizationClient;
let subjectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

async function personOf(client: OrganizationClient, phone = "+12025550123"): Promise<string> {
  const { body } = await client.post<{ subjectId: string }>("/v1/opt-outs", {
    subject: { phone },
    scope: "all",
    source: "staff",
    occurredAt: new Date().toISOString(),
  });
  return body.subjectId ?? (await lookUp(client, phone));
}

async function lookUp(client: OrganizationClient, phone: string): Promise<string> {
  const { body } = await client.post<{ id: string }>("/v1/subjects/lookup", { subject: { phone } });
  return body.id;
}

async function start() {
  shop = await service.organization();
  subjectId = await personOf(shop);
}

const documents: { [Name in keyof SectionDocuments]: SectionDocuments[Name] } = {
  account: { name: "Customer 1 🛍️", registeredAt: "2024-02-29T12:00:00+03:00", status: "active" },
  profile: {
    photo: {
      mediaType: "image/png",
      base64:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
    about: "At sea",
  },
  devices: { devices: [{ id: "device-1", model: "Phone 9", sessions: [{ kind: "web" }] }] },
  connection: { onlineSince: "2026-11-21T20:58:00Z", currentIp: "2001:db8::7" },
  contacts: { numbers: ["+447700900001"] },
  groups: { current: ["Tea tasting"], past: [] },
  blocked: { numbers: [] },
  settings: { lastSeenPrivacy: "contacts", readReceipts: true },
  terms: { documents: [{ document: "Terms of sale", accepted: true }] },
};

describe("account data", () => {
  beforeAll(start);

  it("with a member that readers of JSON drop is refused with its place", async () => {
    await shop.post("/v1/account-sections", {
      section: "notes",
      title: "Notes",
      schema: { type: "object" },
    });
    const path = `/v1/subjects/${subjectId}/account-data/notes`;
    const answer = await shop.put<{ errors: { pointer: string }[] }>(path, '{"a":{"__proto__":{"b":1}}}');
    expect([answer.status, answer.body.errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      ["/a/__proto__"],
    ]);
    expect((await shop.get(path)).status).toBe(404);
  });

  it.each(Object.entries(documents))(
    "stores the section %s and gives it back as it was",
    async (name, sent) => {
      const put = await shop.put(`/v1/subjects/${subjectId}/account-data/${name}`, sent);
      expect(put).toMatchObject({ status: 200, body: { subjectId, section: name, document: sent } });
      const got = await shop.get(`/v1/subjects/${subjectId}/account-data/${name}`);
      expect(got).toMatchObject({ status: 200, body: put.body });
    },
  );

  it("lists every section that is stored", async () => {
    const { body } = await shop.get<{ items: { section: string }[] }>(
      `/v1/subjects/${subjectId}/account-data`,
    );
    expect(body.items.map(({ section }) => section).sort()).toEqual(Object.keys(documents).sort());
  });

  it("puts a new document in place of the earlier one, whole", async () => {
    await shop.put(`/v1/subjects/${subjectId}/account-data/settings`, { language: "ru" });
    const { body } = await shop.get(`/v1/subjects/${subjectId}/account-data/settings`);
    expect(body.document).toEqual({ language: "ru" });
  });

  it("leaves nothing readable in the database", async () => {
    const rows = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ sealed: Buffer }[]>`select sealed from account_section`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { sealed } of rows) {
      for (const word of ["Customer 1", "Tea tasting", "447700900001"]) {
        expect(sealed.includes(word)).toBe(false);
      }
    }
  });

  it("leaves an audit entry that says which section, and nothing of what is in it", async () => {
    const rows = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ details: object }[]>`
        select details from audit_entry where action = 'account_data.recorded' and entity = ${subjectId}`,
    );
    expect(rows.map(({ details }) => details)).toContainEqual({ section: "contacts" });
    expect(JSON.stringify(rows)).not.toContain("447700900001");
  });
});

describe("a document that does not fit", () => {
  beforeAll(start);

  const refused: [string, string, unknown, string[]][] = [
    ["an unknown field", "settings", { colour: "red" }, ["/colour"]],
    ["a wrong type deep inside", "devices", { devices: [{ id: 7 }] }, ["/devices/0/id"]],
    ["a name of a field with a slash", "account", { "a/b~c": 1 }, ["/a~1b~0c"]],
    ["a number that cannot be", "contacts", { numbers: ["+1202555012", "12"] }, ["/numbers/1"]],
    ["a missing field", "terms", {}, ["/documents"]],
    ["several at once", "settings", { readReceipts: 1, language: "!" }, ["/readReceipts", "/language"]],
    [
      "bytes that are no photo",
      "profile",
      { photo: { mediaType: "image/png", base64: "AAAA" } },
      ["/photo/base64"],
    ],
    ["a list", "settings", [], [""]],
    ["half a surrogate pair", "account", '{"name":"\\ud800"}', ["/name"]],
    ["NUL", "account", '{"name":"a\\u0000b"}', ["/name"]],
    ["a key that stands twice", "account", '{"name":"a","name":"b"}', ["/name"]],
  ];
  it.each(refused)("%s is refused with its place", async (_what, section, sent, pointers) => {
    const { status, body } = await shop.put<{ errors?: { pointer: string }[] }>(
      `/v1/subjects/${subjectId}/account-data/${section}`,
      sent,
    );
    expect(status).toBe(422);
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect((await shop.get(`/v1/subjects/${subjectId}/account-data/${section}`)).status).toBe(404);
  });

  it("over the limit of a section is refused by its size", async () => {
    const numbers = Array.from({ length: 400_000 }, () => "+447700900001");
    const { status } = await shop.put(`/v1/subjects/${subjectId}/account-data/contacts`, { numbers });
    expect(status).toBe(413);
  });

  it("in an unknown section is a plain 404", async () => {
    expect((await shop.put(`/v1/subjects/${subjectId}/account-data/shoes`, {})).status).toBe(404);
  });
});

describe("a section of the organization's own", () => {
  beforeAll(start);

  const loyalty = {
    section: "loyalty",
    title: "Loyalty card",
    schema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { cardNumber: { type: "string", pattern: "^\\d{4}$" }, points: { $ref: "#/$defs/points" } },
      required: ["cardNumber"],
      additionalProperties: false,
      $defs: { points: { type: "integer", minimum: 0 } },
    },
  };

  it("is registered with its schema, listed, and takes documents that fit", async () => {
    const made = await shop.post("/v1/account-sections", loyalty);
    expect(made).toMatchObject({ status: 201, body: loyalty });
    expect((await shop.get("/v1/account-sections")).body).toMatchObject({
      items: [loyalty],
      nextCursor: null,
    });
    const document = { cardNumber: "0042", points: 7 };
    const put = await shop.put(`/v1/subjects/${subjectId}/account-data/loyalty`, document);
    expect(put).toMatchObject({ status: 200, body: { document } });
  });

  it("names the places where a document does not fit", async () => {
    const { status, body } = await shop.put<{ errors: { pointer: string }[] }>(
      `/v1/subjects/${subjectId}/account-data/loyalty`,
      { cardNumber: "x", points: -1, "a/b": 1 },
    );
    expect(status).toBe(422);
    expect(body.errors.map(({ pointer }) => pointer).sort()).toEqual(["/a~1b", "/cardNumber", "/points"]);
  });

  it("gives the first answer again to the same Idempotency-Key", async () => {
    const input = { ...loyalty, section: "repeated" };
    const first = await shop.post("/v1/account-sections", input, { "idempotency-key": "section-1" });
    const second = await shop.post("/v1/account-sections", input, { "idempotency-key": "section-1" });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
  });

  it("cannot be registered twice: what is stored must keep its meaning", async () => {
    await shop.post("/v1/account-sections", { ...loyalty, section: "once" });
    expect((await shop.post("/v1/account-sections", { ...loyalty, section: "once" })).status).toBe(409);
  });

  const schemas: [string, object, string][] = [
    ["an unknown type", { type: "shoe" }, "/schema/type"],
    ["a reference to somewhere else", { $ref: "https://schemas.example/person.json" }, "/schema/$ref"],
    [
      "a reference to a file, deep inside",
      { properties: { a: { items: { $ref: "file:///etc/passwd" } } } },
      "/schema/properties/a/items/$ref",
    ],
    ["a reference to nothing", { $ref: "#/$defs/missing" }, "/schema"],
    ["another draft", { $schema: "http://json-schema.org/draft-07/schema#" }, "/schema/$schema"],
    ["a name of its own", { $id: "https://schemas.example/loyalty" }, "/schema/$id"],
    ["a pattern that is none", { properties: { a: { pattern: "(" } } }, "/schema"],
    ["an asynchronous schema, which would let everything through", { $async: true }, "/schema/$async"],
    ["more than a schema's bytes", { description: "x".repeat(limits.sectionSchemaBytes) }, "/schema"],
  ];
  it.each(schemas)("with %s in its schema is refused with the place", async (_what, schema, pointer) => {
    const { status, body } = await shop.post<{ errors: { pointer: string }[] }>("/v1/account-sections", {
      section: "bad",
      title: "Bad",
      schema,
    });
    expect(status).toBe(422);
    expect(body.errors[0]?.pointer).toBe(pointer);
  });

  it.each(["account", "messages", "sign_ins", "con", "Big", "with-dash", "a b", ""])(
    "cannot be called %j",
    async (section) => {
      const { status, body } = await shop.post<{ errors: { pointer: string }[] }>("/v1/account-sections", {
        ...loyalty,
        section,
      });
      expect(status).toBe(422);
      expect(body.errors[0]?.pointer).toBe("/section");
    },
  );

  it("with a pattern that never ends is stopped, and the service goes on", async () => {
    const schema = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };
    expect((await shop.post("/v1/account-sections", { section: "slow", title: "Slow", schema })).status).toBe(
      201,
    );
    const put = await shop.put(`/v1/subjects/${subjectId}/account-data/slow`, { a: `${"a".repeat(60)}!` });
    expect(put.status).toBe(422);
    expect(put.text).toContain("too long");
    expect((await service.anonymous.get("/healthz")).status).toBe(200);
  });

  it("with references that branch without end is stopped", async () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, level) => [
        `level${level}`,
        {
          properties: {
            a: { allOf: [{ $ref: `#/$defs/level${level + 1}` }, { $ref: `#/$defs/level${level + 1}` }] },
          },
        },
      ]),
    );
    const schema = { $ref: "#/$defs/level0", $defs: { ...$defs, level40: { type: "object" } } };
    const made = await shop.post("/v1/account-sections", {
      section: "branching",
      title: "Branching",
      schema,
    });
    expect(made.status).toBe(201);
    const document = Array.from({ length: 30 }).reduce<object>((inner) => ({ a: inner }), {});
    const put = await shop.put(`/v1/subjects/${subjectId}/account-data/branching`, document);
    expect(put.status).toBe(422);
  });

  it("has no documents deeper than a report can show", async () => {
    await shop.post("/v1/account-sections", { section: "deep", title: "Deep", schema: { type: "object" } });
    const document = Array.from({ length: limits.sectionDepth }).reduce<object>(
      (inner) => ({ a: inner }),
      {},
    );
    const { status, text } = await shop.put(`/v1/subjects/${subjectId}/account-data/deep`, document);
    expect(status).toBe(422);
    expect(text).toContain(String(limits.sectionDepth));
  });
});

describe("merged people", () => {
  beforeAll(start);

  it("have the sections of both records, and the next document takes the place of both", async () => {
    const other = await personOf(shop, "+12025550124");
    await shop.put(`/v1/subjects/${subjectId}/account-data/account`, { name: "Customer 1" });
    await shop.put(`/v1/subjects/${other}/account-data/account`, { name: "Customer 2" });
    await shop.post(`/v1/subjects/${subjectId}/merge`, { other, reason: "One person" });

    const list = async () =>
      (
        await shop.get<{ items: { document: { name: string } }[] }>(`/v1/subjects/${other}/account-data`)
      ).body.items.map(({ document }) => document.name);
    expect(await list()).toEqual(["Customer 2", "Customer 1"]);

    await shop.put(`/v1/subjects/${other}/account-data/account`, { name: "Customer" });
    expect(await list()).toEqual(["Customer"]);
  });
});

describe("all that is stored about one person", () => {
  beforeAll(start);

  it("has a limit, and what is over it replaces nothing", async () => {
    const text = "x".repeat(4_000_000);
    const schema = { type: "object" };
    for (const section of ["one", "two", "three", "four", "five"]) {
      await shop.post("/v1/account-sections", { section, title: section, schema });
    }
    const put = async (section: string, document: object) =>
      (await shop.put(`/v1/subjects/${subjectId}/account-data/${section}`, document)).status;
    for (const section of ["one", "two", "three", "four"]) expect(await put(section, { text })).toBe(200);
    expect(await put("five", { text: "small" })).toBe(200);
    expect(await put("five", { text })).toBe(413);
    const five = await shop.get(`/v1/subjects/${subjectId}/account-data/five`);
    expect(five.body.document).toEqual({ text: "small" });
    // What takes the place of something as large fits.
    expect(await put("one", { text })).toBe(200);
  });
});

describe("who may", () => {
  beforeAll(start);

  it("a key with the scope account_data alone stores and reads, and sees nothing else of people", async () => {
    const pusher = await shop.limitedTo("account_data");
    expect((await pusher.put(`/v1/subjects/${subjectId}/account-data/settings`, {})).status).toBe(200);
    expect((await pusher.get(`/v1/subjects/${subjectId}/account-data`)).status).toBe(200);
    expect((await pusher.get(`/v1/subjects/${subjectId}`)).status).toBe(403);
    expect((await pusher.get(`/v1/subjects/${subjectId}/consents`)).status).toBe(403);
  });

  it("a key without it may do none of it", async () => {
    const reader = await shop.limitedTo("subjects");
    const answers = await Promise.all([
      reader.put(`/v1/subjects/${subjectId}/account-data/settings`, {}),
      reader.get(`/v1/subjects/${subjectId}/account-data/settings`),
      reader.get(`/v1/subjects/${subjectId}/account-data`),
      reader.post("/v1/account-sections", { section: "mine", title: "Mine", schema: {} }),
      reader.get("/v1/account-sections"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
  });

  it("another organization's people and sections are not there", async () => {
    await shop.put(`/v1/subjects/${subjectId}/account-data/settings`, { readReceipts: true });
    await shop.post("/v1/account-sections", { section: "ours", title: "Ours", schema: {} });
    const stranger = await service.organization();
    const own = await personOf(stranger);
    const answers = await Promise.all([
      stranger.put(`/v1/subjects/${subjectId}/account-data/settings`, {}),
      stranger.get(`/v1/subjects/${subjectId}/account-data/settings`),
      stranger.get(`/v1/subjects/${subjectId}/account-data`),
      stranger.put(`/v1/subjects/${own}/account-data/ours`, {}),
      stranger.get(`/v1/subjects/sub_nonsense/account-data`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect((await stranger.get("/v1/account-sections")).body).toMatchObject({ items: [] });
  });
});
