import { afterAll, beforeAll, expect, test } from "vitest";
import type { Context } from "../../src/context.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { resolveIdentifiers, resolveSubject } from "../../src/features/subject/index.ts";
import { type IdentifierInput, readIdentifiers } from "../../src/kernel/identifier.ts";
import { administer } from "../support/database.ts";
import { startTestService, type TestService } from "../support/service.ts";

const calls = Number(process.env.SAYSO_TEST_FIRST_CONTACTS ?? 2_000);

let service: TestService;
const pools: Database[] = [];

beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await service.close();
});

/** The same organization as two processes see it: each with connections of its own. */
async function twoContexts(): Promise<[Context, Context]> {
  const shop = await service.organization();
  const ctx = await shop.context();
  const onItsOwn = (): Context => {
    const db = openDatabase({ url: service.database.applicationUrl });
    pools.push(db);
    return { ...ctx, services: { ...ctx.services, db } };
  };
  return [onItsOwn(), onItsOwn()];
}

async function counts() {
  return administer(service.database.ownerUrl, async (sql) => {
    const [row] = await sql<{ subjects: number; orphans: number; identifiers: number; unsealed: number }[]>`
      select (select count(*)::int from subject) as subjects,
        (select count(*)::int from subject s where not exists (
          select from identifier i where i.organization_id = s.organization_id and i.subject_id = s.id)) as orphans,
        (select count(*)::int from identifier) as identifiers,
        (select count(*)::int from identifier where sealed is null) as unsealed`;
    return row;
  });
}

test("thousands of simultaneous first contacts of few people make one record a person, and none without an identifier", async () => {
  const contexts = await twoContexts();
  const before = await counts();
  // Five people, each named in the ways that a form, a webhook and a checkout would name them.
  const people: IdentifierInput[][] = Array.from({ length: 5 }, (_, person) => [
    { phone: `+1 202-555-010${person}` },
    { waId: `1202555010${person}` },
    { phone: `+1202555010${person}`, email: `person${person}@example.com` },
    { email: `Person${person}@example.com` },
    { email: `person${person}@example.com`, externalId: `customer-${person}` },
  ]);
  // An e-mail address joins its number's record only once somebody has named both.
  for (const [person, ways] of people.entries()) {
    await resolveSubject(contexts[person % 2 === 0 ? 0 : 1], ways[2] ?? {}, "");
  }
  const found: Set<string>[] = people.map(() => new Set());
  await Promise.all(
    Array.from({ length: calls }, async (_, call) => {
      const person = call % people.length;
      const ways = people[person] ?? [];
      const way = ways[Math.floor(call / people.length) % ways.length] ?? {};
      const subject = await resolveSubject(contexts[call % 3 === 0 ? 0 : 1], way, "");
      found[person]?.add(subject.id);
    }),
  );
  const after = await counts();
  expect(found.map((ids) => ids.size)).toEqual([1, 1, 1, 1, 1]);
  expect(new Set(found.flatMap((ids) => [...ids])).size).toBe(5);
  expect(after?.orphans).toBe(0);
  expect(Number(after?.subjects) - Number(before?.subjects)).toBe(5);
  expect(Number(after?.identifiers) - Number(before?.identifiers)).toBe(15);
  expect(after?.unsealed).toBe(0);
});

test("simultaneous first contacts that nobody named before make one record a number", async () => {
  const contexts = await twoContexts();
  const before = await counts();
  const found = new Map<number, Set<string>>();
  await Promise.all(
    Array.from({ length: calls }, async (_, call) => {
      const number = call % 7;
      const { id } = await resolveSubject(
        contexts[call % 2 === 0 ? 0 : 1],
        call % 4 < 2 ? { phone: `+1202555011${number}` } : { waId: `1202555011${number}` },
        "",
      );
      found.set(number, (found.get(number) ?? new Set()).add(id));
    }),
  );
  const after = await counts();
  expect([...found.values()].map((ids) => ids.size)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(after?.orphans).toBe(0);
  expect(Number(after?.subjects) - Number(before?.subjects)).toBe(7);
});

test("while the platform links numbers and user ids and callers name either, each identifier has one person and no call fails", async () => {
  const contexts = await twoContexts();
  const found = new Map<number, Set<string>>();
  await Promise.all(
    Array.from({ length: calls / 4 }, async (_, call) => {
      const person = call % 5;
      const ways: IdentifierInput[] = [
        { waId: `1202555012${person}`, bsuid: `US.1349120865530274191${person}` },
        { phone: `+1202555012${person}` },
        { bsuid: `US.1349120865530274191${person}` },
      ];
      const way = ways[Math.floor(call / 5) % ways.length] ?? {};
      const { id } = await resolveIdentifiers(
        contexts[call % 2 === 0 ? 0 : 1],
        readIdentifiers(way).identifiers,
        { byPlatform: "waId" in way, at: new Date("2026-11-22T12:00:00Z") },
      );
      found.set(person, (found.get(person) ?? new Set()).add(id));
    }),
  );
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ roots: number; identifiers: number }[]>`
      select count(distinct s.root_id)::int as roots, count(*)::int as identifiers
      from identifier i join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
      where i.organization_id = ${contexts[0].organizationId}`,
  );
  expect(rows).toEqual([{ roots: 5, identifiers: 10 }]);
  expect((await counts())?.orphans).toBe(0);
});
