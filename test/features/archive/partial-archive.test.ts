import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  approveAndWait,
  openRequestOf,
  shopIn,
  startWorkingService,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer, createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { Receiver } from "../../support/receiver.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let first: TestService;
let working: WorkingService;
let shop: OrganizationClient;
let crm: TestDatabase;
let receiver: Receiver;

beforeAll(async () => {
  first = await startTestService();
  shop = await shopIn(first);
  crm = await createTestDatabase();
  receiver = await Receiver.open();
  await administer(crm.ownerUrl, (sql) => sql`create table customer (phone text, name text)`);
  await administer(crm.ownerUrl, (sql) => sql`insert into customer values ('+12025550123', 'Ann O''Neill')`);
  const url = "$" + "{CRM_URL}";
  const query = "select name from customer where phone = :phone";
  const written = {
    hosts: ["127.0.0.1"],
    sources: [
      {
        name: "crm",
        title: "Customer database",
        organization: shop.id,
        kind: "postgresql",
        url,
        sections: { account: { query } },
      },
      {
        name: "web",
        title: "Web shop",
        organization: shop.id,
        kind: "http",
        url: receiver.url,
        sections: { profile: {} },
      },
    ],
  };
  const targets = { hosts: undefined, privateHosts: ["127.0.0.1"] };
  const sources = {
    path: "/nowhere/sources.yaml",
    text: JSON.stringify(written),
    variables: { CRM_URL: crm.ownerUrl },
  };
  working = await startWorkingService({ database: first.database, config: { targets, sources } });
});
afterAll(async () => {
  await working.close();
  await first.close();
  await receiver.stop();
  await crm.drop();
});

interface Manifest {
  readonly partial: boolean;
  readonly sources: { readonly read: string[]; readonly failed: { name: string; missing: string }[] };
  readonly sections: { name: string; state: string }[];
}

test("a source that fails makes the archive partial, says what is missing, and keeps nothing of the others back", async () => {
  receiver.behave = (response) =>
    void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Hi</h1>");
  const { id } = await openRequestOf(shop);
  const { archive, timeline } = await approveAndWait(shop, id);
  const manifest = archive.manifest as Manifest;
  expect(archive.partial).toBe(true);
  expect(manifest.sources).toEqual({
    read: ["Sayso", "Customer database"],
    failed: [
      {
        name: "Web shop",
        missing: "everything that it has about you here. It could not be read when this report was made.",
      },
    ],
  });
  expect(manifest.sections).toContainEqual(expect.objectContaining({ name: "account", state: "complete" }));
  expect(manifest.sections).toContainEqual(expect.objectContaining({ name: "profile", state: "failed" }));
  expect(timeline.find(({ event }) => event === "archive_ready")?.details).toMatchObject({
    partial: true,
    failedSources: [
      {
        source: "Web shop",
        section: "profile",
        reason: "It answered with HTML where JSON is expected.",
        mayHeal: false,
      },
    ],
  });
});

test("an archive whose sources all answer is whole", async () => {
  receiver.behave = (response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end('{"about":"At sea"}');
  const { id } = await openRequestOf(shop, { subject: { phone: "+12025550124" } });
  const { archive, timeline } = await approveAndWait(shop, id);
  expect(archive.partial).toBe(false);
  expect((archive.manifest as Manifest).sources.failed).toEqual([]);
  expect(timeline.find(({ event }) => event === "archive_ready")?.details).not.toHaveProperty(
    "failedSources",
  );
});
