import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import {
  type CheckedVersion,
  checkWording,
  wordingFindings,
} from "../../../src/features/collection/domain/wording-check.ts";
import { good, orders, promotions, wordingCases } from "../../cases/collection/wordings.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { created } from "../../support/shop.ts";

const whole = {
  channels: ["whatsapp"],
  language: "en",
  privacyNoticeUrl: "https://shop.example/privacy",
  defaultChecked: false,
  isOnScreen: true,
  names: ["Harbour Bookshop"],
} as const;

const shown = ({
  wording = good.en,
  purposes = [promotions],
  ...more
}: (typeof wordingCases)[number]["shown"]): CheckedVersion => ({
  ...whole,
  boxes: [{ pointer: "", wording, purposes }],
  ...more,
});

describe("the wording check", () => {
  test.each(wordingCases)("$guarantee", (one) => {
    const found = checkWording(shown(one.shown)).map(({ code, severity, pointer }) =>
      [`${code}${severity === "warning" ? "?" : ""}`, ...(pointer === "/wording" ? [] : [pointer])].join(" "),
    );
    expect(found).toEqual(one.found);
  });

  it("has a case for everything that it can find", () => {
    const told = new Set(wordingCases.flatMap(({ found }) => found.map((each) => each.split(/[? ]/)[0])));
    expect([...told].sort()).toEqual([...wordingFindings].sort());
  });

  it("says everything in English and in Russian, and takes any text there is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.constantFrom("en", "ru", "de", "zh-Hant", "sr_Latn", "xx"),
        (wording, name, language) => {
          const findings = checkWording(
            shown({ wording, language, names: [name], purposes: [promotions, orders] }),
          );
          for (const { message } of findings) {
            expect(message.en).toMatch(/[a-z]{3}/);
            expect(message.en).not.toBe(message.ru);
            expect(message.ru).toMatch(/[а-яё]/i);
          }
        },
      ),
    );
  });
});

describe("over HTTP", () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  const input = {
    channels: ["whatsapp"],
    purposes: ["promotions"],
    language: "en",
    wording: good.en,
    privacyNoticeUrl: "https://shop.example/privacy",
  };
  const point = { key: "form", kind: "form", name: "Form", ...input };
  const long = `${good.en} ${"And then there is a good deal more to be said about it. ".repeat(5)}`;
  interface Refused {
    errors?: { pointer: string; code?: string; message: string }[];
  }
  const open = () => service.organization({ name: "Harbour Bookshop" });

  it("tells what is wrong in the caller's language, and records nothing", async () => {
    const org = await open();
    const path = "/v1/collection-points/check-wording";
    expect((await org.post(path, input)).body).toEqual({ ok: true, findings: [] });
    const bad = { ...input, wording: good.en.replace("Harbour Bookshop", "we") };
    const [en, ru] = [await org.post(path, bad), await org.post(path, bad, { "accept-language": "ru" })];
    expect(en.body).toEqual({
      ok: false,
      findings: [
        {
          code: "business_not_named",
          severity: "error",
          pointer: "/wording",
          message: "The wording does not say who will write. Name the business: Harbour Bookshop.",
        },
      ],
    });
    expect(ru.text).toContain("Назовите компанию: Harbour Bookshop.");
    const boxes = [
      { wording: good.en, purposes: ["promotions"] },
      { wording: "Yes.", purposes: ["nothing"] },
    ];
    const { wording: _wording, purposes: _purposes, ...rest } = input;
    expect((await org.post<Refused>(path, { ...rest, boxes })).body.errors).toMatchObject([
      { pointer: "/boxes/1/purposes/0" },
    ]);
    expect((await org.get("/v1/collection-points")).body.items).toEqual([]);
    const { key } = await service.apiKey(org.id, ["consents"]);
    const other = await org.post(path, input, { authorization: `Bearer ${key}` });
    expect(other.status).toBe(403);
  });

  it("errors keep a collection point and a version from being made, accepted or not", async () => {
    const org = await open();
    const bad = { wording: good.en.replace(" on WhatsApp", ""), acceptWarnings: ["channel_not_named"] };
    const refused = await org.post<Refused>("/v1/collection-points", { ...point, ...bad });
    expect([refused.status, refused.body.errors?.map(({ code }) => code)]).toEqual([
      422,
      ["channel_not_named"],
    ]);
    const made = await created<{ id: string }>(org.post("/v1/collection-points", point));
    const path = `/v1/collection-points/${made.id}/versions`;
    expect((await org.post<Refused>(path, bad)).body.errors).toMatchObject([
      { pointer: "/wording", code: "channel_not_named" },
    ]);
    expect((await org.get<{ items: unknown[] }>(path)).body.items).toHaveLength(1);
  });

  it("warnings ask, by their code; what was let stand is in the audit entry", async () => {
    const org = await open();
    const asked = await org.post<Refused>("/v1/collection-points", { ...point, wording: long });
    expect(asked.status).toBe(422);
    expect(asked.body.errors).toMatchObject([{ pointer: "/wording", code: "wording_too_long" }]);
    expect(asked.body.errors?.[0]?.message).toContain(`"acceptWarnings": ["wording_too_long"]`);
    const accepted = { ...point, wording: long, acceptWarnings: ["wording_too_long"] };
    const made = await created<{ id: string }>(org.post("/v1/collection-points", accepted));
    expect(made).not.toHaveProperty("acceptWarnings");
    // What was accepted once is asked again: a new version is another wording.
    const path = `/v1/collection-points/${made.id}/versions`;
    expect((await org.post(path, { wording: long })).status).toBe(422);
    await created(org.post(path, { wording: long, acceptWarnings: ["wording_too_long"] }));
    const unknown = await org.post<Refused>(path, { wording: long, acceptWarnings: ["nothing"] });
    expect(unknown.body.errors?.map(({ pointer }) => pointer)).toEqual(["/acceptWarnings/0"]);
    const ctx = await org.context();
    const entries = await service.services.db.look(
      (sql) => sql<{ action: string; details: object }[]>`
        select action, details from audit_entry where organization_id = ${ctx.organizationId} and entity = ${made.id}
        order by at`,
    );
    expect(entries).toEqual(
      ["created", "versioned"].map((done) => ({
        action: `collection_point.${done}`,
        details: { acceptedWarnings: ["wording_too_long"] },
      })),
    );
  });

  it("what was made before is answered again after the business took another name", async () => {
    const org = await open();
    const headers = { "idempotency-key": "form" };
    const first = await org.post("/v1/collection-points", point, headers);
    await org.patch("/v1/organization", { name: "Quay Books" });
    const again = await org.post("/v1/collection-points", point, headers);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await org.post("/v1/collection-points", { ...point, key: "two" })).status).toBe(422);
  });
});
