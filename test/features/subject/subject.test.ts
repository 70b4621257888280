import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../../../src/context.ts";
import {
  findSubject,
  hashIdentifier,
  resolveIdentifiers,
  resolveSubject,
  type SubjectReference,
  unlinkIdentifier,
} from "../../../src/features/subject/index.ts";
import { type IdentifierInput, readIdentifiers } from "../../../src/kernel/identifier.ts";
import { formatId } from "../../../src/kernel/ids.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

const number = "+12025550123";
const bsuid = "US.13491208655302741918";
const at = new Date("2026-11-22T12:00:00Z");
const later = new Date("2026-11-22T13:00:00Z");

let service: TestService;
let shop: OrganizationClient;
let ctx: Context;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await service.organization();
  ctx = await shop.context();
});

/** The person whom a caller names, as `sub_…`. */
async function person(reference: SubjectReference): Promise<string> {
  return formatId("sub", (await resolveSubject(ctx, reference, "/subject")).id);
}

/** The person whom WhatsApp names by all of these together, as `sub_…`. */
async function personOnPlatform(input: IdentifierInput, when = at): Promise<string> {
  const { identifiers } = readIdentifiers(input);
  return formatId("sub", (await resolveIdentifiers(ctx, identifiers, { byPlatform: true, at: when })).id);
}

const lookup = (subject: object, client = shop) =>
  client.post<{ id: string; identifiers: object[]; mergedIds: string[]; type: string }>(
    "/v1/subjects/lookup",
    {
      subject,
    },
  );

/** The standing noes of an identifier, as words. */
async function noes(input: IdentifierInput): Promise<string[]> {
  const hash = hashOf(input);
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ no: string }[]>`
      select concat_ws(' ', channel, purpose, kind, event_id) as no from standing_no
      where organization_id = ${ctx.organizationId} and identifier_hash = decode(${hash}, 'hex') order by 1`,
  );
  return rows.map(({ no }) => no);
}

function hashOf(input: IdentifierInput): string {
  const [identifier] = readIdentifiers(input).identifiers;
  if (identifier === undefined) throw new Error("That is no identifier.");
  return hashIdentifier(ctx, identifier);
}

async function sayNo(input: IdentifierInput, eventId: string): Promise<void> {
  await administer(
    service.database.ownerUrl,
    (sql) => sql`
      insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
      values (${ctx.organizationId}, decode(${hashOf(input)}, 'hex'), 'whatsapp', 'promotions', 'opted_out', ${at}, ${eventId})`,
  );
}

async function block(input: IdentifierInput, reason: string, expiresAt: Date | null = null): Promise<void> {
  await administer(
    service.database.ownerUrl,
    (sql) => sql`
      insert into block (organization_id, id, identifier_hash, identifier_kind, ending, reason, expires_at)
      values (${ctx.organizationId}, gen_random_uuid(), decode(${hashOf(input)}, 'hex'), 'phone', '23', ${reason}, ${expiresAt})`,
  );
}

/** The reasons of the blocks in force on an identifier. */
async function blocks(input: IdentifierInput): Promise<string[]> {
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ reason: string }[]>`
      select reason from block where organization_id = ${ctx.organizationId} and lifted_at is null
        and identifier_hash = decode(${hashOf(input)}, 'hex') order by 1`,
  );
  return rows.map(({ reason }) => reason);
}

describe("finding and making", () => {
  test("the first contact makes a person, every later one finds them", async () => {
    const id = await person({ phone: number });
    expect(await person({ phone: number })).toBe(id);
    expect(await person({ subjectId: id })).toBe(id);
    expect(await person({ phone: "+12025550124" })).not.toBe(id);
  });

  test.each([
    ["spellings of a number", { phone: number }, { phone: "+1 (202) 555-0123" }],
    ["a number and its WhatsApp id", { phone: number }, { waId: "12025550123" }],
    ["an Argentine mobile with and without the 9", { waId: "5491123456789" }, { phone: "+54 11 2345-6789" }],
    ["an Argentine mobile with the old 15", { waId: "5491123456789" }, { phone: "+54 11 15 2345-6789" }],
    ["a Mexican number with and without the 1", { waId: "5215512345678" }, { phone: "+52 55 1234 5678" }],
    [
      "a Brazilian mobile with and without the ninth digit",
      { waId: "551161234567" },
      { phone: "+55 11 96123-4567" },
    ],
    [
      "an e-mail address in another case",
      { email: "customer@example.com" },
      { email: "Customer@Example.com" },
    ],
  ])("%s are one person", async (_what, first, second) => {
    const id = await person(first);
    expect(await person(second)).toBe(id);
    expect((await lookup(second)).body.id).toBe(id);
  });

  test("a Brazilian landline is nobody's mobile", async () => {
    expect(await person({ phone: "+55 11 2345-6789" })).not.toBe(
      await person({ phone: "+55 11 92345-6789" }),
    );
  });

  test("a new identifier that is named beside a known one joins the person", async () => {
    const id = await person({ phone: number });
    expect(await person({ phone: number, email: "customer@example.com" })).toBe(id);
    expect(await person({ email: "customer@example.com", externalId: "c-1" })).toBe(id);
    expect(await person({ externalId: "c-1" })).toBe(id);
  });

  test("looking up makes nobody", async () => {
    expect((await lookup({ phone: number })).status).toBe(404);
    expect((await lookup({ phone: number })).status).toBe(404);
    const id = await person({ phone: number });
    const found = await lookup({ waId: "12025550123" });
    expect([found.status, found.body]).toEqual([
      200,
      {
        id,
        identifiers: [{ kind: "phone", value: number }],
        mergedIds: [],
        timeZones: [],
        savedSenders: [],
        createdAt: expect.any(String),
      },
    ]);
    expect((await shop.get(`/v1/subjects/${id}`)).body).toEqual(found.body);
  });

  test("identifiers are shown as they were given first, and kept sealed", async () => {
    const id = await person({ phone: "+1 (202) 555-0123", email: "Customer@Example.com" });
    await person({ phone: number });
    const { identifiers } = (await lookup({ subjectId: id })).body;
    expect(identifiers).toHaveLength(2);
    expect(identifiers).toEqual(
      expect.arrayContaining([
        { kind: "phone", value: "+1 (202) 555-0123" },
        { kind: "email", value: "Customer@Example.com" },
      ]),
    );
    const stored = await administer(service.database.ownerUrl, async (sql) =>
      JSON.stringify([
        await sql`select to_jsonb(i)::text from identifier i`,
        await sql`select to_jsonb(s)::text from subject s`,
      ]),
    );
    for (const told of ["2025550123", "555-0123", "ustomer", Buffer.from("2025550123").toString("hex")]) {
      expect([told, stored.includes(told)]).toEqual([told, false]);
    }
  });

  test.each([
    [{ phone: "12025550123" }, "/subject/phone"],
    [{ phone: number, email: "nobody" }, "/subject/email"],
    [{ subjectId: "sub_x" }, "/subject/subjectId"],
    [{ subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r", phone: number }, "/subject"],
    [{}, "/subject"],
    [{ phone: number, name: "x" }, "/subject/name"],
    ["+12025550123", "/subject"],
  ])("%j names nobody and is refused", async (subject, pointer) => {
    const answer = await shop.post<{ errors: { pointer: string }[] }>("/v1/subjects/lookup", { subject });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  test("without any identifier nobody is made", async () => {
    await expect(resolveIdentifiers(ctx, [], { byPlatform: true, at })).rejects.toMatchObject({
      code: "invalid",
    });
  });
});

describe("identifiers of two people", () => {
  test("are never merged by a caller's word", async () => {
    const first = await person({ phone: number });
    const second = await person({ email: "customer@example.com" });
    const both = { phone: number, email: "customer@example.com" };
    await expect(person(both)).rejects.toMatchObject({ code: "conflict" });
    const answer = await lookup(both);
    expect([answer.status, answer.body.type]).toEqual([409, "urn:sayso:problem:conflict"]);
    expect([await person({ phone: number }), await person({ email: "customer@example.com" })]).toEqual([
      first,
      second,
    ]);
  });

  test("are one person once staff say so, and the older names still lead there", async () => {
    const first = await person({ phone: number });
    const second = await person({ email: "customer@example.com" });
    const third = await person({ externalId: "c-1" });
    const merged = await shop.post<{ mergedIds: string[]; identifiers: object[] }>(
      `/v1/subjects/${first}/merge`,
      {
        other: second,
        reason: "Same person at the till.",
      },
    );
    expect([merged.status, merged.body]).toMatchObject([200, { id: first, mergedIds: [second] }]);
    await shop.post(`/v1/subjects/${third}/merge`, { other: second, reason: "Same person again." });
    for (const name of [first, second, third]) {
      const { id, mergedIds, identifiers } = (await lookup({ subjectId: name })).body;
      expect([id, ...mergedIds].sort()).toEqual([first, second, third].sort());
      expect(identifiers).toHaveLength(3);
    }
    expect(await person({ phone: number, email: "customer@example.com", externalId: "c-1" })).toBe(
      (await lookup({ phone: number })).body.id,
    );
    const audit = await administer(
      service.database.ownerUrl,
      (sql) => sql`
        select actor_kind, details->>'reason' as reason from audit_entry
        where organization_id = ${ctx.organizationId} and action = 'subject.merged' order by at`,
    );
    expect([...audit]).toEqual([
      { actor_kind: "api_key", reason: "Same person at the till." },
      { actor_kind: "api_key", reason: "Same person again." },
    ]);
  });

  test("merging again changes nothing; merging with oneself or with nobody is refused", async () => {
    const first = await person({ phone: number });
    const second = await person({ email: "customer@example.com" });
    const merge = (id: string, other: string) =>
      shop.post(`/v1/subjects/${id}/merge`, { other, reason: "Same." });
    expect((await merge(first, first)).status).toBe(422);
    expect((await merge(first, "sub_01kb0q8s5hf6xv3y1m2n4p5q6r")).status).toBe(404);
    expect((await merge("sub_01kb0q8s5hf6xv3y1m2n4p5q6r", first)).status).toBe(404);
    expect((await merge("sub_x", first)).status).toBe(404);
    const once = await merge(first, second);
    const twice = await merge(first, second);
    const reversed = await merge(second, first);
    expect([twice.body, reversed.body]).toEqual([once.body, once.body]);
    const audit = await administer(
      service.database.ownerUrl,
      (sql) => sql`
        select from audit_entry where organization_id = ${ctx.organizationId} and action = 'subject.merged'`,
    );
    expect(audit).toHaveLength(1);
  });

  test("simultaneous merges in a ring end in one person", async () => {
    const ids = await Promise.all([0, 1, 2, 3, 4].map((n) => person({ phone: `+1202555010${n}` })));
    const answers = await Promise.all(
      ids.map((id, n) =>
        shop.post(`/v1/subjects/${id}/merge`, { other: ids[(n + 1) % ids.length], reason: "Same." }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const roots = await Promise.all(ids.map(async (subjectId) => (await lookup({ subjectId })).body.id));
    expect(new Set(roots).size).toBe(1);
  });
});

describe("the platform's word", () => {
  test("links a number and a user id that it names together", async () => {
    const id = await person({ phone: number });
    expect(await personOnPlatform({ waId: "12025550123", bsuid })).toBe(id);
    expect(await person({ bsuid })).toBe(id);
    expect(await person({ phone: number, bsuid })).toBe(id);
  });

  test("a caller's word links no number and user id", async () => {
    const id = await person({ phone: number, bsuid });
    expect(await person({ phone: number })).toBe(id);
    expect((await lookup({ bsuid })).status).toBe(404);
    expect(await person({ bsuid })).not.toBe(id);
  });

  test("a caller's number joins no known user id; other names of the caller's do", async () => {
    const id = await personOnPlatform({ bsuid });
    expect(await person({ bsuid, phone: number })).toBe(id);
    expect((await lookup({ phone: number })).status).toBe(404);
    expect(await person({ bsuid, externalId: "c-1", email: "customer@example.com" })).toBe(id);
    expect(await person({ externalId: "c-1" })).toBe(id);
    expect(await person({ email: "customer@example.com" })).toBe(id);
  });

  test("makes one person of two records that it names together", async () => {
    const first = await person({ phone: number });
    const second = await person({ bsuid });
    expect(second).not.toBe(first);
    const both = await personOnPlatform({ waId: "12025550123", bsuid });
    expect([first, second]).toContain(both);
    expect((await lookup({ phone: number })).body.id).toBe(both);
    expect((await lookup({ bsuid })).body.id).toBe(both);
  });

  test("a number that comes with another user id has a new holder: a record of its own, and the data stays with the old one", async () => {
    const old = await personOnPlatform({ waId: "12025550123", bsuid });
    const holder = await personOnPlatform({ waId: "12025550123", bsuid: "US.99991208655302741918" }, later);
    expect(holder).not.toBe(old);
    expect(await person({ phone: number })).toBe(holder);
    expect(await person({ bsuid: "US.99991208655302741918" })).toBe(holder);
    expect(await person({ bsuid })).toBe(old);
    expect((await lookup({ subjectId: old })).body.identifiers).toEqual([{ kind: "bsuid", value: bsuid }]);
    const { identifiers } = (await lookup({ subjectId: holder })).body;
    expect(identifiers).toHaveLength(2);
  });

  test("what the platform said before a number changed hands and comes late gives it to nobody", async () => {
    const old = await personOnPlatform({ waId: "12025550123", bsuid });
    const newBsuid = "US.99991208655302741918";
    const holder = await personOnPlatform({ waId: "12025550123", bsuid: newBsuid }, later);
    expect(await personOnPlatform({ waId: "12025550123", bsuid }, at)).toBe(old);
    expect(await person({ phone: number })).toBe(holder);
  });

  test("when a number changes hands the noes go along with both, and no yes with either", async () => {
    await personOnPlatform({ waId: "12025550123", bsuid });
    await sayNo({ phone: number }, "opt_number");
    await sayNo({ bsuid }, "opt_user");
    await block({ bsuid }, "complaint");
    await block({ bsuid }, "manual", new Date("2020-01-01T00:00:00Z"));
    const newBsuid = "US.99991208655302741918";
    await personOnPlatform({ waId: "12025550123", bsuid: newBsuid }, later);
    for (const identifier of [{ phone: number }, { bsuid }]) {
      expect(await noes(identifier)).toEqual([
        "* * invalidated number_changed",
        expect.stringMatching(/^whatsapp promotions opted_out opt_(number|user)$/),
      ]);
    }
    expect(await blocks({ phone: number })).toEqual(["complaint"]);
    expect((await blocks({ bsuid })).filter((reason) => reason === "complaint")).toHaveLength(1);
  });

  test("told that a number moved to one that nobody knows yet, its noes and blocks hold there from the start", async () => {
    await personOnPlatform({ waId: "12025550123", bsuid });
    await sayNo({ phone: number }, "opt_number");
    await block({ phone: number }, "legal");
    const [identifier] = readIdentifiers({ waId: "12025550123" }).identifiers;
    const movedTo = readIdentifiers({ waId: "12025550124" }).identifiers;
    if (identifier === undefined) throw new Error("That is an identifier.");
    await unlinkIdentifier(ctx, identifier, { movedTo, at });
    expect(await noes({ phone: "+12025550124" })).toContain("whatsapp promotions opted_out opt_number");
    expect(await blocks({ phone: "+12025550124" })).toEqual(["legal"]);
    expect(await blocks({ phone: number })).toEqual(["legal"]);
  });

  test("telling the same change again changes nothing", async () => {
    await personOnPlatform({ waId: "12025550123", bsuid });
    await block({ phone: number }, "legal");
    const [identifier] = readIdentifiers({ waId: "12025550123" }).identifiers;
    const movedTo = readIdentifiers({ waId: "12025550124" }).identifiers;
    if (identifier === undefined) throw new Error("That is an identifier.");
    const state = () =>
      administer(
        service.database.ownerUrl,
        async (sql) =>
          await sql`
            select (select count(*)::int from subject where organization_id = ${ctx.organizationId}) as subjects,
              (select count(*)::int from block where organization_id = ${ctx.organizationId}) as blocks,
              (select count(*)::int from standing_no where organization_id = ${ctx.organizationId}) as noes`,
      );
    await unlinkIdentifier(ctx, identifier, { movedTo, at });
    const once = [...(await state())];
    await unlinkIdentifier(ctx, identifier, { movedTo, at });
    expect([...(await state())]).toEqual(once);
  });
});

describe("another organization", () => {
  test("knows nobody of this one, by whatever name", async () => {
    const stranger = await service.organization();
    const id = await person({ phone: number, email: "customer@example.com" });
    const other = await person({ externalId: "c-1" });
    expect((await lookup({ phone: number }, stranger)).status).toBe(404);
    expect((await lookup({ subjectId: id }, stranger)).status).toBe(404);
    expect((await stranger.get(`/v1/subjects/${id}`)).status).toBe(404);
    const merge = await stranger.post(`/v1/subjects/${id}/merge`, { other, reason: "Curious." });
    expect(merge.status).toBe(404);
    expect((await lookup({ subjectId: id })).body.mergedIds).toEqual([]);
    await expect(findSubject(await stranger.context(), id)).rejects.toMatchObject({ code: "not_found" });
  });

  test("finds the same number by another hash", async () => {
    const stranger = await (await service.organization()).context();
    const [identifier] = readIdentifiers({ phone: number }).identifiers;
    if (identifier === undefined) throw new Error("That is an identifier.");
    expect(hashIdentifier(stranger, identifier)).not.toBe(hashIdentifier(ctx, identifier));
  });

  test("cannot be pointed into: the database refuses a record of one under an identifier of the other", async () => {
    const id = await resolveSubject(ctx, { phone: number }, "");
    const stranger = await (await service.organization()).context();
    const insert = administer(
      service.database.applicationUrl,
      (sql) => sql`
        insert into identifier (organization_id, hash, subject_id, kind)
        values (${stranger.organizationId}, '\\x01', ${id.id}, 'phone')`,
    );
    await expect(insert).rejects.toMatchObject({ code: "23503" });
  });
});
