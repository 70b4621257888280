import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../src/context.ts";
import type { Sql } from "../../../src/db/database.ts";
import { createPreviewer } from "../../../src/features/gate/index.ts";
import type { PreviewItem } from "../../../src/features/gate/preview.ts";
import type { PreviewAnswer } from "../../../src/features/gate/preview-routes.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { type ServiceProcess, startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, messages, Shop } from "../../support/shop.ts";

let service: TestService;
let server: ServiceProcess;
beforeAll(async () => {
  service = await startTestService();
  server = await service.startProcess();
});
afterAll(() => service.close());

const lines = { "content-type": "application/x-ndjson" };
const person = { phone: "+12025550142" };
const stranger = { phone: "+12025550143" };

const checkOf = (shop: Shop, recipient: object, input: object = {}) => ({
  sender: shop.sender.id,
  recipient,
  purpose: "promotions",
  message: messages.sale,
  ...input,
});

const bodyOf = (checks: readonly object[]) => checks.map((check) => `${JSON.stringify(check)}\n`).join("");

async function previewed(shop: Shop, body: string): Promise<PreviewAnswer> {
  const answer = await shop.org.post<PreviewAnswer>("/v1/checks/preview", body, lines);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.body;
}

/** Rows that a check may leave behind. */
const left = (shop: Shop) =>
  shop.sql(
    (sql, id) => sql`
      select (select count(*)::int from decision where organization_id = ${id}) as decisions,
        (select count(*)::int from cap_slot where organization_id = ${id}) as slots,
        (select count(*)::int from cause_use where organization_id = ${id}) as causes`,
  );
const nothing = [{ decisions: 0, slots: 0, causes: 0 }];

/** People of every kind: some allowed, in a window and not, some denied for one reason and for several. */
async function people(shop: Shop) {
  const [inWindow, stopped, blocked] = [
    { phone: "+12025550144" },
    { phone: "+12025550145" },
    { waId: "12025550146" },
  ];
  for (const each of [person, inWindow, stopped, blocked]) await shop.proven(each);
  await shop.inbound(inWindow, { occurredAt: ago(60) });
  await shop.optOut(stopped);
  await shop.org.post("/v1/blocks", { identifier: blocked, reason: "manual" });
  await shop.optOut(blocked);
  return [person, inWindow, stranger, stopped, stopped, blocked, { phone: "1" }];
}

describe("a preview", () => {
  it("counts what a batch would be answered, everybody once under the worst reason and under every reason", async () => {
    const shop = await Shop.open(service);
    const checks = (await people(shop)).map((recipient) => checkOf(shop, recipient));
    const counted = await previewed(shop, `${bodyOf(checks)}\n{\n{"sender":1}\n`);
    expect(counted).toMatchObject({
      recipients: 9,
      allowed: 2,
      denied: 5,
      unreadable: 2,
      inWindow: 1,
      templateOnly: 1,
      byWorstReason: {
        recipient_invalid: 1,
        recipient_blocked: 1,
        recipient_opted_out: 2,
        consent_missing: 1,
      },
      deniedForNow: { recipients: 0, byHour: {} },
      problems: [
        { line: 9, problem: { type: "urn:sayso:problem:malformed", status: 400 } },
        { line: 10, problem: { type: "urn:sayso:problem:invalid", errors: expect.any(Array) } },
      ],
    });
    expect(counted.problems).toHaveLength(2);

    const batch = await shop.org.post("/v1/checks/batch", bodyOf(checks), lines);
    const answers = batch.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Checked);
    const every: Record<string, number> = {};
    for (const { reasons } of answers) for (const { code } of reasons) every[code] = (every[code] ?? 0) + 1;
    expect(counted.byReason).toEqual(every);
  });

  it("is the same for one document of recipients, with the places of those that cannot be read", async () => {
    const shop = await Shop.open(service);
    const recipients = await people(shop);
    const { recipient: _, ...defaults } = checkOf(shop, person);
    const asLines = await previewed(shop, bodyOf(recipients.map((recipient) => checkOf(shop, recipient))));
    const answer = await shop.org.post("/v1/checks/preview", {
      defaults,
      recipients: [{ fax: "1" }, ...recipients],
    });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        ...asLines,
        recipients: asLines.recipients + 1,
        unreadable: 1,
        problems: [
          {
            line: 1,
            problem: expect.objectContaining({
              status: 422,
              errors: expect.arrayContaining([expect.objectContaining({ pointer: "/recipients/0/fax" })]),
            }),
          },
        ],
      },
    ]);
    const tooMany = { defaults, recipients: Array(limits.batchRecipients + 1).fill(person) };
    expect((await shop.org.post("/v1/checks/preview", tooMany)).status).toBe(422);
  });

  it("records nothing and takes no place under a cap, also not for a cause", async () => {
    const shop = await Shop.open(service);
    await shop.activatePolicy({ caps: [{ categories: ["marketing"], most: 1, hours: 24 }] });
    await shop.proven(person);
    const { body: cause } = await shop.org.post("/v1/causes", { kind: "sign_in", recipient: stranger });
    const code = {
      purpose: "sign_in_codes",
      message: messages.code,
      cause: { kind: "sign_in", id: cause.id },
    };
    const checks = [...Array(5).fill(checkOf(shop, person)), checkOf(shop, stranger, code)];
    expect(await previewed(shop, bodyOf(checks))).toMatchObject({ allowed: 6, denied: 0 });
    expect(await left(shop)).toEqual(nothing);
    expect((await shop.check(person)).decision).toBe("allow");
    expect(await previewed(shop, bodyOf(checks))).toMatchObject({
      allowed: 1,
      byWorstReason: { frequency_cap_reached: 5 },
      deniedForNow: { recipients: 5 },
    });
  });

  it("tells by the hour when to ask again those whom time alone lets through", async () => {
    const shop = await Shop.open(service);
    const block = (identifier: object, seconds: number) =>
      shop.org.post("/v1/blocks", { identifier, reason: "manual", expiresAt: ago(-seconds) });
    const [soon, late, never, far] = ["142", "144", "145", "146"].map((end) => ({
      phone: `+12025550${end}`,
    }));
    const blocked = [
      [soon, 60],
      [late, 7200],
      [never, 60],
      [far, (limits.previewHours + 2) * 3600],
    ] as const;
    for (const [who, seconds] of blocked) {
      await shop.proven(who ?? {});
      await block(who ?? {}, seconds);
    }
    // The block ends, the opt-out does not.
    await shop.optOut(never ?? {});
    const hourAfter = (seconds: number) =>
      new Date(Math.ceil((Date.now() + seconds * 1000) / 3_600_000) * 3_600_000).toISOString();
    const checks = [soon, soon, late, never, far].map((who) => checkOf(shop, who ?? {}));
    const { byWorstReason, deniedForNow } = await previewed(shop, bodyOf(checks));
    expect(byWorstReason).toEqual({ recipient_blocked: 5 });
    expect(deniedForNow.recipients).toBe(4);
    expect(Object.values(deniedForNow.byHour)).toEqual([2, 1]);
    // The hour may have turned since.
    for (const [index, seconds] of [60, 7200].entries())
      expect([hourAfter(seconds - 30), hourAfter(seconds)]).toContain(
        Object.keys(deniedForNow.byHour)[index],
      );
  });

  it("counts each of very many, wherever its statements are cut", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    for (const number of [0, 1, limits.previewChunk, limits.previewChunk + 1, 5 * limits.previewChunk]) {
      const checks = Array.from({ length: number }, (_, index) =>
        checkOf(shop, index % 3 === 0 ? person : stranger),
      );
      const allowed = Math.ceil(number / 3);
      expect(await previewed(shop, bodyOf(checks))).toMatchObject({
        recipients: number,
        allowed,
        denied: number - allowed,
        byReason: number < 2 ? {} : { consent_missing: number - allowed },
      });
    }
  });

  it("counts every bad line and tells the first of them, as far as there is room", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    const many = await previewed(
      shop,
      `${"{\n".repeat(150)}${bodyOf([checkOf(shop, person)])}${"{\n".repeat(150)}`,
    );
    expect(many).toMatchObject({ recipients: 301, allowed: 1, unreadable: 300 });
    expect(many.problems.map(({ line }) => line)).toEqual(
      Array.from({ length: limits.previewProblems }, (_, index) => index + 1),
    );
    // Names that callers chose stand in pointers.
    const long = { ...checkOf(shop, person), ["x".repeat(limits.bodyBytes - 1_000)]: 1 };
    const answer = await shop.org.post("/v1/checks/preview", bodyOf(Array(20).fill(long)), lines);
    expect(answer.body).toMatchObject({ recipients: 20, unreadable: 20 });
    expect(answer.bytes.length).toBeLessThan(limits.bodyBytes + 2_000);
  });
});

/** Groups of lines without end, and how many were taken. */
function endless(check: PreviewItem["check"], most: number) {
  let taken = 0;
  return {
    taken: () => taken,
    groups: (async function* (): AsyncGenerator<readonly PreviewItem[]> {
      for (; taken < most; taken += 100) yield Array<PreviewItem>(100).fill({ line: 1, check });
    })(),
  };
}

describe("the previews of a process", () => {
  /** A context whose statements wait until they are let go, and how many there are at the same time. */
  async function held(shop: Shop) {
    const ctx = await shop.org.context();
    let [running, most] = [0, 0];
    let letGo = () => {};
    const gone = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const statement = async <T>(run: (sql: Sql) => PromiseLike<T>) => {
      running += 1;
      most = Math.max(most, running);
      await gone;
      return ctx.services.db.statement(run).finally(() => {
        running -= 1;
      });
    };
    const services = { ...ctx.services, db: { ...ctx.services.db, statement } };
    const heldCtx: Context = { ...ctx, services };
    return { ctx: heldCtx, services, letGo, most: () => most, running: () => running };
  }

  it("ask the database few things at a time, and read no further meanwhile, however many they are", async () => {
    const shop = await Shop.open(service);
    const { ctx, services, letGo, most, running } = await held(shop);
    const preview = createPreviewer(services);
    const check = checkOf(shop, stranger, { channel: "whatsapp" }) as Exclude<
      PreviewItem["check"],
      SaysoError
    >;
    const sources = Array.from({ length: 5 }, () => endless(check, 3_000));
    const all = Promise.all(sources.map(({ groups }) => preview(ctx, groups, ({ code }) => code)));
    const takenInAll = () => sources.reduce((sum, { taken }) => sum + taken(), 0);
    let before = -1;
    while (running() < limits.previewsInFlight || takenInAll() !== before) {
      before = takenInAll();
      for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    }
    expect(running()).toBe(limits.previewsInFlight);
    const ahead = (limits.previewsInFlight + 1) * limits.previewChunk + 100;
    for (const { taken } of sources) expect(taken()).toBeLessThanOrEqual(ahead);
    letGo();
    expect((await all).map(({ denied }) => denied)).toEqual([3_000, 3_000, 3_000, 3_000, 3_000]);
    expect(most()).toBe(limits.previewsInFlight);
  });

  it("leave single checks of the same turn their turn: bad lines alone are no reason to be deaf", async () => {
    const shop = await Shop.open(service);
    const ctx = await shop.org.context();
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const bad = new SaysoError("malformed", "No check.");
    const counted = await createPreviewer(service.services)(
      ctx,
      endless(bad, 100_000).groups,
      ({ code }) => code,
    );
    isOver = true;
    expect(counted).toMatchObject({ recipients: 100_000, unreadable: 100_000 });
    expect(turns).toBeGreaterThan(100);
  });
});

describe("a client that misbehaves costs nothing but its own connection", () => {
  it("may hang up in the middle of a preview: nothing is amiss, and others are answered", async () => {
    const shop = await Shop.open(service);
    const line = `${JSON.stringify(checkOf(shop, stranger))}\n`;
    const noted = server.output().length;
    for (let time = 0; time < 10; time += 1) {
      const sent = request(new URL("/v1/checks/preview", server.url), {
        method: "POST",
        headers: { ...lines, authorization: `Bearer ${shop.org.key}`, expect: "100-continue" },
      });
      sent.on("error", () => {});
      const closed = new Promise((resolve) => sent.on("close", resolve));
      sent.flushHeaders();
      await new Promise<void>((begun) => sent.on("continue", begun));
      await new Promise((written) => sent.write(line.repeat(500 * time) + line.slice(0, 20), written));
      sent.destroy();
      await closed;
    }
    const whole = await shop.org.through(server).post("/v1/checks/preview", line, lines);
    expect([whole.status, whole.body]).toMatchObject([200, { recipients: 1, denied: 1 }]);
    const logged = () =>
      server
        .output()
        .slice(noted)
        .match(/"route":"\/v1\/checks\/preview"/g)?.length;
    await expect.poll(logged, { timeout: 30_000 }).toBe(11);
    expect(server.output()).not.toMatch(/unexpected error|"level":(50|60)|"status":5/);
    expect(server.complaint()).not.toMatch(/error|abort/i);
  });
});
