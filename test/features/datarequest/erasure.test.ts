import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { carryOutErasure } from "../../../src/features/datarequest/erase-subject.ts";
import { composeTasks } from "../../../src/jobs/tasks.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { openRequestOf } from "../../support/data-request.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, Shop } from "../../support/shop.ts";
import { withSources } from "../../support/sources.ts";

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
  await shop.org.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin", backupDays: 35 });
});

const phone = "+12025550181";
const person = { phone };

interface Erased {
  readonly id: string;
  readonly status: string;
  readonly erasedAt: string;
  readonly evidenceUntil: string;
}
interface Shown {
  readonly goes: { key: string; records: number }[];
  readonly stays: { key: string; records: number; reason: string; until: string | null }[];
  readonly isReady: boolean;
  readonly holds: { id: string }[];
  readonly openRequests: string[];
  readonly backupsGoneAt: string | null;
}

/** An erasure that is identified and approved. */
async function approved(subject: object = person, input: object = {}): Promise<string> {
  const { id } = await openRequestOf(shop.org, { subject, kind: "erasure", ...input });
  const answer = await shop.org.post(`/v1/data-requests/${id}/approve`, {
    identity: { method: "in_person" },
  });
  if (answer.status !== 202) throw new Error(answer.text);
  return id;
}

const erase = (id: string) => shop.org.post<Erased>(`/v1/data-requests/${id}/erase`);

async function erased(subject: object = person): Promise<string> {
  const id = await approved(subject);
  const answer = await erase(id);
  if (answer.status !== 200) throw new Error(`Not erased: ${answer.text}`);
  return id;
}

const rowsOf = async (subjectId: string) => {
  const [row] = await owner<{ dataKey: Buffer | null; evidenceKey: Buffer | null; identifiers: number }[]>`
    select s.data_key as "dataKey", s.evidence_key as "evidenceKey", (
      select count(*)::int from identifier i where i.organization_id = s.organization_id and i.subject_id = s.id) as identifiers
    from subject s where s.organization_id = ${organizationId} and s.id = ${parseId("sub", subjectId) ?? ""}`;
  return row;
};

describe("an erasure", () => {
  test("has the sources that want to know told, and none of one that did not happen", async () => {
    const told = async () =>
      owner<{ count: number }[]>`
        select count(*)::int from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
        where t.identifier = 'notify_source' and j.payload ->> 'organizationId' = ${organizationId}`.then(
        ([row]) => row?.count,
      );
    const url = "http://127.0.0.1:9/";
    const sources = [{ name: "web", kind: "http", url, notify: { url }, sections: { account: {} } }];
    const written = { hosts: ["127.0.0.1"], sources };
    const ctx = withSources(await shop.org.context(), written);
    await shop.proven(person);
    const id = await approved();
    const other = await openRequestOf(shop.org, { subject: person, kind: "access" });
    await expect(carryOutErasure(ctx, id)).rejects.toMatchObject({ code: "conflict" });
    expect(await told()).toBe(0);
    await shop.org.post(`/v1/data-requests/${other.id}/cancel`, { reason: "Not wanted any more." });
    await carryOutErasure(ctx, id);
    expect(await told()).toBe(1);
  });

  test("shows before what goes, what stays, why and until when, and changes nothing", async () => {
    await shop.proven(person);
    await shop.inbound(person);
    await shop.check(person);
    const id = await approved();
    const { body, status, text } = await shop.org.get<Shown>(`/v1/data-requests/${id}/erasure-preview`);
    expect(status, text).toBe(200);
    expect(body.goes.map(({ key }) => key)).toEqual(["identifiers", "messages", "decisions"]);
    const proof = body.stays.find(({ key }) => key === "consent_proof");
    expect(proof?.records).toBeGreaterThan(0);
    expect(new Date(proof?.until ?? 0).getUTCFullYear()).toBe(new Date().getUTCFullYear() + 3);
    expect(body.stays.find(({ key }) => key === "raw_webhooks")?.until).toEqual(expect.any(String));
    expect(body).toMatchObject({ isReady: true, holds: [], openRequests: [] });
    expect(body.backupsGoneAt).toEqual(expect.any(String));
    expect(await shop.codes(person)).toEqual([]);
  });

  test("takes account data, identifiers and messages, destroys the key, and nobody is found by the number any more", async () => {
    const { subjectId } = await shop.proven(person);
    await shop.org.put(`/v1/subjects/${subjectId}/account-data/settings`, { readReceipts: true });
    await shop.inbound(person);
    await shop.check(person);
    const id = await approved();
    const { body } = await erase(id);
    expect(body).toMatchObject({ id, status: "ready" });
    expect(await rowsOf(subjectId)).toMatchObject({
      dataKey: null,
      evidenceKey: expect.any(Buffer),
      identifiers: 0,
    });
    const left = await owner<{ rows: number }[]>`
      select count(*)::int as rows from account_section where organization_id = ${organizationId} union all
      select count(*)::int from inbound_message where organization_id = ${organizationId} union all
      select count(*)::int from service_window where organization_id = ${organizationId} union all
      select count(*)::int from decision where organization_id = ${organizationId}`;
    expect(left.map(({ rows }) => rows)).toEqual([0, 0, 0, 0]);
    expect((await shop.org.post("/v1/subjects/lookup", { subject: person })).status).toBe(404);
    expect((await shop.org.get(`/v1/subjects/${subjectId}`)).status).toBe(410);
    expect(await shop.codes({ subjectId })).not.toEqual([]);
    expect(await shop.codes(person)).not.toEqual([]);
  });

  test("of merged records takes all of them, whichever the request named", async () => {
    const first = await shop.proven(person);
    const second = await shop.proven({ email: "karin@shop.example" });
    await shop.org.post(`/v1/subjects/${first.subjectId}/merge`, {
      other: second.subjectId,
      reason: "The same.",
    });
    await erased({ email: "karin@shop.example" });
    for (const { subjectId } of [first, second])
      expect(await rowsOf(subjectId)).toMatchObject({ dataKey: null, identifiers: 0 });
    expect((await shop.org.post("/v1/subjects/lookup", { subject: person })).status).toBe(404);
  });

  test("is refused while a hold stands, and shows it; once it is released it can be carried out", async () => {
    const { subjectId } = await shop.proven(person);
    const hold = await created<{ id: string }>(
      shop.org.post("/v1/holds", {
        scope: "person",
        subject: person,
        reason: "A claim.",
        reviewAt: ago(-60),
      }),
    );
    const id = await approved();
    const { body } = await shop.org.get<Shown>(`/v1/data-requests/${id}/erasure-preview`);
    expect(body).toMatchObject({ isReady: false, holds: [{ id: hold.id }] });
    expect(await erase(id)).toMatchObject({ status: 409, text: expect.stringContaining("hold") });
    expect(await rowsOf(subjectId)).toMatchObject({ dataKey: expect.any(Buffer), identifiers: 1 });
    await shop.org.post(`/v1/holds/${hold.id}/release`, { reason: "Settled." });
    expect((await erase(id)).status).toBe(200);
  });

  test("and a hold on everything refuse each other, whichever comes first", async () => {
    await shop.proven(person);
    const id = await approved();
    await created(
      shop.org.post("/v1/holds", { scope: "organization", reason: "An inquiry.", reviewAt: ago(-60) }),
    );
    expect((await erase(id)).status).toBe(409);
  });

  test("that is not identified, of another kind, or beside an unanswered request is refused, and nothing is gone", async () => {
    const { subjectId } = await shop.proven(person);
    const unidentified = await openRequestOf(shop.org, { subject: person, kind: "erasure" });
    expect((await erase(unidentified.id)).status).toBe(409);
    const access = await openRequestOf(shop.org, { subject: person });
    expect((await erase(access.id)).status).toBe(409);
    await shop.org.post(`/v1/data-requests/${unidentified.id}/approve`, {
      identity: { method: "in_person" },
    });
    expect(await erase(unidentified.id)).toMatchObject({
      status: 409,
      text: expect.stringContaining(access.id),
    });
    expect(await rowsOf(subjectId)).toMatchObject({ dataKey: expect.any(Buffer), identifiers: 1 });
  });

  test("keeps every no of any record of the person by each of their numbers, and only a proven new yes lifts it", async () => {
    const first = await shop.proven(person);
    const second = await shop.proven({ phone: "+12025550182" });
    await shop.optOut({ phone: "+12025550182" }, { occurredAt: ago(60) });
    await shop.org.post(`/v1/subjects/${first.subjectId}/merge`, {
      other: second.subjectId,
      reason: "The same.",
    });
    await erased();
    for (const number of [person, { phone: "+12025550182" }]) {
      expect((await shop.reported(number)).state).toBe("requested");
      expect(await shop.codes(number)).toContain("recipient_opted_out");
      await shop.proven(number);
      expect(await shop.codes(number)).toEqual([]);
    }
  });

  test("takes what may be a no for one", async () => {
    await shop.proven(person);
    await shop.inbound(person, { text: "Please stop texting me." });
    await erased();
    expect((await shop.reported(person)).state).toBe("requested");
    const codes = await shop.codes(person);
    expect(codes).toContain("recipient_opted_out");
    expect(codes).not.toContain("opt_out_suspected");
  });

  test("leaves blocks: the same number, imported later, is still denied; staff's note is gone", async () => {
    await shop.proven(person);
    const note = "Karin called twice.";
    await created(shop.org.post("/v1/blocks", { identifier: person, reason: "complaint", note }));
    await erased();
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual(["recipient_blocked"]);
    const { body } = await shop.org.get<{ items: object[] }>("/v1/blocks");
    expect(body.items).toMatchObject([{ reason: "complaint", note: null }]);
  });

  test("leaves states that follow from their events, and tells listeners by ids alone", async () => {
    const { subjectId } = await shop.proven(person);
    await shop.inbound(person);
    const id = await erased();
    const told = await owner<{ action: string }[]>`
      select action from audit_entry where organization_id = ${organizationId} and entity = ${subjectId} and action = 'subject.erased'`;
    expect(told).toHaveLength(1);
    const { body } = await shop.org.get<{ timeline: { event: string }[]; status: string }>(
      `/v1/data-requests/${id}`,
    );
    expect(body.status).toBe("ready");
    expect(body.timeline.map(({ event }) => event)).toEqual([
      "opened",
      "identity_noted",
      "approved",
      "carried_out",
    ]);
  });

  test("leaves a request that can be told of and closed, in words that stay sealed", async () => {
    await shop.org.patch("/v1/organization", {
      dpo: { name: "Office", contact: "privacy@shop.example" },
      supervisoryAuthority: { name: "Authority" },
    });
    await shop.proven({ ...person, email: "leaving@mail.example" });
    const id = await approved();
    const told = { kind: "done", what: "Your data will be erased." };
    const before = await created<{ id: string; version: number }>(
      shop.org.post(`/v1/data-requests/${id}/letters`, told),
    );
    expect((await erase(id)).status).toBe(200);
    const sent = await shop.org.post(`/v1/data-requests/${id}/letters/${before.id}/mark-sent`, {
      version: before.version,
      way: "post",
      sentAt: new Date().toISOString(),
    });
    expect([sent.status, sent.text]).toEqual([200, expect.stringContaining("Your data will be erased.")]);
    const stays = [{ what: "Proof of consent", why: "Claims." }];
    const after = { kind: "erasure_done", erasedOn: new Date().toISOString().slice(0, 10), stays };
    expect(
      await created<{ addresses: string[] }>(shop.org.post(`/v1/data-requests/${id}/letters`, after)),
    ).toMatchObject({ addresses: [] });
    const closed = await shop.org.post(`/v1/data-requests/${id}/close`, { reason: "They know." });
    expect([closed.status, closed.text]).toEqual([200, expect.stringContaining('"closed"')]);
    expect((await shop.org.get(`/v1/data-requests/${id}`)).text).toContain("They know.");
  });

  test("is done once, and its repeated request gets the first answer", async () => {
    await shop.proven(person);
    const id = await approved();
    const headers = { "idempotency-key": "erase-once" };
    const first = await shop.org.post(`/v1/data-requests/${id}/erase`, undefined, headers);
    expect(first.status, first.text).toBe(200);
    expect((await shop.org.post(`/v1/data-requests/${id}/erase`, undefined, headers)).body).toEqual(
      first.body,
    );
    expect((await erase(id)).status).toBe(409);
  });
});

describe("the certificate", () => {
  test("says what, when, what stays and why, and when the last backup with the key is gone", async () => {
    await shop.proven(person);
    await shop.inbound(person);
    const id = await erased();
    const { body, status } = await shop.org.get<{
      erasedAt: string;
      erased: { key: string }[];
      stays: { key: string; reason: string }[];
      dataKey: { lastBackupGoneAt: string };
    }>(`/v1/data-requests/${id}/certificate`);
    expect(status).toBe(200);
    expect(body.erased.map(({ key }) => key)).toEqual(["identifiers", "messages"]);
    expect(body.stays.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["consent_proof", "requests", "log"]),
    );
    const days = (Date.parse(body.dataKey.lastBackupGoneAt) - Date.parse(body.erasedAt)) / 86_400_000;
    expect(days).toBe(35);
    const page = await shop.org.get(`/v1/data-requests/${id}/certificate.html?lang=en`);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining("Certificate of erasure")]);
    expect(page.text).not.toContain("Act of destruction");
    expect(page.text).not.toContain(phone.slice(2));
  });

  test.each([
    ["en", "Act of destruction", "Extract from the log"],
    ["ru", "Акт об уничтожении", "Выгрузка из журнала"],
  ])("for ru-152fz has the act and the extract from the log, too (%s)", async (language, act, extract) => {
    await shop.org.patch("/v1/organization", { country: "RU", timeZone: "Europe/Moscow" });
    await shop.proven(person);
    const id = await approved(person, { regime: "ru-152fz" });
    expect((await erase(id)).status).toBe(200);
    const page = await shop.org.get(`/v1/data-requests/${id}/certificate.html?lang=${language}`);
    expect(page.text).toContain(act);
    expect(page.text).toContain(extract);
  });

  test("is not there before", async () => {
    await shop.proven(person);
    expect((await shop.org.get(`/v1/data-requests/${await approved()}/certificate`)).status).toBe(409);
  });
});

describe("what comes at the same moment", () => {
  test("a no is never lost, and nothing is allowed to the erased, in any order", async () => {
    for (let round = 0; round < 6; round += 1) {
      const number = { phone: `+1202555${String(2000 + round * 7).padStart(4, "0")}` };
      const { subjectId } = await shop.proven(number);
      const { url } = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", { subject: number }));
      const id = await approved(number);
      const [done, no, byLink, yes] = await Promise.all([
        erase(id),
        shop.org.post("/v1/opt-outs", { subject: number, scope: "all", source: "api", occurredAt: ago(0) }),
        service.anonymous.post(new URL(url).pathname, "scope=all", {
          "content-type": "application/x-www-form-urlencoded",
        }),
        shop.sendConsent({ subject: number }),
        shop.check(number),
        shop.check({ subjectId }),
        shop.org.put(`/v1/subjects/${subjectId}/account-data/settings`, { readReceipts: true }),
        shop.inbound(number).catch(() => undefined),
      ]);
      expect(done.status, done.text).toBe(200);
      expect([201, 410]).toContain(no.status);
      expect(no.status, no.text).toBe(201);
      expect([200, 303, 404, 410]).toContain(byLink.status);
      expect([201, 410]).toContain(yes.status);
      const [after] = await owner<{ sections: number; identifiers: number }[]>`
        select (select count(*)::int from account_section a where a.organization_id = ${organizationId}
            and a.subject_id = ${parseId("sub", subjectId) ?? ""}) as sections,
          (select count(*)::int from identifier i where i.organization_id = ${organizationId}
            and i.subject_id = ${parseId("sub", subjectId) ?? ""}) as identifiers`;
      expect(after).toEqual({ sections: 0, identifiers: 0 });
      expect(await shop.codes({ subjectId })).not.toEqual([]);
      expect(await shop.codes(number)).toContain("recipient_opted_out");
    }
  });

  test("what was written about them meanwhile is swept up afterwards", async () => {
    const { subjectId } = await shop.proven(person);
    const id = await erased();
    const uuid = parseId("sub", subjectId) ?? "";
    await owner`
      insert into decision (organization_id, id, at, subject_id, decision, document)
      values (${organizationId}, ${service.services.newId("dec")}, now(), ${uuid}, 'allow', '{"messageId": "wamid.late"}')`;
    await composeTasks(service.composed).list.sweep_erased?.(
      { organizationId, requestId: parseId("req", id) ?? "" },
      new AbortController().signal,
    );
    expect(await owner`select 1 from decision where organization_id = ${organizationId}`).toHaveLength(0);
  });
});
