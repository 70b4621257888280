import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { look, openRequestOf, requestBody, shopIn } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { lifeOfEvents } from "../../support/request-life.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

// No worker runs here: what is approved stays in progress.
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const approval = { identity: { method: "in_person" } };
const said = "Because we must read 4,000 letters";
const step = (shop: OrganizationClient, id: string, name: string, body: object) =>
  shop.post(`/v1/data-requests/${id}/${name}`, body);

/** The steps of a request, without notes about letters. */
const eventsOf = ({ timeline }: Awaited<ReturnType<typeof look>>) =>
  timeline.filter(({ event }) => !event.startsWith("letter_"));

async function expectReplayed(shop: OrganizationClient, id: string): Promise<void> {
  const { stored, replayed } = await lifeOfEvents(shop, id);
  expect(replayed).toEqual(stored);
}

describe("who answers for a request", () => {
  it("is said, or it is on the unassigned list as long as it is open", async () => {
    const shop = await shopIn(service);
    const mine = await openRequestOf(shop);
    const nobodys = await openRequestOf(shop, { kind: "portability" });
    expect(await step(shop, mine.id, "assign", { owner: "privacy-desk" })).toMatchObject({
      status: 200,
      body: { owner: "privacy-desk" },
    });
    const unassigned = async () =>
      (await shop.get<{ items: { id: string }[] }>("/v1/data-requests?unassigned=true")).body.items.map(
        ({ id }) => id,
      );
    expect(await unassigned()).toEqual([nobodys.id]);
    await step(shop, mine.id, "assign", { owner: null });
    expect(await unassigned()).toEqual([nobodys.id, mine.id]);
    await step(shop, mine.id, "cancel", { reason: "Entered twice" });
    expect(await unassigned()).toEqual([nobodys.id]);
    await expectReplayed(shop, mine.id);
  });
});

describe("a due date", () => {
  it("moves once by what the regime gives, from receipt, and says why under seal", async () => {
    service.setNow(new Date("2027-01-20T12:00:00Z"));
    const shop = await shopIn(service);
    const { id, lastDay } = await openRequestOf(shop, { receivedAt: "2027-01-11T10:00:00Z" });
    expect(lastDay).toBe("2027-02-11");
    const extended = await step(shop, id, "extend", { reason: said });
    expect(extended).toMatchObject({ status: 200, body: { isExtended: true, lastDay: "2027-04-12" } });
    expect(await step(shop, id, "extend", { reason: said })).toMatchObject({ status: 409 });
    service.setNow(undefined);

    const seen = await look(shop, id);
    expect(seen).toMatchObject({ lastDay: "2027-04-12", isExtended: true });
    expect(eventsOf(seen).at(-1)).toMatchObject({ event: "extended", reason: said });
    await expectReplayed(shop, id);
    const rows = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ text: string }[]>`
        select e::text as text from request_event e union all select a::text from audit_entry a`,
    );
    expect(rows.some(({ text }) => text.includes("4,000 letters"))).toBe(false);
  });

  it("is not put off after the time in which the person must be told, nor without a reason", async () => {
    service.setNow(new Date("2027-03-20T12:00:00Z"));
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop, { receivedAt: "2027-01-11T10:00:00Z" });
    expect((await step(shop, id, "extend", { reason: said })).status).toBe(409);
    expect((await step(shop, id, "extend", {})).status).toBe(422);
    service.setNow(undefined);
    expect(await look(shop, id)).toMatchObject({ lastDay: "2027-02-11", isExtended: false });
  });

  it("waits in the United Kingdom for what the person was asked, both days included, and nowhere else", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { country: "GB", timeZone: "Europe/London" });
    for (const [regime, before, after] of [
      ["uk-gdpr", "2026-07-13", "2026-07-20"],
      ["gdpr", "2026-07-13", "2026-07-13"],
    ] as const) {
      if (regime === "gdpr")
        await shop.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin" });
      service.setNow(new Date("2026-07-01T12:00:00Z"));
      const { id, lastDay } = await openRequestOf(shop, {
        regime,
        receivedAt: "2026-06-12T10:00:00Z",
        kind: regime === "gdpr" ? "portability" : "access",
      });
      expect(lastDay).toBe(before);
      const asked = await step(shop, id, "ask-clarification", {
        reason: "Which year?",
        askedAt: "2026-06-15T09:00:00Z",
      });
      expect(asked).toMatchObject({
        status: 200,
        body: { isClarifying: true, next: { by: "person", event: "clarification_received" } },
      });
      expect(
        (await step(shop, id, "receive-clarification", { answeredAt: "2026-06-14T09:00:00Z" })).status,
      ).toBe(422);
      const answered = await step(shop, id, "receive-clarification", { answeredAt: "2026-06-21T09:00:00Z" });
      expect(answered).toMatchObject({ status: 200, body: { isClarifying: false, lastDay: after } });
      service.setNow(undefined);
      expect((await look(shop, id)).lastDay).toBe(after);
      await expectReplayed(shop, id);
    }
  });
});

describe("a refusal", () => {
  it("has a ground, reasons and where to complain, and deletes what archive there is", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    await shop.post(`/v1/data-requests/${id}/approve`, approval);
    const refused = await step(shop, id, "refuse", { ground: "excessive", reason: said });
    expect(refused).toMatchObject({
      status: 200,
      body: { status: "refused", next: { by: "staff", event: "letter_sent" } },
    });
    const seen = await look(shop, id);
    expect(seen.archive).toMatchObject({ state: "deleted", deletedAt: expect.any(String) });
    expect(eventsOf(seen).at(-1)).toMatchObject({
      event: "refused",
      reason: said,
      details: {
        ground: "excessive",
        complaint: { name: "Data protection authority", url: "https://authority.example/complaints" },
      },
    });
    await expectReplayed(shop, id);
  });

  it("is not taken without knowing where to complain, nor after an end", async () => {
    const shop = await service.organization();
    await shop.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin" });
    const { id } = await openRequestOf(shop);
    const refusal = { ground: "other", reason: said };
    const nowhere = await step(shop, id, "refuse", refusal);
    expect(nowhere).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining("supervisoryAuthority") },
    });
    await step(shop, id, "cancel", { reason: "Taken back" });
    await shop.patch("/v1/organization", { supervisoryAuthority: { name: "Authority" } });
    expect((await step(shop, id, "refuse", refusal)).status).toBe(409);
    expect((await look(shop, id)).status).toBe("cancelled");
  });

  it("is one of two that come at the same moment", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => step(shop, id, "refuse", { ground: "other", reason: said })),
      ...Array.from({ length: 4 }, () => step(shop, id, "cancel", { reason: said })),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(eventsOf(await look(shop, id))).toHaveLength(2);
    await expectReplayed(shop, id);
  });

  it("gives the first answer again to the same Idempotency-Key", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const refuse = () =>
      shop.post(`/v1/data-requests/${id}/cancel`, { reason: said }, { "idempotency-key": "c" });
    const first = await refuse();
    expect(await refuse()).toMatchObject({ status: 200, body: first.body });
  });
});

describe("a step that the person must be told of", () => {
  it.each([
    ["extend", { reason: said }, "received"],
    ["refuse", { ground: "excessive", reason: said }, "refused"],
  ])("leaves its letter, which is what comes next and cannot be dropped: %s", async (name, input, status) => {
    const shop = await shopIn(service);
    const { id, dueAt } = await openRequestOf(shop);
    const stepped = await step(shop, id, name, input);
    expect(stepped).toMatchObject({ status: 200, body: { status } });
    const { letterId } = (stepped.body as { next: { letterId: string } }).next;
    const next = { by: "staff", event: "letter_sent", letterId, neededBy: dueAt };
    expect(stepped.body).toMatchObject({ next });
    expect(await look(shop, id)).toMatchObject({ status, next });
    const place = `/v1/data-requests/${id}/letters/${letterId}`;
    const letter = await shop.get<{ text: string; version: number }>(place);
    expect(letter.body.text).toContain(said);
    expect((await shop.post(`${place}/discard`, { reason: "No." })).status).toBe(409);
    const sent = { way: "post", sentAt: new Date().toISOString(), version: letter.body.version };
    expect((await shop.post(`${place}/mark-sent`, sent)).status).toBe(200);
    expect((await look(shop, id)).next?.event).toBe(status === "refused" ? undefined : "identity_noted");
    await expectReplayed(shop, id);
  });

  it("is not taken without whom to write to, or the provision where the law wants it named", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { country: "RU", timeZone: "Europe/Moscow" });
    const { id } = await openRequestOf(shop, { regime: "ru-152fz" });
    const refusal = { ground: "other", reason: said };
    const unnamed = await step(shop, id, "refuse", refusal);
    expect([unnamed.status, unnamed.text]).toEqual([422, expect.stringContaining("/legalGround")]);
    const named = await step(shop, id, "refuse", { ...refusal, legalGround: "Art. 14(8)" });
    expect([named.status, named.text]).toEqual([200, expect.stringContaining("letter_sent")]);

    const mute = await service.organization();
    await mute.patch("/v1/organization", {
      country: "IE",
      timeZone: "Europe/Dublin",
      supervisoryAuthority: { name: "Authority" },
    });
    const other = await openRequestOf(mute);
    for (const [name, input] of [
      ["refuse", refusal],
      ["extend", { reason: said }],
    ] as const)
      expect(await step(mute, other.id, name, input)).toMatchObject({
        status: 422,
        body: { detail: expect.stringContaining("dpo") },
      });
    expect(await look(mute, other.id)).toMatchObject({ status: "received", isExtended: false });
  });
});

describe("somebody who asks for the person", () => {
  const requester = {
    capacity: "attorney",
    evidence: "Power of attorney of 3 May, seen in the original",
    deliverTo: "Rechtsanwalt, Beispielweg 7",
  };

  it("says by what right; the words are sealed, and other systems are told", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop, { requester });
    expect(await look(shop, id)).toMatchObject({
      approvals: { needed: 2, given: 0 },
      requester: { ...requester, validUntil: null },
    });
    const rows = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ text: string }[]>`
        select r::text as text from data_request r union all select e::text from request_event e
        union all select a::text from audit_entry a`,
    );
    expect(rows.some(({ text }) => text.includes("Beispielweg"))).toBe(false);
  });

  it("rides on no request of the person, and the person on none of theirs", async () => {
    const shop = await shopIn(service);
    const own = await openRequestOf(shop);
    const attorneys = await openRequestOf(shop, { requester });
    expect(attorneys.id).not.toBe(own.id);
    const again = await shop.post("/v1/data-requests", requestBody());
    expect(again).toMatchObject({ status: 200, body: { id: own.id } });
    expect((await openRequestOf(shop, { requester: { ...requester, capacity: "agent" } })).joined).toBe(
      false,
    );
  });

  it("is approved by two, and only with how the person was told", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop, { requester });
    const path = `/v1/data-requests/${id}/approve`;
    expect((await shop.post(path, approval)).status).toBe(422);
    const told = { ...approval, personTold: "By letter to the address we have" };
    expect(await shop.post(path, told)).toMatchObject({
      status: 202,
      body: { approvals: { needed: 2, given: 1 } },
    });
    expect((await shop.post(path, {})).status).toBe(409);
    const own = await openRequestOf(shop);
    expect((await shop.post(`/v1/data-requests/${own.id}/approve`, told)).status).toBe(422);
  });

  it("gets nothing once their mandate is over", async () => {
    const shop = await shopIn(service);
    const inADay = new Date(Date.now() + 86_400_000).toISOString();
    const { id } = await openRequestOf(shop, { requester: { ...requester, validUntil: inADay } });
    service.setNow(new Date(Date.now() + 2 * 86_400_000));
    const late = await shop.post(`/v1/data-requests/${id}/approve`, {
      ...approval,
      personTold: "By telephone",
    });
    service.setNow(undefined);
    expect(late).toMatchObject({ status: 409, body: { detail: expect.stringContaining("mandate is over") } });
    expect((await look(shop, id)).status).toBe("received");
  });

  it.each([
    ["no evidence", { capacity: "heir" }, "/requester/evidence"],
    ["a mandate that is past", { ...requester, validUntil: "2020-01-01T00:00:00Z" }, "/requester/validUntil"],
    ["themself with a mandate", { ...requester, capacity: "self" }, "/requester"],
    ["somebody by no right", { ...requester, capacity: "neighbour" }, "/requester/capacity"],
  ])("is not taken with %s", async (_what, asked, pointer) => {
    const shop = await shopIn(service);
    const answer = await shop.post<{ errors: { pointer: string }[] }>(
      "/v1/data-requests",
      requestBody({ requester: asked }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });
});
