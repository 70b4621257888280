import { afterAll, beforeAll, expect, it } from "vitest";
import { askEveryRoute, documentedRoutes, type Sample, someMail } from "../support/every-route.ts";
import {
  type Answer,
  type OrganizationClient,
  startTestService,
  type TestService,
} from "../support/service.ts";

// What JSON.stringify cannot write, and what is not sent at all; hostile-input.test.ts has the rest.

let service: TestService;
let shop: OrganizationClient;
let samples: readonly Sample[];
beforeAll(async () => {
  service = await startTestService({ config: { mail: someMail } });
  shop = await service.organization();
  samples = (await askEveryRoute(shop, { archive: false })).filter(({ method }) => method !== "GET");
}, 60_000);
afterAll(() => service.close());

const marker = "the place of a value";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The body as JSON text once for each value in it, with that value given as it is to be written. */
function withEach(body: Json, written: string): { pointer: string; text: string }[] {
  const found: { pointer: string; text: string }[] = [];
  const walk = (value: Json, pointer: string, put: (value: Json) => Json): void => {
    if (pointer !== "")
      found.push({
        pointer,
        text: JSON.stringify(put(marker)).replace(JSON.stringify(marker), written),
      });
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        walk(item, `${pointer}/${index}`, (inner) => put(value.with(index, inner)));
      return;
    }
    for (const [key, item] of Object.entries(value))
      walk(item, `${pointer}/${key}`, (inner) => put({ ...value, [key]: inner }));
  };
  walk(body, "", (value) => value);
  return found;
}

function expectProblem(answer: Answer, what: string) {
  expect([what, answer.status >= 400 && answer.status < 500, answer.status]).toEqual([
    what,
    true,
    answer.status,
  ]);
  expect([what, answer.headers.get("content-type")]).toEqual([what, "application/problem+json"]);
  expect([what, answer.body.requestId]).toEqual([what, answer.headers.get("x-request-id")]);
}

it("every documented route that takes a body is tried here", async () => {
  const tried = new Set(samples.map(({ route }) => route));
  const documented = (await documentedRoutes(shop)).filter((route) => !route.startsWith("GET "));
  expect([...tried].sort()).toEqual(documented.sort());
});

it.each(["1e400", "-1e400", "12345678901234567890", "1e300"])(
  "the number %s, which would silently become another, is refused with its place, wherever it stands",
  async (number) => {
    let tried = 0;
    for (const { route, method, path, body } of samples) {
      if (body === undefined || typeof body === "string") continue;
      for (const { pointer, text } of withEach(JSON.parse(JSON.stringify(body)) as Json, number)) {
        tried += 1;
        const what = `${route} ${pointer}`;
        const answer = await shop.send<{ errors: { pointer: string }[] }>(method, path, { body: text });
        expect([what, answer.status, answer.body.errors?.map((error) => error.pointer)]).toEqual([
          what,
          422,
          [pointer],
        ]);
      }
    }
    expect(tried).toBeGreaterThan(150);
  },
);

it.each([
  "-0",
  "0.0",
  "1e-400",
  "9007199254740991",
  "-9007199254740991",
  "NaN",
  "Infinity",
  "0x10",
  "01",
  "+1",
  ".5",
])("%s where a number can stand is taken or refused, never an error of ours", async (number) => {
  for (const { route, method, path, body } of samples) {
    if (body === undefined || typeof body === "string") continue;
    for (const { pointer, text } of withEach(JSON.parse(JSON.stringify(body)) as Json, number)) {
      const answer = await shop.send(method, path, { body: text });
      if (answer.status >= 300) expectProblem(answer, `${route} ${pointer} = ${number}`);
    }
  }
});

/** Routes that need no body, and what they answer without one. */
const withoutBody: Readonly<Record<string, number>> = {
  "POST /v1/collection-points/{id}/capture-tokens": 201,
  "POST /v1/decisions/{id}/replay": 200,
};

it("no body at all is refused where one is needed, with whatever content type", async () => {
  for (const { route, method, path, body } of samples) {
    if (body === undefined) continue;
    const withNone = withoutBody[route];
    for (const type of [undefined, "application/json", "application/json; charset=utf-8", "text/plain"]) {
      for (const nothing of [undefined, ""]) {
        const answer = await shop.send(method, path, {
          ...(nothing === undefined ? {} : { body: nothing }),
          headers: type === undefined ? {} : { "content-type": type },
        });
        const what = `${route} ${type} ${nothing}`;
        if (withNone !== undefined && type === undefined && nothing === undefined)
          expect([what, answer.status]).toEqual([what, withNone]);
        else expectProblem(answer, what);
      }
    }
  }
  // A section is not emptied by a request without a body.
  const section = samples.find(({ route }) => route.startsWith("PUT "));
  const stored = await shop.get<{ document: object }>(section?.path ?? "");
  expect(Object.keys(stored.body.document)).not.toEqual([]);
});

it("an instant that no calendar or database can write is refused with its place", async () => {
  const occurredAt = [
    "0000-01-01T00:00:00Z",
    "0000-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "+275760-09-13T00:00:00.000Z",
    "-271821-04-20T00:00:00.000Z",
  ];
  for (const instant of occurredAt) {
    const optOut = await shop.post<{ errors: { pointer: string }[] }>("/v1/opt-outs", {
      subject: { phone: "+12025550142" },
      scope: "all",
      source: "api",
      occurredAt: instant,
    });
    expect([instant, optOut.status, optOut.body.errors.map(({ pointer }) => pointer)]).toEqual([
      instant,
      422,
      ["/occurredAt"],
    ]);
  }
  // What can be written is taken, and shown as it was given.
  const block = (expiresAt: string) =>
    shop.post<{ expiresAt: string }>("/v1/blocks", {
      identifier: { externalId: "instants" },
      reason: "manual",
      expiresAt,
    });
  expect((await block("9999-12-31T23:59:59.999999Z")).body.expiresAt).toBe("9999-12-31T23:59:59.999Z");
  expect((await block("2099-12-31T23:59:59+23:59")).body.expiresAt).toBe("2099-12-31T00:00:59.000Z");
  expect((await block("9999-12-31T23:59:59-00:01")).status).toBe(422);
  expect((await shop.get("/v1/blocks")).status).toBe(200);
});

it("evidence may have any shape that JSON has, and comes back as it was", async () => {
  const sample = samples.find(({ route }) => route === "POST /v1/consents");
  const consent = sample?.body as { provenance: object };
  const evidence = JSON.parse(
    '{"constructor": "c", "": "empty", "deep": [[[{"a": [1.5, -1, 1e-7, true, null, "👍"]}]]]}',
  );
  const { captureToken: _token, ...provenance } = consent.provenance as { captureToken?: string };
  const given = await shop.post<{ subjectId: string }>("/v1/consents", {
    ...consent,
    provenance: { ...provenance, evidence },
  });
  expect(given.status, given.text).toBe(201);
  const history = await shop.get<{ items: { provenance: { evidence: unknown } }[] }>(
    `/v1/subjects/${given.body.subjectId}/consents`,
  );
  expect(JSON.stringify(history.body.items[0]?.provenance.evidence)).toBe(JSON.stringify(evidence));
});
