import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApiKey, endApiKey, listApiKeys } from "../../../src/features/organization/index.ts";
import { scopes } from "../../../src/kernel/scopes.ts";
import { administer } from "../../support/database.ts";
import { startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** What one request with this key is answered. */
async function statusWith(key: string): Promise<number> {
  const response = await service.anonymous.get("/v1/senders", { authorization: `Bearer ${key}` });
  return response.status;
}

/** Everything in the database, as text. */
async function everythingStored(): Promise<string> {
  return administer(service.database.ownerUrl, async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`;
    const rows = await Promise.all(
      tables.map(({ name }) => sql`select to_jsonb(t)::text from ${sql(name)} t`),
    );
    return JSON.stringify(rows);
  });
}

test("a key is shown once and kept only as SHA-256", async () => {
  const shop = await service.organization();
  const ctx = await shop.context();
  const made = await createApiKey(ctx, { name: "till", scopes: ["all"] });
  expect(await statusWith(made.key)).toBe(200);
  const stored = await everythingStored();
  expect(stored).not.toContain(made.key);
  expect(stored).not.toContain(made.key.slice("sayso_".length));
  expect(stored).not.toContain(Buffer.from(made.key).toString("hex"));
  expect(stored).toContain(createHash("sha256").update(made.key).digest("hex"));
  const listed = (await listApiKeys(ctx)).find(({ id }) => id === made.id);
  expect(listed).toMatchObject({ name: "till", scopes: ["all"], expiresAt: null });
  expect(JSON.stringify(listed)).not.toContain(made.key);
});

test("keys are never alike", async () => {
  const ctx = await (await service.organization()).context();
  const keys = await Promise.all(
    Array.from({ length: 20 }, (_, n) => createApiKey(ctx, { name: `k${n}`, scopes: ["checks"] })),
  );
  expect(new Set(keys.map(({ key }) => key)).size).toBe(20);
  for (const { key } of keys) expect(key).toMatch(/^sayso_[\w-]{43}$/);
});

test("two keys of one name live at a time, a third is refused, and ending one makes room", async () => {
  const ctx = await (await service.organization()).context();
  const till = { name: "till", scopes: ["all"] as const };
  const first = await createApiKey(ctx, till);
  const second = await createApiKey(ctx, till);
  expect([await statusWith(first.key), await statusWith(second.key)]).toEqual([200, 200]);
  await expect(createApiKey(ctx, till)).rejects.toMatchObject({ code: "conflict" });
  await createApiKey(ctx, { ...till, name: "another name" });
  await endApiKey(ctx, first.id);
  expect([await statusWith(first.key), await statusWith(second.key)]).toEqual([401, 200]);
  const third = await createApiKey(ctx, till);
  expect(await statusWith(third.key)).toBe(200);
});

test("of keys of one name that are made at the same moment two live, whoever comes first", async () => {
  const ctx = await (await service.organization()).context();
  const made = await Promise.allSettled(
    Array.from({ length: 8 }, () => createApiKey(ctx, { name: "till", scopes: ["all"] })),
  );
  const keys = made.flatMap((one) => (one.status === "fulfilled" ? [one.value.key] : []));
  const refused = made.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
  expect(keys).toHaveLength(2);
  expect(new Set(refused)).toEqual(new Set(["conflict"]));
  expect(await Promise.all(keys.map(statusWith))).toEqual([200, 200]);
});

test("an ended key stays ended, and only a live key of this organization can be ended", async () => {
  const ctx = await (await service.organization()).context();
  const other = await (await service.organization()).context();
  const made = await createApiKey(ctx, { name: "till", scopes: ["all"] });
  for (const id of [made.id, "key_nothing", "sub_01kb0q8s5hf6xv3y1m2n4p5q6r"]) {
    await expect(endApiKey(other, id)).rejects.toMatchObject({ code: "not_found" });
  }
  expect(await statusWith(made.key)).toBe(200);
  await endApiKey(ctx, made.id);
  await expect(endApiKey(ctx, made.id)).rejects.toMatchObject({ code: "not_found" });
  expect((await listApiKeys(ctx)).map(({ id }) => id)).not.toContain(made.id);
});

test("a key expires by the database's clock, not by the process's", async () => {
  const ctx = await (await service.organization()).context();
  const [row] = await administer(service.database.ownerUrl, (sql) => sql<{ now: Date }[]>`select now()`);
  const at = (seconds: number) => new Date((row?.now.getTime() ?? 0) + seconds * 1000);
  const expired = await createApiKey(ctx, { name: "expired", scopes: ["all"], expiresAt: at(-1) });
  const live = await createApiKey(ctx, { name: "live", scopes: ["all"], expiresAt: at(3600) });
  for (const now of [undefined, at(-7200), at(7200)]) {
    service.setNow(now);
    expect([await statusWith(expired.key), await statusWith(live.key)]).toEqual([401, 200]);
  }
  service.setNow(undefined);
});

test("expired keys are not live: they leave room for two of their name", async () => {
  const ctx = await (await service.organization()).context();
  const till = { name: "till", scopes: ["all"] as const };
  const old = [await createApiKey(ctx, till), await createApiKey(ctx, till)];
  await administer(
    service.database.ownerUrl,
    (sql) => sql`
      update api_key set expires_at = now() where name = 'till' and organization_id = ${ctx.organizationId}`,
  );
  expect(await Promise.all(old.map(({ key }) => statusWith(key)))).toEqual([401, 401]);
  const keys = [await createApiKey(ctx, till), await createApiKey(ctx, till)];
  expect(await Promise.all(keys.map(({ key }) => statusWith(key)))).toEqual([200, 200]);
  await expect(createApiKey(ctx, till)).rejects.toMatchObject({ code: "conflict" });
});

test.each([
  ["none", {}],
  ["another scheme", { authorization: "Basic c2F5c286" }],
  ["an empty one", { authorization: "Bearer " }],
  ["an unknown one", { authorization: `Bearer sayso_${"x".repeat(43)}` }],
  ["a long one", { authorization: `Bearer ${"x".repeat(10_000)}` }],
  ["a strange one", { authorization: "Bearer ' or 1=1 --" }],
])(
  "without a live key (%s) every route of the API is closed, and says how to open it",
  async (_which, headers) => {
    for (const path of ["/v1/senders", "/v1/nothing-here", "/v1"]) {
      const answer = await service.anonymous.get(path, headers);
      expect([path, answer.status, answer.body.type]).toEqual([
        path,
        401,
        "urn:sayso:problem:unauthenticated",
      ]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  },
);

test("a key is taken whole, neither shortened nor lengthened nor in another case", async () => {
  const { key = "" } = await service.organization();
  expect(await statusWith(key)).toBe(200);
  for (const other of [key.slice(0, -1), `${key}x`, key.toUpperCase(), `x${key}`]) {
    expect(await statusWith(other)).toBe(401);
  }
});

test.each([
  ["configuration", "GET", "/v1/organization"],
  ["configuration", "PATCH", "/v1/organization"],
  ["configuration", "GET", "/v1/senders"],
  ["configuration", "POST", "/v1/senders"],
  ["configuration", "GET", "/v1/senders/1"],
  ["configuration", "GET", "/v1/purposes"],
  ["configuration", "POST", "/v1/purposes"],
  ["subjects", "POST", "/v1/subjects/lookup"],
  ["subjects", "GET", "/v1/subjects/sub_1"],
  ["staff", "POST", "/v1/subjects/sub_1/merge"],
] as const)("only a key with the scope %s may %s %s", async (needed, method, path) => {
  const shop = await service.organization();
  const others = scopes.filter((scope) => scope !== "all" && scope !== needed && scope !== "subjects");
  const without = await shop.limitedTo(...(needed === "staff" ? (["subjects"] as const) : others));
  const answer = await without.send(method, path, method === "GET" ? {} : { body: {} });
  expect([answer.status, answer.body.type, String(answer.body.detail).includes(needed)]).toEqual([
    403,
    "urn:sayso:problem:forbidden",
    true,
  ]);
  const wanted = needed === "staff" ? (["subjects", "staff"] as const) : ([needed] as const);
  const withIt = await shop.limitedTo(...wanted);
  expect([200, 404, 422]).toContain(
    (await withIt.send(method, path, method === "GET" ? {} : { body: {} })).status,
  );
  expect([200, 404, 422]).toContain(
    (await shop.send(method, path, method === "GET" ? {} : { body: {} })).status,
  );
});
