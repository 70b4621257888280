import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addressIn } from "../../../src/features/datarequest/domain/due.ts";
import { warnOfDue } from "../../../src/features/datarequest/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { openRequestOf, shopIn } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { type Inbox, receiveMail } from "../../support/mail.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

let inbox: Inbox;
let service: TestService;
beforeAll(async () => {
  inbox = await receiveMail();
  service = await startTestService({ config: { mail: { url: inbox.url, from: "hello@shop.example" } } });
}, 60_000);
afterAll(async () => {
  await service.close();
  await inbox.close();
});

const sql = (text: string) => administer(service.database.ownerUrl, (owner) => owner.unsafe(text));
const uuidOf = (id: string) => parseId("req", id) ?? "";

let shops = 0;

/** A shop whose data protection officer has an address of their own, a receiver of webhooks, and a request. */
async function shopWithRequest() {
  shops += 1;
  const dpo = `dpo${shops}@shop.example`;
  const shop = await shopIn(service);
  await shop.patch("/v1/organization", { dpo: { name: "Desk", contact: dpo } });
  const endpoint = await shop.post<{ id: string }>("/v1/webhook-endpoints", {
    url: `https://shop${shops}.shop.example/hooks`,
    eventTypes: ["data_request.due_soon", "data_request.overdue"],
  });
  const { id } = await openRequestOf(shop, { subject: { phone: "+12025550177" } });
  return { shop, id, dpo, endpoint: endpoint.body.id };
}

/** Sets a request's term: how many hours ago it came in, and in how many it is due. */
const setTerm = (id: string, receivedHoursAgo: number, dueInHours: number) =>
  sql(`update data_request set received_at = date_trunc('milliseconds', now()) - interval '${receivedHoursAgo} hours',
    due_at = date_trunc('milliseconds', now()) + interval '${dueInHours} hours' where id = '${uuidOf(id)}'`);

const warn = (on: TestService = service) =>
  warnOfDue(on.services, (organizationId) =>
    on.composed.contextFor(organizationId, { kind: "system", id: "warn_of_due" }, "test"),
  );

interface Told {
  readonly type: string;
  readonly data: { readonly requestId: string; readonly warning: string; readonly about: string };
}
async function told(shop: OrganizationClient, endpoint: string): Promise<string[]> {
  const { body } = await shop.get<{ items: Told[] }>(`/v1/webhook-endpoints/${endpoint}/deliveries`);
  return body.items.map(({ type, data }) => `${type} ${data.about} ${data.warning}`).reverse();
}

const mails = (dpo: string) => inbox.received.filter(({ to }) => to === dpo);

describe("warnings", () => {
  it.each([
    [{ since: 1, due: 719 }, []],
    [{ since: 361, due: 359 }, ["data_request.due_soon answer half"]],
    [{ since: 650, due: 70 }, ["data_request.due_soon answer three_days"]],
    [{ since: 700, due: 20 }, ["data_request.due_soon answer one_day"]],
    [{ since: 721, due: -1 }, ["data_request.overdue answer overdue"]],
    // Three days before its end a term of two days had not begun.
    [{ since: 1, due: 47 }, []],
  ])(
    "of a request of %j are %j: of thresholds that were passed at once, the most urgent",
    async (term, events) => {
      const { shop, id, endpoint } = await shopWithRequest();
      await setTerm(id, term.since, term.due);
      await warn();
      expect(await told(shop, endpoint)).toEqual(events);
    },
  );

  it("come once each, however often they are looked for, by whom and after which restart", async () => {
    const { shop, id, dpo, endpoint } = await shopWithRequest();
    const events: string[] = [];
    for (const [since, due, event] of [
      [361, 359, "data_request.due_soon answer half"],
      [649, 71, "data_request.due_soon answer three_days"],
      [697, 23, "data_request.due_soon answer one_day"],
      [721, -1, "data_request.overdue answer overdue"],
    ] as const) {
      // Time passes: the request and what was warned of move into the past together.
      await sql(`with r as (update data_request set received_at = date_trunc('milliseconds', now()) - interval '${since} hours',
          due_at = date_trunc('milliseconds', now()) + interval '${due} hours' where id = '${uuidOf(id)}' returning *)
        update request_warning w set due_at = r.due_at from r where w.request_id = r.id`);
      const other = await startTestService({
        database: service.database,
        config: { mail: { url: inbox.url, from: "hello@shop.example" } },
      });
      await Promise.all([warn(), warn(other), warn(), warn(other)]);
      await warn(other);
      await other.close();
      events.push(event);
      expect(await told(shop, endpoint)).toEqual(events);
      expect(mails(dpo)).toHaveLength(events.length);
    }
    expect(mails(dpo).map(({ subject }) => subject)).toEqual([
      `Half of the time for data request ${id} is over`,
      `Three days are left for data request ${id}`,
      `One day is left for data request ${id}`,
      `Data request ${id} is overdue`,
    ]);
    const { warnings } = (
      await shop.get<{ warnings: { warning: string; mailedAt: string }[] }>(`/v1/data-requests/${id}`)
    ).body;
    expect(warnings.map(({ warning }) => warning)).toEqual(["half", "three_days", "one_day", "overdue"]);
    for (const { mailedAt } of warnings) expect(mailedAt).not.toBeNull();
  }, 120_000);

  it("begin anew when the due date moves", async () => {
    const { shop, id, endpoint } = await shopWithRequest();
    await setTerm(id, 700, 20);
    await warn();
    await setTerm(id, 700, 600);
    await warn();
    await setTerm(id, 1_400, 21);
    await warn();
    const event = "data_request.due_soon answer one_day";
    expect(await told(shop, endpoint)).toEqual([event, "data_request.due_soon answer half", event]);
  });

  it.each(["delivered", "closed", "refused", "cancelled", "expired"])(
    "do not come for a request that is %s",
    async (status) => {
      const { shop, id, endpoint } = await shopWithRequest();
      await setTerm(id, 721, -1);
      await sql(`update data_request set status = '${status}' where id = '${uuidOf(id)}'`);
      await warn();
      expect(await told(shop, endpoint)).toEqual([]);
    },
  );

  it("come for a letter that a step left, also after the request's end, until it is sent", async () => {
    const { shop, id, endpoint } = await shopWithRequest();
    const letters = `/v1/data-requests/${id}/letters`;
    const letter = (await shop.post<{ id: string }>(letters, { kind: "receipt" })).body;
    await sql(`update data_request set status = 'refused' where id = '${uuidOf(id)}'`);
    await sql(`update letter set needed_by = date_trunc('milliseconds', now()) - interval '1 hour'
      where request_id = '${uuidOf(id)}'`);
    await warn();
    expect(await told(shop, endpoint)).toEqual(["data_request.overdue letter overdue"]);
    const due = () => shop.get<{ items: object[] }>("/v1/data-requests/overdue");
    expect((await due()).body.items).toMatchObject([{ requestId: id, about: "letter", status: "refused" }]);
    const sent = { version: 1, way: "post", sentAt: new Date().toISOString() };
    expect((await shop.post(`${letters}/${letter.id}/mark-sent`, sent)).status).toBe(200);
    expect((await due()).body.items).toEqual([]);
  });

  it("tell nobody who it is about", async () => {
    const { shop, id, dpo, endpoint } = await shopWithRequest();
    await setTerm(id, 721, -1);
    await warn();
    const { text } = await shop.get(`/v1/webhook-endpoints/${endpoint}/deliveries`);
    const [mail] = mails(dpo);
    for (const words of [text, mail?.subject, mail?.text, mail?.html]) {
      expect(words).toContain(id);
      expect(words).not.toMatch(/2025550177|sub_/);
    }
  });

  it("by mail are tried again when the mail server is busy, and leave what is answered meanwhile", async () => {
    const { shop, id, dpo } = await shopWithRequest();
    await setTerm(id, 721, -1);
    inbox.refuse(1);
    await warn();
    const shown = async () =>
      (await shop.get<{ warnings: { mailFailure: string | null }[] }>(`/v1/data-requests/${id}`)).body
        .warnings[0];
    expect((await shown())?.mailFailure).toContain("451");
    await warn();
    expect(mails(dpo)).toEqual([]);
    const letTimePass = () =>
      sql(
        `update request_warning set mail_due_at = now() where request_id = '${uuidOf(id)}' and mail_due_at is not null`,
      );
    inbox.refuse(1);
    await letTimePass();
    await warn();
    await letTimePass();
    await warn();
    expect(mails(dpo)).toHaveLength(1);
    expect((await shown())?.mailFailure).toBeNull();

    const answered = await shopWithRequest();
    await setTerm(answered.id, 721, -1);
    inbox.refuse(1);
    await warn();
    await sql(`update data_request set status = 'delivered' where id = '${uuidOf(answered.id)}'`);
    await sql(`update request_warning set mail_due_at = now() where request_id = '${uuidOf(answered.id)}'`);
    await warn();
    expect(mails(answered.dpo)).toEqual([]);
  });

  it.each([
    ["privacy@shop.example", "privacy@shop.example"],
    [" privacy@shop.example ", "privacy@shop.example"],
    ["Desk <privacy@shop.example>", undefined],
    ["a@shop.example, b@shop.example", undefined],
    ["+12025550100", undefined],
    ["https://shop.example/privacy", undefined],
    [undefined, undefined],
  ])("go to the contact %j as %j", (contact, address) => {
    expect(addressIn(contact)).toBe(address);
  });
});

describe("the list of what is due", () => {
  it("has what is overdue, with days also what is due within them, the most urgent first, and nobody else's", async () => {
    const { shop, id } = await shopWithRequest();
    const { id: late } = await openRequestOf(shop, { subject: { phone: "+12025550178" } });
    const { id: far } = await openRequestOf(shop, { subject: { phone: "+12025550179" } });
    await setTerm(late, 800, -5);
    await setTerm(id, 700, 30);
    await setTerm(far, 1, 700);
    const list = async (query = "") =>
      (
        await shop.get<{ items: { requestId: string; overdue: boolean }[] }>(
          `/v1/data-requests/overdue${query}`,
        )
      ).body.items;
    expect(await list()).toMatchObject([{ requestId: late, overdue: true, about: "answer" }]);
    expect((await list("?withinDays=2")).map(({ requestId }) => requestId)).toEqual([late, id]);
    expect((await list("?withinDays=366")).map(({ requestId }) => requestId)).toEqual([late, id, far]);
    const other = await shopIn(service);
    expect(
      (await other.get<{ items: object[] }>("/v1/data-requests/overdue?withinDays=366")).body.items,
    ).toEqual([]);
    expect((await shop.get("/v1/data-requests/overdue?withinDays=-1")).status).toBe(422);
  });

  it("is measured by kind, in numbers alone", async () => {
    const { shop, id } = await shopWithRequest();
    const read = async () => {
      const { text } = await service.anonymous.get("/metrics");
      const value = (state: string, kind: string) =>
        Number(new RegExp(`sayso_data_requests\\{state="${state}",kind="${kind}"\\} (\\d+)`).exec(text)?.[1]);
      return {
        text,
        open: value("open", "access"),
        overdue: value("overdue", "access"),
        none: value("open", "objection"),
      };
    };
    await setTerm(id, 1, 700);
    const before = await read();
    await setTerm(id, 800, -1);
    const after = await read();
    expect(after.open).toBe(before.open);
    expect(after.overdue).toBe(before.overdue + 1);
    expect(after.none).toBe(0);
    expect(after.text).not.toContain(id);
    expect(after.text).not.toContain(shop.id);
  });
});
