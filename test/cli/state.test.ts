import { afterAll, beforeAll, expect, test } from "vitest";
import { parseId } from "../../src/kernel/ids.ts";
import { environmentOf, runBuilt } from "../support/built.ts";
import { contentsOf } from "../support/contents.ts";
import { administer } from "../support/database.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { Shop } from "../support/shop.ts";

let service: TestService;
let shop: Shop;
let other: Shop;

beforeAll(async () => {
  service = await startTestService();
  [shop, other] = [await Shop.open(service), await Shop.open(service)];
  for (const each of [shop, other]) await each.proven({ phone: "+12025550142" });
  await shop.optOut({ phone: "+12025550142" });
});
afterAll(() => service.close());

const rebuild = (...args: string[]) =>
  runBuilt("cli.js", ["state", "rebuild", ...args], environmentOf(service.database));

interface Told {
  readonly organizations: readonly {
    readonly organizationId: string;
    readonly compared: Record<string, number>;
    readonly differenceCount: number;
    readonly differences: readonly object[];
  }[];
  readonly notCompared: readonly string[];
}

test("`sayso state rebuild --compare` finds no difference, says what it looked at and what no event tells, writes nothing", async () => {
  const before = await contentsOf(service.database);
  const answer = await rebuild("--compare", "--json");
  expect([answer.code, answer.stderr]).toEqual([0, ""]);
  const told: Told = JSON.parse(answer.stdout);
  const ids = told.organizations.map(({ organizationId }) => organizationId);
  expect(ids).toEqual(expect.arrayContaining([shop.org.id, other.org.id]));
  expect(told.organizations.find(({ organizationId }) => organizationId === shop.org.id)).toMatchObject({
    compared: { consent_state: 1, standing_no: 1 },
    differenceCount: 0,
    differences: [],
  });
  expect(told.notCompared.length).toBeGreaterThan(3);
  const words = await rebuild("--compare", "--organization", shop.org.id);
  expect(words.code).toBe(0);
  expect(words.stdout).toContain(`${shop.org.id}: 1 consent_state`);
  expect(words.stdout).toContain("No difference.");
  expect(words.stdout).not.toContain(other.org.id);
  expect(await contentsOf(service.database)).toEqual(before);
});

test("its exit code is 1 when a state was changed behind the events' back, and the output names it", async () => {
  await administer(
    service.database.ownerUrl,
    (sql) => sql`
      update consent_state set given_at = now() where organization_id = ${parseId("org", other.org.id) ?? ""}`,
  );
  const answer = await rebuild("--compare", "--json");
  expect(answer.code).toBe(1);
  const { organizations }: Told = JSON.parse(answer.stdout);
  expect(organizations.flatMap(({ differences }) => differences)).toEqual([
    expect.objectContaining({
      state: "consent_state",
      of: { subjectId: expect.stringMatching(/^sub_/), channel: "whatsapp", purpose: "promotions" },
    }),
  ]);
  const words = await rebuild("--compare", "--organization", other.org.id);
  expect([words.code, words.stdout]).toEqual([1, expect.stringContaining("consent_state {")]);
  expect((await rebuild("--compare", "--organization", shop.org.id)).code).toBe(0);
});

test("without --compare it is refused in words, and an organization that is none is not found", async () => {
  const refused = await rebuild();
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain("add --compare");
  const missing = await rebuild("--compare", "--organization", "org_none", "--json");
  expect([missing.code, JSON.parse(missing.stderr).type]).toEqual([1, "urn:sayso:problem:not_found"]);
});
