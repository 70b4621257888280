import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../src/context.ts";
import { write } from "../../../src/db/write.ts";
import type { LetterContent } from "../../../src/features/datarequest/domain/letter.ts";
import { prepareLetter } from "../../../src/features/datarequest/draft-letter.ts";
import { mailLetter, resumeLetters } from "../../../src/features/datarequest/index.ts";
import { draftParts } from "../../../src/features/datarequest/letter-store.ts";
import { selectRequest } from "../../../src/features/datarequest/store.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import {
  approveAndWait,
  look,
  openRequestOf,
  startWorkingService,
  until,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { type Inbox, receiveMail } from "../../support/mail.ts";
import type { OrganizationClient } from "../../support/service.ts";
import { ago } from "../../support/shop.ts";

interface Letter {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly version: number;
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly to: string | null;
  readonly way: string | null;
  readonly note: string | null;
  readonly sentAt: string | null;
  readonly neededBy: string | null;
  readonly failure: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly mustSay: readonly { readonly element: string; readonly words: string }[];
  readonly addresses: readonly string[];
}

let inbox: Inbox;
let service: WorkingService;
beforeAll(async () => {
  inbox = await receiveMail();
  service = await startWorkingService({
    config: { mail: { url: inbox.url, from: "Shop <hello@shop.example>" } },
  });
}, 60_000);
afterAll(async () => {
  await service.close();
  await inbox.close();
});

let persons = 0;

/** A request of somebody with an e-mail address of their own. */
async function requestByMail(changes: object = {}) {
  persons += 1;
  const email = `anna${persons}@mail.example`;
  const shop = await service.shop();
  const { id } = await openRequestOf(shop, { subject: { email }, ...changes });
  return { shop, id, email, letters: `/v1/data-requests/${id}/letters` };
}

async function drafted(shop: OrganizationClient, letters: string, body: object): Promise<Letter> {
  const answer = await shop.post<Letter>(letters, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const seen = async (shop: OrganizationClient, path: string) => (await shop.get<Letter>(path)).body;

const sentOnce = (shop: OrganizationClient, path: string) =>
  until(
    () => seen(shop, path),
    ({ state }) => state === "sent",
  );

/** Lets the time of the next attempt come. */
const letTimePass = (id: string) =>
  administer(
    service.database.ownerUrl,
    (sql) =>
      sql`update letter set due_at = now() - interval '1 second' where id = ${parseId("let", id) ?? ""}`,
  );

describe("a letter", () => {
  it("is drafted from the request's facts, changed, mailed, and kept exactly as it went out", async () => {
    const { shop, id, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    expect(draft).toMatchObject({ kind: "receipt", state: "draft", version: 1, addresses: [email] });
    expect(draft.text).toContain(id);
    const text = draft.text.replace("Hello,", "Dear Anna <b>,");
    const changed = await shop.patch<Letter>(`${letters}/${draft.id}`, { version: 1, text });
    expect(changed.body).toMatchObject({ version: 2, text });
    expect(changed.body.html).toContain("Dear Anna &lt;b&gt;,");

    const sent = await shop.post(`${letters}/${draft.id}/send`, { version: 2 });
    expect([sent.status, sent.body]).toEqual([202, { id: draft.id, state: "sending" }]);
    const mail = await inbox.next(email);
    const kept = await sentOnce(shop, `${letters}/${draft.id}`);
    expect(kept).toMatchObject({ way: "email", to: email, failure: null, text, subject: draft.subject });
    expect(mail.subject).toBe(kept.subject);
    expect(mail.text.replaceAll("\r\n", "\n").trim()).toBe(kept.text);
    expect(mail.html.replaceAll("\r\n", "\n").trim()).toBe(kept.html?.trim());

    const { timeline } = await look(shop, id);
    expect(timeline.map(({ event }) => event)).toEqual(["opened", "letter_drafted", "letter_sent"]);
    expect(timeline.at(-1)).toMatchObject({
      status: "received",
      details: { letterId: draft.id, letter: "receipt", way: "email" },
      actor: { kind: "system" },
    });
  });

  it("is sealed: neither the draft nor what went out can be read in the database, the log or the queue", async () => {
    const { shop, email, letters } = await requestByMail();
    const secret = "The invoice of nineteen hundred and one.";
    const draft = await drafted(shop, letters, { kind: "clarification", question: secret });
    const whole = () =>
      administer(
        service.database.ownerUrl,
        (sql) => sql<{ row: string }[]>`
          select to_jsonb(l)::text as row from letter l union all select to_jsonb(l)::text from sent_letter l
          union all select to_jsonb(e)::text from request_event e union all select to_jsonb(a)::text from audit_entry a
          union all select to_jsonb(j)::text from graphile_worker._private_jobs j`,
      );
    const before = (await whole()).map(({ row }) => row).join("\n");
    await shop.post(`${letters}/${draft.id}/send`, { version: 1 });
    await sentOnce(shop, `${letters}/${draft.id}`);
    const stored = before + (await whole()).map(({ row }) => row).join("\n");
    for (const text of [secret, Buffer.from(secret).toString("hex"), email])
      expect(stored).not.toContain(text);
    for (const line of service.log) {
      expect(line).not.toContain(secret);
      expect(line).not.toContain(email);
    }
  });

  it("in Russian goes to who asked in Russian", async () => {
    const { shop, letters } = await requestByMail({ language: "ru-RU" });
    const { subject, text } = await drafted(shop, letters, { kind: "receipt" });
    expect(subject).toContain("Мы получили ваш запрос");
    expect(text).toContain("Harbour Tea");
  });

  it("that was handed over is marked with its day, and kept as it was then", async () => {
    const { shop, id, letters } = await requestByMail({ receivedAt: ago(3600) });
    const draft = await drafted(shop, letters, { kind: "identity_needed" });
    const path = `${letters}/${draft.id}`;
    const mark = (changes: object) =>
      shop.post<Letter>(`${path}/mark-sent`, { version: 1, way: "handed_over", sentAt: ago(60), ...changes });
    for (const sentAt of [ago(-3600), ago(7200)]) {
      const refused = await mark({ sentAt });
      expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("/sentAt")]);
    }
    const sentAt = ago(120);
    const marked = await mark({ sentAt, note: "At the counter." });
    expect(marked.body).toMatchObject({
      state: "sent",
      way: "handed_over",
      note: "At the counter.",
      text: draft.text,
      html: null,
      to: null,
    });
    expect(Date.parse(marked.body.sentAt ?? "")).toBe(Date.parse(sentAt));
    expect((await mark({})).status).toBe(409);
    expect((await look(shop, id)).timeline.at(-1)?.details).toMatchObject({ way: "handed_over" });
  });

  it("changes no more once it is on its way: neither is it edited, nor sent twice, nor given up", async () => {
    const { shop, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const path = `${letters}/${draft.id}`;
    await shop.post(`${path}/send`, { version: 1 });
    await sentOnce(shop, path);
    const answers = await Promise.all([
      shop.patch(path, { version: 1, subject: "Something else" }),
      shop.post(`${path}/send`, { version: 1 }),
      shop.post(`${path}/mark-sent`, { version: 1, way: "post", sentAt: ago(0) }),
      shop.post(`${path}/discard`, { reason: "No." }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([409, 409, 409, 409]);
    expect(inbox.received.filter(({ to }) => to === email)).toHaveLength(1);
  });

  it("goes out in the version that was looked at, or not at all", async () => {
    const { shop, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const path = `${letters}/${draft.id}`;
    await shop.patch(path, { version: 1, subject: "Changed by somebody else" });
    const late = await Promise.all([
      shop.patch(path, { version: 1, subject: "Mine" }),
      shop.post(`${path}/send`, { version: 1 }),
      shop.post(`${path}/mark-sent`, { version: 1, way: "post", sentAt: ago(0) }),
    ]);
    expect(late.map(({ status }) => status)).toEqual([409, 409, 409]);
    expect(await seen(shop, path)).toMatchObject({ state: "draft", version: 2 });
    expect(inbox.received.map(({ to }) => to)).not.toContain(email);
  });

  it("that staff changed so that it lacks what it must say is refused, with the words that are missing", async () => {
    const { shop, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const refused = await shop.patch(`${letters}/${draft.id}`, { version: 1, text: "We got it." });
    expect(refused.status).toBe(422);
    for (const { words } of draft.mustSay) expect(refused.text).toContain(words);
    expect((await seen(shop, `${letters}/${draft.id}`)).text).toBe(draft.text);
  });

  it("goes to no address but one of the person's", async () => {
    const shop = await service.shop();
    const { id } = await openRequestOf(shop, { subject: { phone: "+12025550199" } });
    const letters = `/v1/data-requests/${id}/letters`;
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const path = `${letters}/${draft.id}/send`;
    expect((await shop.post(path, { version: 1 })).status).toBe(409);
    expect((await shop.post(path, { version: 1, to: "thief@mail.example" })).status).toBe(422);
    expect(inbox.received.map(({ to }) => to)).not.toContain("thief@mail.example");
  });

  it("is given up with a reason, and makes place for another", async () => {
    const { shop, id, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    expect((await shop.post(letters, { kind: "receipt" })).status).toBe(409);
    const given = await shop.post<Letter>(`${letters}/${draft.id}/discard`, { reason: "They called." });
    expect(given.body.state).toBe("discarded");
    const [kept] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ isClear: boolean }[]>`
        select exists (select from request_event e where e::text like '%They called.%')
          or exists (select from audit_entry a where a::text like '%They called.%') as "isClear"`,
    );
    expect(kept?.isClear).toBe(false);
    expect((await look(shop, id)).timeline.at(-1)).toMatchObject({
      event: "letter_discarded",
      reason: "They called.",
    });
    await drafted(shop, letters, { kind: "receipt" });
  });

  it("is in the person's next report, word for word", async () => {
    const { shop, id, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    await shop.post(`${letters}/${draft.id}/mark-sent`, { version: 1, way: "post", sentAt: ago(0) });
    await drafted(shop, letters, { kind: "clarification", question: "Not sent." });
    await approveAndWait(shop, id);
    const { default: JSZip } = await import("jszip");
    const zip = await JSZip.loadAsync((await shop.get(`/v1/data-requests/${id}/archive`)).bytes);
    const report = JSON.parse((await zip.file("report.json")?.async("string")) ?? "");
    expect(report.sections.requests.rows[0].letters).toEqual([
      {
        sentAt: expect.any(String),
        kind: "receipt",
        way: "post",
        language: "en",
        subject: draft.subject,
        text: draft.text,
      },
    ]);
    const html = (await zip.file("index.html")?.async("string")) ?? "";
    expect(html).toContain("We answer by");
    expect(html).toContain("By post");
  }, 120_000);

  it.each([
    ["ready", {}, /delivery first/],
    ["erasure_done", { erasedOn: "2026-11-01", stays: [] }, /erasure/],
    ["restriction_lifted", { liftedOn: "2026-11-01", reason: "Corrected." }, /restriction/],
    ["done", { what: "Something." }, /archive/],
  ])("of the kind %s is refused where it would say what is not so", async (kind, content, why) => {
    const { shop, letters } = await requestByMail();
    const refused = await shop.post(letters, { kind, ...content });
    expect(refused.status).toBe(409);
    expect(refused.text).toMatch(why);
  });

  it.each(["refusal", "extension"])("of %s comes with its step and is not written by hand", async (kind) => {
    const { shop, letters } = await requestByMail();
    const refused = await shop.post(letters, { kind, reason: "Because." });
    expect(refused.status).toBe(422);
  });

  it("needs whom to write to and where to complain, and says what to set", async () => {
    const { shop, letters } = await requestByMail();
    await administer(
      service.database.ownerUrl,
      (sql) =>
        sql`update organization set supervisory_authority = null where id = ${parseId("org", shop.id) ?? ""}`,
    );
    const refused = await shop.post(letters, { kind: "receipt" });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("supervisoryAuthority")]);
  });
});

describe("the letter that an archive is ready", () => {
  it("tells the link until when it works, and never the passcode", async () => {
    const { shop, id, letters } = await requestByMail();
    await approveAndWait(shop, id);
    const delivery = await shop.post<{ url: string; passcode: string }>(`/v1/data-requests/${id}/delivery`);
    const letter = await drafted(shop, letters, { kind: "ready" });
    expect(letter.text).toContain(delivery.body.url);
    expect(letter.text).not.toContain(delivery.body.passcode);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update delivery set expires_at = now() where tries_left = 5`,
    );
    await shop.post(`${letters}/${letter.id}/discard`, { reason: "The link is over." });
    expect((await shop.post(letters, { kind: "ready" })).status).toBe(409);
  }, 120_000);
});

describe("a letter that a step of the request leaves", () => {
  const refusal: LetterContent = { kind: "refusal", reason: "An open invoice has to be kept." };

  /** What the step of a request does: its letter comes in the same statement. */
  async function leave(ctx: Context, requestId: string, content: LetterContent, neededBy: Date) {
    const request = await selectRequest(ctx, parseId("req", requestId) ?? "");
    if (request === undefined) throw new Error("There is no such request.");
    const made = await prepareLetter(ctx, request, content, { neededBy });
    await write(ctx, (sql) => ({
      parts: [
        ["moved", sql`select ${request.id}::uuid as id`],
        ...draftParts(sql, ctx, made, { of: "moved", replaces: true }),
      ],
      result: sql`select id from drafted`,
      audit: { action: "letter.drafted", entity: requestId },
    }));
  }

  it("is the next thing to do, also after the request's end, and cannot be given up", async () => {
    const { shop, id, letters } = await requestByMail();
    const ctx = await shop.context();
    const neededBy = new Date(Date.now() + 86_400_000);
    await leave(ctx, id, refusal, neededBy);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update data_request set status = 'refused' where id = ${parseId("req", id) ?? ""}`,
    );
    const [letter] = (await shop.get<{ items: Letter[] }>(letters)).body.items;
    const { next } = await look(shop, id);
    expect(next).toEqual({
      by: "staff",
      event: "letter_sent",
      letterId: letter?.id,
      neededBy: neededBy.toISOString(),
    });
    expect((await shop.post(`${letters}/${letter?.id}/discard`, { reason: "No." })).status).toBe(409);
    await shop.post(`${letters}/${letter?.id}/mark-sent`, { version: 1, way: "post", sentAt: ago(0) });
    expect((await look(shop, id)).next).toBeNull();
  });

  it("takes the place of a draft of its kind", async () => {
    const { shop, id, letters } = await requestByMail();
    const ctx = await shop.context();
    const neededBy = new Date(Date.now() + 86_400_000);
    await leave(ctx, id, refusal, neededBy);
    await leave(ctx, id, { kind: "refusal", reason: "Another reason." }, neededBy);
    const { items } = (await shop.get<{ items: Letter[] }>(letters)).body;
    expect(items).toHaveLength(1);
    expect((await seen(shop, `${letters}/${items[0]?.id}`)).text).toContain("Another reason.");
  });
});

describe("mailing a letter", () => {
  it("is tried again when the mail server is busy, later each time, with the reason to be seen meanwhile", async () => {
    const { shop, id, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const path = `${letters}/${draft.id}`;
    inbox.refuse(1);
    await shop.post(`${path}/send`, { version: 1 });
    const failed = await until(
      () => seen(shop, path),
      ({ failure }) => failure !== null,
    );
    expect(failed).toMatchObject({ state: "sending", attempts: 1, failure: expect.stringContaining("451") });
    expect(Date.parse(failed.nextAttemptAt ?? "")).toBeGreaterThan(Date.now() + 50_000);
    expect(failed.failure).not.toContain(email);
    // Not before its time.
    const ctx = await shop.context({ kind: "system" });
    await mailLetter(ctx, parseId("let", draft.id) ?? "");
    expect(inbox.received.map(({ to }) => to)).not.toContain(email);
    await letTimePass(draft.id);
    expect(await resumeLetters(service.services)).toBeGreaterThan(0);
    await sentOnce(shop, path);
    expect(inbox.received.filter(({ to }) => to === email)).toHaveLength(1);
    const events = (await look(shop, id)).timeline.map(({ event }) => event);
    expect(events).toEqual(["opened", "letter_drafted", "letter_failed", "letter_sent"]);
  });

  it("that is asked for by many at the same time hands the mail over once", async () => {
    const { shop, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    await shop.post(`${letters}/${draft.id}/send`, { version: 1 });
    const ctx = await shop.context({ kind: "system" });
    await Promise.all(Array.from({ length: 20 }, () => mailLetter(ctx, parseId("let", draft.id) ?? "")));
    await sentOnce(shop, `${letters}/${draft.id}`);
    expect(inbox.received.filter(({ to }) => to === email)).toHaveLength(1);
  });

  it("that the mail server refuses for good leaves a draft, for staff to send another way", async () => {
    const { shop, id, letters } = await requestByMail({ subject: { email: "nobody@refused.example" } });
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const path = `${letters}/${draft.id}`;
    await shop.post(`${path}/send`, { version: 1 });
    const failed = await until(
      () => seen(shop, path),
      ({ failure }) => failure !== null,
    );
    expect(failed).toMatchObject({ state: "draft", version: 2, failure: expect.stringContaining("550") });
    expect((await look(shop, id)).timeline.at(-1)).toMatchObject({
      event: "letter_failed",
      reason: failed.failure,
      details: { isTriedAgain: false },
    });
    const marked = await shop.post(`${path}/mark-sent`, { version: 2, way: "post", sentAt: ago(0) });
    expect(marked.status).toBe(200);
  });

  it("whose sender died is taken up again when its claim is over, and not before", async () => {
    const { shop, email, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const uuid = parseId("let", draft.id) ?? "";
    // As a process leaves it that claimed the letter and was killed.
    await administer(
      service.database.ownerUrl,
      (sql) => sql`
        update letter set state = 'sending', attempts = 1, due_at = now() + interval '100 seconds' where id = ${uuid}`,
    );
    const ctx = await shop.context({ kind: "system" });
    await mailLetter(ctx, uuid);
    expect(inbox.received.map(({ to }) => to)).not.toContain(email);
    await letTimePass(draft.id);
    await resumeLetters(service.services);
    await sentOnce(shop, `${letters}/${draft.id}`);
    expect(await seen(shop, `${letters}/${draft.id}`)).toMatchObject({ attempts: 2, to: email });
  });

  it("without a mail server is refused at once, with what to do", async () => {
    const { shop, letters } = await requestByMail();
    const draft = await drafted(shop, letters, { kind: "receipt" });
    const ctx = await shop.context();
    const { sendLetter } = await import("../../../src/features/datarequest/index.ts");
    const without = { ...ctx, services: { ...ctx.services, sendMail: undefined } };
    const requestId = letters.split("/")[3] ?? "";
    await expect(sendLetter(without, requestId, draft.id, { version: 1 })).rejects.toMatchObject({
      code: "conflict",
      detail: expect.stringContaining("SMTP_URL"),
    });
    const sandbox = { ...ctx, keys: { ...ctx.keys, isSandbox: true } };
    await expect(sendLetter(sandbox, requestId, draft.id, { version: 1 })).rejects.toMatchObject({
      detail: expect.stringContaining("sandbox"),
    });
  });
});
