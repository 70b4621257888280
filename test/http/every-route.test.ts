import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Scope, scopes } from "../../src/kernel/scopes.ts";
import { scopesOfRoutes } from "../cases/http/scopes.ts";
import { startWorkingService, type WorkingService } from "../support/data-request.ts";
import { askEveryRoute, documentedRoutes, type Sample, someMail } from "../support/every-route.ts";
import type { Answer, OrganizationClient } from "../support/service.ts";

let service: WorkingService;
let shop: OrganizationClient;
let samples: readonly Sample[];

beforeAll(async () => {
  service = await startWorkingService({ config: { mail: someMail } });
  shop = await service.organization({ name: "Tea shop" });
  samples = await askEveryRoute(shop, { archive: true });
}, 120_000);
afterAll(() => service.close());

interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<
      string,
      { responses: Record<string, { content?: Record<string, { schema?: object }> }>; security?: unknown }
    >
  >;
  components: { schemas: Record<string, object> };
}

async function readDocument(): Promise<Document> {
  return (await service.anonymous.get<Document & Record<string, unknown>>("/openapi.json")).body;
}

/** What the document says an answer of this status and content type looks like. */
function answerSchema(document: Document, route: string, answer: Answer): object | undefined {
  const [method = "", path = ""] = route.split(" ");
  const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
  return document.paths[path]?.[method.toLowerCase()]?.responses[answer.status]?.content?.[type]?.schema;
}

/** Checks answers against schemas of the document, with its references; formats are left to the tests of values. */
function answerChecker(document: Document) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "openapi", components: document.components });
  return (schema: object, value: unknown): string => {
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/'));
    return ajv.validate(absolute, value) ? "fits" : ajv.errorsText();
  };
}

test("every documented route is asked here and answers with success", async () => {
  const routes = await documentedRoutes(shop);
  expect(routes.length).toBeGreaterThan(40);
  expect([...new Set(samples.map(({ route }) => route))].sort()).toEqual([...routes].sort());
  const refused = samples.filter(({ answer }) => answer.status >= 300);
  expect(refused.map(({ route, answer }) => [route, answer.status, answer.text])).toEqual([]);
});

test("every success looks as the OpenAPI document says", async () => {
  const document = await readDocument();
  const fits = answerChecker(document);
  for (const { route, answer } of samples) {
    const schema = answerSchema(document, route, answer);
    expect([route, answer.status, answer.headers.get("content-type"), schema === undefined]).toEqual([
      route,
      answer.status,
      answer.headers.get("content-type"),
      false,
    ]);
    if (schema === undefined || !/[/+]json\b/.test(answer.headers.get("content-type") ?? "")) continue;
    expect([route, fits(schema, answer.body)]).toEqual([route, "fits"]);
  }
});

test("every answer has a request id", () => {
  for (const { route, answer } of samples) {
    expect([route, answer.headers.get("x-request-id")]).toEqual([
      route,
      expect.stringMatching(/^[\w-]{16,}$/),
    ]);
  }
});

describe("a stranger with every scope", () => {
  /** Everything that the shop can read of itself. */
  async function allThatTheShopSees(): Promise<string[]> {
    const seen: string[] = [];
    for (const { method, path } of samples) {
      // A preview is as of now.
      if (method === "GET" && !/\/(archive|erasure-preview)$/.test(path))
        seen.push(`${path} ${(await shop.get(path)).text}`);
    }
    return seen;
  }

  test("is told that nothing of the shop's exists, on every route, and changes nothing of it", async () => {
    const stranger = await service.organization({ name: "Stranger" });
    const ids = /\b(?:snd|sub|cpt|cns|att|opt|blk|dec|cau|tpl|req|arc|dlv)_[0-9a-z]{26}\b/;
    const before = await allThatTheShopSees();
    let tried = 0;
    for (const { route, method, path, body, headers } of samples) {
      if (!ids.test(`${path} ${JSON.stringify(body ?? "")}`)) continue;
      tried += 1;
      const answer = await stranger.send<{ decision?: string; results?: { decision: string }[] }>(
        method,
        path,
        { body, headers },
      );
      if (route === "POST /v1/checks") {
        expect([route, answer.status, answer.body.decision ?? "deny"]).toEqual([
          route,
          expect.any(Number),
          "deny",
        ]);
        expect([200, 404, 422]).toContain(answer.status);
      } else if (route === "POST /v1/checks/batch") {
        expect(answer.text).not.toContain('"decision":"allow"');
        expect(answer.text).toContain('"decision":"deny"');
      } else if (route === "POST /v1/checks/preview") {
        expect(answer.body).toMatchObject({ allowed: 0, denied: 1 });
      } else
        expect([route, [404, 422].includes(answer.status), answer.status]).toEqual([
          route,
          true,
          answer.status,
        ]);
      expect(answer.text).not.toMatch(/Tea shop|customer-42|2025550142/);
    }
    expect(tried).toBeGreaterThan(20);
    expect(await allThatTheShopSees()).toEqual(before);
  });

  test("sees only what is its own in every list", async () => {
    const stranger = await service.organization({ name: "Stranger" });
    const lists = samples.filter(({ method, path }) => method === "GET" && !/_[0-9a-z]{26}/.test(path));
    expect(lists.length).toBeGreaterThan(8);
    for (const { path, answer } of lists) {
      const own = JSON.stringify(answer.body).match(/\b[a-z]{3}_[0-9a-z]{26}\b/g) ?? [];
      const seen = (await stranger.get(path)).text;
      for (const id of own) expect([path, seen.includes(id)]).toEqual([path, false]);
    }
  });
});

test("without a key every route answers 401 and does nothing", async () => {
  for (const { method, path, body } of samples) {
    const answer = await service.anonymous.send(method, path, { body });
    expect([path, answer.status, answer.body.type]).toEqual([path, 401, "urn:sayso:problem:unauthenticated"]);
  }
});

test("each route is opened by all of its scopes together, and by nothing less", async () => {
  const first = samples.filter(
    ({ route }, index) => samples.findIndex((other) => other.route === route) === index,
  );
  const statuses = async (held: readonly Scope[]) => {
    const limited = await shop.limitedTo(...held);
    const entries = first.map(async ({ route, method, path }) => {
      const { status } = await limited.send(method, path, method === "GET" ? {} : { body: {} });
      return [route, status] as const;
    });
    return new Map(await Promise.all(entries));
  };
  const withAll = await statuses(["all"]);
  const neededBy = ({ route }: Sample) => scopesOfRoutes.find(([routes]) => routes.test(route))?.[1];
  expect(first.filter((sample) => neededBy(sample) === undefined)).toEqual([]);
  for (const [, needed] of scopesOfRoutes) {
    const routes = first.filter((sample) => neededBy(sample) === needed);
    expect([needed, routes.length > 0]).toEqual([needed, true]);
    const withNeeded = await statuses(needed);
    const without = await Promise.all(
      needed.map((missing) => statuses(scopes.filter((scope) => scope !== "all" && scope !== missing))),
    );
    for (const { route } of routes) {
      expect([route, withAll.get(route) === 403, withNeeded.get(route) === 403]).toEqual([
        route,
        false,
        false,
      ]);
      expect([route, without.map((answers) => answers.get(route))]).toEqual([route, needed.map(() => 403)]);
    }
  }
});
