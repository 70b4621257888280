import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Sql } from "../../../src/db/database.ts";
import { readPublicKeys, verifyArchive } from "../../../src/features/archive/index.ts";
import { expireArchives } from "../../../src/features/datarequest/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import {
  approveAndWait,
  deliver,
  look,
  openRequestOf,
  postPasscode,
  type ShownRequest,
  startWorkingService,
  until,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import type { OrganizationClient } from "../../support/service.ts";

// Nearly every test here has an archive built; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService();
});
afterAll(() => service.close());

async function readyRequest(): Promise<{ shop: OrganizationClient; request: ShownRequest }> {
  const shop = await service.shop();
  const { id } = await openRequestOf(shop);
  return { shop, request: await approveAndWait(shop, id) };
}

const wrongFor = (passcode: string) => (passcode === "0000-0000" ? "1111-1111" : "0000-0000");

const asOwner = <T>(run: (sql: Sql) => PromiseLike<T>) => administer(service.database.ownerUrl, run);

/** Lets an archive's time be over. */
const letExpire = (archiveId: string) =>
  asOwner(
    (sql) => sql`
      update archive set expires_at = now() - interval '1 second' where id = ${uuidOf(archiveId)}`,
  );

const expire = () =>
  expireArchives(service.services, (organizationId) =>
    service.composed.contextFor(organizationId, { kind: "system", id: "test" }, "test"),
  );

function uuidOf(archiveId: string): string {
  const uuid = parseId("arc", archiveId);
  if (uuid === undefined) throw new Error("No archive id.");
  return uuid;
}

const chunksOf = async (archiveId: string) => {
  const rows = await asOwner(
    (sql) => sql`select position from archive_chunk where archive_id = ${uuidOf(archiveId)}`,
  );
  return rows.length;
};

describe("from the request to the archive in the person's hands", () => {
  it("every step is taken, the archive proves who made it, and each download counts", async () => {
    const { shop, request } = await readyRequest();
    expect(request.archive).toMatchObject({ state: "ready", partial: false, downloads: 0 });

    const { path, passcode, url, expiresAt } = await deliver(shop, request.id);
    expect(url).toMatch(/^https:\/\/consent\.shop\.example\/a\/[A-Za-z0-9_-]{43}$/);
    expect(passcode).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(limits.deliveryLifeDays - 1);
    expect(days).toBeLessThanOrEqual(limits.deliveryLifeDays);

    const page = await service.anonymous.get(path);
    expect(page.status).toBe(200);
    expect(page.text).toContain("Harbour Tea");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("cache-control")).toBe("no-store");

    // As people type it: small letters, no dash.
    const got = await postPasscode(service, path, passcode.toLowerCase().replace("-", " "));
    expect(got.status).toBe(200);
    expect(got.headers.get("content-type")).toBe("application/zip");
    expect(got.headers.get("content-disposition")).toBe(`attachment; filename="${request.id}.zip"`);
    expect(got.headers.get("cache-control")).toBe("no-store");
    expect(got.bytes.length).toBe(request.archive.bytes);

    const keys = readPublicKeys((await service.anonymous.get("/.well-known/sayso-keys.json")).text);
    const checked = await verifyArchive(got.bytes, keys);
    expect(checked).toMatchObject({ intact: true, signer: "proven", problems: [] });
    expect(checked.manifest).toEqual(request.archive.manifest);

    expect((await postPasscode(service, path, passcode)).status).toBe(200);
    const after = await look(shop, request.id);
    expect(after.status).toBe("delivered");
    expect(after.archive).toMatchObject({ downloads: 2, deliveries: [{ downloads: 2, triesLeft: 5 }] });
    expect(after.timeline.map(({ event }) => event)).toEqual([
      "opened",
      "identity_noted",
      "approved",
      "build_started",
      "archive_ready",
      "delivery_created",
      "downloaded",
      "downloaded",
    ]);
  });

  it("the same archive goes to staff, and each opening is on record", async () => {
    const { shop, request } = await readyRequest();
    const { bytes, headers } = await shop.get(`/v1/data-requests/${request.id}/archive`);
    expect(headers.get("content-type")).toBe("application/zip");
    expect(await verifyArchive(bytes)).toMatchObject({ intact: true });
    const entries = await asOwner(
      (sql) => sql`
        select actor_kind from audit_entry where action = 'archive.opened' and entity = ${request.archive.id}`,
    );
    expect(entries).toEqual([{ actor_kind: "api_key" }]);
    expect((await look(shop, request.id)).archive.downloads).toBe(0);
  });

  it("the database has neither the link's secret, nor the passcode, nor a readable byte of the archive", async () => {
    const { shop, request } = await readyRequest();
    const { path, passcode } = await deliver(shop, request.id);
    const token = path.slice("/a/".length);
    const dump = await asOwner(async (sql) => {
      const tables = await sql<{ name: string }[]>`
        select tablename as name from pg_tables where schemaname = 'public'`;
      const texts: string[] = [];
      for (const { name } of tables) {
        const rows = await sql<{ text: string }[]>`select t::text as text from ${sql(name)} t`;
        texts.push(...rows.map(({ text }) => text));
      }
      return texts.join("\n");
    });
    expect(dump).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
    for (const secret of [token, passcode, Buffer.from("index.html").toString("hex"), "PK\u0003\u0004"]) {
      expect(dump.includes(secret)).toBe(false);
    }
  });

  it("neither the link nor the passcode is in a log line", async () => {
    const { shop, request } = await readyRequest();
    const { path, passcode } = await deliver(shop, request.id);
    await service.anonymous.get(path);
    await postPasscode(service, path, wrongFor(passcode));
    await postPasscode(service, path, passcode);
    const log = service.log.join("\n");
    expect(log).toContain('"/a/:token"');
    expect(log).not.toContain(path.slice("/a/".length));
    expect(log).not.toContain(passcode);
  });

  it("gives the same link and passcode again to the same Idempotency-Key, and others to another", async () => {
    const { shop, request } = await readyRequest();
    const route = `/v1/data-requests/${request.id}/delivery`;
    const first = await shop.post(route, undefined, { "idempotency-key": "d" });
    const again = await shop.post(route, undefined, { "idempotency-key": "d" });
    const other = await shop.post(route, undefined, { "idempotency-key": "e" });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(other.body.passcode).not.toBe(first.body.passcode);
    expect(other.body.url).not.toBe(first.body.url);
  });
});

describe("the passcode", () => {
  it("has five tries; then the right one is locked out too, until staff make a new delivery", async () => {
    const { shop, request } = await readyRequest();
    const { path, passcode } = await deliver(shop, request.id);
    const wrong = wrongFor(passcode);
    for (const left of [4, 3, 2, 1]) {
      const page = await postPasscode(service, path, wrong);
      expect(page.status).toBe(403);
      expect(page.text).toContain(String(left));
      expect(page.text).not.toContain(wrong);
    }
    expect((await postPasscode(service, path, wrong)).status).toBe(403);
    const locked = await postPasscode(service, path, passcode);
    expect(locked.status).toBe(403);
    expect(locked.headers.get("content-type")).toContain("text/html");
    expect((await service.anonymous.get(path)).status).toBe(403);

    const second = await deliver(shop, request.id);
    expect(second.path).not.toBe(path);
    expect((await postPasscode(service, second.path, passcode)).status).toBe(403);
    expect((await postPasscode(service, second.path, second.passcode)).status).toBe(200);
  });

  it("has five tries for guesses at the same moment as well", async () => {
    const { shop, request } = await readyRequest();
    const { id, path, passcode } = await deliver(shop, request.id);
    await Promise.all(Array.from({ length: 30 }, () => postPasscode(service, path, wrongFor(passcode))));
    const refusals = await asOwner(
      (sql) => sql`select 1 from audit_entry where action = 'delivery.refused' and entity = ${id}`,
    );
    expect(refusals).toHaveLength(limits.passcodeTries);
    expect((await postPasscode(service, path, passcode)).status).toBe(403);
  });

  it("that is right costs no try, however often, and gives none back", async () => {
    const { shop, request } = await readyRequest();
    const { path, passcode } = await deliver(shop, request.id);
    await postPasscode(service, path, wrongFor(passcode));
    for (let time = 0; time < 7; time += 1) {
      expect((await postPasscode(service, path, passcode)).status).toBe(200);
    }
    expect((await look(shop, request.id)).archive.deliveries).toMatchObject([{ triesLeft: 4, downloads: 7 }]);
  });

  it("that is missing costs no try", async () => {
    const { shop, request } = await readyRequest();
    const { path } = await deliver(shop, request.id);
    expect((await postPasscode(service, path, "  ")).status).toBe(422);
    expect((await service.anonymous.post(path)).status).toBe(422);
    expect((await look(shop, request.id)).archive.deliveries).toMatchObject([{ triesLeft: 5 }]);
  });
});

describe("the link", () => {
  it.each(["/a/x", `/a/${"A".repeat(43)}`, `/a/${"A".repeat(500)}`])(
    "%s is unknown, and says so in a page",
    async (path) => {
      for (const answer of [
        await service.anonymous.get(path),
        await postPasscode(service, path, "0000-0000"),
      ]) {
        expect(answer.status).toBe(404);
        expect(answer.headers.get("content-type")).toContain("text/html");
      }
    },
  );

  it("changes nothing when it is looked at", async () => {
    const { shop, request } = await readyRequest();
    const { path } = await deliver(shop, request.id);
    const before = await look(shop, request.id);
    for (const method of ["GET", "HEAD", "OPTIONS"]) await service.anonymous.send(method, path);
    expect(await look(shop, request.id)).toEqual(before);
  });

  it("speaks Russian to who asks for it", async () => {
    const { shop, request } = await readyRequest();
    const { path } = await deliver(shop, request.id);
    expect((await service.anonymous.get(path, { "accept-language": "ru" })).text).toContain('lang="ru"');
    expect((await service.anonymous.get(`${path}?lang=ru`)).text).toContain('lang="ru"');
  });

  it("never lives longer than the archive", async () => {
    const { shop, request } = await readyRequest();
    await asOwner(
      (sql) => sql`
        update archive set expires_at = now() + interval '1 hour' where id = ${uuidOf(request.archive.id)}`,
    );
    const { expiresAt } = await deliver(shop, request.id);
    expect(Date.parse(expiresAt)).toBeLessThan(Date.now() + 3_600_000);
  });

  it("takes a body no longer than a form's", async () => {
    const { shop, request } = await readyRequest();
    const { path } = await deliver(shop, request.id);
    expect((await postPasscode(service, path, "0".repeat(limits.formBytes))).status).toBe(413);
  });
});

describe("when the archive's time is over", () => {
  it("key and pieces are gone, the manifest stays, and a fetched request is closed", async () => {
    const { shop, request } = await readyRequest();
    const { path, passcode } = await deliver(shop, request.id);
    await postPasscode(service, path, passcode);
    expect(await chunksOf(request.archive.id)).toBeGreaterThan(0);
    await letExpire(request.archive.id);
    // Already before the job has come by.
    expect((await service.anonymous.get(path)).status).toBe(410);
    expect((await postPasscode(service, path, passcode)).status).toBe(410);
    expect((await shop.get(`/v1/data-requests/${request.id}/archive`)).status).toBe(410);
    expect((await shop.post(`/v1/data-requests/${request.id}/delivery`)).status).toBe(409);

    await expire();
    expect(await chunksOf(request.archive.id)).toBe(0);
    const rows = await asOwner(
      (sql) => sql`select key from archive where id = ${uuidOf(request.archive.id)}`,
    );
    expect(rows).toEqual([{ key: null }]);
    const after = await look(shop, request.id);
    expect(after.status).toBe("closed");
    expect(after.archive).toMatchObject({ state: "deleted", manifest: request.archive.manifest });
    expect(after.timeline.at(-1)).toMatchObject({ event: "closed", actor: { kind: "system" } });
    expect(after.timeline.at(-1)?.reason).toBeTruthy();
    expect((await postPasscode(service, path, passcode)).status).toBe(410);
  });

  it("a request whose link nobody used has expired, and a new one can be opened", async () => {
    const { shop, request } = await readyRequest();
    await deliver(shop, request.id);
    await letExpire(request.archive.id);
    await expire();
    expect(await look(shop, request.id)).toMatchObject({ status: "expired", archive: { state: "deleted" } });
    expect((await openRequestOf(shop)).id).not.toBe(request.id);
  });

  it("a request that was never handed over gets a new archive: it has no answer yet", async () => {
    const { shop, request } = await readyRequest();
    await letExpire(request.archive.id);
    await expire();
    expect(await chunksOf(request.archive.id)).toBe(0);
    const again = await until(
      () => look(shop, request.id),
      ({ status }) => status === "ready",
    );
    expect(again.archive.id).not.toBe(request.archive.id);
    expect(again.archive.state).toBe("ready");
  });

  it("happens once, however many workers see it", async () => {
    const { shop, request } = await readyRequest();
    await deliver(shop, request.id);
    await letExpire(request.archive.id);
    await Promise.all(Array.from({ length: 5 }, expire));
    const { timeline } = await look(shop, request.id);
    expect(timeline.filter(({ event }) => event === "archive_expired")).toHaveLength(1);
  });
});
