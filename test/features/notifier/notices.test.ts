import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import type { Config } from "../../../src/config.ts";
import { write } from "../../../src/db/write.ts";
import { readGraphAnswer, readSmsAnswer } from "../../../src/features/notifier/domain/answer.ts";
import { type Notice, ways, wayTo } from "../../../src/features/notifier/domain/notice.ts";
import { noticePart, prepareNotice, readOutbox, sendNotice } from "../../../src/features/notifier/index.ts";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { graphAnswers } from "../../cases/notifier/gateway-answers.ts";
import { until } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { type Inbox, receiveMail } from "../../support/mail.ts";
import { Receiver } from "../../support/receiver.ts";
import {
  type OrganizationClient,
  startTestService,
  type TestService,
  testConfig,
} from "../../support/service.ts";

const phone = "+12025550123";
const email = "customer@mail.example";
const token = "token-that-nobody-reads";

let graph: Receiver;
let sms: Receiver;
let inbox: Inbox;
beforeAll(async () => {
  [graph, sms, inbox] = await Promise.all([Receiver.open(), Receiver.open(), receiveMail()]);
});
afterAll(async () => {
  await Promise.all([graph.stop(), sms.stop(), inbox.close()]);
});

const takes = (response: Parameters<Receiver["behave"]>[0]) =>
  void response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ messaging_product: "whatsapp", messages: [{ id: "wamid.HBgL" }] }));
const answers =
  (status: number, body: object): Receiver["behave"] =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

beforeEach(() => {
  for (const receiver of [graph, sms]) {
    receiver.received.length = 0;
    receiver.behave = takes;
  }
});

const gateways = (): Config["gateways"] => ({
  whatsapp: {
    url: `${new URL(graph.url).origin}/v24.0`,
    token,
    phoneNumberId: "106540352242922",
    codeTemplate: "code",
  },
  sms: { url: sms.url, token },
});

/** A notice in the outbox, written together with what is its cause. */
async function queue(
  org: OrganizationClient,
  changes: Partial<Notice> = {},
  lifeSeconds = 600,
): Promise<string> {
  const ctx = await org.context();
  const notice = prepareNotice(
    ctx,
    {
      kind: "identity_code",
      to: { kind: "phone", value: phone },
      language: "en",
      organizationName: "Harbour\nTea",
      code: "042042",
      minutes: 10,
      ...changes,
    },
    lifeSeconds,
  );
  await write(ctx, (sql) => ({
    parts: [["cause", sql`select 1 as one`], noticePart(sql, ctx, notice, "cause")],
    result: sql`select one from cause`,
    audit: { action: "data_request.opened", entity: "test" },
  }));
  return notice.id;
}

/** Does what the worker would do with a notice, now. */
async function send(service: TestService, org: OrganizationClient, noticeId: string): Promise<void> {
  const { list } = composeOutgoingTasks(service.composed, testConfig);
  const { organizationId } = await org.context();
  await list.send_notice?.({ organizationId, noticeId }, new AbortController().signal);
}

async function row(service: TestService, id: string) {
  const [found] = await administer(
    service.database.ownerUrl,
    (sql) =>
      sql<
        {
          state: string;
          way: string | null;
          reason: string | null;
          attempts: number;
          sealed: Buffer | null;
          due: boolean;
        }[]
      >`select state, way, reason, attempts, sealed, due_at <= now() as due from notice where id = ${id}`,
  );
  return found;
}

const shift = (service: TestService, id: string, column: "due_at" | "expires_at", seconds: number) =>
  administer(
    service.database.ownerUrl,
    (sql) =>
      sql`update notice set ${sql(column)} = now() + make_interval(secs => ${seconds}) where id = ${id}`,
  );

const jobsFor = (service: TestService, id: string) =>
  administer(
    service.database.ownerUrl,
    (sql) => sql<{ task: string; run_at: Date }[]>`
      select task_identifier as task, run_at from graphile_worker.jobs where key = ${`notice:${id}`}`,
  );

async function resume(service: TestService): Promise<void> {
  const { list, schedule } = composeOutgoingTasks(service.composed, testConfig);
  expect(schedule).toContainEqual({ task: "resume_notices", match: "* * * * *" });
  await list.resume_notices?.({}, new AbortController().signal);
}

describe("with every way configured", () => {
  let service: TestService;
  let org: OrganizationClient;
  beforeAll(async () => {
    service = await startTestService({
      config: { gateways: gateways(), mail: { url: inbox.url, from: "hello@shop.example" } },
    });
    org = await service.organization();
  });
  afterAll(() => service.close());

  it("a code goes to a number as WhatsApp's authentication template, in the person's language", async () => {
    const id = await queue(org, { language: "ru" });
    await send(service, org, id);
    expect(graph.received.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/v24.0/106540352242922/messages", `Bearer ${token}`],
    ]);
    expect(graph.bodies).toEqual([
      {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: "12025550123",
        type: "template",
        template: {
          name: "code",
          language: { code: "ru" },
          components: [
            { type: "body", parameters: [{ type: "text", text: "042042" }] },
            { type: "button", sub_type: "url", index: "0", parameters: [{ type: "text", text: "042042" }] },
          ],
        },
        biz_opaque_callback_data: expect.stringMatching(/^ntf_/),
      },
    ]);
    expect(await row(service, id)).toMatchObject({
      state: "sent",
      way: "whatsapp",
      sealed: null,
      reason: null,
    });
    expect(sms.received).toEqual([]);
  });

  it("a code goes to an e-mail address as a mail", async () => {
    const id = await queue(org, { to: { kind: "email", value: email } });
    await send(service, org, id);
    const mail = await inbox.next(email);
    expect(mail.subject).toBe("042042 is your code for Harbour Tea");
    for (const part of [mail.text, mail.html]) expect(part).toContain("042042");
    expect(await row(service, id)).toMatchObject({ state: "sent", way: "email", sealed: null });
  });

  it("who is not on WhatsApp gets a text message in the same go", async () => {
    graph.behave = answers(400, { error: { code: 131026, message: `${phone} is not on WhatsApp` } });
    const id = await queue(org);
    await send(service, org, id);
    expect(sms.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${token}`]);
    expect(sms.bodies).toEqual([
      {
        id: expect.stringMatching(/^ntf_/),
        to: phone,
        text: "042042 is your code for your request to Harbour Tea. It works for 10 minutes. If you did not ask, tell it to nobody.",
      },
    ]);
    expect(await row(service, id)).toMatchObject({ state: "sent", way: "sms", attempts: 1 });
  });

  it("is given up with its reason when no way takes it, and what it said is forgotten", async () => {
    graph.behave = answers(400, { error: { code: 131026 } });
    sms.behave = answers(400, { message: `No such number: ${phone}` });
    const id = await queue(org);
    await send(service, org, id);
    expect(await row(service, id)).toMatchObject({
      state: "failed",
      reason: "The SMS gateway answered 400.",
      sealed: null,
    });
    const items = await readOutbox(await org.context());
    expect(items.find(({ state }) => state === "failed")).toMatchObject({ to: null, text: null });
  });

  it("is tried again, later each time, with the reason to be seen, until it goes", async () => {
    graph.behave = answers(429, { error: { code: 130429 } });
    const id = await queue(org);
    for (const attempts of [1, 2]) {
      await send(service, org, id);
      expect(await row(service, id)).toMatchObject({
        state: "waiting",
        attempts,
        reason: "WhatsApp answered 429, error 130429.",
        due: false,
      });
      // Not due yet: asked again nothing happens.
      await send(service, org, id);
      expect((await row(service, id))?.attempts).toBe(attempts);
      await shift(service, id, "due_at", 0);
    }
    expect(await jobsFor(service, id)).toMatchObject([{ task: "send_notice" }]);
    graph.behave = takes;
    await send(service, org, id);
    expect(await row(service, id)).toMatchObject({ state: "sent", attempts: 3 });
  });

  it("a gateway that is gone, silent or sends elsewhere gets it again; a token goes nowhere else", async () => {
    await graph.stop();
    const id = await queue(org);
    await send(service, org, id);
    expect((await row(service, id))?.reason).toBe("WhatsApp gave no answer: no connection.");
    await graph.start();
    graph.behave = (response) => void response.writeHead(307, { location: sms.url }).end();
    await shift(service, id, "due_at", 0);
    await send(service, org, id);
    expect((await row(service, id))?.reason).toBe("WhatsApp answered 307.");
    expect(sms.received).toEqual([]);
  });

  it("two that take it at the same time hand it over once", async () => {
    const id = await queue(org);
    await Promise.all([send(service, org, id), send(service, org, id), send(service, org, id)]);
    expect(graph.received).toHaveLength(1);
  });

  it("what died with it in hand is taken up again: a second message at most, and none lost", async () => {
    const id = await queue(org);
    const died = new Promise<void>((resolve) => {
      // It was handed over, and the connection is lost before that is known.
      graph.behave = (_response, _received, socket) => {
        socket.destroy();
        resolve();
      };
    });
    const { list } = composeOutgoingTasks(service.composed, testConfig);
    const { organizationId } = await org.context();
    const dying = list.send_notice?.({ organizationId, noticeId: id }, new AbortController().signal);
    await died;
    await dying;
    graph.behave = takes;
    // As a process leaves it that was killed: claimed, its job gone with it.
    await shift(service, id, "due_at", -31);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`select graphile_worker.remove_job(${`notice:${id}`})`,
    );
    await resume(service);
    expect(await jobsFor(service, id)).toMatchObject([{ task: "send_notice" }]);
    await send(service, org, id);
    expect(await row(service, id)).toMatchObject({ state: "sent" });
    expect(graph.received).toHaveLength(2);
  });

  it("whose time is over is not handed over, and what it said is forgotten", async () => {
    const id = await queue(org);
    await shift(service, id, "expires_at", -1);
    await send(service, org, id);
    expect(graph.received).toEqual([]);
    await resume(service);
    expect(await row(service, id)).toMatchObject({ state: "expired", sealed: null });
  });

  it("leaves no number, code or token in the log, the audit log or the table", async () => {
    graph.behave = answers(400, { error: { code: 131026, message: phone } });
    sms.behave = answers(500, { to: phone });
    const id = await queue(org);
    await send(service, org, id);
    const left = await administer(
      service.database.ownerUrl,
      (sql) =>
        sql`select (select jsonb_agg(n) from notice n)::text || (select jsonb_agg(a) from audit_entry a)::text as text`,
    );
    for (const secret of [phone, phone.slice(1), "042042", token, email])
      expect(`${service.log.join("")}${left[0]?.text}`).not.toContain(secret);
  });
});

describe("without any way, and in a sandbox", () => {
  let service: TestService;
  let worker: BackgroundWorker;
  beforeAll(async () => {
    service = await startTestService();
    worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, testConfig));
  });
  afterAll(async () => {
    await worker.stop();
    await service.close();
  });

  it("a notice stays in the outbox to be read, on record, until its time is over", async () => {
    const org = await service.organization();
    const id = await queue(org);
    await until(
      () => row(service, id),
      (found) => found?.state === "kept",
    );
    const [item] = await readOutbox(await org.context());
    expect(item).toMatchObject({
      kind: "identity_code",
      state: "kept",
      to: phone,
      text: expect.stringContaining("042042"),
    });
    const audited = await administer(
      service.database.ownerUrl,
      (sql) => sql`select details from audit_entry where action = 'outbox.read' and entity = ${org.id}`,
    );
    expect(audited).toMatchObject([{ details: { notices: [item?.id] } }]);
    // Another organization has its own.
    expect(await readOutbox(await (await service.organization()).context())).toEqual([]);

    await shift(service, id, "expires_at", -1);
    expect(await readOutbox(await org.context())).toMatchObject([{ state: "expired", to: null, text: null }]);
    await resume(service);
    expect(await row(service, id)).toMatchObject({ state: "expired", sealed: null });
  });

  it("sealed under its own place: another notice's words do not open in its stead", async () => {
    const org = await service.organization();
    const [first, second] = [await queue(org), await queue(org, { code: "777777" })];
    for (const id of [first, second])
      await until(
        () => row(service, id),
        (found) => found?.state === "kept",
      );
    await administer(
      service.database.ownerUrl,
      (sql) =>
        sql`update notice set sealed = (select sealed from notice where id = ${second}) where id = ${first}`,
    );
    await expect(readOutbox(await org.context())).rejects.toThrow();
  });
});

test("a sandbox's notices reach nobody, whatever is configured", async () => {
  const service = await startTestService({ config: { gateways: gateways() } });
  try {
    const org = await service.organization();
    const ctx = await org.context();
    const id = await queue(org);
    await sendNotice({ ...ctx, keys: { ...ctx.keys, isSandbox: true } }, id, new AbortController().signal);
    expect([graph.received.length, sms.received.length]).toEqual([0, 0]);
    expect(await row(service, id)).toMatchObject({ state: "kept" });
  } finally {
    await service.close();
  }
});

describe("what a gateway answers", () => {
  it.each(graphAnswers)("$guarantee", ({ status, body, outcome }) => {
    const handed = readGraphAnswer(status, body);
    expect(handed.outcome).toBe(outcome);
    // Meta's own words may name the person.
    expect(JSON.stringify(handed)).not.toContain("+12025550123");
  });

  it.each([
    [200, "sent"],
    [202, "sent"],
    [301, "later"],
    [400, "never"],
    [401, "later"],
    [422, "never"],
    [429, "later"],
    [503, "later"],
  ] as const)("SMS: %d is %s", (status, outcome) => {
    expect(readSmsAnswer(status).outcome).toBe(outcome);
  });
});

test("the way fits the address, is configured and not ruled out; a number's first is WhatsApp", () => {
  expect(wayTo("phone", ways, [])).toBe("whatsapp");
  expect(wayTo("phone", ways, ["whatsapp"])).toBe("sms");
  expect(wayTo("phone", ["email"], [])).toBeUndefined();
  expect(wayTo("email", ways, [])).toBe("email");
  expect(wayTo("email", ["whatsapp", "sms"], [])).toBeUndefined();
});
