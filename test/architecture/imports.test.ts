import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { breachesOf, type Sources } from "./rules.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function readSources(): Sources {
  const files = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" });
  return new Map(
    files
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => [
        `src/${file.split(path.sep).join("/")}`,
        readFileSync(path.join(root, "src", file), "utf8"),
      ]),
  );
}

test("no file breaks the table in ARCHITECTURE.md", () => {
  expect(breachesOf(readSources())).toEqual([]);
});

test("all files were read, those of every room among them", () => {
  const files = [...readSources().keys()];
  expect(files.length).toBeGreaterThan(150);
  for (const room of [
    /^src\/kernel\//,
    /^src\/db\//,
    /^src\/http\//,
    /^src\/jobs\//,
    /\/domain\//,
    /\/store\.ts$/,
    /\/tables\.ts$/,
    /\/routes\.ts$/,
    /\/index\.ts$/,
  ]) {
    expect([room, files.filter((file) => room.test(file)).length > 0]).toEqual([room, true]);
  }
});

describe("a breach is found", () => {
  /** The real files with some changed or added. */
  const withFiles = (changes: Readonly<Record<string, string>>): Sources =>
    new Map([...readSources(), ...Object.entries(changes)]);

  test.each<[what: string, changes: Record<string, string>, found: RegExp]>([
    [
      "the kernel imports a feature",
      { "src/kernel/x.ts": 'import { a } from "../features/consent/index.ts";' },
      /^src\/kernel\/x\.ts imports .*know nothing but/,
    ],
    [
      "the kernel imports a type of the database",
      { "src/kernel/x.ts": 'import type { Database } from "../db/database.ts";' },
      /^src\/kernel\/x\.ts imports/,
    ],
    ["the kernel uses a framework", { "src/kernel/x.ts": 'import { Hono } from "hono";' }, /pure/],
    [
      "the kernel reads a file",
      { "src/kernel/x.ts": 'import { readFile } from "node:fs/promises";' },
      /pure/,
    ],
    [
      "a domain imports its store",
      { "src/features/gate/domain/x.ts": 'import { a } from "../store.ts";' },
      /gate\/domain\/x\.ts imports/,
    ],
    [
      "a domain imports another domain",
      {
        "src/features/gate/domain/x.ts": 'import { a } from "../../consent/domain/y.ts";',
        "src/features/consent/domain/y.ts": "",
      },
      /gate\/domain\/x\.ts imports/,
    ],
    [
      "a domain reaches the database over another file",
      {
        "src/features/gate/domain/x.ts": 'import "./y.ts";',
        "src/features/gate/domain/y.ts": 'export { a } from "../../../db/write.ts";',
      },
      /domain\/x\.ts reaches src\/db\/database\.ts/,
    ],
    [
      "an import hides behind await",
      { "src/features/gate/domain/x.ts": 'const a = await import("../store.ts");' },
      /gate\/domain\/x\.ts imports/,
    ],
    [
      "a domain looks at the clock",
      { "src/features/gate/domain/x.ts": "export const now = () => new Date();" },
      /looks at the clock/,
    ],
    [
      "the kernel looks at the clock",
      { "src/kernel/x.ts": "export const now = () => Date.now();" },
      /looks at the clock/,
    ],
    [
      "a domain throws dice",
      { "src/features/gate/domain/x.ts": "export const dice = () => Math.random();" },
      /looks at the clock/,
    ],
    [
      "a use case enters another feature by the window",
      { "src/features/gate/x.ts": 'import { a } from "../consent/store.ts";' },
      /entered by its index/,
    ],
    [
      "a use case reads another feature's tables",
      { "src/features/consent/x.ts": 'import { subject } from "../subject/tables.ts";' },
      /tables of another feature/,
    ],
    [
      "a store other than those allowed reads another feature's tables",
      { "src/features/consent/store.ts": 'import { subject } from "../subject/tables.ts";' },
      /consent\/store\.ts imports .*tables of another feature/,
    ],
    [
      "a lower feature imports a higher one",
      { "src/features/subject/x.ts": 'import { a } from "../gate/index.ts";' },
      /gate does not lie below subject/,
    ],
    [
      "features of one floor import each other",
      { "src/features/optout/x.ts": 'import { a } from "../consent/index.ts";' },
      /consent does not lie below optout/,
    ],
    [
      "a feature has no floor",
      { "src/features/novelty/x.ts": 'import { a } from "../gate/index.ts";' },
      /every feature has its floor/,
    ],
    [
      "a table points up",
      { "src/features/subject/tables.ts": 'import { decision } from "../gate/tables.ts";' },
      /gate does not lie below subject/,
    ],
    [
      "a store calls a use case",
      { "src/features/gate/store.ts": 'import { check } from "./check.ts";' },
      /a store knows/,
    ],
    [
      "routes call a store",
      { "src/features/gate/routes.ts": 'import { a } from "./store.ts";' },
      /routes call use cases/,
    ],
    [
      "routes call another feature",
      { "src/features/gate/routes.ts": 'import { a } from "../subject/index.ts";' },
      /their own feature's/,
    ],
    [
      "a use case knows HTTP",
      { "src/features/gate/x.ts": 'import { problem } from "../../http/app.ts";' },
      /know nothing of HTTP/,
    ],
    [
      "a use case takes what it is not handed",
      { "src/features/gate/x.ts": 'import { compose } from "../../compose.ts";' },
      /handed what they need/,
    ],
    [
      "the database knows a feature",
      { "src/db/x.ts": 'import { a } from "../features/gate/store.ts";' },
      /entered by its index/,
    ],
    ["the database knows HTTP", { "src/db/x.ts": 'import { a } from "../http/app.ts";' }, /above src\/db/],
    [
      "HTTP knows the database",
      { "src/http/x.ts": 'import { a } from "../db/database.ts";' },
      /above src\/http/,
    ],
    ["jobs know HTTP", { "src/jobs/x.ts": 'import { a } from "../http/app.ts";' }, /above src\/jobs/],
    [
      "a job enters a feature by the window",
      { "src/jobs/x.ts": 'import { a } from "../features/gate/check.ts";' },
      /entered by its index/,
    ],
    [
      "a feature's door leads to HTTP",
      { "src/features/gate/index.ts": 'export { gateRoutes } from "./routes.ts";' },
      /nothing of a feature knows its routes/,
    ],
    [
      "the client brings a library along",
      { "src/client.ts": 'import { z } from "zod";' },
      /brings nothing along/,
    ],
    [
      "a job calls routes",
      { "src/jobs/x.ts": 'import { a } from "../features/gate/routes.ts";' },
      /by its routes from app\.ts/,
    ],
    [
      "files import each other",
      { "src/cli/x.ts": 'import { y } from "./y.ts";', "src/cli/y.ts": 'import { x } from "./x.ts";' },
      /import each other: src\/cli\/[xy]\.ts/,
    ],
    [
      "somebody begins a transaction",
      { "src/features/gate/store.ts": "await sql.begin(async (t) => {});" },
      /uses a transaction/,
    ],
    [
      "somebody begins a transaction by drizzle",
      { "src/features/gate/store.ts": "await db.transaction<Row>(async (t) => {});" },
      /uses a transaction/,
    ],
    [
      "somebody reads the environment behind what looks like a comment",
      { "src/features/gate/x.ts": 'app.use("/v1/*", f(process.env.PORT)); /** A comment. */' },
      /reads the environment/,
    ],
    [
      "somebody reads the environment",
      { "src/features/gate/x.ts": "const port = process.env.PORT;" },
      /reads the environment/,
    ],
    [
      "SQL stands in a use case",
      { "src/features/gate/x.ts": "const rows = await sql<Row[]>`select 1`;" },
      /SQL outside a store/,
    ],
    [
      "a file that is imported is not there",
      { "src/cli/x.ts": 'import { y } from "./nowhere.ts";' },
      /not there/,
    ],
  ])("when %s", (_what, changes, found) => {
    expect(breachesOf(withFiles(changes))).toContainEqual(expect.stringMatching(found));
  });
});

test("words in comments and addresses in text are no breach", () => {
  const kernel = `
    // Date.now() would be wrong here; import { a } from "../db/database.ts" too.
    /* process.env is read by config.ts, sql.begin( nowhere */
    export const address = "https://shop.example"; // new Date() is not used
    export const path = "/v1/*"; /* Math.random() neither */
  `;
  expect(breachesOf(new Map([["src/kernel/x.ts", kernel]]))).toEqual([]);
});
