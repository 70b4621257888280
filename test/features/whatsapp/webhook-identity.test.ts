import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { messages, Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const number = "12025550123";
const newNumber = "12025550124";
const userId = "US.1349000000001";
const newUserId = "US.1349000000002";

async function open() {
  const shop = await Shop.open(service);
  return { shop, platform: new Platform(service.anonymous, shop.sender) };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** A message that names a number, a user id, or both. */
function wrote(
  { platform }: Opened,
  from: { waId?: string; bsuid?: string },
  seconds: number,
  words = "Hello",
) {
  return platform.deliver(
    platform.messages(
      platform.text(from.waId ?? "", words, {
        from: from.waId,
        from_user_id: from.bsuid,
        timestamp: secondsAgo(seconds),
      }),
    ),
  );
}

function system({ platform }: Opened, type: string, more: object, seconds: number, around: object = {}) {
  return platform.deliver(
    platform.messages(
      platform.message(number, {
        type: "system",
        system: { type, ...more },
        timestamp: secondsAgo(seconds),
        ...around,
      }),
    ),
  );
}

async function subjectOf({ shop }: Opened, reference: object) {
  const answer = await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: reference });
  return answer.status === 200 ? answer.body.id : undefined;
}

describe("a number and a user id that one webhook names together", () => {
  it("are one person from then on: for checks, consents, opt-outs and blocks, by either name", async () => {
    const s = await open();
    const phone = { phone: `+${number}` };
    const bsuid = { bsuid: userId };
    await s.shop.proven(phone, {}, { occurredAt: instantOf(secondsAgo(280)) });
    await wrote(s, { waId: number, bsuid: userId }, 200);
    expect(await subjectOf(s, bsuid)).toBe(await subjectOf(s, phone));
    expect(await s.shop.codes(bsuid)).toEqual([]);
    const block = await s.shop.org.post<{ id: string }>("/v1/blocks", {
      identifier: phone,
      reason: "manual",
    });
    expect(await s.shop.codes(bsuid)).toContain("recipient_blocked");
    await s.shop.org.post(`/v1/blocks/${block.body.id}/lift`, { reason: "A mistake." });
    expect(await s.shop.codes(phone)).toEqual([]);
    await s.shop.optOut(bsuid);
    expect(await s.shop.codes(phone)).toContain("recipient_opted_out");
    expect(await s.shop.codes({ ...phone, ...bsuid })).toContain("recipient_opted_out");
  });

  it("are linked by a contact beside the message, by a status and by a preference", async () => {
    const bodies: ((platform: Platform) => unknown)[] = [
      (platform) =>
        platform.conversations({
          contacts: [{ wa_id: number, user_id: userId }],
          messages: [platform.message(number)],
        }),
      (platform) => platform.statuses(platform.status("read", number, { recipient_user_id: userId })),
      (platform) => platform.preferences(platform.preference("stop", number, { user_id: userId })),
    ];
    for (const body of bodies) {
      const s = await open();
      await s.platform.deliver(body(s.platform));
      expect(await subjectOf(s, { bsuid: userId })).toBeDefined();
      expect(await subjectOf(s, { bsuid: userId })).toBe(await subjectOf(s, { waId: number }));
    }
  });

  it("join two records that stood apart: the strictest of both holds", async () => {
    const s = await open();
    await s.shop.proven({ phone: `+${number}` });
    await s.shop.optOut({ bsuid: userId });
    expect(await s.shop.codes({ phone: `+${number}` })).toEqual([]);
    await wrote(s, { waId: number, bsuid: userId }, 0);
    expect(await s.shop.codes({ phone: `+${number}` })).toContain("recipient_opted_out");
    expect(await s.shop.codes({ bsuid: userId })).toContain("recipient_opted_out");
  });

  it("make one person, however many bodies name them at once", async () => {
    const s = await open();
    const bodies = Array.from({ length: 12 }, (_, n) =>
      n % 3 === 0 ? { waId: number } : n % 3 === 1 ? { bsuid: userId } : { waId: number, bsuid: userId },
    );
    await Promise.all(bodies.map((from) => wrote(s, from, 5)));
    await wrote(s, { waId: number, bsuid: userId }, 0);
    expect(await subjectOf(s, { bsuid: userId })).toBe(await subjectOf(s, { waId: number }));
  });
});

describe("a number that turns up with another user id", () => {
  it("is another person: no consent comes with it, the old noes do, and the old person keeps nothing of the number", async () => {
    const s = await open();
    await s.shop.proven({ phone: `+${number}` }, {}, { occurredAt: instantOf(secondsAgo(280)) });
    await wrote(s, { waId: number, bsuid: userId }, 200);
    const old = await subjectOf(s, { bsuid: userId });
    expect(await s.shop.codes({ waId: number })).toEqual([]);

    await wrote(s, { waId: number, bsuid: newUserId }, 100);
    const holder = await subjectOf(s, { waId: number });
    expect(holder).toBe(await subjectOf(s, { bsuid: newUserId }));
    expect(holder).not.toBe(old);
    expect(await subjectOf(s, { bsuid: userId })).toBe(old);
    for (const reference of [{ waId: number }, { bsuid: newUserId }, { bsuid: userId }]) {
      expect((await s.shop.check(reference)).decision).toBe("deny");
    }
    const history = await s.shop.org.get<{ items: unknown[] }>(`/v1/subjects/${holder}/consents`);
    expect(history.body.items).toEqual([]);
    // The proven new holder's own yes is theirs alone.
    await s.shop.proven({ waId: number });
    expect(await s.shop.codes({ bsuid: newUserId })).toEqual([]);
    expect((await s.shop.check({ bsuid: userId })).decision).toBe("deny");
  });

  it("brings the old holder's STOP along, which a reported yes of the new one does not lift and a proven one does", async () => {
    const s = await open();
    await wrote(s, { waId: number, bsuid: userId }, 300, "STOP");
    await wrote(s, { waId: number, bsuid: newUserId }, 200);
    expect((await s.shop.reported({ waId: number })).state).toBe("requested");
    expect(await s.shop.codes({ bsuid: newUserId })).toContain("recipient_opted_out");
    await s.shop.proven({ waId: number });
    expect(await s.shop.codes({ bsuid: newUserId })).toEqual([]);
    expect(await s.shop.codes({ bsuid: userId })).toContain("recipient_opted_out");
  });

  it("stays theirs when older bodies about its old holder come late or again", async () => {
    const s = await open();
    const first = await wrote(s, { waId: number, bsuid: userId }, 300);
    const old = await subjectOf(s, { waId: number });
    await wrote(s, { waId: number, bsuid: newUserId }, 200);
    await s.shop.proven({ waId: number }, {}, { occurredAt: instantOf(secondsAgo(100)) });
    const holder = await subjectOf(s, { waId: number });
    expect(await s.shop.codes({ waId: number })).toEqual([]);

    await s.platform.deliver(first);
    await wrote(s, { waId: number, bsuid: userId }, 250, "Told late");
    expect(await subjectOf(s, { waId: number })).toBe(holder);
    expect(await subjectOf(s, { bsuid: userId })).toBe(old);
    expect(await s.shop.codes({ waId: number })).toEqual([]);
    expect(await s.shop.codes({ bsuid: newUserId })).toEqual([]);
  });
});

describe("a changed number", () => {
  const change = (s: Opened, seconds: number, more: object = {}) =>
    system(s, "user_changed_number", { wa_id: newNumber, ...more }, seconds);

  it("takes the no along and leaves it behind, and the yes goes with nobody", async () => {
    const s = await open();
    await s.shop.proven({ waId: number }, {}, { occurredAt: instantOf(secondsAgo(280)) });
    expect(await s.shop.codes({ waId: number })).toEqual([]);
    await s.shop.optOut(
      { waId: number },
      { scope: "purpose", purpose: "support", occurredAt: instantOf(secondsAgo(200)) },
    );
    await s.shop.org.post("/v1/blocks", { identifier: { waId: number }, reason: "complaint" });
    await s.platform.deliver(
      s.platform.preferences(s.platform.preference("stop", number, { timestamp: secondsAgo(150) })),
    );
    await change(s, 100);
    for (const waId of [number, newNumber]) {
      const codes = await s.shop.codes({ waId });
      expect(codes).toEqual(["recipient_blocked", "consent_invalidated", "platform_marketing_stopped"]);
      expect(await s.shop.codes({ waId }, { purpose: "support", message: messages.parcel })).toContain(
        "recipient_opted_out",
      );
    }
    expect(await subjectOf(s, { waId: newNumber })).not.toBe(await subjectOf(s, { waId: number }));
  });

  it("ends what was agreed under the new number by its holder before, even if nobody knew the old one", async () => {
    const s = await open();
    await s.shop.proven({ waId: newNumber }, {}, { occurredAt: instantOf(secondsAgo(280)) });
    expect(await s.shop.codes({ waId: newNumber })).toEqual([]);
    await change(s, 100);
    expect((await s.shop.check({ waId: newNumber })).decision).toBe("deny");
    expect((await s.shop.reported({ waId: newNumber })).state).toBe("requested");
    await s.shop.proven({ waId: newNumber });
    expect(await s.shop.codes({ waId: newNumber })).toEqual([]);
  });

  it("told again, or late, takes nothing from what was said since", async () => {
    const s = await open();
    await wrote(s, { waId: number, bsuid: userId }, 400);
    const told = await change(s, 300);
    // The number's next holder says STOP; the person who moved opts in under the new one.
    await wrote(s, { waId: number, bsuid: newUserId }, 50, "STOP");
    await s.shop.proven({ waId: newNumber }, {}, { occurredAt: instantOf(secondsAgo(100)) });
    expect(await s.shop.codes({ waId: newNumber })).toEqual([]);
    const holder = await subjectOf(s, { waId: number });
    await s.platform.deliver(told);
    expect(await s.shop.codes({ waId: newNumber })).toEqual([]);
    expect(await s.shop.codes({ waId: number })).toContain("recipient_opted_out");
    expect(await subjectOf(s, { waId: number })).toBe(holder);
  });

  it("told only when the number has its next holder already leaves the number to them", async () => {
    const s = await open();
    await s.shop.optOut({ waId: number }, { occurredAt: instantOf(secondsAgo(500)) });
    await wrote(s, { waId: number, bsuid: userId }, 400);
    await wrote(s, { waId: number, bsuid: newUserId }, 200);
    await s.shop.proven({ waId: number }, {}, { occurredAt: instantOf(secondsAgo(100)) });
    const holder = await subjectOf(s, { waId: number });
    expect(await s.shop.codes({ waId: number })).toEqual([]);
    await change(s, 300);
    expect(await subjectOf(s, { waId: number })).toBe(holder);
    expect(await s.shop.codes({ waId: number })).toEqual([]);
    expect((await s.shop.reported({ waId: newNumber })).state).toBe("requested");
    expect(await s.shop.codes({ waId: newNumber })).toContain("recipient_opted_out");
  });

  it("is not tied to its old user id again by an older body that comes late or again", async () => {
    const s = await open();
    const first = await wrote(s, { waId: number, bsuid: userId }, 400);
    const person = await subjectOf(s, { bsuid: userId });
    await change(s, 300);
    expect(await subjectOf(s, { waId: number })).not.toBe(person);
    await s.platform.deliver(first);
    await wrote(s, { waId: number, bsuid: userId }, 350, "Told late");
    expect(await subjectOf(s, { waId: number })).not.toBe(person);
    expect(await subjectOf(s, { bsuid: userId })).toBe(person);
  });

  it("makes neither number ambiguous, in the older names of its members too", async () => {
    const s = await open();
    await wrote(s, { waId: number }, 400, "STOP");
    await system(s, "customer_changed_number", { customer: number, new_wa_id: newNumber }, 300, {
      from: undefined,
    });
    expect(await s.shop.codes({ waId: newNumber })).toContain("recipient_opted_out");
    expect(await s.shop.codes({ waId: number })).toContain("recipient_opted_out");
    expect(await s.shop.codes({ waId: newNumber })).not.toContain("recipient_ambiguous");
  });
});

describe("a changed user id", () => {
  const told: [string, (s: Opened, seconds: number) => Promise<unknown>][] = [
    [
      "as a system message",
      (s, seconds) =>
        system(s, "user_changed_user_id", { user_id: newUserId, previous_user_id: userId }, seconds),
    ],
    [
      "as user_id_update",
      ({ platform }, seconds) =>
        platform.deliver(
          platform.body({
            field: "user_id_update",
            value: platform.conversation({
              user_id_update: [
                { user_id: { previous: userId, current: newUserId }, timestamp: secondsAgo(seconds) },
              ],
            }),
          }),
        ),
    ],
  ];
  test.each(told)(
    "takes the no along and leaves it behind, and the yes goes with nobody: %s",
    async (_what, change) => {
      const s = await open();
      await s.shop.proven({ waId: number }, {}, { occurredAt: instantOf(secondsAgo(280)) });
      await wrote(s, { waId: number, bsuid: userId }, 250);
      await s.shop.optOut(
        { bsuid: userId },
        { scope: "purpose", purpose: "support", occurredAt: instantOf(secondsAgo(200)) },
      );
      expect(await s.shop.codes({ bsuid: userId })).toEqual([]);
      await change(s, 100);
      for (const reference of [{ bsuid: userId }, { bsuid: newUserId }, { waId: number }]) {
        expect((await s.shop.check(reference)).decision).toBe("deny");
        expect(await s.shop.codes(reference, { purpose: "support", message: messages.parcel })).toContain(
          "recipient_opted_out",
        );
      }
      await wrote(s, { waId: number, bsuid: newUserId }, 50);
      expect(await subjectOf(s, { bsuid: newUserId })).toBe(await subjectOf(s, { waId: number }));
      await s.shop.proven({ bsuid: newUserId });
      expect(await s.shop.codes({ waId: number })).toEqual([]);
      expect((await s.shop.check({ bsuid: userId })).decision).toBe("deny");
    },
  );
});

it("a person without a number, by user id alone, has windows, noes and yeses of their own", async () => {
  const s = await open();
  await wrote(s, { bsuid: userId }, 60);
  const window = (await s.shop.check({ bsuid: userId }, { purpose: "support", message: messages.freeForm }))
    .window;
  expect(window.open).toBe(true);
  await s.shop.proven({ bsuid: userId }, {}, { occurredAt: instantOf(secondsAgo(30)) });
  expect(await s.shop.codes({ bsuid: userId })).toEqual([]);
  await wrote(s, { bsuid: userId }, 0, "стоп");
  expect(await s.shop.codes({ bsuid: userId })).toContain("recipient_opted_out");
});
