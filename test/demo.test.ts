import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { verifyArchive } from "../src/features/archive/index.ts";
import { type Ended, runBuilt } from "./support/built.ts";

// The demo checks its own story: every answer that it does not expect ends it with exit code 1. It brings its own
// PostgreSQL, which a test server of somebody else's does not replace.
let folder: string;
let told: Ended;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-demo-"));
  const temporary = path.join(folder, "tmp");
  spawnSync("mkdir", ["-m", "755", temporary]);
  told = await runBuilt("demo.js", ["--exit", "--out", path.join(folder, "out")], { TMPDIR: temporary });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const transcriptSchema = z.object({
  steps: z.array(
    z.object({
      number: z.number(),
      chapter: z.string().min(1),
      title: z.string().min(1),
      request: z.object({ method: z.string(), path: z.string() }),
      response: z.object({ status: z.number(), body: z.unknown() }),
    }),
  ),
  archive: z.object({ file: z.literal("archive.zip"), files: z.array(z.object({ path: z.string() })) }),
});

test("the demo tells its story to the end and leaves an archive, a transcript and nothing else", async () => {
  expect(told.stderr).toBe("");
  expect(told.code).toBe(0);
  expect(told.stdout).toContain("The story is told; every answer was the expected one.");
  expect(told.stdout).not.toContain("\u001b[");
  expect((await readdir(path.join(folder, "out"))).sort()).toEqual(["archive.zip", "transcript.json"]);
  expect(await readdir(path.join(folder, "tmp"))).toEqual([]);
});

test("its transcript has every step of the story with request and answer, and no secret", async () => {
  const text = await readFile(path.join(folder, "out", "transcript.json"), "utf8");
  const { steps } = transcriptSchema.parse(JSON.parse(text));
  const asked = new Set(
    steps.map(({ request }) => `${request.method} ${request.path.replace(/_[0-9a-z]{26}/g, "_…")}`),
  );
  for (const step of [
    "POST /v1/senders",
    "POST /v1/purposes",
    "POST /v1/collection-points",
    "POST /v1/collection-points/cpt_…/capture-tokens",
    "POST /v1/consents",
    "POST /v1/checks",
    "POST /webhooks/whatsapp",
    "GET /o/…",
    "POST /o/…",
    "POST /v1/blocks",
    "POST /v1/checks/batch",
    "PUT /v1/subjects/sub_…/account-data/profile",
    "POST /v1/data-requests",
    "POST /v1/data-requests/req_…/approve",
    "POST /v1/data-requests/req_…/delivery",
    "GET /a/…",
    "POST /a/…",
    "GET /.well-known/sayso-keys.json",
  ]) {
    expect(asked).toContain(step);
  }
  expect(text).not.toMatch(/sayso_[A-Za-z0-9_-]{43}/);
  expect(text).not.toMatch(/cap1\.|\/[oa]\/[A-Za-z0-9_-]{8}/);
  // The wrong passcode of the story is no secret.
  const passcodes = new Set([...text.matchAll(/"passcode": "([^"]*)"/g)].map(([, passcode]) => passcode));
  expect(passcodes).toEqual(new Set(["…", "0000-0000"]));
});

test("its archive is intact, and every unpacking tool at hand finds the files that the transcript lists", async () => {
  const file = path.join(folder, "out", "archive.zip");
  expect(await verifyArchive(file)).toMatchObject({ intact: true, problems: [] });
  const text = await readFile(path.join(folder, "out", "transcript.json"), "utf8");
  const { archive } = transcriptSchema.parse(JSON.parse(text));
  const listed = [...archive.files.map(({ path }) => path), "manifest.json", "manifest.sig"].sort();

  const script =
    "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print('\\n'.join(z.namelist()))";
  const python = spawnSync("python3", ["-c", script, file], { encoding: "utf8" });
  const unzip = spawnSync("unzip", ["-Z1", file], { encoding: "utf8" });
  for (const [tool, { error, status, stdout }] of Object.entries({ python3: python, unzip })) {
    if (error !== undefined) {
      console.info(`${tool} is not on this machine; the archive was not opened with it.`);
      continue;
    }
    expect({ tool, status, files: stdout.trim().split("\n").sort() }).toEqual({
      tool,
      status: 0,
      files: listed,
    });
  }
});
