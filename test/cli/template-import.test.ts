import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environmentOf, runBuilt } from "../support/built.ts";
import { type OrganizationClient, startTestService, type TestService } from "../support/service.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-templates-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

const wabaId = "102290129340398";
const spring = {
  name: "spring",
  language: "en",
  category: "MARKETING",
  status: "APPROVED",
  id: "594425479261596",
};
const invoice = {
  name: "invoice",
  language: "en_US",
  category: "UTILITY",
  status: "PENDING",
  components: [],
};
const metas = { data: [spring, invoice], paging: { cursors: { before: "MAZDZD", after: "MjQZD" } } };
const ours = [
  { wabaId, name: "spring", language: "en", category: "marketing", status: "approved" },
  { wabaId, name: "invoice", language: "en_US", category: "utility", status: "pending" },
];

/** Imports a file of this text into an organization. */
async function runImport(shop: OrganizationClient, text: string, ...options: string[]) {
  const file = path.join(folder, `${service.nextNumber()}.json`);
  await writeFile(file, text);
  const args = ["template", "import", "--organization", shop.id, "--file", file, ...options];
  return runBuilt("cli.js", args, environmentOf(service.database));
}

const done = (imported: number, unchanged: number, code = 0) => ({
  code,
  stdout: `${JSON.stringify({ imported, unchanged, refused: [] })}\n`,
  stderr: "",
});

async function recorded(shop: OrganizationClient) {
  return (await shop.get<{ items: object[] }>("/v1/templates")).body.items;
}

test("an import takes Meta's answer and our own list, as an array or a line each, and is done once", async () => {
  const shop = await service.organization();
  const meta = JSON.stringify(metas);
  expect(await runImport(shop, meta, "--waba", wabaId, "--dry-run", "--json")).toEqual(done(2, 0));
  expect(await recorded(shop)).toEqual([]);
  expect(await runImport(shop, meta, "--waba", wabaId, "--json")).toEqual(done(2, 0));
  expect(await recorded(shop)).toMatchObject(ours);
  expect(await runImport(shop, JSON.stringify(ours, null, 2), "--json")).toEqual(done(0, 2));
  const lines = `${ours.map((entry) => JSON.stringify(entry)).join("\r\n")}\n\n`;
  expect(await runImport(shop, lines, "--json")).toEqual(done(0, 2));
  expect(await runImport(shop, JSON.stringify(ours[0]), "--json")).toEqual(done(0, 1));
});

test("an import says of each entry that it refuses where it stands and why, takes the others, and ends with 1", async () => {
  const shop = await service.organization();
  const list = `${JSON.stringify(ours[0])}\n{"wabaId":\n${JSON.stringify({ ...ours[1], status: "IN_APPEAL" })}`;
  const { code, stdout, stderr } = await runImport(shop, list);
  expect([code, stderr]).toEqual([1, ""]);
  expect(stdout.split("\n")).toEqual([
    "1 imported, 0 unchanged, 2 refused.",
    "Position 1: Not a JSON object.",
    expect.stringMatching(/^Position 2: \/status: /),
    "",
  ]);
  expect(await recorded(shop)).toMatchObject([ours[0] ?? {}]);
});

test("an import of a page of Meta's answer says that there are more", async () => {
  const shop = await service.organization();
  const page = { ...metas, paging: { next: "https://graph.example/next" } };
  const { code, stdout } = await runImport(shop, JSON.stringify(page), "--waba", wabaId);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/next page/)]);
});

test.each([
  ["Meta's answer without its account", JSON.stringify(metas), [], 1],
  ["our own list with an account", JSON.stringify(ours), ["--waba", wabaId], 1],
  ["a broken array", JSON.stringify(ours).slice(0, -1), [], 1],
  ["a key that stands twice", '[{"name":"a","name":"b"}]', [], 1],
  ["an account that cannot be", JSON.stringify(metas), ["--waba", "shop"], 2],
  ["another option", "[]", ["--force"], 2],
])("an import of %s is refused as a whole, and nothing is recorded", async (_, text, options, code) => {
  const shop = await service.organization();
  const ended = await runImport(shop, text, ...options, "--json");
  expect([ended.code, ended.stdout, JSON.parse(ended.stderr)]).toEqual([
    code,
    "",
    expect.objectContaining({ type: expect.stringMatching(/^urn:sayso:problem:(invalid|malformed)$/) }),
  ]);
  expect(await recorded(shop)).toEqual([]);
});

test("an import of a file that is not there says so", async () => {
  const args = ["template", "import", "--file", path.join(folder, "nothing.json")];
  const { code, stderr } = await runBuilt("cli.js", args, environmentOf(service.database));
  expect([code, stderr]).toEqual([1, expect.stringContaining("cannot be read")]);
});
