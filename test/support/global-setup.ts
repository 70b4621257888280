import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { holdEmbeddedPostgres, removeEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { administer, dropTestDatabase, withDatabase } from "./database.ts";

/** What test files are told of the PostgreSQL that the run uses. */
export interface TestServer {
  readonly ownerUrl: string;
  readonly applicationUrl: string;
  /** A migrated database that nobody is connected to; every database of the run is named after it. */
  readonly template: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    testServer: TestServer;
  }
}

/**
 * Runs once before all test files: starts an embedded PostgreSQL in a temporary folder, or takes the one that
 * TEST_DATABASE_URL (and TEST_DATABASE_OWNER_URL, whose role must have CREATEDB) names, and migrates one database
 * there as the template of all others.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer();
  const template = `sayso_test_${process.pid}_${Date.now().toString(36)}`;
  try {
    await administer(server.ownerUrl, (sql) => sql`create database ${sql(template)}`);
    await migrateDatabase({
      ownerUrl: withDatabase(server.ownerUrl, template),
      applicationUrl: withDatabase(server.applicationUrl, template),
    });
  } catch (error) {
    await server.release();
    throw error;
  }
  const { ownerUrl, applicationUrl } = server;
  project.provide("testServer", { ownerUrl, applicationUrl, template });
  return async () => {
    const names = await administer(
      ownerUrl,
      (sql) => sql<{ name: string }[]>`
        select datname as name from pg_database where starts_with(datname::text, ${template})`,
    );
    for (const { name } of names) await dropTestDatabase({ ownerUrl, applicationUrl, name });
    await server.release();
  };
}

async function openServer() {
  const applicationUrl = process.env.TEST_DATABASE_URL ?? "";
  if (applicationUrl !== "") {
    const ownerUrl = process.env.TEST_DATABASE_OWNER_URL ?? applicationUrl;
    return { ownerUrl, applicationUrl, release: async () => {} };
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), "sayso-test-"));
  const embedded = await holdEmbeddedPostgres({ dataDir });
  return {
    ownerUrl: embedded.ownerUrl,
    applicationUrl: embedded.applicationUrl,
    release: async () => {
      await embedded.release();
      await removeEmbeddedPostgres(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
