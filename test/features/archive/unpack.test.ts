import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildArchive, createReportPages } from "../../../src/features/archive/index.ts";
import { fullReport, sign } from "./sample-report.ts";

const python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))";

/** Programs that people unpack with, how to make each test an archive, and what it then says. */
const programs = [
  ["unzip", ["-t"], /No errors detected/],
  ["python3", ["-c", python], /^None \d+$/m],
  ["7z", ["t"], /Everything is Ok/],
  ["bsdtar", ["-tf"], /index\.html/],
] as const;

const present = programs.filter(([program]) => spawnSync(program, ["--help"]).error === undefined);
const absent = programs.filter((program) => !present.includes(program)).map(([program]) => program);
if (absent.length > 0) console.warn(`\nNOT TRIED, since this machine has none: ${absent.join(", ")}.\n`);

describe.each(present)("%s", (program, options, good) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sayso-unpack-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test("finds an archive sound, and a damaged one not", async () => {
    const model = fullReport("ru", 300);
    const named = model.attachments.map((attachment) => ({ ...attachment, path: "attachments/1-фото.png" }));
    const bytes = await buffer(
      buildArchive({ ...model, attachments: named }, createReportPages(), sign).stream,
    );
    const path = join(folder, "archive.zip");
    await writeFile(path, bytes);
    const sound = spawnSync(program, [...options, path], { encoding: "utf8" });
    expect({ status: sound.status, said: sound.stdout }).toMatchObject({ status: 0 });
    expect(sound.stdout).toMatch(good);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    expect(spawnSync(program, [...options, path]).status).not.toBe(0);
  });
});
