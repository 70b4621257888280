import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secondaryRegimeKeys } from "../../../src/features/datarequest/regimes.ts";
import { secondaryRegimes } from "../../../src/kernel/secondary-regimes.ts";
import { environmentOf, runBuilt } from "../../support/built.ts";
import { look, type OpenedRequest, openRequestOf, requestBody, shopIn } from "../../support/data-request.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-calendar-"));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

type Refused = { detail: string; errors?: { pointer: string; message: string }[] } & Record<string, unknown>;

/** Opens requests as if it were noon in London on this day. */
async function onDay<T>(day: string, act: (receivedAt: string) => Promise<T>): Promise<T> {
  service.setNow(new Date(`${day}T12:00:00Z`));
  try {
    return await act(`${day}T12:00:00Z`);
  } finally {
    service.setNow(undefined);
  }
}

const open = (shop: OrganizationClient, changes: object) =>
  shop.post<OpenedRequest & Refused>("/v1/data-requests", requestBody(changes));

describe("several laws for one request", () => {
  it("the earliest date counts, and the counting shows each and says which", async () => {
    const shop = await shopIn(service);
    await onDay("2026-11-27", async (receivedAt) => {
      const opened = await openRequestOf(shop, { regime: ["gdpr", "ru-152fz", "gdpr"], receivedAt });
      expect(opened).toMatchObject({
        regime: "ru-152fz",
        regimes: ["gdpr", "ru-152fz"],
        lastDay: "2026-12-11",
      });
      const { counting } = await look(shop, opened.id);
      expect(counting.at(-1)).toBe(
        "Several laws apply: the earliest date counts, 11 December 2026 (Russian Federal Law No. 152-FZ on personal data).",
      );
      expect(counting.filter((sentence) => sentence.includes("last day for the answer"))).toHaveLength(2);
    });
  });

  it("one by itself is answered as before, in a list of one", async () => {
    const shop = await shopIn(service);
    expect(await openRequestOf(shop)).toMatchObject({ regime: "gdpr", regimes: ["gdpr"] });
  });

  it("a second request under another law joins, and its earlier date and its law count", async () => {
    const shop = await shopIn(service);
    await onDay("2026-11-27", async (receivedAt) => {
      const first = await openRequestOf(shop, { receivedAt });
      const second = await open(shop, { regime: "ru-152fz", receivedAt });
      expect(second).toMatchObject({
        status: 200,
        body: {
          id: first.id,
          joined: true,
          regime: "ru-152fz",
          regimes: ["gdpr", "ru-152fz"],
          lastDay: "2026-12-11",
        },
      });
    });
  });

  it("no law, or eleven, are refused", async () => {
    const shop = await shopIn(service);
    expect((await open(shop, { regime: [] })).status).toBe(422);
    expect((await open(shop, { regime: Array(11).fill("gdpr") })).status).toBe(422);
  });
});

describe("the two clocks of ccpa", () => {
  it("stand with the request: acknowledged in ten business days, answered in 45", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { timeZone: "America/Los_Angeles" });
    await onDay("2026-11-27", async (receivedAt) => {
      const opened = await openRequestOf(shop, { regime: "ccpa", receivedAt });
      expect(opened.lastDay).toBe("2027-01-11");
      expect(await look(shop, opened.id)).toMatchObject({
        clocks: [
          {
            key: "acknowledge",
            regime: "ccpa",
            lastDay: "2026-12-11",
            dueAt: "2026-12-12T07:59:59.999Z",
            duty: expect.stringContaining("Confirm receipt"),
          },
        ],
      });
    });
  });

  it("need no country, for they count by California's", async () => {
    const shop = await service.organization();
    await shop.patch("/v1/organization", { timeZone: "Europe/Berlin" });
    expect((await open(shop, { regime: "ccpa" })).status).toBe(201);
    const gdpr = await open(shop, { regime: ["ccpa", "gdpr"], kind: "portability" });
    expect(gdpr.status).toBe(422);
    expect(gdpr.body.detail).toContain("set the organization's country first");
  });
});

describe("laws that rest on others' accounts", () => {
  it("are the same ones in the list to switch on and in the files", () => {
    expect([...secondaryRegimes]).toEqual(secondaryRegimeKeys);
  });

  it("are refused until the organization switches them on, each by itself, and again when it takes that back", async () => {
    const shop = await shopIn(service);
    const refused = await open(shop, { regime: ["gdpr", "lgpd"] });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([
      { pointer: "/regime", message: expect.stringContaining("PATCH /v1/organization") },
    ]);
    const switched = await shop.patch("/v1/organization", { secondaryRegimes: ["lgpd"] });
    expect(switched.body).toMatchObject({ secondaryRegimes: ["lgpd"] });
    expect((await open(shop, { regime: ["gdpr", "lgpd"] })).status).toBe(201);
    expect((await open(shop, { regime: "kvkk", kind: "portability" })).status).toBe(422);
    // Another field leaves it, an empty list takes it back.
    await shop.patch("/v1/organization", { name: "Harbour Tea" });
    expect((await open(shop, { regime: "lgpd", kind: "portability" })).status).toBe(201);
    await shop.patch("/v1/organization", { secondaryRegimes: [] });
    expect((await open(shop, { regime: "lgpd", subject: { email: "b@mail.example" } })).status).toBe(422);
  });

  it.each([[["gdpr"]], [["atlantis"]]])("%j is nothing to switch on", async (keys) => {
    const shop = await shopIn(service);
    expect((await shop.patch("/v1/organization", { secondaryRegimes: keys })).status).toBe(422);
  });

  it("are told apart in the list of laws, with terms, sources and what a request must contain", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { secondaryRegimes: ["kvkk"] });
    const { body } = await shop.get<{ items: Record<string, unknown>[] }>("/v1/regimes");
    const usable = body.items.filter(({ isUsable }) => isUsable).map(({ key }) => key);
    expect(usable).toEqual(["gdpr", "uk-gdpr", "ru-152fz", "ccpa", "kvkk"]);
    expect(body.items.find(({ key }) => key === "ru-152fz")).toMatchObject({
      basis: "primary",
      terms: { access: { workingDays: 10 }, rectification: { workingDays: 7 } },
      formalities: {
        mustContain: [expect.stringContaining("identity document"), expect.anything(), expect.anything()],
      },
    });
    const inRussian = await shop.get<{ items: Record<string, unknown>[] }>("/v1/regimes", {
      "accept-language": "ru",
    });
    expect(inRussian.body.items[2]).toMatchObject({ name: expect.stringContaining("Федеральный закон") });
  });
});

describe("a year that nobody has written down", () => {
  const year2028 = {
    source: "Decree on days off in 2028.",
    daysOff: ["2028-01-10", "2028-01-03", "2028-01-04", "2028-01-05", "2028-01-06", "2028-01-07"],
    workingDays: ["2028-01-15"],
  };
  const under152 = (shop: OrganizationClient, receivedAt: string) =>
    open(shop, { regime: "ru-152fz", receivedAt, subject: { email: "person@mail.example" } });
  const load = (shop: OrganizationClient, year: object, at = "RU/2028") =>
    shop.send<Refused>("PUT", `/v1/holiday-calendars/${at}`, { body: year });

  it("is refused with what to load; loaded by one organization it is counted by there, and nowhere else", async () => {
    const shop = await shopIn(service);
    const stranger = await shopIn(service);
    await onDay("2027-12-28", async (receivedAt) => {
      const refused = await under152(shop, receivedAt);
      expect(refused.status).toBe(422);
      expect(refused.body.detail).toContain("PUT /v1/holiday-calendars/RU/2028");
      expect(await load(shop, year2028)).toMatchObject({
        status: 200,
        body: { country: "RU", year: 2028, loadedBy: "organization", daysOff: year2028.daysOff.toSorted() },
      });
      // 29 and 30 December, 11 to 14 January, the worked Saturday, 17 to 19 January.
      expect((await under152(shop, receivedAt)).body).toMatchObject({ lastDay: "2028-01-19" });
      expect((await under152(stranger, receivedAt)).status).toBe(422);
    });
    const sql = postgres(service.database.ownerUrl, { max: 1, onnotice: () => {} });
    const audited = await sql`
      select entity, actor_kind as actor, details from audit_entry where action = 'holiday_calendar.loaded'`;
    await sql.end();
    expect(audited).toEqual([
      {
        entity: "RU/2028",
        actor: "api_key",
        details: { ...year2028, daysOff: year2028.daysOff.toSorted() },
      },
    ]);
  });

  it("takes the place of ours, and of what was loaded before; a date that stands does not move", async () => {
    const shop = await shopIn(service);
    await onDay("2026-12-14", async (receivedAt) => {
      const before = (await under152(shop, receivedAt)).body;
      expect(before.lastDay).toBe("2026-12-28");
      await load(shop, { source: "A mistake.", daysOff: ["2026-01-01"] }, "RU/2026");
      await load(shop, { source: "A later decree.", daysOff: ["2026-12-25"] }, "RU/2026");
      expect(await look(shop, before.id)).toMatchObject({ lastDay: "2026-12-28" });
      const other = await open(shop, {
        regime: "ru-152fz",
        receivedAt,
        subject: { email: "c@mail.example" },
      });
      expect(other.body.lastDay).toBe("2026-12-29");
    });
    const { body } = await shop.get<{ items: { country: string; year: number; loadedBy: string }[] }>(
      "/v1/holiday-calendars",
    );
    const russian = body.items.filter(({ country }) => country === "RU");
    expect(russian.map(({ year, loadedBy }) => [year, loadedBy])).toEqual([
      [2024, "sayso"],
      [2025, "sayso"],
      [2026, "organization"],
      [2027, "sayso"],
    ]);
  });

  it("of the organization's own country outside the Economic Area is what gdpr counts by when it is loaded", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { country: "RS", timeZone: "Europe/Belgrade" });
    await onDay("2026-02-15", async (receivedAt) => {
      expect((await open(shop, { receivedAt })).status).toBe(422);
      await load(shop, { source: "Zakon o praznicima.", daysOff: ["2026-03-16"] }, "RS/2026");
      // 15 March is a Sunday, and the Monday a day off.
      expect((await open(shop, { receivedAt })).body).toMatchObject({ lastDay: "2026-03-17" });
    });
  });

  const wrong: [what: string, at: string, year: object, pointers: string[]][] = [
    [
      "a day of another year",
      "RU/2028",
      { ...year2028, daysOff: ["2028-01-03", "2027-12-31"] },
      ["/daysOff/1"],
    ],
    ["a day named twice", "RU/2028", { ...year2028, daysOff: ["2028-01-03", "2028-01-03"] }, ["/daysOff/1"]],
    ["a worked weekday", "RU/2028", { ...year2028, workingDays: ["2028-01-12"] }, ["/workingDays/0"]],
    [
      "a day that is off and worked",
      "RU/2028",
      { ...year2028, daysOff: ["2028-01-15"], workingDays: ["2028-01-15"] },
      ["/workingDays/0"],
    ],
    ["a day that is none", "RU/2028", { ...year2028, daysOff: ["2028-02-30"] }, ["/daysOff/0"]],
    ["no days", "RU/2028", { ...year2028, daysOff: [] }, ["/daysOff"]],
    ["no source", "RU/2028", { ...year2028, source: " " }, ["/source"]],
    ["a field that nobody reads", "RU/2028", { ...year2028, halfDays: [] }, ["/halfDays"]],
  ];
  it.each(wrong)("is not taken with %s", async (_what, at, year, pointers) => {
    const shop = await shopIn(service);
    const { status, body } = await load(shop, year, at);
    expect(status).toBe(422);
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it.each(["ru/2028", "RUSSIA/2028", "RU/1999", "RU/28"])("is not taken at %s", async (at) => {
    const shop = await shopIn(service);
    expect((await load(shop, year2028, at)).status).toBe(422);
  });

  it("is loaded and listed on the command line, too", { timeout: 240_000 }, async () => {
    const shop = await shopIn(service);
    const file = path.join(folder, "ru-2028.json");
    await writeFile(file, JSON.stringify(year2028));
    const sayso = (...args: string[]) =>
      runBuilt(
        "cli.js",
        ["calendar", ...args, "--organization", shop.id, "--json"],
        environmentOf(service.database),
      );
    const loaded = await sayso("load", "--country", "RU", "--year", "2028", "--file", file);
    expect([loaded.code, loaded.stderr]).toEqual([0, ""]);
    expect(JSON.parse(loaded.stdout)).toMatchObject({
      country: "RU",
      year: 2028,
      workingDays: ["2028-01-15"],
    });
    const { items } = JSON.parse((await sayso("list")).stdout);
    expect(items).toContainEqual(expect.objectContaining({ year: 2028, loadedBy: "organization" }));
  });
});
