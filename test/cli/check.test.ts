import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ended, environmentOf, runBuilt } from "../support/built.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { messages, Shop } from "../support/shop.ts";

let service: TestService;
let folder: string;
let shop: Shop;
beforeAll(async () => {
  service = await startTestService();
  shop = await Shop.open(service);
  await shop.proven(person);
});
afterAll(() => service.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-check-"));
  return () => rm(folder, { recursive: true, force: true });
});

const person = { phone: "+12025550142" };
const stranger = { phone: "+12025550143" };

const line = (recipient: object, messageRef: string) =>
  `${JSON.stringify({ sender: shop.sender.id, recipient, purpose: "promotions", message: messages.sale, messageRef })}\n`;

const file = (name: string) => path.join(folder, name);

/** Runs `sayso check` of the shop beside the running service. */
function check(...args: string[]): Promise<Ended> {
  return runBuilt(
    "cli.js",
    ["check", "--organization", shop.org.id, ...args],
    environmentOf(service.database),
  );
}

/** The same with standard streams of its own; it is given nothing yet. */
function startCheck(stdout: "pipe" | number, ...args: string[]) {
  const { PATH, HOME } = process.env;
  return spawn(
    process.execPath,
    [
      fileURLToPath(new URL("../../dist/cli.js", import.meta.url)),
      ...["check", "--organization", shop.org.id, ...args],
    ],
    { env: { PATH, HOME, ...environmentOf(service.database) }, stdio: ["pipe", stdout, "pipe"] },
  );
}

async function answersIn(name: string) {
  const lines = (await readFile(file(name), "utf8")).trimEnd().split("\n");
  return lines.map(
    (answer) => JSON.parse(answer) as { messageRef?: string; decision?: string; line?: number },
  );
}

describe("sayso check", () => {
  test("answers a file line by line in its order, records the decisions and ends with exit code 0", async () => {
    const refs = Array.from({ length: 1_000 }, (_, index) => `order-${index}`);
    const isAllowed = (index: number) => index % 3 === 0;
    await writeFile(
      file("in"),
      refs.map((ref, index) => line(isAllowed(index) ? person : stranger, ref)).join("\n"),
    );
    const ended = await check("--input", file("in"), "--output", file("out"), "--json");
    expect(ended).toEqual({
      code: 0,
      stdout: '{"lines":1000,"allowed":334,"denied":666,"problems":0}\n',
      stderr: "",
    });
    const answers = await answersIn("out");
    expect(answers.map(({ messageRef, decision }) => [messageRef, decision])).toEqual(
      refs.map((ref, index) => [ref, isAllowed(index) ? "allow" : "deny"]),
    );
    const { decisionId } = answers[0] as { decisionId?: string };
    expect((await shop.org.get(`/v1/decisions/${decisionId}`)).body).toMatchObject({ decision: "allow" });
    expect((await stat(file("out"))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(["in", "out"]);
  });

  test("a bad line is answered in its place, and the exit code is 1", async () => {
    await writeFile(file("in"), `${line(person, "a")}{\n${line(stranger, "b")}`);
    const ended = await check("--input", file("in"), "--output", file("out"));
    expect(ended).toEqual({ code: 1, stdout: "3 lines: 1 allowed, 1 denied, 1 problems.\n", stderr: "" });
    expect(await answersIn("out")).toMatchObject([
      { messageRef: "a", decision: "allow" },
      { line: 2, problem: { type: "urn:sayso:problem:malformed", status: 400 } },
      { messageRef: "b", decision: "deny" },
    ]);
  });

  test("reads standard input and writes standard output, the count on standard error", async () => {
    const child = startCheck("pipe", "--input", "-", "--output", "-", "--json");
    child.stdin?.end(line(person, "a") + line(stranger, "b"));
    const [[code], out, err] = await Promise.all([
      once(child, "close"),
      text(child.stdout ?? Readable.from([])),
      text(child.stderr ?? Readable.from([])),
    ]);
    const decisions = out
      .trimEnd()
      .split("\n")
      .map((answer) => (JSON.parse(answer) as { decision: string }).decision);
    expect({ code, decisions, err }).toEqual({
      code: 0,
      decisions: ["allow", "deny"],
      err: '{"lines":2,"allowed":1,"denied":1,"problems":0}\n',
    });
  });

  test("holds a part of a file however long it is: its answers are more than the memory that it is given", async () => {
    // Every field that there is not gets a sentence of its own.
    const bad = JSON.stringify(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1])),
    );
    const group = `${bad}\n`.repeat(99) + line(stranger, "order");
    await writeFile(file("in"), Array<string>(120).fill(group));
    for (const what of [["--output", file("out")], ["--preview"]]) {
      const ended = await runBuilt(
        "cli.js",
        ["check", "--organization", shop.org.id, "--input", file("in"), ...what, "--json"],
        { ...environmentOf(service.database), NODE_OPTIONS: "--max-old-space-size=64" },
      );
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 1, stderr: "" });
      expect(JSON.parse(ended.stdout)).toMatchObject({ allowed: 0, denied: 120 });
    }
    expect((await stat(file("out"))).size).toBeGreaterThan(64 * 1024 ** 2);
  });

  test("a run that is killed leaves nothing under the name of its answers", async () => {
    const child = startCheck("pipe", "--input", "-", "--output", file("out"));
    const ended = once(child, "close");
    child.stdin?.write(line(person, "a").repeat(10));
    await expect
      .poll(
        async () =>
          Promise.all((await readdir(folder)).map(async (name) => (await stat(file(name))).size > 0)),
        {
          timeout: 60_000,
        },
      )
      .toEqual([true]);
    child.kill("SIGKILL");
    await ended;
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^out\..+\.partial$/)]);
  });

  test("writes over nothing unless told to, and then only over a file", async () => {
    await writeFile(file("in"), line(person, "a"));
    await writeFile(file("out"), "mine");
    expect(await check("--input", file("in"), "--output", file("out"))).toEqual({
      code: 1,
      stdout: "",
      stderr: `${file("out")} is there already. Name another file, or add --force.\n`,
    });
    expect(await readFile(file("out"), "utf8")).toBe("mine");
    expect((await check("--input", file("in"), "--output", file("out"), "--force")).code).toBe(0);
    expect(await answersIn("out")).toMatchObject([{ messageRef: "a" }]);
    expect(await check("--input", file("in"), "--output", folder, "--force")).toMatchObject({
      code: 1,
      stderr: `${folder} is no file. Name a file.\n`,
    });
  });

  test("says what cannot be read or written, and leaves nothing behind", async () => {
    await writeFile(file("in"), line(person, "a"));
    expect(await check("--input", file("nowhere"), "--output", file("out"))).toEqual({
      code: 1,
      stdout: "",
      stderr: `${file("nowhere")} cannot be read (ENOENT).\n`,
    });
    expect(await check("--input", folder, "--preview")).toMatchObject({
      code: 1,
      stderr: `${folder} cannot be read (EISDIR).\n`,
    });
    expect(await check("--input", file("in"), "--output", file("no/out"))).toEqual({
      code: 1,
      stdout: "",
      stderr: `${file("no/out")} cannot be written (ENOENT).\n`,
    });
    expect(await readdir(folder)).toEqual(["in"]);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk is told, and the exit code is 1", async () => {
    const child = startCheck(openSync("/dev/full", "w"), "--input", "-", "--output", "-");
    child.stdin?.end(line(person, "a"));
    const [[code], err] = await Promise.all([once(child, "close"), text(child.stderr ?? Readable.from([]))]);
    expect({ code, err }).toEqual({ code: 1, err: "Standard output cannot be written (ENOSPC).\n" });
  });

  test("with --preview counts what would be answered and records nothing", async () => {
    await writeFile(file("in"), line(person, "p") + line(stranger, "q") + line(stranger, "r"));
    const count = async () =>
      (await shop.sql((sql, id) => sql`select count(*) from decision where organization_id = ${id}`))[0]
        ?.count;
    const before = await count();
    const ended = await check("--input", file("in"), "--preview", "--json");
    expect({ ...ended, stdout: JSON.parse(ended.stdout) }).toEqual({
      code: 0,
      stdout: {
        recipients: 3,
        allowed: 1,
        denied: 2,
        unreadable: 0,
        inWindow: 0,
        templateOnly: 1,
        byWorstReason: { consent_missing: 2 },
        byReason: { consent_missing: 2 },
        deniedForNow: { recipients: 0, byHour: {} },
        problems: [],
      },
      stderr: "",
    });
    expect(await count()).toBe(before);
  });

  test("with --preview prints a table for people, with what is wrong with lines, and the exit code is then 1", async () => {
    const bad = line(stranger, "r").replace('"promotions"', "7");
    const nobody = line({ phone: "1" }, "s");
    await writeFile(file("in"), `${line(person, "p")}${line(stranger, "q").repeat(9)}{\n${bad}${nobody}`);
    expect(await check("--input", file("in"), "--preview")).toEqual({
      code: 1,
      stdout: [
        "13  lines",
        " 1  allowed",
        " 0    in an open window",
        " 1    by template only",
        "10  denied",
        " 9    consent_missing (and 1 who have a worse reason)",
        " 1    recipient_invalid",
        " 0    of these for now only: ask again later",
        " 2  unreadable",
        "line 11: The body is not JSON. Send one JSON document in UTF-8.",
        "line 12: /purpose Invalid input: expected string, received number",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  test("is not understood without --output or --preview, nor with both", async () => {
    const neither = await check("--input", "-");
    expect({ code: neither.code, err: neither.stderr.split("\n")[0] }).toEqual({
      code: 2,
      err: "error: name a file with --output, or add --preview",
    });
    expect((await check("--input", "-", "--preview", "--output", "x", "--json")).code).toBe(2);
  });
});
