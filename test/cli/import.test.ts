import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { environmentOf, runBuilt } from "../support/built.ts";
import { contentsOf } from "../support/contents.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { ago, messages, Shop } from "../support/shop.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-import-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

const [ann, ben, cat] = [{ phone: "+12025550111" }, { phone: "+12025550122" }, { phone: "+12025550133" }];
const reply = { purpose: "support", message: messages.freeForm };

type Noun = "opt-out" | "inbound";

/** Imports a file of these lines; an object is written as JSON, a text as it is. */
async function run(shop: Shop, noun: Noun, lines: readonly (object | string)[], ...options: string[]) {
  const file = path.join(folder, `${service.nextNumber()}.ndjson`);
  await writeFile(
    file,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  const args = [noun, "import", "--organization", shop.org.id, "--input", file, ...options];
  return runBuilt("cli.js", args, environmentOf(service.database));
}

const counted = (imported: number, unchanged: number, refused = 0) => ({
  code: refused === 0 ? 0 : 1,
  stdout: `${JSON.stringify({ imported, unchanged, refused })}\n`,
  stderr: refused === 0 ? "" : expect.any(String),
});

const optOut = (subject: object, more: object = {}) => ({
  subject,
  scope: "all",
  occurredAt: ago(60),
  ...more,
});

async function optOuts(shop: Shop) {
  return (await shop.org.get<{ items: object[] }>("/v1/opt-outs")).body.items;
}

describe("an import of opt-outs", () => {
  it("takes each as of its own time, and done again changes nothing and says so; a dry run records nothing", async () => {
    const shop = await Shop.open(service);
    for (const person of [ann, ben, cat]) await shop.proven(person, {}, { occurredAt: ago(240) });
    const purpose = { scope: "purpose", purpose: "promotions", channel: "whatsapp" };
    const lines = [
      optOut(ann),
      optOut(ben, { ...purpose, source: "import" }),
      "",
      optOut({ email: "c@example.com" }),
    ];
    const before = await contentsOf(service.database);
    expect(await run(shop, "opt-out", lines, "--dry-run", "--json")).toEqual(counted(3, 0));
    expect(await contentsOf(service.database)).toEqual(before);

    expect(await run(shop, "opt-out", lines, "--json")).toEqual(counted(3, 0));
    expect(await shop.codes(ann)).toContain("recipient_opted_out");
    expect(await shop.codes(ben)).toContain("recipient_opted_out");
    expect(await shop.codes(cat)).toEqual([]);
    expect(await optOuts(shop)).toHaveLength(3);
    expect(await optOuts(shop)).toMatchObject([{}, {}, {}].map(() => ({ source: "import" })));

    const after = await contentsOf(service.database);
    expect(await run(shop, "opt-out", lines, "--dry-run", "--json")).toEqual(counted(0, 3));
    expect(await run(shop, "opt-out", lines, "--json")).toEqual(counted(0, 3));
    expect(await contentsOf(service.database)).toEqual(after);
  });

  it("takes a no that stands many times over in one file once", async () => {
    const shop = await Shop.open(service);
    const same = optOut(ann);
    const { code, stdout } = await run(
      shop,
      "opt-out",
      Array.from({ length: 60 }, () => same),
    );
    expect([code, stdout]).toEqual([0, "1 imported, 59 unchanged, 0 refused.\n"]);
    expect(await optOuts(shop)).toHaveLength(1);
  });

  it("never makes a newer no older, and ends no yes that the person demonstrably gave later", async () => {
    const shop = await Shop.open(service);
    await shop.optOut(ann, { occurredAt: ago(30) });
    await shop.proven(ben, {}, { occurredAt: ago(90) });
    await shop.proven(cat, {}, { occurredAt: ago(90) });
    const lines = [optOut(ann, { occurredAt: ago(200) }), optOut(ben, { occurredAt: ago(200) }), optOut(cat)];
    expect(await run(shop, "opt-out", lines, "--json")).toEqual(counted(2, 1));
    await shop.proven(ann, {}, { occurredAt: ago(100) });
    expect(await shop.codes(ann)).toContain("recipient_opted_out");
    expect(await shop.codes(ben)).toEqual([]);
    expect(await shop.codes(cat)).toContain("recipient_opted_out");
    expect((await shop.reported(ben, { purpose: "order_updates" })).state).toBe("requested");
  });

  it("that names two people holds for both", async () => {
    const shop = await Shop.open(service);
    const email = { email: "customer@example.com" };
    await shop.proven(ann);
    await shop.proven(email);
    const lines = [optOut({ ...ann, ...email }, { occurredAt: ago(0) })];
    expect(await run(shop, "opt-out", lines, "--dry-run", "--json")).toEqual(counted(1, 0));
    expect(await run(shop, "opt-out", lines, "--json")).toEqual(counted(1, 0));
    expect(await run(shop, "opt-out", lines, "--json")).toEqual(counted(0, 1));
    for (const person of [ann, email]) expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("says of each line that it refuses where it stands and what is wrong, takes the others, and ends with 1", async () => {
    const shop = await Shop.open(service);
    const lines = [
      optOut(ann),
      '{"subject":',
      "",
      optOut({ phone: "+1202" }),
      optOut(ben, { occurredAt: ago(-3600) }),
      optOut(ben, { scope: "purpose", purpose: "no_such" }),
      optOut(ben, { source: "link" }),
      optOut(ben, { reason: "none" }),
      optOut({ subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" }),
      JSON.stringify(optOut(ben)).padEnd(limits.bodyBytes + 1),
      optOut(cat),
    ];
    const refused = [
      [2, "malformed", undefined],
      [4, "invalid", "/subject/phone"],
      [5, "invalid", "/occurredAt"],
      [6, "invalid", "/purpose"],
      [7, "invalid", "/source"],
      [8, "invalid", "/reason"],
      [9, "not_found", undefined],
      [10, "too_large", undefined],
    ];
    for (const options of [["--dry-run"], []]) {
      const ended = await run(shop, "opt-out", lines, "--json", ...options);
      expect(ended).toEqual(counted(2, 0, 8));
      const told = ended.stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(
        told.map(({ line, problem }) => [line, problem.type.split(":").at(-1), problem.errors?.[0]?.pointer]),
      ).toEqual(refused);
    }
    for (const person of [ann, cat]) expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await optOuts(shop)).toHaveLength(2);

    const { stdout, stderr } = await run(shop, "opt-out", lines);
    expect(stdout).toBe("0 imported, 2 unchanged, 8 refused.\n");
    expect(stderr).toMatch(/^Line 2: .+\nLine 4: \/subject\/phone: .+\nLine 5: \/occurredAt: /);
  });

  it("needs no more memory for a hundred thousand bad lines than for a few", async () => {
    const shop = await Shop.open(service);
    const file = path.join(folder, "long.ndjson");
    await writeFile(file, '{"subject":{}}\n'.repeat(100_000));
    const args = ["opt-out", "import", "--organization", shop.org.id, "--input", file, "--json"];
    const environment = { ...environmentOf(service.database), NODE_OPTIONS: "--max-old-space-size=64" };
    const { code, stdout, stderr } = await runBuilt("cli.js", args, environment);
    expect([code, stdout]).toEqual([1, counted(0, 0, 100_000).stdout]);
    expect(stderr).toMatch(/\{"line":100000,.*\}\n$/);
  });

  it("of a file that is not there, or without one, is refused as a whole", async () => {
    const environment = environmentOf(service.database);
    const nothing = path.join(folder, "nothing");
    expect(await runBuilt("cli.js", ["opt-out", "import", "--input", nothing], environment)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot be read (ENOENT)"),
    });
    expect(await runBuilt("cli.js", ["opt-out", "import"], environment)).toMatchObject({ code: 2 });
  });
});

describe("an import of messages", () => {
  const message = (shop: Shop, from: object, messageId: string, more: object = {}) => ({
    sender: shop.sender.phoneNumberId,
    from,
    messageId,
    occurredAt: ago(3600),
    ...more,
  });

  it("opens windows as of the messages' own times, and done again changes nothing and says so", async () => {
    const shop = await Shop.open(service);
    const [occurredAt, longAgo] = [ago(3600), ago(3 * 24 * 3600)];
    const lines = [
      message(shop, ann, "m-2", { occurredAt, text: "Is it open today?" }),
      message(shop, ann, "m-1", { occurredAt: longAgo }),
      message(shop, ben, "m-3", { occurredAt: longAgo, sender: shop.sender.id }),
    ];
    const before = await contentsOf(service.database);
    expect(await run(shop, "inbound", lines, "--dry-run", "--json")).toEqual(counted(3, 0));
    expect(await contentsOf(service.database)).toEqual(before);

    expect(await run(shop, "inbound", lines, "--json")).toEqual(counted(3, 0));
    expect((await shop.check(ann, reply)).window).toMatchObject({ open: true, openedAt: occurredAt });
    expect((await shop.check(ben, reply)).window).toMatchObject({ open: false, openedAt: longAgo });
    expect(await optOuts(shop)).toEqual([]);

    const after = await contentsOf(service.database);
    expect(await run(shop, "inbound", lines, "--dry-run", "--json")).toEqual(counted(0, 3));
    expect(await run(shop, "inbound", lines, "--json")).toEqual(counted(0, 3));
    expect(await contentsOf(service.database)).toEqual(after);
  });

  it("takes a STOP as a no of its own time: who demonstrably agreed since stays opted in, nobody else does", async () => {
    const shop = await Shop.open(service);
    await shop.proven(ann, {}, { occurredAt: ago(60) });
    await shop.proven(ben, {}, { occurredAt: ago(240) });
    await shop.reported(cat, {}, { occurredAt: ago(60) });
    const lines = [ann, ben, cat].map((person, n) =>
      message(shop, person, `stop-${n}`, { occurredAt: ago(120), text: "STOP" }),
    );
    expect(await run(shop, "inbound", lines, "--dry-run", "--json")).toEqual(counted(3, 0));
    expect(await run(shop, "inbound", lines, "--json")).toEqual(counted(3, 0));
    expect(await shop.codes(ann)).toEqual([]);
    expect(await shop.codes(ben)).toContain("recipient_opted_out");
    // A yes that a caller merely reported does not outlive a no, however late it came to light.
    expect(await shop.codes(cat)).toContain("recipient_opted_out");
    expect(await optOuts(shop)).toMatchObject([{}, {}, {}].map(() => ({ source: "keyword", scope: "all" })));

    const after = await contentsOf(service.database);
    expect(await run(shop, "inbound", lines, "--dry-run", "--json")).toEqual(counted(0, 3));
    expect(await run(shop, "inbound", lines, "--json")).toEqual(counted(0, 3));
    expect(await contentsOf(service.database)).toEqual(after);
  });

  it("finds the STOP behind an id that another message had before", async () => {
    const shop = await Shop.open(service);
    await shop.proven(ann);
    const hello = message(shop, ann, "m-1", { occurredAt: ago(0) });
    expect(await run(shop, "inbound", [hello], "--json")).toEqual(counted(1, 0));
    const stop = { ...hello, text: "STOP" };
    expect(await run(shop, "inbound", [stop], "--dry-run", "--json")).toEqual(counted(1, 0));
    expect(await run(shop, "inbound", [stop], "--json")).toEqual(counted(1, 0));
    expect(await shop.codes(ann)).toContain("recipient_opted_out");
    expect(await run(shop, "inbound", [stop], "--json")).toEqual(counted(0, 1));
  });

  it("says of each line that it refuses where it stands and what is wrong, takes the others, and ends with 1", async () => {
    const shop = await Shop.open(service);
    const email = { email: "customer@example.com" };
    await shop.proven(ben);
    await shop.proven(email);
    const stranger = await Shop.open(service);
    const lines = [
      message(shop, ann, "m-1"),
      message(shop, { phone: "+1202" }, "m-2"),
      message(shop, cat, "m-3", { sender: stranger.sender.id }),
      message(shop, cat, "m-4", { occurredAt: ago(-3600) }),
      message(shop, cat, "m-5", { kind: "poem" }),
      message(shop, { ...ben, ...email }, "m-6", { occurredAt: ago(0), text: "STOP" }),
      message(shop, cat, "m-7"),
    ];
    const refused = [
      [2, "/from/phone"],
      [3, "/sender"],
      [4, "/occurredAt"],
      [5, "/kind"],
      [6, undefined],
    ];
    const expectRefusals = async (...options: string[]) => {
      const ended = await run(shop, "inbound", lines, "--json", ...options);
      expect(ended).toEqual(counted(2, 0, 5));
      const told = ended.stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(told.map(({ line, problem }) => [line, problem.errors?.[0]?.pointer])).toEqual(refused);
    };
    await expectRefusals("--dry-run");
    for (const person of [ben, email]) expect(await shop.codes(person)).toEqual([]);
    await expectRefusals();
    // Which of the two said it is not known, so the no is both's.
    for (const person of [ben, email]) expect(await shop.codes(person)).toContain("recipient_opted_out");
    for (const person of [ann, cat]) expect((await shop.check(person, reply)).window.open).toBe(true);
  });
});
