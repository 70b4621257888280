import { createHash } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import JSZip from "jszip";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { parseId } from "../../../src/kernel/ids.ts";
import { samples } from "../../support/attachments.ts";
import {
  approveAndWait,
  deliver,
  openRequestOf,
  postPasscode,
  requestBody,
  startWorkingService,
  untilReady,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import type { OrganizationClient } from "../../support/service.ts";
import { ago, created, messages, Shop } from "../../support/shop.ts";

interface ReportSection {
  readonly state: string;
  readonly title?: string;
  readonly document?: Readonly<Record<string, unknown>>;
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
}

interface Report {
  readonly [head: string]: unknown;
  readonly sections: Readonly<Record<string, ReportSection>>;
}

/** Where in a report each table's rows about a person are told. States are told by the events that they add up from. */
const sectionOfTable: Readonly<Record<string, string>> = {
  account_section: "settings",
  attachment: "consents",
  block: "opt_outs",
  cap_slot: "decisions",
  capture_token_use: "consents",
  cause: "sign_ins",
  cause_use: "decisions",
  consent_event: "consents",
  consent_state: "consents",
  data_request: "requests",
  decision: "decisions",
  hold: "account",
  identifier: "account",
  inbound_message: "messages",
  marketing_pause: "opt_outs",
  message_status: "messages",
  opt_out_event: "opt_outs",
  opt_out_suspicion: "opt_outs",
  permit_redemption: "decisions",
  platform_preference: "opt_outs",
  platform_preference_event: "opt_outs",
  preference: "opt_outs",
  preference_code: "opt_outs",
  preference_event: "opt_outs",
  reached_person: "decisions",
  service_window: "messages",
  standing_no: "opt_outs",
};

const reportedPhoto = z.object({ attachment: z.string(), sha256: z.string() });

const phone = "+12025550123";
const email = "customer@mail.example";

// Nearly every test here has an archive built; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService();
});
afterAll(() => service.close());

async function inIreland(org: OrganizationClient) {
  await org.patch("/v1/organization", { name: "Harbour Tea", country: "IE", timeZone: "Europe/Dublin" });
}

async function openZip(bytes: Buffer) {
  const zip = await JSZip.loadAsync(bytes);
  const text = async (path: string) => (await zip.file(path)?.async("string")) ?? "";
  return {
    text,
    bytes: async (path: string) => zip.file(path)?.async("nodebuffer"),
    report: JSON.parse(await text("report.json")) as Report,
    schema: JSON.parse(await text("report.schema.json")) as object,
    paths: Object.keys(zip.files),
  };
}

async function archiveOf(org: OrganizationClient, changes: object = {}) {
  const opened = await openRequestOf(org, { subject: { phone }, ...changes });
  await approveAndWait(org, opened.id);
  return openZip((await org.get(`/v1/data-requests/${opened.id}/archive`)).bytes);
}

/** A person about whom every table that knows people has a row. */
async function knownPerson() {
  const shop = await Shop.open(service);
  const { org } = shop;
  await inIreland(org);
  const person = { phone, email };
  const recording = await created<{ id: string }>(
    org.post("/v1/attachments", samples["audio/mp4"], { "content-type": "audio/x-m4a" }),
  );
  const first = await shop.reported(
    person,
    { purpose: "support" },
    { operator: "Counter 4", indication: "said", attachments: [recording.id] },
  );
  const proven = await shop.proven(
    { phone },
    {},
    {
      pageUrl: "https://shop.example/checkout",
      ipAddress: "203.0.113.7",
      userAgent: "Mozilla/5.0",
      language: "en",
      evidence: { form: "scan-7" },
    },
  );
  await shop.inbound({ phone });
  const cause = await created<{ id: string }>(
    org.post("/v1/causes", { kind: "sign_in", recipient: { phone } }),
  );
  await shop.activatePolicy({ caps: [{ most: 9, hours: 24 }] });
  const allowed = await shop.check({ phone });
  const permit = `/v1/permits/${allowed.permit?.id}`;
  await org.post(`${permit}/redeem`);
  await org.post(`${permit}/outcome`, { outcome: "sent", messageId: "wamid.allowed" });
  await shop.check(
    { phone },
    { purpose: "sign_in_codes", message: messages.code, cause: { kind: "sign_in", id: cause.id } },
  );
  const { url } = await created<{ url: string }>(org.post("/v1/opt-out-links", { subject: { phone } }));
  await service.anonymous.post(`${new URL(url).pathname}/preferences`, "frequency=week", {
    "content-type": "application/x-www-form-urlencoded",
  });
  await created(org.post("/v1/preference-codes", { subject: { phone } }));
  await shop.inbound({ phone }, { text: "Please stop texting me." });
  const optOut = await shop.optOut({ phone });
  const denied = await shop.check({ phone }, { messageRef: "campaign-17" });
  const block = await created<{ id: string }>(
    org.post("/v1/blocks", { identifier: { phone }, reason: "complaint", note: "Called twice." }),
  );
  await org.post(`/v1/blocks/${block.id}/lift`, { reason: "A mix-up." });
  await created(
    org.post("/v1/holds", {
      scope: "person",
      subject: { phone },
      reason: "A dispute about the bill.",
      reviewAt: ago(-86_400),
    }),
  );
  const { subjectId } = proven;
  await org.put(`/v1/subjects/${subjectId}/account-data/settings`, { readReceipts: true });
  await org.patch(`/v1/subjects/${subjectId}`, {
    timeZone: "America/New_York",
    savedSenders: [shop.sender.id],
  });
  await shop.sql(
    (sql, organizationId) => sql`
      with status as (
        insert into message_status (organization_id, message_id, status, at, sender_id, subject_id, error_code)
        values (${organizationId}, 'wamid.out', 'failed', now(), ${parseId("snd", shop.sender.id) ?? ""},
          ${parseId("sub", subjectId) ?? ""}, 131047)),
      reached as (
        insert into reached_person (organization_id, counter, subject_id, last_at)
        values (${organizationId}, ${shop.sender.wabaId}, ${parseId("sub", subjectId) ?? ""}, now())),
      stopped as (
        insert into platform_preference (organization_id, identifier_hash, waba_id, value, at)
        select organization_id, hash, ${shop.sender.wabaId}, 'stop', now() from identifier
        where organization_id = ${organizationId} and kind = 'phone' returning *)
      insert into platform_preference_event (organization_id, id, waba_id, value, at, identifier_hashes)
      select organization_id, gen_random_uuid(), waba_id, value, at, array[identifier_hash] from stopped`,
  );
  return { shop, org, subjectId, first, recording, proven, allowed, denied, optOut, block };
}

describe("the archive of a person about whom everything is stored", () => {
  let known: Awaited<ReturnType<typeof knownPerson>>;
  let archive: Awaited<ReturnType<typeof archiveOf>>;
  const section = (name: string): ReportSection => {
    const found = archive.report.sections[name];
    if (found === undefined) throw new Error(`The report has no section ${name}.`);
    return found;
  };
  beforeAll(async () => {
    known = await knownPerson();
    archive = await archiveOf(known.org);
  });

  it("has a section for every table that knows a subject or an identifier, and nothing of it is empty", async () => {
    const tables = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ table: string }[]>`
        select distinct table_name as "table"
        from information_schema.columns join pg_class c on c.oid = table_name::regclass
        where table_schema = 'public' and c.relkind in ('r', 'p') and not c.relispartition
          and (column_name in ('subject_id', 'identifier_hash', 'identifier_hashes'))
        order by 1`,
    );
    expect(tables.map(({ table }) => table)).toEqual(Object.keys(sectionOfTable).sort());
    for (const { table } of tables) {
      // Otherwise the test would pass by looking at a section that is there for another table's sake.
      const rows = await known.shop.sql(
        (sql, organizationId) => sql`select 1 from ${sql(table)} where organization_id = ${organizationId}`,
      );
      expect([table, rows.length > 0]).toEqual([table, true]);
      expect([table, section(sectionOfTable[table] ?? "").state]).toEqual([table, "complete"]);
    }
  });

  it("fits the schema that goes along", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(archive.schema);
    validate(archive.report);
    expect(validate.errors ?? []).toEqual([]);
  });

  it("says whose data it is, by every identifier", () => {
    const identifiers = [
      { kind: "phone", value: phone },
      { kind: "email", value: email },
    ];
    expect(archive.report.person).toEqual({
      subjectId: known.subjectId,
      identifiers: expect.arrayContaining(identifiers),
    });
    expect(section("account").document).toEqual({
      identifiers: expect.arrayContaining(identifiers),
      timeZones: ["America/New_York"],
      savedNumbers: ["+12025550100"],
      heldSince: [expect.stringMatching(/^\d{4}-/)],
    });
    expect(section("settings").document).toEqual({ readReceipts: true });
  });

  it("tells consents with their provenance and the wording exactly as it was shown", () => {
    const rows = section("consents").rows ?? [];
    expect(rows.map(({ eventId }) => eventId)).toEqual([known.proven.id, known.first.id]);
    expect(rows[0]).toMatchObject({
      purpose: { key: "promotions" },
      state: "given",
      proof: "demonstrated",
      wording: { text: "Yes, write to me.", language: "en" },
      collectionPoint: { key: "checkout", kind: "checkbox", version: 1 },
      indication: "ticked",
      pageUrl: "https://shop.example/checkout",
      ipAddress: "203.0.113.7",
      userAgent: "Mozilla/5.0",
      evidence: '{"form":"scan-7"}',
    });
    expect(rows[1]).toMatchObject({ proof: "reported", operator: "Counter 4", indication: "said" });
    expect(rows[0]).not.toHaveProperty("attachments");
  });

  it("has the files that prove a consent, named where the consent is told", async () => {
    const content = samples["audio/mp4"];
    const path = "attachments/1-consent.m4a";
    const [, row] = section("consents").rows ?? [];
    expect(row?.attachments).toEqual([
      {
        attachment: path,
        mediaType: "audio/mp4",
        bytes: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
      },
    ]);
    expect(archive.report.attachments).toEqual([
      { path, originalName: known.recording.id, mediaType: "audio/mp4", section: "consents" },
    ]);
    expect(await archive.bytes(path)).toEqual(content);
    const page = await archive.text("index.html");
    // In the consent's card, and as a link among the files.
    expect(page.split(path)).toHaveLength(4);
    expect(page).toContain(`href="${path}"`);
  });

  it("tells noes, what may be one, blocks and their lifting, and the stop on the platform, each once", () => {
    const rows = section("opt_outs").rows ?? [];
    expect(rows.map(({ kind, event }) => `${kind} ${event}`).sort()).toEqual([
      "block blocked",
      "block lifted",
      "opt_out opted_out",
      "platform_preference stop",
      "preference code_made",
      "preference frequency_chosen",
      "suspicion suspected",
    ]);
    expect(rows).toContainEqual(expect.objectContaining({ event: "suspected", source: "near_match" }));
    expect(rows).toContainEqual(expect.objectContaining({ id: known.optOut.id, scope: "all" }));
    expect(rows).toContainEqual(
      expect.objectContaining({ id: known.block.id, event: "blocked", reason: "complaint: Called twice." }),
    );
    expect(rows).toContainEqual(expect.objectContaining({ event: "lifted", reason: "A mix-up." }));
  });

  it("tells messages in and out, without their content", () => {
    const rows = section("messages").rows ?? [];
    expect(rows).toHaveLength(3);
    expect(JSON.stringify(rows)).not.toContain("texting");
    expect(rows).toContainEqual(
      expect.objectContaining({ direction: "in", opensWindow: true, sender: "+12025550100", text: null }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({
        direction: "out",
        messageId: "wamid.out",
        status: "failed",
        errorCode: 131047,
      }),
    );
  });

  it("tells every check with its reasons in words", () => {
    const rows = section("decisions").rows ?? [];
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ decisionId: known.allowed.decisionId, decision: "allow", reasons: [] });
    expect(rows[2]).toMatchObject({
      decisionId: known.denied.decisionId,
      decision: "deny",
      template: "sale (en)",
      messageRef: "campaign-17",
      sender: "+12025550100",
      reasons: known.denied.reasons.map(({ code, message }) => ({ code, message })),
    });
  });

  it("tells the request that it answers, and the sign-ins", () => {
    expect(section("requests").rows).toMatchObject([
      {
        requestId: archive.report.requestId,
        status: "in_progress",
        history: [
          { event: "opened" },
          { event: "identity_noted" },
          { event: "approved" },
          { event: "build_started" },
        ],
      },
    ]);
    expect(section("sign_ins").document?.signIns).toEqual([
      { openedAt: expect.any(String), codeSentAt: expect.any(String) },
    ]);
  });

  it("says in the next one that staff opened this one, and names nobody", async () => {
    const { shop, org, subjectId } = known;
    expect(section("disclosures").state).toBe("empty");
    await shop.sql(
      (sql, organizationId) => sql`
        update data_request set status = 'closed' where organization_id = ${organizationId}`,
    );
    const again = await archiveOf(org, { subject: { subjectId } });
    const rows = again.report.sections.disclosures?.rows ?? [];
    expect(rows).toEqual([
      { kind: "viewed", at: expect.any(String), recipient: null, reason: expect.any(String), categories: [] },
    ]);
  });

  it("for another service has what the person gave and did, not what was made of it", async () => {
    const { org, subjectId } = known;
    const { report } = await archiveOf(org, { kind: "portability", subject: { subjectId } });
    expect(report.kind).toBe("portability");
    const names = Object.keys(archive.report.sections);
    expect(Object.keys(report.sections)).toEqual(
      names.filter((name) => !["decisions", "disclosures"].includes(name)),
    );
  });

  it("is in the person's language", async () => {
    const shop = await Shop.open(service);
    await inIreland(shop.org);
    await shop.optOut({ phone });
    const denied = await shop.check({ phone }, {}, { "accept-language": "ru" });
    const { report, text } = await archiveOf(shop.org, { language: "ru-RU" });
    expect(report.language).toBe("ru");
    expect(await text("index.html")).toContain('<html lang="ru"');
    expect(report.sections.decisions?.rows?.[0]?.reasons).toContainEqual({
      code: "recipient_opted_out",
      message: denied.reasons.find(({ code }) => code === "recipient_opted_out")?.message,
    });
  });
});

describe("an archive", () => {
  it("of somebody about whom nothing is stored says so, section by section", async () => {
    const org = await service.shop();
    const { report } = await archiveOf(org);
    const { account, requests, ...others } = report.sections;
    expect(account?.state).toBe("complete");
    expect(requests?.rows).toHaveLength(1);
    expect(new Set(Object.values(others).map(({ state }) => state))).toEqual(new Set(["empty"]));
  });

  it("of merged people has what both records brought", async () => {
    const shop = await Shop.open(service);
    const { org } = shop;
    await inIreland(org);
    const one = await shop.reported({ phone });
    const two = await shop.reported({ email });
    await shop.inbound({ phone });
    await shop.check({ email });
    for (const [{ subjectId }, name] of [
      [one, "Customer 1"],
      [two, "Customer 2"],
    ] as const) {
      await org.put(`/v1/subjects/${subjectId}/account-data/account`, { name });
    }
    await org.post(`/v1/subjects/${one.subjectId}/merge`, { other: two.subjectId, reason: "One person" });

    const { report, schema } = await archiveOf(org, { subject: { email } });
    expect(report.person).toMatchObject({
      subjectId: one.subjectId,
      identifiers: [{ value: phone }, { value: email }],
    });
    const names = [report.sections.account, report.sections.account_2].map((each) => each?.document?.name);
    expect(names).toEqual(["Customer 2", "Customer 1"]);
    expect(report.sections.consents?.rows?.map(({ eventId }) => eventId).sort()).toEqual(
      [one.id, two.id].sort(),
    );
    expect(report.sections.messages?.rows).toHaveLength(1);
    expect(report.sections.decisions?.rows).toHaveLength(1);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    validate(report);
    expect(validate.errors ?? []).toEqual([]);
  });

  it("has the photo as a file, and sections of the organization's own with their schema", async () => {
    const org = await service.shop();
    const base64 =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const { id, subjectId } = await openRequestOf(org);
    await org.put(`/v1/subjects/${subjectId}/account-data/profile`, {
      photo: { mediaType: "image/png", base64 },
    });
    const schema = { type: "object", properties: { points: { type: "integer" } } };
    await org.post("/v1/account-sections", { section: "loyalty", title: "Loyalty card", schema });
    await org.post("/v1/account-sections", { section: "unused", title: "Unused", schema });
    await org.put(`/v1/subjects/${subjectId}/account-data/loyalty`, { points: 7 });
    await approveAndWait(org, id);
    const zip = await JSZip.loadAsync((await org.get(`/v1/data-requests/${id}/archive`)).bytes);
    const report = JSON.parse((await zip.file("report.json")?.async("string")) ?? "") as Report;
    const { attachment, sha256 } = reportedPhoto.parse(report.sections.profile?.document?.photo);
    const photo = (await zip.file(attachment)?.async("nodebuffer")) ?? Buffer.alloc(0);
    expect(photo.equals(Buffer.from(base64, "base64"))).toBe(true);
    expect(createHash("sha256").update(photo).digest("hex")).toBe(sha256);
    expect(report.sections.loyalty).toMatchObject({ title: "Loyalty card", document: { points: 7 } });
    expect(report.sections.unused).toMatchObject({ state: "empty", title: "Unused" });
  });

  it("has nothing of what another organization stores about the same number", async () => {
    const [ours, theirs] = [await service.shop(), await Shop.open(service)];
    await theirs.optOut({ phone });
    await theirs.inbound({ phone });
    const { report } = await archiveOf(ours);
    expect(report.sections.opt_outs?.state).toBe("empty");
    expect(report.sections.messages?.state).toBe("empty");
  });

  it("is the same to the byte however it is fetched", async () => {
    const org = await service.shop();
    const opened = await openRequestOf(org, requestBody());
    await org.post(`/v1/data-requests/${opened.id}/approve`, { identity: { method: "in_person" } });
    const { archive } = await untilReady(org, opened.id);
    const { path, passcode } = await deliver(org, opened.id);
    const sums = [
      (await org.get(`/v1/data-requests/${opened.id}/archive`)).bytes,
      (await postPasscode(service, path, passcode)).bytes,
    ].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
    expect(sums).toEqual([archive.sha256, archive.sha256]);
  });

  it("has what was stored a moment before the approval", async () => {
    const shop = await Shop.open(service);
    await inIreland(shop.org);
    await shop.optOut({ phone }, { occurredAt: ago(0) });
    await shop.inbound({ phone });
    const { report } = await archiveOf(shop.org);
    expect(report.sections.opt_outs?.rows).toHaveLength(1);
    expect(report.sections.messages?.rows).toHaveLength(1);
  });
});

describe("the published signing key", () => {
  it("is a JWK Set whose key id is the one in archives", async () => {
    const { body, status, headers } = await service.anonymous.get<{ keys: Record<string, string>[] }>(
      "/.well-known/sayso-keys.json",
    );
    expect(status).toBe(200);
    expect(headers.get("content-type")).toContain("application/json");
    expect(body.keys).toEqual([
      expect.objectContaining({ kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: expect.any(String) }),
    ]);
    expect(body.keys[0]).not.toHaveProperty("d");
    const org = await service.shop();
    const { id } = await openRequestOf(org);
    const { archive } = await approveAndWait(org, id);
    expect(archive.manifest).toMatchObject({ keyId: body.keys[0]?.kid });
  });
});
