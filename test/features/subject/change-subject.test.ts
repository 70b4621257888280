import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isTimeZone } from "../../../src/kernel/time.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { Shop } from "../../support/shop.ts";

let service: TestService;
let shop: Shop;
let subjectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
  ({ subjectId } = await shop.proven(person));
});

const person = { phone: "+12025550166" };

interface SubjectAnswer {
  readonly id: string;
  readonly timeZones: string[];
  readonly savedSenders: string[];
  readonly [member: string]: unknown;
}

const change = (body: object, id = subjectId) => shop.org.patch<SubjectAnswer>(`/v1/subjects/${id}`, body);
const known = async (id = subjectId) => (await shop.org.get<SubjectAnswer>(`/v1/subjects/${id}`)).body;

/** Twelve hours whose middle is now in one zone: where it is eleven hours earlier, it is night. */
function hoursRoundNowIn(timeZone: string) {
  const now = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone }).format();
  const at = (hours: number) => `${String((Number(now) + hours + 24) % 24).padStart(2, "0")}:00`;
  return {
    allowedHours: [{ categories: ["marketing"], countries: ["US"], from: at(-6), to: at(6) }],
    timeZones: { US: "UTC" },
  };
}

/** As far from each other as can be, without daylight saving. */
const here = "Asia/Tokyo";
const there = "America/Puerto_Rico";

async function mergedWith(other: object, timeZone: string) {
  const second = await shop.proven(other);
  expect((await change({ timeZone }, second.subjectId)).status).toBe(200);
  const merged = await shop.org.post(`/v1/subjects/${subjectId}/merge`, {
    other: second.subjectId,
    reason: "One person.",
  });
  expect(merged.status).toBe(200);
  // A yes of before the merge counts no more.
  await shop.proven(person);
  return second.subjectId;
}

describe("a person's time zone", () => {
  test("is recorded, changed and taken back, and the rest stays as it is", async () => {
    const before = await known();
    expect([before.timeZones, before.savedSenders]).toEqual([[], []]);
    const recorded = await change({ timeZone: "Europe/Dublin" });
    expect([recorded.status, recorded.body]).toEqual([200, { ...before, timeZones: ["Europe/Dublin"] }]);
    await change({ savedSenders: [shop.sender.id] });
    await change({ timeZone: "America/New_York" });
    await change({});
    expect(await known()).toEqual({
      ...before,
      timeZones: ["America/New_York"],
      savedSenders: [shop.sender.id],
    });
    await change({ timeZone: null });
    expect(await known()).toEqual({ ...before, savedSenders: [shop.sender.id] });
  });

  test.each(["Mars/Olympus", "+03:00", "Europe", "Europe/Dublin ", "", "MSK+3"])(
    "must be one of the IANA database: “%s” is refused with its place",
    async (timeZone) => {
      const answer = await change({ timeZone });
      expect([answer.status, answer.body.errors]).toEqual([
        422,
        [{ pointer: "/timeZone", message: expect.any(String) }],
      ]);
      expect((await known()).timeZones).toEqual([]);
    },
  );

  test("leaves an audit entry that says what was changed, and not to what", async () => {
    await change({ timeZone: "Europe/Dublin" });
    const entries = await shop.sql(
      (sql, organizationId) => sql`
        select entity, details from audit_entry
        where organization_id = ${organizationId} and action = 'subject.changed'`,
    );
    expect([...entries]).toEqual([{ entity: subjectId, details: { timeZone: true, savedSenders: false } }]);
  });

  test("is what quiet hours go by, whatever the policy takes for the country", async () => {
    await shop.activatePolicy(hoursRoundNowIn(here));
    await change({ timeZone: there });
    expect(await shop.codes(person)).toEqual(["quiet_hours"]);
    await change({ timeZone: here });
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes({ subjectId })).toEqual([]);
  });

  test("of a merged record counts too: it must be a fit hour in both, until one is recorded anew", async () => {
    await shop.activatePolicy(hoursRoundNowIn(here));
    await change({ timeZone: here });
    const other = await mergedWith({ phone: "+12025550167" }, there);
    expect((await known()).timeZones).toEqual([there, here]);
    expect(await shop.codes(person)).toEqual(["quiet_hours"]);
    // By whichever record it is said, it is one person's.
    expect((await change({ timeZone: here }, other)).body.timeZones).toEqual([here]);
    expect(await shop.codes(person)).toEqual([]);
  });

  test("that the database of zones has lost keeps people from being written to", async () => {
    await shop.activatePolicy(hoursRoundNowIn(here));
    await shop.sql((sql, organizationId) => {
      return sql`update subject set time_zone = 'Nowhere/Land' where organization_id = ${organizationId}`;
    });
    const { reasons } = await shop.check(person);
    expect(reasons.map(({ code }) => code)).toEqual(["quiet_hours"]);
    expect(reasons[0]).not.toHaveProperty("retryAt");
  });
});

describe("the senders that a person saved", () => {
  test("must be the organization's own", async () => {
    const stranger = await Shop.open(service);
    const answer = await change({ savedSenders: [shop.sender.id, stranger.sender.id] });
    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [{ pointer: "/savedSenders/1", message: expect.any(String) }],
    ]);
    expect((await known()).savedSenders).toEqual([]);
  });

  test("of merged records add up, until they are recorded anew", async () => {
    const second = await shop.org.sender();
    await change({ savedSenders: [shop.sender.id] });
    const other = await shop.proven({ phone: "+12025550167" });
    await change({ savedSenders: [second.id, shop.sender.id] }, other.subjectId);
    await shop.org.post(`/v1/subjects/${subjectId}/merge`, { other: other.subjectId, reason: "One person." });
    expect((await known()).savedSenders).toEqual([shop.sender.id, second.id].sort());
    await change({ savedSenders: [second.id] });
    expect((await known()).savedSenders).toEqual([second.id]);
  });
});

test("a change of nobody, of what nobody knows, and by a key that may not is refused", async () => {
  expect((await change({ timeZone: here }, "sub_01kb0q8s5hf6xv3y1m2n4p5q6r")).status).toBe(404);
  expect((await change({ name: "x" })).status).toBe(422);
  const limited = await shop.org.limitedTo("checks");
  expect((await limited.patch(`/v1/subjects/${subjectId}`, { timeZone: here })).status).toBe(403);
});

test("a time zone goes by its name, and an offset is none", () => {
  expect(["Europe/Berlin", "Asia/Kathmandu", "UTC", "Etc/GMT+3"].filter((zone) => !isTimeZone(zone))).toEqual(
    [],
  );
  expect(["+00:00", "-03", "Z+3", "", "Europe/Nowhere"].filter(isTimeZone)).toEqual([]);
});
