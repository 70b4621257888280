import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { askEveryRoute, type Sample } from "../support/every-route.ts";
import {
  type Answer,
  type OrganizationClient,
  type Sent,
  startTestService,
  type TestService,
} from "../support/service.ts";

let service: TestService;
let shop: OrganizationClient;
let samples: readonly Sample[];

beforeAll(async () => {
  service = await startTestService();
  shop = await service.organization();
  samples = await askEveryRoute(shop, { archive: false });
}, 60_000);
afterAll(() => service.close());

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>;
}

/** Statuses and content types that the OpenAPI document lists for a route, such as `422 application/problem+json`. */
async function listedFor(): Promise<(route: string) => string[]> {
  const { body } = await service.anonymous.get<Document & Record<string, unknown>>("/openapi.json");
  return (route) => {
    const [method = "", path = ""] = route.split(" ");
    return Object.entries(body.paths[path]?.[method.toLowerCase()]?.responses ?? {}).flatMap(
      ([status, { content }]) => Object.keys(content ?? {}).map((type) => `${status} ${type}`),
    );
  };
}

const given = ({ status, headers }: Answer) =>
  `${status} ${headers.get("content-type")?.split(";")[0] ?? ""}`;

test("every status that a route answers is in the OpenAPI document, with what it answers", async () => {
  const listed = await listedFor();
  const limited = await shop.limitedTo("staff");
  const stranger = await service.organization();
  const seen = new Set<number>();
  const judge = (route: string, answer: Answer) => {
    seen.add(answer.status);
    expect([route, answer.text, listed(route)]).toEqual([
      route,
      answer.text,
      expect.arrayContaining([given(answer)]),
    ]);
  };
  for (const { route, method, path, body, answer } of samples) {
    judge(route, answer);
    const asks: [client: typeof service.anonymous, sent: Sent][] = [
      [service.anonymous, { body }],
      [limited, { body }],
      [stranger, { body }],
      [shop, { body }],
    ];
    if (method !== "GET") {
      asks.push(
        [shop, { body: "{" }],
        [shop, { body: { no: "such field" } }],
        [shop, { body: "{}", headers: { "content-type": "text/plain" } }],
        [shop, { body: `{"a":"${"x".repeat(limits.sectionBytes)}"}` }],
        [shop, { body, headers: { "idempotency-key": "the same of every route" } }],
      );
    }
    for (const [client, sent] of asks) judge(route, await client.send(method, path, sent));
  }
  const cause = samples.find(({ route }) => route === "POST /v1/causes");
  for (let n = 0; n <= limits.causesPerPerson; n += 1) {
    judge("POST /v1/causes", await shop.post("/v1/causes", cause?.body));
  }
  const wanted = [200, 201, 202, 400, 401, 403, 404, 409, 413, 415, 422, 429];
  expect([...seen].sort()).toEqual(expect.arrayContaining(wanted));
});
