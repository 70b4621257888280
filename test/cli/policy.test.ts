import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, environmentOf, runBuilt } from "../support/built.ts";
import { type OrganizationClient, startTestService, type TestService } from "../support/service.ts";

let service: TestService;
let org: OrganizationClient;
let folder: string;

beforeAll(async () => {
  service = await startTestService();
  org = await service.organization();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-cli-policy-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

function sayso(...args: string[]): Promise<Ended> {
  return runBuilt(
    "cli.js",
    ["policy", ...args, "--organization", org.id, "--json"],
    environmentOf(service.database),
  );
}

async function fileOf(document: unknown): Promise<string> {
  const file = path.join(folder, "policy.json");
  await writeFile(file, JSON.stringify(document));
  return file;
}

test("a policy is proposed, listed, activated and shown, and the running service decides by it", async () => {
  const document = { permitTtlSeconds: 30 };
  const proposed = await sayso("propose", "--file", await fileOf(document), "--note", "Shorter.");
  expect([proposed.code, proposed.stderr]).toEqual([0, ""]);
  expect(JSON.parse(proposed.stdout)).toMatchObject({
    version: 1,
    note: "Shorter.",
    inForce: false,
    document,
  });

  const activate = ["activate", "1", "--replacing", "built-in/1", "--reason", "Agreed."];
  expect(await sayso(...activate)).toMatchObject({ code: 0, stderr: "" });
  expect((await org.get("/v1/policy")).body).toMatchObject({ policyVersion: "policy/1", document });
  expect(JSON.parse((await sayso("show")).stdout)).toMatchObject({ policyVersion: "policy/1", document });
  expect(JSON.parse((await sayso("show", "1")).stdout)).toMatchObject({ inForce: true });
  expect(JSON.parse((await sayso("list")).stdout)).toMatchObject({ items: [{ version: 1, inForce: true }] });

  const again = await sayso(...activate);
  expect([again.code, again.stdout]).toEqual([1, ""]);
  expect(JSON.parse(again.stderr)).toMatchObject({ type: "urn:sayso:problem:precondition_failed" });
});

test("what cannot be taken is refused with pointers, and no version comes of it", async () => {
  const { length: before } = (await org.get<{ items: unknown[] }>("/v1/policies")).body.items;
  const refused = await sayso("propose", "--file", await fileOf({ permitTtlSeconds: "soon" }));
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(JSON.parse(refused.stderr)).toMatchObject({
    type: "urn:sayso:problem:invalid",
    errors: [{ pointer: "/document/permitTtlSeconds" }],
  });
  const missing = await sayso("propose", "--file", path.join(folder, "nowhere.json"));
  expect([missing.code, JSON.parse(missing.stderr).type]).toEqual([1, "urn:sayso:problem:not_found"]);
  expect((await sayso("show", "latest")).code).toBe(2);
  expect((await org.get<{ items: unknown[] }>("/v1/policies")).body.items).toHaveLength(before);
});
