import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeEmbeddedPostgres } from "../../src/db/embedded.ts";
import { buildArchive, createReportPages, signingKeysDocument } from "../../src/features/archive/index.ts";
import { fullReport, rawPublicKey, sign } from "../features/archive/sample-report.ts";
import { type Ended, environmentOf, runBuilt, startListening } from "../support/built.ts";
import { startTestService, type TestService } from "../support/service.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-cli-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `sayso` beside the running service, on its database. */
function sayso(...args: string[]): Promise<Ended> {
  return runBuilt("cli.js", args, environmentOf(service.database));
}

/** Runs `sayso … --json`, which must succeed with nothing on standard error and one JSON document. */
async function json<Answer = Record<string, unknown>>(...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await sayso(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Answer;
}

function asking(key: string, path: string) {
  return service.anonymous.get(path, { authorization: `Bearer ${key}` });
}

interface MadeKey {
  readonly id: string;
  readonly key: string;
}

describe("sayso key", () => {
  test("create makes a key that the running service takes at once, with its scopes only", async () => {
    const made = await json<MadeKey>(
      "key",
      "create",
      "--name",
      "narrow",
      "--scope",
      "checks",
      "--scope",
      "consents",
    );
    expect(Object.keys(made)).toEqual(["id", "key"]);
    expect((await asking(made.key, "/v1/consents")).status).toBe(200);
    expect((await asking(made.key, "/v1/organization")).status).toBe(403);
  });

  test("create --test makes a key of the organization's sandbox, one for all of them, that says so", async () => {
    const test = (name: string, ...more: string[]) =>
      json<MadeKey & { organization: string }>(
        "key",
        "create",
        "--test",
        "--name",
        name,
        "--scope",
        "all",
        ...more,
      );
    const first = await test("tester");
    expect(first.key).toMatch(/^sayso_test_/);
    const seen = await asking(first.key, "/v1/organization");
    expect(seen.body).toMatchObject({ id: first.organization, sandboxOf: expect.stringMatching(/^org_/) });
    expect((await test("second tester")).organization).toBe(first.organization);
    // Whoever names the sandbox itself gets another key of it.
    const inside = await test("third tester", "--organization", first.organization);
    expect(inside.organization).toBe(first.organization);
    const plain = await json<MadeKey>(
      ...["key", "create", "--name", "fourth", "--scope", "all", "--organization", first.organization],
    );
    expect(plain.key).toMatch(/^sayso_test_/);
    const live = await json<MadeKey>("key", "create", "--name", "live", "--scope", "all");
    expect(live.key).not.toMatch(/^sayso_test_/);
    const { items } = await json<{ items: { id: string; sandboxOf: string | null }[] }>(
      "organization",
      "list",
    );
    expect(items.filter(({ sandboxOf }) => sandboxOf !== null).map(({ id }) => id)).toEqual([
      first.organization,
    ]);
  });

  test("create without an organization means the first one, and with one that one", async () => {
    const other = await json<{ id: string }>("organization", "create", "--name", "Second");
    const first = await json<MadeKey>("key", "create", "--name", "first", "--scope", "all");
    const second = await json<MadeKey>(
      ...["key", "create", "--name", "second", "--scope", "all", "--organization", other.id],
    );
    expect((await asking(first.key, "/v1/organization")).body).toMatchObject({ name: "My organization" });
    expect((await asking(second.key, "/v1/organization")).body).toMatchObject({
      id: other.id,
      name: "Second",
    });
  });

  test("a third live key of one name is refused, and after a revoke it is made", async () => {
    const make = () => sayso("key", "create", "--name", "rotated", "--scope", "all", "--json");
    const first = JSON.parse((await make()).stdout) as MadeKey;
    expect((await make()).code).toBe(0);
    const refused = await make();
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(refused.stderr)).toMatchObject({ type: "urn:sayso:problem:conflict", status: 409 });
    await json("key", "revoke", first.id);
    expect((await asking(first.key, "/v1/organization")).status).toBe(401);
    expect((await make()).code).toBe(0);
  });

  test("list shows names, scopes and ends, and never a key", async () => {
    const expires = "2099-01-31T12:00:00.000Z";
    const made = await json<MadeKey>(
      ...["key", "create", "--name", "listed", "--scope", "blocks", "--expires", "2099-01-31T13:00:00+01:00"],
    );
    const { items } = await json<{ items: { id: string }[] }>("key", "list");
    expect(items.find(({ id }) => id === made.id)).toMatchObject({
      name: "listed",
      scopes: ["blocks"],
      expiresAt: expires,
    });
    const forPeople = await sayso("key", "list");
    expect(forPeople.stdout).toContain(`${made.id}  listed  blocks  expires ${expires}`);
    expect(forPeople.stdout + JSON.stringify(items)).not.toContain(made.key);
  });

  test("revoking a key of another organization is refused as if there were none", async () => {
    const other = await service.organization();
    const { id } = await service.apiKey(other.id, ["all"]);
    const refused = await sayso("key", "revoke", id);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: "There is no such live API key.\n" });
  });
});

describe("sayso organization", () => {
  test("create prints the id, and list shows the first organization first, its control characters shown harmlessly", async () => {
    const { id } = await json<{ id: string }>("organization", "create", "--name", "Listed");
    const { items } = await json<{ items: { id: string; name: string }[] }>("organization", "list");
    expect(items[0]?.name).toBe("My organization");
    expect(items.find((item) => item.id === id)?.name).toBe("Listed");

    const odd = await service.organization({ name: "odd\u001b[31m\u202ename" });
    const { stdout } = await sayso("organization", "list");
    expect(stdout).toContain(`${odd.id}  odd\ufffd[31m\ufffdname\n`);
  });
});

describe("sayso request", () => {
  test("open, approve, show, archive and deliver answer a request, the archive built by the running service", async () => {
    const shop = await service.organization();
    await shop.patch("/v1/organization", { name: "Example Shop", country: "DE", timeZone: "Europe/Berlin" });
    const of = ["--organization", shop.id];
    const person = ["--phone", "+12025550142", "--external-id", "shop-42"];
    const opened = await json<{ id: string; status: string; joined: boolean }>(
      "request",
      "open",
      ...person,
      ...of,
    );
    expect(opened).toMatchObject({ status: "received", joined: false });
    expect(await json("request", "open", ...person, ...of)).toMatchObject({ id: opened.id, joined: true });
    const early = await sayso(
      "request",
      "archive",
      opened.id,
      "--out",
      path.join(folder, "early.zip"),
      ...of,
    );
    expect(early).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^There is no archive yet/),
    });

    const approved = await json("request", "approve", opened.id, "--method", "met_in_person", ...of);
    expect(approved).toMatchObject({ id: opened.id, status: "in_progress" });
    const running = await startListening(environmentOf(service.database));
    const show = () => json<{ status: string; timeline: unknown }>("request", "show", opened.id, ...of);
    while ((await show()).status !== "ready");
    expect((await show()).timeline).toContainEqual(
      expect.objectContaining({ event: "identity_noted", actor: { kind: "system", id: "command_line" } }),
    );
    const { items } = await json<{ items: { id: string }[] }>("request", "list", ...of);
    expect(items.map(({ id }) => id)).toEqual([opened.id]);

    const file = path.join(folder, "request.zip");
    const written = await json("request", "archive", opened.id, "--out", file, ...of);
    expect(written).toMatchObject({ id: opened.id, file, bytes: (await stat(file)).size });
    const keysUrl = `${running.url}/.well-known/sayso-keys.json`;
    expect(await json("archive", "verify", file, "--keys-url", keysUrl)).toMatchObject({
      intact: true,
      signer: "proven",
      requestId: opened.id,
    });
    const before = await readFile(file);
    const again = await sayso("request", "archive", opened.id, "--out", file, ...of);
    expect(again).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `${file} is there already. Name another file.\n`,
    });
    expect(await readFile(file)).toEqual(before);

    const delivery = await json("request", "deliver", opened.id, ...of);
    expect(delivery).toMatchObject({
      url: expect.stringMatching(/\/a\/[\w-]+$/),
      passcode: expect.stringMatching(/^\w{4}-\w{4}$/),
    });
    running.child.kill("SIGTERM");
    await running.ended;
  }, 120_000);

  test("a request that names nobody, or somebody of another organization, is refused with a sentence", async () => {
    expect(await sayso("request", "open")).toMatchObject({ code: 1, stdout: "" });
    const other = await service.organization();
    await other.patch("/v1/organization", { country: "DE", timeZone: "Europe/Berlin" });
    const theirs = await other.post<{ id: string; subjectId: string }>("/v1/data-requests", {
      subject: { phone: "+12025550143" },
      kind: "access",
      regime: "gdpr",
      receivedAt: new Date().toISOString(),
      channel: "api",
    });
    expect(theirs.status, theirs.text).toBe(201);
    for (const args of [
      ["show", theirs.body.id],
      ["approve", theirs.body.id, "--method", "guess"],
      ["deliver", theirs.body.id],
      ["archive", theirs.body.id, "--out", path.join(folder, "theirs.zip")],
    ]) {
      expect(await sayso("request", ...args)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: "There is no such data request.\n",
      });
    }
  });
});

describe("on the embedded database", () => {
  test("a command makes the database, works beside a service, and leaves the service up when it has ended", async () => {
    const data = { SAYSO_DATA_DIR: path.join(folder, "data") };
    const listed = await runBuilt("cli.js", ["key", "list", "--json"], data);
    expect(listed).toEqual({ code: 0, stdout: '{"items":[]}\n', stderr: "" });

    const running = await startListening(data);
    const made = await runBuilt("cli.js", ["key", "create", "--name", "x", "--scope", "all", "--json"], data);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const { key } = JSON.parse(made.stdout) as MadeKey;
    const asked = await fetch(`${running.url}/v1/organization`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(asked.status).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
    await removeEmbeddedPostgres(data.SAYSO_DATA_DIR);
  }, 120_000);
});

describe("what the command line does not understand", () => {
  test.each([
    ["no scope", ["key", "create", "--name", "x"], /required option '--scope <scope>'/],
    ["an unknown scope", ["key", "create", "--name", "x", "--scope", "everything"], /Scopes are all, /],
    ["an empty name", ["key", "create", "--name", " ", "--scope", "all"], /at least one letter/],
    ["a name of control characters", ["organization", "create", "--name", "a\tb"], /no control characters/],
    [
      "an end without an offset",
      ["key", "create", "--name", "x", "--scope", "all", "--expires", "2099-01-31"],
      /Write it like/,
    ],
    [
      "an end in the past",
      ["key", "create", "--name", "x", "--scope", "all", "--expires", "2001-01-31T12:00:00Z"],
      /in the past/,
    ],
    ["an unknown verb", ["key", "burn"], /unknown command/],
    ["an unknown option", ["key", "list", "--all"], /unknown option/],
    ["a missing argument", ["key", "revoke"], /missing required argument/],
  ])("%s ends with exit code 2 and a sentence, with --json as a problem", async (_what, args, sentence) => {
    const plain = await sayso(...args);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 2, stdout: "" });
    expect(plain.stderr).toMatch(sentence);
    const asJson = await sayso(...args, "--json");
    expect({ code: asJson.code, stdout: asJson.stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(asJson.stderr)).toMatchObject({
      type: "urn:sayso:problem:invalid",
      detail: expect.stringMatching(sentence),
    });
  });

  test("an organization that is none and a wrong configuration end with exit code 1 and a sentence", async () => {
    const nowhere = await sayso("key", "list", "--organization", "org_none");
    expect(nowhere).toMatchObject({ code: 1, stdout: "", stderr: "There is no such organization.\n" });
    const wrong = await runBuilt("cli.js", ["key", "list"], {
      DATABASE_URL: service.database.applicationUrl,
    });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toContain("SAYSO_MASTER_KEY must be set");
  });
});

describe("sayso archive verify", () => {
  let archive: string;
  const keys = signingKeysDocument([rawPublicKey]);
  const otherKey = createHash("sha256").update("another").digest().toString("base64");
  beforeAll(async () => {
    archive = path.join(folder, "archive.zip");
    await writeFile(archive, await buffer(buildArchive(fullReport(), createReportPages(), sign).stream));
  });
  /** It needs neither database nor configuration. */
  const verify = (...args: string[]) => runBuilt("cli.js", ["archive", "verify", ...args], {}, folder);

  test("without a key an intact archive is intact, signer unproven, exit code 0", async () => {
    const { code, stdout } = await verify(archive);
    expect({ code, first: stdout.split("\n")[0] }).toEqual({ code: 0, first: "intact, signer unproven" });
    const asJson = await verify(archive, "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({ intact: true, signer: "unproven", problems: [] });
  });

  test("with the signer's key, as text, file or address, the signer is proven", async () => {
    const file = path.join(folder, "sayso-keys.json");
    await writeFile(file, JSON.stringify(keys));
    const server = createServer((_request, response) => response.end(JSON.stringify(keys))).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/.well-known/sayso-keys.json`;
    for (const args of [
      ["--key", rawPublicKey.toString("base64")],
      ["--key", file],
      ["--keys-url", url],
      ["--key", otherKey, "--keys-url", url],
    ]) {
      const { code, stdout } = await verify(archive, ...args);
      expect({ args, code, first: stdout.split("\n")[0] }).toEqual({
        args,
        code: 0,
        first: "intact, signer proven",
      });
    }
    server.close();
  });

  test("with another key the exit code is 1, although the archive fits itself", async () => {
    const { code, stdout } = await verify(archive, "--key", otherKey, "--json");
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 1, intact: true, signer: "wrong" });
  });

  test("an archive with one changed byte is not intact, and the exit code is 1, with and without a key", async () => {
    const bytes = await buffer(buildArchive(fullReport(), createReportPages(), sign).stream);
    const at = bytes.indexOf("index.html") + 200;
    bytes.writeUInt8((bytes.readUInt8(at) + 1) % 256, at);
    const changed = path.join(folder, "changed.zip");
    await writeFile(changed, bytes);
    for (const args of [[], ["--key", rawPublicKey.toString("base64")]]) {
      const { code, stdout } = await verify(changed, ...args);
      expect({ code, first: stdout.split(",")[0] }).toEqual({ code: 1, first: "NOT intact" });
    }
  });

  test("what is no archive, a file that is not there and keys that are none end with exit code 1 and a sentence", async () => {
    const none = path.join(folder, "none.zip");
    await writeFile(none, "not a ZIP");
    expect(await verify(none)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^NOT intact/),
      stderr: "",
    });
    const missing = path.join(folder, "missing.zip");
    expect(await verify(missing)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `${missing} cannot be read (ENOENT).\n`,
    });
    expect(await verify(archive, "--key", "not-a-key")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^This is no Ed25519 public key/),
    });
  });
});
