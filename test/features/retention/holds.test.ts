import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { firstUuidOf, parseId } from "../../../src/kernel/ids.ts";
import { look, openRequestOf } from "../../support/data-request.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, Shop } from "../../support/shop.ts";

let service: TestService;
let owner: postgres.Sql;
let shop: Shop;
let organizationId: string;

beforeAll(async () => {
  service = await startTestService();
  owner = postgres(service.database.ownerUrl, { max: 4, onnotice: () => {} });
});
afterAll(async () => {
  await owner.end();
  await service.close();
});
beforeEach(async () => {
  shop = await Shop.open(service);
  organizationId = parseId("org", shop.org.id) ?? "";
});

const person = { phone: "+12025550171" };
const reason = "The claim of Karin Doe against us.";
const inAWeek = ago(-7 * 86_400);

interface Placed {
  readonly id: string;
  readonly scope: string;
  readonly subjectId: string | null;
  readonly reviewAt: string;
}

const place = (input: object = {}) =>
  created<Placed>(
    shop.org.post("/v1/holds", { scope: "person", subject: person, reason, reviewAt: inAWeek, ...input }),
  );
const everybody = { scope: "organization", subject: undefined };
const release = (id: string) => shop.org.post(`/v1/holds/${id}/release`, { reason: "Settled." });

/** Decisions of months that nobody keeps: about a person (uuid), or about nobody known. */
async function oldDecision(subjectId: string | null): Promise<void> {
  const at = new Date(Date.now() - 400 * 86_400_000);
  await owner`
    insert into decision (organization_id, id, at, subject_id, decision, document)
    values (${organizationId}, ${firstUuidOf(at).slice(0, 15) + randomUUID().slice(15)}, ${at}, ${subjectId}, 'allow', '{}')`;
}

/** What delete_expired leaves of them. */
async function left(): Promise<number> {
  await owner`select * from delete_expired('decision', ${organizationId}, ${firstUuidOf(new Date(0))}, 100)`;
  const rows =
    await owner`select 1 from decision where organization_id = ${organizationId} and document::text = '{}'`;
  return rows.length;
}

describe("a hold", () => {
  test("says whom it is on, why, by whom and until when it is looked at again, and keeps its history", async () => {
    const { subjectId } = await shop.reported(person);
    const placed = await place();
    expect(placed).toMatchObject({ scope: "person", subjectId, reviewAt: inAWeek });
    const later = ago(-30 * 86_400);
    await shop.org.post(`/v1/holds/${placed.id}/review`, { reason: "Not decided yet.", reviewAt: later });
    await release(placed.id);
    const { body } = await shop.org.get<{ items: object[] }>("/v1/holds");
    expect(body.items).toEqual([
      {
        ...placed,
        reviewAt: later,
        reason,
        author: { kind: "api_key", id: expect.stringMatching(/^key_/) },
        isReviewDue: false,
        releasedAt: expect.any(String),
      },
    ]);
    const { body: full } = await shop.org.get<{ history: object[] }>(`/v1/holds/${placed.id}`);
    expect(full.history).toMatchObject([
      { kind: "placed", reason, reviewAt: inAWeek },
      { kind: "reviewed", reason: "Not decided yet.", reviewAt: later },
      { kind: "released", reason: "Settled.", reviewAt: null },
    ]);
    const entries = await owner<{ action: string }[]>`
      select action from audit_entry where organization_id = ${organizationId} and entity = ${placed.id} order by at, id`;
    expect(entries.map(({ action }) => action)).toEqual(["hold.placed", "hold.reviewed", "hold.released"]);
  });

  test("keeps its reason sealed: no name that staff write there is in the database to read", async () => {
    await shop.reported(person);
    const { id } = await place();
    await release(id);
    const rows = await owner<{ text: string }[]>`
      select to_jsonb(h)::text as text from hold h where organization_id = ${organizationId} union all
      select to_jsonb(e)::text from hold_event e where organization_id = ${organizationId} union all
      select to_jsonb(a)::text from audit_entry a where organization_id = ${organizationId} union all
      select answer::text from idempotency_record where organization_id = ${organizationId}`;
    expect(rows.length).toBeGreaterThan(4);
    expect(
      rows.filter(
        ({ text }) => text.includes("Karin") || text.includes(Buffer.from("Karin").toString("hex")),
      ),
    ).toEqual([]);
  });

  test("is refused for somebody unknown, for two people, and with a review that is past; an ended one ends no second time", async () => {
    expect(
      (await shop.org.post("/v1/holds", { scope: "person", subject: person, reason, reviewAt: inAWeek }))
        .status,
    ).toBe(404);
    await shop.reported(person);
    await shop.reported({ email: "other@shop.example" });
    const two = { ...person, email: "other@shop.example" };
    expect(
      (await shop.org.post("/v1/holds", { scope: "person", subject: two, reason, reviewAt: inAWeek })).status,
    ).toBe(409);
    const past = await shop.org.post("/v1/holds", { ...everybody, reason, reviewAt: ago(1) });
    expect([past.status, past.text]).toEqual([422, expect.stringContaining("/reviewAt")]);
    const { id } = await place();
    expect((await release(id)).status).toBe(200);
    expect((await release(id)).status).toBe(409);
    expect((await shop.org.post(`/v1/holds/${id}/review`, { reason, reviewAt: inAWeek })).status).toBe(409);
  });

  test("is seen on the person's data request, and no more when it is released", async () => {
    await shop.org.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin" });
    await shop.reported(person);
    const request = await openRequestOf(shop.org, { subject: person });
    const shown = async () => (await look(shop.org, request.id)) as unknown as { holds: { id: string }[] };
    expect((await shown()).holds).toEqual([]);
    const ofPerson = await place();
    const ofAll = await place(everybody);
    expect((await shown()).holds).toMatchObject([
      { id: ofPerson.id },
      { id: ofAll.id, scope: "organization" },
    ]);
    expect(JSON.stringify((await shown()).holds)).not.toContain("Karin");
    await release(ofPerson.id);
    await release(ofAll.id);
    expect((await shown()).holds).toEqual([]);
  });
});

describe("retention", () => {
  beforeEach(async () => {
    await shop.activatePolicy({ retention: { decisionMonths: 2 } });
  });

  test("leaves what a hold is on, whichever record of the person it names, and takes it once that is released", async () => {
    const { subjectId } = await shop.reported(person);
    const { subjectId: other } = await shop.reported({ phone: "+12025550172" });
    await shop.org.post(`/v1/subjects/${subjectId}/merge`, { other, reason: "The same person." });
    await oldDecision(parseId("sub", other) ?? "");
    await oldDecision(null);
    const { id } = await place();
    expect(await left()).toBe(1);
    await release(id);
    expect(await left()).toBe(0);
  });

  test("leaves everything while a hold is on everything, and the database lets nobody else remove it", async () => {
    await oldDecision(null);
    const { id } = await place(everybody);
    expect(await left()).toBe(1);
    await expect(
      owner`delete from decision where organization_id = ${organizationId} and document::text = '{}'`,
    ).rejects.toMatchObject({ code: "23001" });
    await release(id);
    expect(await left()).toBe(0);
  });

  test("that is under way is finished before a hold is placed, and one that begins later waits for the hold", async () => {
    await oldDecision(null);
    const removal = await owner.reserve();
    await removal`begin`;
    await removal`select heed_holds()`;
    let isPlaced = false;
    const placing = place(everybody).then((placed) => {
      isPlaced = true;
      return placed;
    });
    // Until the hold waits for the lock.
    for (let waits = false; !waits; ) {
      const rows = await owner`select 1 from pg_locks where locktype = 'advisory' and not granted`;
      waits = rows.length > 0;
    }
    expect(isPlaced).toBe(false);
    await removal`commit`;
    removal.release();
    await placing;
    expect(await left()).toBe(1);
  });
});
