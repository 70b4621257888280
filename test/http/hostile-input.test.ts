import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askEveryRoute, documentedRoutes, type Sample, someMail } from "../support/every-route.ts";
import {
  type Answer,
  type OrganizationClient,
  startTestService,
  type TestService,
} from "../support/service.ts";

let service: TestService;
let shop: OrganizationClient;
let samples: readonly Sample[];

beforeAll(async () => {
  service = await startTestService({ config: { mail: someMail } });
  shop = await service.organization();
  samples = await askEveryRoute(shop, { archive: false });
}, 60_000);
afterAll(() => service.close());

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly (string | number)[];

/** Every place in a document, with what stands there; the document itself comes first. */
function places(value: Json, path: Path = []): [Path, Json][] {
  const inner =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, member]) =>
          places(member, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [];
  return [[path, value], ...inner];
}

/** The document with something else at a place; undefined takes away what stands there. */
function changed(value: Json, [key, ...rest]: Path, to: Json | undefined): Json | undefined {
  if (key === undefined) return to;
  if (Array.isArray(value)) {
    return value.flatMap((item: Json, index) => {
      const now = index === key ? changed(item, rest, to) : item;
      return now === undefined ? [] : [now];
    });
  }
  const members = Object.entries(value ?? {}).flatMap(([name, member]: [string, Json]) => {
    const now = name === key ? changed(member, rest, to) : member;
    return now === undefined ? [] : [[name, now] as const];
  });
  return Object.fromEntries(members);
}

const pointer = (path: Path) =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** The requests with a body, once a route and shape, with every place in the body. */
function bodies(): { sample: Sample; body: Json; at: [Path, Json][] }[] {
  return samples.flatMap((sample) => {
    // Bad lines of a batch are answered in their places: features/gate/batch.test.ts.
    if (sample.body === undefined || typeof sample.body === "string") return [];
    const body = JSON.parse(JSON.stringify(sample.body)) as Json;
    return [{ sample, body, at: places(body) }];
  });
}

/** Words that only the inside knows: none of them ever leaves it. */
const innerWords =
  /postgres|drizzle|node_modules|sqlstate|constraint|relation "|column "|syntax error|\bat .+:\d+:\d+/i;

function judge(answer: Answer, what: string): void {
  const { status, headers, body, text } = answer;
  expect([what, status < 500, status, text.slice(0, 200)]).toEqual([what, true, status, text.slice(0, 200)]);
  if (status < 400) return;
  expect([what, headers.get("content-type")]).toEqual([what, "application/problem+json"]);
  expect([what, body]).toEqual([
    what,
    {
      type: expect.stringMatching(/^urn:sayso:problem:[a-z_]+$/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      requestId: headers.get("x-request-id"),
      ...(body.errors === undefined
        ? {}
        : {
            errors: expect.arrayContaining([
              expect.objectContaining({
                pointer: expect.stringMatching(/^(\/|$)/),
                message: expect.any(String),
              }),
            ]),
          }),
    },
  ]);
  expect(text).not.toMatch(innerWords);
}

const send = (sample: Sample, body: unknown) =>
  shop.send<Record<string, unknown>>(sample.method, sample.path, { body });

const pointersOf = (answer: Answer) =>
  ((answer.body.errors ?? []) as { pointer: string }[]).map((error) => error.pointer);

test("every documented route that takes a body is among those that are tried here", async () => {
  const withBody = (await documentedRoutes(shop)).filter((route) => /^(POST|PUT|PATCH) /.test(route));
  const tried = new Set(samples.map(({ route }) => route));
  expect(withBody.filter((route) => !tried.has(route))).toEqual([]);
  expect(bodies().length).toBeGreaterThan(20);
});

describe("in every text of every body", () => {
  test.each([
    ["NUL", "\u0000"],
    ["half a surrogate pair", "\ud83d"],
  ])("%s is refused with its place", async (_name, character) => {
    let tried = 0;
    for (const { sample, body, at } of bodies()) {
      for (const [path, value] of at) {
        if (typeof value !== "string") continue;
        tried += 1;
        const answer = await send(sample, changed(body, path, `${value}${character}`));
        expect([sample.route, answer.status, pointersOf(answer)]).toEqual([
          sample.route,
          422,
          [pointer(path)],
        ]);
        judge(answer, `${sample.route} ${pointer(path)}`);
      }
    }
    expect(tried).toBeGreaterThan(80);
  });

  test.each([
    ["an emoji", "👨‍👩‍👧"],
    ["nothing but an emoji", null],
    ["SQL", "'); drop table subject; --"],
    ["a template", "{{constructor}} <script>alert(1)</script>"],
    ["right-to-left marks", "\u202e\u2066abc"],
    ["a line break", "\r\nSet-Cookie: a=b"],
    ["a hundred thousand characters", "x".repeat(100_000)],
  ])("%s never makes an error of ours", async (_name, addition) => {
    for (const { sample, body, at } of bodies()) {
      for (const [path, value] of at) {
        if (typeof value !== "string") continue;
        const answer = await send(
          sample,
          changed(body, path, addition === null ? "😀" : `${value}${addition}`),
        );
        judge(answer, `${sample.route} ${pointer(path)}`);
      }
    }
  });
});

test("at every place of every body another type is refused or taken, never an error of ours", async () => {
  const others: Json[] = [
    null,
    true,
    -1,
    0,
    1.5,
    2_147_483_648,
    9_007_199_254_740_991,
    "",
    " ",
    "x",
    [],
    [null],
    {},
    { x: 1 },
  ];
  for (const { sample, body, at } of bodies()) {
    const tries = at.flatMap(([path]) => others.map((other) => [path, other] as const));
    await Promise.all(
      tries.map(async ([path, other]) => {
        const what = `${sample.route} ${pointer(path)} = ${JSON.stringify(other)}`;
        judge(await send(sample, changed(body, path, other)), what);
      }),
    );
  }
}, 180_000);

test("every instant of every body is refused or taken, never an error of ours, and never one of the far future", async () => {
  const instants = [
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999999Z",
    "2026-02-30T00:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T23:59:60Z",
    "2026-11-22",
    "2026-11-22T12:00:00",
    "1795370826",
    "-000001-01-01T00:00:00Z",
    "+275760-09-13T00:00:00Z",
    "infinity",
    "now",
  ];
  let tried = 0;
  for (const { sample, body, at } of bodies()) {
    for (const [path, value] of at) {
      if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT/.test(value)) continue;
      tried += 1;
      for (const instant of instants) {
        const what = `${sample.route} ${pointer(path)} = ${instant}`;
        const answer = await send(sample, changed(body, path, instant));
        judge(answer, what);
        if (path.at(-1) === "occurredAt" || path.at(-1) === "receivedAt") {
          if (instant.startsWith("9999"))
            expect([what, answer.status, pointersOf(answer)]).toEqual([what, 422, [pointer(path)]]);
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(5);
});

test("a place that is missing is refused or not needed, never an error of ours", async () => {
  for (const { sample, body, at } of bodies()) {
    for (const [path] of at.slice(1))
      judge(await send(sample, changed(body, path, undefined)), `${sample.route} without ${pointer(path)}`);
  }
});

test("a field that is not documented is refused with its place, in every object of every body", async () => {
  // What an organization describes or proves in its own words may have fields of its own.
  const ownWords = /\/evidence$|\/schema(\/|$)/;
  let tried = 0;
  for (const { sample, body, at } of bodies()) {
    for (const [path, value] of at) {
      if (typeof value !== "object" || value === null || Array.isArray(value) || ownWords.test(pointer(path)))
        continue;
      tried += 1;
      const answer = await send(sample, changed(body, path, { ...value, surprise: 1 }));
      const what = `${sample.route} ${pointer(path)}`;
      judge(answer, what);
      const isBatchItem =
        sample.route === "POST /v1/templates/import" ||
        (sample.route === "POST /v1/checks/batch" && pointer(path).startsWith("/recipients"));
      if (isBatchItem) expect([what, answer.text]).toEqual([what, expect.stringContaining("/surprise")]);
      else
        expect([what, answer.status, pointersOf(answer)]).toEqual([what, 422, [`${pointer(path)}/surprise`]]);
    }
  }
  expect(tried).toBeGreaterThan(30);
});

test("a key that stands twice is refused with its place, in every object of every body", async () => {
  for (const { sample, body, at } of bodies()) {
    for (const [path, value] of at) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
      const [key] = Object.keys(value);
      if (key === undefined) continue;
      const marked = JSON.stringify(changed(body, path, { ...value, "\u0001": 1 }));
      const twice = marked.replace('"\\u0001":1', `${JSON.stringify(key)}:1`);
      const answer = await send(sample, twice);
      expect([sample.route, answer.status, pointersOf(answer)]).toEqual([
        sample.route,
        422,
        [pointer([...path, key])],
      ]);
    }
  }
});

describe("a body", () => {
  test.each([
    ["that ends early", '{"name": "x"', 400],
    ["with a comma too many", '{"name": "x",}', 400],
    ["with a comment", '{"name": "x"} // comment', 400],
    ["with single quotes", "{'name': 'x'}", 400],
    ["of two documents", "{}{}", 400],
    ["of white space", "   ", 400],
    ["that is not UTF-8", Buffer.from('{"name": "caf\xe9"}', "latin1"), 400],
    ["with half a character at its end", Buffer.from([0x22, 0xf0, 0x9f, 0x98]), 400],
    ["in UTF-16", Buffer.from('{"name": "x"}', "utf16le"), 400],
    ["nested a hundred thousand deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 422],
    ["that is null", "null", 422],
    ["that is a list", "[]", 422],
    ["that is a text", '"x"', 422],
    ["that is a number", "1", 422],
    ["that names what every object has", '{"__proto__": {"name": "x"}, "constructor": 1}', 422],
  ])("%s is refused, on every route that takes one", async (what, body, status) => {
    for (const { sample } of bodies()) {
      const answer = await send(sample, body);
      judge(answer, `${sample.route} ${what}`);
      expect([sample.route, answer.status]).toEqual([sample.route, status]);
    }
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/xml",
    "json",
  ])("of type %s is refused with 415, on every route that takes one", async (type) => {
    for (const { sample } of bodies()) {
      const answer = await shop.send(sample.method, sample.path, {
        body: sample.body,
        headers: { "content-type": type },
      });
      judge(answer, sample.route);
      expect([sample.route, answer.status]).toEqual([sample.route, 415]);
    }
  });

  test.each(["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"])(
    "of type %s is JSON",
    async (type) => {
      const answer = await shop.send("POST", "/v1/subjects/lookup", {
        body: { subject: { phone: "+12025550142" } },
        headers: { "content-type": type },
      });
      expect(answer.status).toBe(200);
    },
  );

  test("with thousands of wrong places is refused with the first hundred of them", async () => {
    const answer = await shop.post(
      "/v1/purposes",
      Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, 1])),
    );
    expect([answer.status, pointersOf(answer).length]).toEqual([422, 100]);
  });
});

test("strange ids, cursors and limits in the address are refused, never an error of ours", async () => {
  const strange = [
    "%00",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "%E0%A4%A",
    "..%2f..",
    "-1",
    "0",
    "1e9",
    "9".repeat(40),
    "x".repeat(3_000),
    "'--",
    "null",
    "sub_01kb0q8s5hf6xv3y1m2n4p5q6r",
    "%20",
  ];
  let tried = 0;
  for (const { method, path, body } of samples) {
    const segments = path.split("/");
    for (const [index, segment] of segments.entries()) {
      if (!/_[0-9a-z]{26}$|^1$|^profile$/.test(segment)) continue;
      for (const odd of strange) {
        tried += 1;
        const address = segments.with(index, odd).join("/");
        const answer = await shop.send(method, address, { body });
        judge(answer, `${method} ${address.slice(0, 80)}`);
        const isTaken = odd === "0" || odd === "1e9" ? false : answer.status < 400;
        expect([address.slice(0, 80), isTaken]).toEqual([address.slice(0, 80), false]);
      }
    }
    if (method !== "GET") continue;
    for (const odd of strange) {
      for (const name of ["cursor", "limit"])
        judge(await shop.get(`${path}?${name}=${odd}`), `${path}?${name}=${odd}`);
    }
  }
  expect(tried).toBeGreaterThan(100);
});

test.each([
  "/v1/nothing",
  "/v1/",
  "/v2/senders",
  "/nothing",
  "/v1/senders/x/y",
  "//",
  "/%2e%2e/etc/passwd",
  "/.env",
])("there is nothing at %s", async (path) => {
  for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
    const answer = await shop.send(method, path);
    judge(answer, `${method} ${path}`);
    expect([method, answer.status, answer.body.type]).toEqual([method, 404, "urn:sayso:problem:not_found"]);
  }
});

test("methods that a route does not have are refused", async () => {
  for (const { path } of samples) {
    const answer = await shop.send("DELETE", path);
    judge(answer, `DELETE ${path}`);
    expect([404, 405]).toContain(answer.status);
  }
});
