import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { dropPastTurns, takeTurn } from "../../src/db/rate-limit.ts";
import { administer } from "../support/database.ts";
import { startTestService, type TestService } from "../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const rows = () =>
  administer(
    service.database.ownerUrl,
    (sql) => sql<{ key: string; points: number }[]>`select key, points from rate_limit order by key`,
  );

describe("turns", () => {
  it("are as many as the limit says, then refused with the time to wait; somebody else's are their own", async () => {
    const limit = { points: 3, seconds: 600 };
    for (let turn = 1; turn <= 3; turn += 1) await takeTurn(service.services, "knock", "192.0.2.7", limit);
    await expect(takeTurn(service.services, "knock", "192.0.2.7", limit)).rejects.toMatchObject({
      code: "too_many_requests",
      retryAfterSeconds: expect.any(Number),
    });
    await takeTurn(service.services, "knock", "192.0.2.8", limit);
    await takeTurn(service.services, "ring", "192.0.2.7", limit);
  });

  it("of several processes count together, also when all come at once", async () => {
    const limit = { points: 10, seconds: 600 };
    const others = [1, 2].map(() => ({
      ...service.services,
      db: openDatabase({ url: service.database.applicationUrl, connections: 4 }),
    }));
    const asked = Array.from({ length: 60 }, (_, n) =>
      takeTurn([service.services, ...others][n % 3] ?? service.services, "crowd", "203.0.113.1", limit).then(
        () => "taken",
        (error: { code: string }) => error.code,
      ),
    );
    const outcomes = await Promise.all(asked);
    await Promise.all(others.map(({ db }) => db.close()));
    expect(outcomes.filter((outcome) => outcome === "taken")).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === "too_many_requests")).toHaveLength(50);
  });

  it("begin anew when their time is over", async () => {
    const limit = { points: 1, seconds: 1 };
    await takeTurn(service.services, "short", "x", limit);
    await expect(takeTurn(service.services, "short", "x", limit)).rejects.toMatchObject({
      retryAfterSeconds: 1,
    });
    await administer(service.database.ownerUrl, (sql) => sql`update rate_limit set expire = 1`);
    const elsewhere = {
      ...service.services,
      db: openDatabase({ url: service.database.applicationUrl, connections: 2 }),
    };
    await takeTurn(elsewhere, "short", "x", limit);
    await elsewhere.db.close();
  });

  it("leave no address or number in the database, and nothing once they are over", async () => {
    await takeTurn(service.services, "knock", "+12025550142", { points: 3, seconds: 600 });
    expect(JSON.stringify(await rows())).not.toMatch(/2025550142|192\.0\.2/);
    await administer(service.database.ownerUrl, (sql) => sql`update rate_limit set expire = 1`);
    expect(await dropPastTurns(service.services)).toBeGreaterThan(0);
    expect(await rows()).toEqual([]);
  });
});
