import { afterAll, beforeAll, expect, test } from "vitest";
import { safeError } from "../../src/kernel/safe-error.ts";
import { administer } from "../support/database.ts";
import { askEveryRoute, personsNumber, someMail } from "../support/every-route.ts";
import { type ServiceProcess, startTestService, type TestService } from "../support/service.ts";

let service: TestService;
let server: ServiceProcess;

beforeAll(async () => {
  service = await startTestService({ config: { mail: someMail } });
  server = await service.startProcess();
});
afterAll(() => service.close());

/** What an outsider must not find in a log: everything that the requests say of people, and every secret. */
const personal = [
  personsNumber,
  personsNumber.slice(1),
  encodeURIComponent(personsNumber),
  "2025550145",
  "customer@example.com",
  "customer-42",
  "192.0.2.7",
  "Mozilla",
  "Good morning",
  "Tea, please",
  "Called on Monday",
  "Showed a card",
  "privacy@shop.example",
];

test("every request leaves one line with its id, method, route, status and time, and nothing of what it said", async () => {
  const shop = await service.organization();
  const before = server.output().length;
  const samples = await askEveryRoute(shop.through(server), { archive: false });
  await shop.through(server).get(`/v1/senders?cursor=${encodeURIComponent(personsNumber)}`);
  await shop.through(server).get(`/nothing/${encodeURIComponent(personsNumber)}?email=customer@example.com`);
  await shop.through(server).post("/v1/subjects/lookup", `{"subject":{"phone":"${personsNumber}"`);
  await server.stop();
  const output = server.output().slice(before);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const requests = new Map(
    lines.filter(({ msg }) => msg === "request").map((line) => [line.requestId, line]),
  );
  for (const { route, method, answer } of samples) {
    expect(requests.get(answer.headers.get("x-request-id"))).toMatchObject({
      method,
      route: route.split(" ")[1]?.replaceAll(/\{(\w+)\}/g, ":$1"),
      status: answer.status,
      ms: expect.any(Number),
      organizationId: expect.any(String),
      actor: expect.stringMatching(/^key_/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  }
  for (const told of [...personal, shop.key ?? ""])
    expect([told, output.includes(told)]).toEqual([told, false]);
});

test("an error of ours is logged with its request, without the values that its message quotes, and answered without any", async () => {
  const shop = await service.organization({ name: "Broken shop" });
  await administer(
    service.database.ownerUrl,
    (sql) => sql`alter table purpose rename column description to elsewhere`,
  );
  const before = service.log.length;
  const purpose = {
    key: "x",
    name: "Secret name",
    description: "Secret words",
    category: "service",
    lawfulBasis: "contract",
  };
  const answers = [
    await shop.post("/v1/purposes", purpose),
    await shop.get(`/v1/purposes?cursor=secret_cursor`),
  ];
  await administer(
    service.database.ownerUrl,
    (sql) => sql`alter table purpose rename column elsewhere to description`,
  );
  for (const { status, body, text } of answers) {
    expect([status, body.type]).toEqual([500, "urn:sayso:problem:internal"]);
    expect(text).not.toMatch(/column|purpose|select|insert/i);
  }
  const lines = service.log.slice(before);
  expect(lines.join("")).not.toMatch(/secret/i);
  const errors = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === "unexpected error");
  expect(errors.map(({ requestId }) => requestId)).toEqual(answers.map(({ body }) => body.requestId));
  for (const { err } of errors) expect(JSON.stringify(err)).toContain(".ts:");
});

test("an error as a log has it keeps where it happened and none of what it quotes, on however many lines", () => {
  const error = new Error(`Failed query: select $1\nparams: ${personsNumber}\n  and at ${personsNumber}`, {
    cause: new Error(personsNumber),
  });
  const safe = JSON.stringify(safeError(error));
  expect(safe).toContain("log.test.ts");
  expect(safe).not.toContain("2025550");
  expect(safeError(personsNumber)).toEqual({ name: "string" });
});
