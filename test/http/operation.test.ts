import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administer, createTestDatabase } from "../support/database.ts";
import { startTestService, type TestService } from "../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

test("the process says that it is alive, and that it is ready", async () => {
  const alive = await service.anonymous.get("/healthz");
  expect([alive.status, alive.body]).toEqual([200, { status: "alive" }]);
  const ready = await service.anonymous.get("/readyz");
  expect([ready.status, ready.body]).toEqual([200, { status: "ready" }]);
});

test("metrics are in Prometheus's text format and count requests by route, never by address", async () => {
  const shop = await service.organization();
  const { id } = await shop.sender();
  await shop.get(`/v1/senders/${id}`);
  await service.anonymous.get("/o/a-token-of-somebody");
  await service.anonymous.get("/nothing/+12025550142?phone=%2B12025550142");
  const { status, headers, text } = await service.anonymous.get("/metrics");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toMatch(
    /^sayso_http_request_seconds_count\{method="GET",route="\/v1\/senders\/:id",status="200"\} [1-9]/m,
  );
  expect(text).toMatch(/^sayso_http_request_seconds_count\{method="GET",route="none",status="404"\} [1-9]/m);
  for (const told of [id, shop.id, "a-token", "2025550142", shop.key ?? ""]) expect(text).not.toContain(told);
  for (const line of text.split("\n").filter((line) => line !== "")) {
    expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_:0-9]+(\{.*\})? [-+\d.eNaInf]+)$/);
  }
});

describe("the reference page", () => {
  /** Everything that a page refers to: addresses in its attributes, style sheets and scripts. */
  const references = (html: string) =>
    [...html.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address ?? "");

  test("refers only to this service, and everything that it refers to is here", async () => {
    const page = await service.anonymous.get("/docs");
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ]);
    const found = references(page.text);
    expect(found.length).toBeGreaterThan(2);
    for (const address of found) {
      expect(address).toMatch(/^\/docs\//);
      const part = await service.anonymous.get(address);
      expect([address, part.status, part.bytes.length > 0]).toEqual([address, 200, true]);
      expect(part.headers.get("content-type")).toMatch(
        address.endsWith(".css") ? /^text\/css/ : /^text\/javascript/,
      );
    }
    expect((await service.anonymous.get("/docs/start.js")).text).toContain('"/openapi.json"');
  });

  test("is told by its policy to load nothing from anywhere else", async () => {
    const policy = (await service.anonymous.get("/docs")).headers.get("content-security-policy") ?? "";
    const directives = policy.split(";").map((directive) => directive.trim().split(/\s+/));
    expect(directives).toContainEqual(["default-src", "'none'"]);
    for (const [, ...sources] of directives) {
      for (const source of sources)
        expect(["'none'", "'self'", "'unsafe-inline'", "data:"]).toContain(source);
    }
    expect(directives.find(([name]) => name === "script-src")).toEqual(["script-src", "'self'"]);
  });

  test("loads no style from elsewhere", async () => {
    const { text } = await service.anonymous.get("/docs/swagger-ui.css");
    expect(text).not.toMatch(/@import|url\(["']?(https?:)?\/\//);
  });
});

describe("the OpenAPI document", () => {
  interface Operation {
    summary?: string;
    tags?: string[];
    parameters?: { name: string; in: string; schema?: object }[];
    requestBody?: { required?: boolean; content: Record<string, { schema?: object }> };
    responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
  }
  interface Document {
    openapi: string;
    info: { title: string; version: string };
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: object; securitySchemes: object };
    security: object[];
  }

  const read = async () =>
    (await service.anonymous.get<Document & Record<string, unknown>>("/openapi.json")).body;

  const operations = (document: Document) =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        name: `${method.toUpperCase()} ${path}`,
        operation,
      })),
    );

  test("is OpenAPI 3.1 with the API key as its security", async () => {
    const document = await read();
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.components.securitySchemes).toHaveProperty("apiKey");
    expect(document.security).toEqual([{ apiKey: [] }]);
  });

  test("has for every operation a summary, a tag, every parameter of its path, and a schema for every answer", async () => {
    const all = operations(await read());
    expect(all.length).toBeGreaterThan(40);
    for (const { name, path, operation } of all) {
      expect([name, operation.summary, operation.tags]).toEqual([
        name,
        expect.any(String),
        [expect.any(String)],
      ]);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const documented = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([name, documented.map((parameter) => parameter.name)]).toEqual([name, inPath]);
      const answers = Object.entries(operation.responses);
      expect([name, answers.filter(([status]) => status.startsWith("2")).length > 0]).toEqual([name, true]);
      for (const [status, { description, content }] of answers) {
        const schemas = new Set(Object.values(content ?? {}).map(({ schema }) => typeof schema));
        expect([name, status, description !== "", [...schemas]]).toEqual([name, status, true, ["object"]]);
      }
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
        expect([name, typeof schema]).toEqual([name, "object"]);
      }
    }
  });

  test("has every reference that it uses, and names every operation once", async () => {
    const document = await read();
    const text = JSON.stringify(document);
    const used = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? "");
    expect(used.length).toBeGreaterThan(10);
    for (const name of used) expect(document.components.schemas).toHaveProperty(name);
    const summaries = operations(document).map(({ operation }) => operation.summary);
    expect(new Set(summaries).size).toBe(summaries.length);
  });

  test("has every route of the API that the service answers", async () => {
    const documented = new Set(
      operations(await read()).map(({ name }) => name.replaceAll(/\{(\w+)\}/g, ":$1")),
    );
    const answered = service.app.routes.filter(
      ({ path, method }) => method !== "ALL" && path.startsWith("/v1/") && !path.includes("*"),
    );
    expect(answered.length).toBeGreaterThan(40);
    for (const { method, path } of answered) expect([...documented]).toContain(`${method} ${path}`);
  });
});

test("a database without Sayso's tables is not ready", async () => {
  const database = await createTestDatabase();
  const bare = await startTestService({ database });
  await administer(database.ownerUrl, (sql) => sql`alter table installation rename to elsewhere`);
  const ready = await bare.anonymous.get("/readyz");
  expect([ready.status, ready.body.type, ready.headers.get("retry-after")]).toEqual([
    503,
    "urn:sayso:problem:unavailable",
    "1",
  ]);
  expect((await bare.anonymous.get("/healthz")).status).toBe(200);
  await bare.close();
  await database.drop();
});
