import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Context } from "../../../src/context.ts";
import { askSources } from "../../../src/features/accountdata/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { withSources } from "../../support/sources.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const programs = { server: "mariadbd", install: "mariadb-install-db" };
const isInstalled = Object.values(programs).every(
  (program) => spawnSync("which", [program], { env: { PATH: `${process.env.PATH}:/usr/sbin` } }).status === 0,
);
if (!isInstalled)
  console.warn("No MariaDB is installed here (Debian: mariadb-server): MySQL sources are not tested.");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A MariaDB of this file's own, whose root needs no password on this machine. */
async function startMariadb() {
  const folder = await mkdtemp(path.join(tmpdir(), "sayso-mariadb-"));
  await chmod(folder, 0o755);
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const user = process.getuid?.() === 0 ? ["--user=root"] : [];
  execFileSync(
    programs.install,
    ["--no-defaults", `--datadir=${folder}/data`, "--auth-root-authentication-method=normal", ...user],
    { env, stdio: "ignore" },
  );
  const port = await freePort();
  const server = spawn(
    programs.server,
    [
      "--no-defaults",
      `--datadir=${folder}/data`,
      `--socket=${folder}/socket`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      ...user,
    ],
    { env, stdio: "ignore" },
  );
  const connect = () => createConnection({ host: "127.0.0.1", port, user: "root", multipleStatements: true });
  const connection = await vi.waitUntil(() => connect().catch(() => undefined), {
    timeout: 120_000,
    interval: 200,
  });
  return {
    port,
    connection,
    stop: async () => {
      await connection.end();
      server.kill("SIGTERM");
      await once(server, "exit");
      await rm(folder, { recursive: true });
    },
  };
}

describe.skipIf(!isInstalled)("a MariaDB", () => {
  let service: TestService;
  let ctx: Context;
  let mariadb: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    [service, mariadb] = await Promise.all([startTestService(), startMariadb()]);
    ctx = await (await service.organization()).context();
    await mariadb.connection.query(`
      create database shop; use shop;
      create table customer (phone varchar(20), name varchar(100), registered_at timestamp, receipts tinyint(1));
      insert into customer values ('+12025550123', 'Ann O''Neill', '2024-02-29 09:00:00', 1), ('+12025550199', 'Bob', null, 0);
      create user reader@'127.0.0.1' identified by 's3cret'; grant all on shop.* to reader@'127.0.0.1'`);
  });
  afterAll(async () => {
    await mariadb.stop();
    await service.close();
  });

  async function ask(
    query: string,
    { section = "account", timeoutSeconds = 10, phone = "+12025550123" } = {},
  ) {
    const url = `mysql://reader:$\{PASSWORD}@127.0.0.1:${mariadb.port}/shop`;
    const sources = [
      { name: "shop", kind: "mysql", url, timeoutSeconds, sections: { [section]: { query } } },
    ];
    const asking = withSources(ctx, { sources }, { variables: { PASSWORD: "s3cret" } });
    const [answer] = await askSources(asking, [
      { kind: "external_id", value: "x' or '1'='1" },
      { kind: "phone", value: phone },
    ]);
    return answer;
  }

  it("is asked with bound values, and gives times in UTC and yes or no", async () => {
    const query = "select name, registered_at as registeredAt from customer where phone = :phone -- :nobody";
    expect((await ask(query))?.document).toEqual({
      name: "Ann O'Neill",
      registeredAt: "2024-02-29T09:00:00.000Z",
    });
    const settings = "select receipts as readReceipts from customer where phone = :phone";
    expect((await ask(settings, { section: "settings" }))?.document).toEqual({ readReceipts: true });
    expect((await ask("select name from customer where name = :externalId"))?.document).toBeUndefined();
  });

  const failing: [string, string, number, RegExp, boolean][] = [
    [
      "takes too long",
      "select sleep(30) as name from customer where phone = :phone",
      0.5,
      /longer than 0.5 s/,
      true,
    ],
    [
      "lacks the table",
      "select name from nothing where phone = :phone",
      10,
      /does not fit this database \(ER_NO_SUCH_TABLE\)/,
      false,
    ],
    [
      "would write a file",
      "select name from customer where phone = :phone into outfile '/tmp/x'",
      10,
      /\(ER_/,
      false,
    ],
    [
      "has more rows than a section may have",
      `select seq as name from seq_1_to_${limits.sourceRows + 10} where :phone <> ''`,
      30,
      /more than 50000 rows/,
      false,
    ],
    [
      "has more bytes than a section may have",
      "select repeat('x', 9000000) as name from customer where phone = :phone",
      30,
      /more than 4194304 bytes/,
      false,
    ],
  ];
  it.each(failing)(
    "that %s is said to, and quotes nobody",
    async (_what, query, timeoutSeconds, reason, mayHeal) => {
      const answer = await ask(query, { timeoutSeconds });
      expect(answer?.document).toBeUndefined();
      expect(answer?.trouble?.reason).toMatch(reason);
      expect(answer?.trouble?.mayHeal).toBe(mayHeal);
      expect(answer?.trouble?.reason).not.toMatch(/2025550123|Ann|s3cret/);
    },
  );

  it("changes nothing, though its user might", async () => {
    await mariadb.connection.query(
      "create function shop.forget() returns int modifies sql data begin delete from shop.customer; return 1; end",
    );
    const answer = await ask("select forget() as name from customer where phone = :phone");
    expect(answer?.trouble?.reason).toContain("ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION");
    const [rows] = await mariadb.connection.query("select count(*) as count from shop.customer");
    expect(rows).toEqual([{ count: 2 }]);
  });
});
