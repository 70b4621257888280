import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../../src/context.ts";
import { verifyArchive } from "../../../src/features/archive/index.ts";
import {
  type BuildRunner,
  buildRequestedArchive,
  resumeBuilds,
} from "../../../src/features/datarequest/index.ts";
import { finishAttempt, insertChunk } from "../../../src/features/datarequest/store.ts";
import { fillInThread } from "../../../src/jobs/archive-thread.ts";
import { composeTasks } from "../../../src/jobs/tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { environmentOf, startListening } from "../../support/built.ts";
import {
  look,
  openRequestOf,
  type ShownRequest,
  shopIn,
  until,
  untilReady,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
let worker: BackgroundWorker | undefined;
beforeEach(async () => {
  service = await startTestService();
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await service.close();
});

const work = async () => {
  worker = await startWorker(service.composed, composeTasks(service.composed));
};

/** A request that was approved while nobody works; its archive takes several pieces, so that there is a middle. */
async function approvedRequest() {
  const shop = await shopIn(service);
  const { id, subjectId } = await openRequestOf(shop);
  await shop.post("/v1/account-sections", { section: "notes", title: "Notes", schema: { type: "object" } });
  const text = randomBytes(1_200_000).toString("base64");
  const stored = await shop.put(`/v1/subjects/${subjectId}/account-data/notes`, { text });
  expect(stored.status).toBe(200);
  await shop.post(`/v1/data-requests/${id}/approve`, { identity: { method: "in_person" } });
  const archiveId = parseId("arc", (await look(shop, id)).archive.id) ?? "";
  return { shop, id, archiveId, ctx: await shop.context({ kind: "system" }) };
}

const chunksOf = async (archiveId: string) =>
  administer(
    service.database.ownerUrl,
    (sql) => sql<{ attempt: number; position: number }[]>`
      select attempt, position from archive_chunk where archive_id = ${archiveId} order by attempt, position`,
  );

const firstChunk = (archiveId: string) =>
  until(
    () => chunksOf(archiveId),
    (chunks) => chunks.length > 0,
  );

const inThread =
  (signal: AbortSignal): BuildRunner =>
  (attempt) =>
    fillInThread({ seed: service.composed.threadSeed, ...attempt }, signal);

/** Not a word of a half archive gets out. */
async function expectNothingReady(shop: OrganizationClient, id: string): Promise<ShownRequest> {
  const seen = await look(shop, id);
  expect(seen).toMatchObject({
    status: "in_progress",
    archive: { state: "building", bytes: null, sha256: null },
  });
  expect((await shop.get(`/v1/data-requests/${id}/archive`)).status).toBe(409);
  expect((await shop.post(`/v1/data-requests/${id}/delivery`)).status).toBe(409);
  return seen;
}

async function expectWhole(shop: OrganizationClient, id: string, archiveId: string, attempt: number) {
  const { archive } = await untilReady(shop, id);
  const { bytes } = await shop.get(`/v1/data-requests/${id}/archive`);
  expect(bytes.length).toBe(archive.bytes);
  expect(await verifyArchive(bytes)).toMatchObject({ intact: true, problems: [] });
  const chunks = await chunksOf(archiveId);
  expect(new Set(chunks.map((chunk) => chunk.attempt))).toEqual(new Set([attempt]));
}

describe("a build that is interrupted", { timeout: 120_000 }, () => {
  it("by the end of its thread leaves nothing that counts, says so, and is finished by the next worker", async () => {
    const { shop, id, archiveId, ctx } = await approvedRequest();
    const end = new AbortController();
    const build = buildRequestedArchive(ctx, archiveId, inThread(end.signal));
    const broken = expect(build).rejects.toMatchObject({ code: "unavailable" });
    await firstChunk(archiveId);
    end.abort();
    await broken;

    const { timeline } = await expectNothingReady(shop, id);
    expect(timeline.at(-1)).toMatchObject({ event: "build_failed", status: "in_progress" });
    expect(timeline.at(-1)?.reason).toContain("broken off");

    await work();
    await expectWhole(shop, id, archiveId, 2);
  });

  it("by kill -9 of the whole process is taken up again once its lease is over", async () => {
    const { shop, id, archiveId } = await approvedRequest();
    const process = await startListening(environmentOf(service.database));
    await firstChunk(archiveId);
    process.child.kill("SIGKILL");
    await process.ended;
    await expectNothingReady(shop, id);

    // Whoever has the lease may still be alive until it is over.
    expect(await resumeBuilds(service.services)).toBe(0);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update archive set lease_until = now() - interval '1 second' where id = ${archiveId}`,
    );
    expect(await resumeBuilds(service.services)).toBe(1);
    await work();
    await expectWhole(shop, id, archiveId, 2);
  });

  it("by a lost connection in the middle is tried again", async () => {
    const { shop, id, archiveId } = await approvedRequest();
    await work();
    await firstChunk(archiveId);
    await administer(
      service.database.applicationUrl,
      (sql) => sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
    );
    // The service's own connections are lost as well: whoever notices it first is told 503.
    await until(
      () => shop.get(`/v1/data-requests/${id}`),
      ({ status }) => status === 200,
    );
    await untilReady(shop, id);
    const { bytes } = await shop.get(`/v1/data-requests/${id}/archive`);
    expect(await verifyArchive(bytes)).toMatchObject({ intact: true });
  });

  it("by a stop of the service is finished first", async () => {
    const { shop, id, archiveId } = await approvedRequest();
    const process = await startListening(environmentOf(service.database));
    await firstChunk(archiveId);
    process.child.kill("SIGTERM");
    expect(await process.ended).toMatchObject({ code: 0 });
    // It finished what it had begun.
    await expectWhole(shop, id, archiveId, 1);
  });
});

describe("an attempt that was given up for dead and is not", { timeout: 120_000 }, () => {
  async function twoAttempts(): Promise<{
    ctx: Context;
    archiveId: string;
    shop: OrganizationClient;
    id: string;
  }> {
    const made = await approvedRequest();
    await buildRequestedArchive(made.ctx, made.archiveId, async () => {
      await administer(
        service.database.ownerUrl,
        (sql) =>
          sql`update archive set lease_until = now() - interval '1 second' where id = ${made.archiveId}`,
      );
      await buildRequestedArchive(made.ctx, made.archiveId, async () => {});
    });
    return made;
  }

  it("stores no more pieces and finishes nothing", async () => {
    const { shop, id, ctx, archiveId } = await twoAttempts();
    const late = { archiveId, attempt: 1 };
    expect(await insertChunk(ctx, late, 0, Buffer.from("late"))).toBe(false);
    const made = { bytes: 4, sha256: "late", manifest: {}, partial: false };
    expect(await finishAttempt(ctx, late, made)).toBeUndefined();
    expect(await chunksOf(archiveId)).toEqual([]);
    await expectNothingReady(shop, id);
  });

  it("cannot hand its pieces to the one that took over", async () => {
    const { shop, id, ctx, archiveId } = await twoAttempts();
    expect(await insertChunk(ctx, { archiveId, attempt: 2 }, 0, Buffer.from("new"))).toBe(true);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`
        with o as (select organization_id, id from archive where id = ${archiveId})
        insert into archive_chunk (organization_id, archive_id, attempt, position, sealed)
        select organization_id, id, 1, 7, 'late' from o`,
    );
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update archive set lease_until = now() - interval '1 second' where id = ${archiveId}`,
    );
    await work();
    await expectWhole(shop, id, archiveId, 3);
  });

  it("is not disturbed while it shows signs of life: the same job again does nothing", async () => {
    const { shop, id, ctx, archiveId } = await approvedRequest();
    let runs = 0;
    await buildRequestedArchive(ctx, archiveId, async () => {
      runs += 1;
      await buildRequestedArchive(ctx, archiveId, async () => {
        runs += 1;
      });
    });
    expect(runs).toBe(1);
    expect((await look(shop, id)).timeline.filter(({ event }) => event === "build_started")).toHaveLength(1);
  });
});

describe("a build that fails", { timeout: 120_000 }, () => {
  it("stays in progress, with a reason that quotes no value", async () => {
    const { shop, id, ctx, archiveId } = await approvedRequest();
    const secret = new TypeError("customer@mail.example is not a function");
    await expect(buildRequestedArchive(ctx, archiveId, () => Promise.reject(secret))).rejects.toBe(secret);
    const known = new SaysoError("too_large", "The archive is larger than a ZIP can hold.");
    await expect(buildRequestedArchive(ctx, archiveId, () => Promise.reject(known))).rejects.toBe(known);

    const { timeline } = await expectNothingReady(shop, id);
    const reasons = timeline.filter(({ event }) => event === "build_failed").map(({ reason }) => reason);
    expect(reasons).toEqual([
      expect.stringContaining("TypeError"),
      "The archive is larger than a ZIP can hold.",
    ]);
    expect(JSON.stringify(timeline)).not.toContain("customer@mail.example");
  });

  it("is not given up when the queue does: a day later it is queued again", async () => {
    const { shop, id, ctx, archiveId } = await approvedRequest();
    await expect(
      buildRequestedArchive(ctx, archiveId, () => Promise.reject(new Error("no"))),
    ).rejects.toThrow();
    await administer(service.database.ownerUrl, (sql) => sql`delete from graphile_worker._private_jobs`);
    expect(await resumeBuilds(service.services)).toBe(0);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update archive set lease_until = lease_until - interval '1 day' where id = ${archiveId}`,
    );
    expect(await resumeBuilds(service.services)).toBe(1);
    await work();
    await expectWhole(shop, id, archiveId, 2);
  });

  it("leaves no value in the queue or the log either", async () => {
    const failing = await startWorker(service.composed, {
      list: {
        build_archive: () => Promise.reject(new Error("customer@mail.example is wrong")),
      },
      schedule: [],
    });
    await approvedRequest();
    const error = await until(
      async () => {
        const rows = await administer(
          service.database.ownerUrl,
          (sql) => sql<{ error: string | null }[]>`select last_error as error from graphile_worker.jobs`,
        );
        return rows[0]?.error ?? "";
      },
      (text) => text !== "",
    );
    await failing.stop();
    expect(error).toContain("unexpected error");
    for (const text of [error, ...service.log]) expect(text).not.toContain("customer@mail.example");
    expect(service.log.some((line) => line.includes("job failed"))).toBe(true);
  });
});
