import { describe, expect, it } from "vitest";
import { requestKinds } from "../../../src/features/datarequest/domain/kind.ts";
import { regimeSchema } from "../../../src/features/datarequest/domain/regime.ts";
import { listedCalendar } from "../../../src/features/datarequest/holidays.ts";
import {
  findRegime,
  regimeKeys,
  regimes,
  secondaryRegimeKeys,
} from "../../../src/features/datarequest/regimes.ts";

describe("regimes", () => {
  it("have the GDPR, with its sources and the advice to have a lawyer confirm it", () => {
    const gdpr = findRegime("gdpr");
    expect(gdpr?.sources.map((source) => source.title).join(" ")).toMatch(/2016\/679.*1182\/71/);
    expect(gdpr?.note.en).toContain("Have a lawyer confirm");
    expect(gdpr?.note.ru).toContain("юрист");
  });

  it("are ten, and those that rest on others' accounts of the law say so", () => {
    expect(regimeKeys).toEqual([
      "gdpr",
      "uk-gdpr",
      "ru-152fz",
      "ccpa",
      "lgpd",
      "pipeda",
      "kvkk",
      "ch-fadp",
      "za-popia",
      "ua-2297",
    ]);
    expect(secondaryRegimeKeys).toEqual(["lgpd", "pipeda", "kvkk", "ch-fadp", "za-popia", "ua-2297"]);
    for (const regime of regimes.filter(({ basis }) => basis === "secondary")) {
      expect(regime.note.en).toContain("others' accounts");
      expect(regime.note.ru).toContain("чужих изложений");
    }
  });

  it.each(regimes)(
    "$key has a term for every kind, sources, and the advice to have a lawyer confirm it",
    (regime) => {
      expect(Object.keys(regime.terms).sort()).toEqual([...requestKinds].sort());
      expect(regime.sources.every(({ url }) => url.startsWith("http"))).toBe(true);
      expect(regime.note.en).toContain("Have a lawyer confirm");
      expect(regime.note.ru).toContain("юрист");
    },
  );

  it.each(regimes)("$key has the calendar that its working days are counted by", (regime) => {
    const terms = [...Object.values(regime.terms), ...regime.clocks.map(({ term }) => term)];
    const needsOne = regime.counting !== "from_receipt" || terms.some((term) => "workingDays" in term);
    expect(regime.calendar !== "none").toBe(needsOne);
    if (needsOne && regime.calendar !== "member_state") expect(listedCalendar(regime.calendar)).toBeDefined();
  });

  it("say what a request under 152-FZ must contain, and withhold other people's numbers under it", () => {
    const russian = findRegime("ru-152fz");
    expect(russian?.formalities.mustContain).toHaveLength(3);
    expect(russian?.thirdPartyData).toBe("withheld");
  });

  it("answer every kind of request under the GDPR within one month, two more with a reasoned notice", () => {
    const gdpr = findRegime("gdpr");
    for (const kind of requestKinds) expect(gdpr?.terms[kind]).toEqual({ months: 1 });
    expect(gdpr?.extension).toEqual({
      by: { months: 2 },
      noticeWithin: { months: 1 },
      reasonsRequired: true,
    });
  });

  it.each(["", "GDPR", "cpra", "__proto__"])("are found by their exact key only: %j", (key) => {
    expect(findRegime(key)).toBeUndefined();
  });
});

describe("the format of a regime file", () => {
  const gdpr = findRegime("gdpr");
  const broken: readonly (readonly [string, (regime: Record<string, unknown>) => Record<string, unknown>])[] =
    [
      ["a kind without a term", (regime) => ({ ...regime, terms: { access: { months: 1 } } })],
      ["an unknown kind", (regime) => ({ ...regime, terms: { ...gdpr?.terms, oblivion: { months: 1 } } })],
      ["an unknown way of counting", (regime) => ({ ...regime, counting: "by_hand" })],
      ["a term of no length", (regime) => ({ ...regime, terms: { ...gdpr?.terms, access: { months: 0 } } })],
      [
        "a term in a unit that cannot be counted",
        (regime) => ({ ...regime, terms: { ...gdpr?.terms, access: { weeks: 4 } } }),
      ],
      ["no source", (regime) => ({ ...regime, sources: [] })],
      ["a name in one language only", (regime) => ({ ...regime, name: { en: "A law" } })],
      ["no note", (regime) => ({ ...regime, note: undefined })],
      ["a field that nobody reads", (regime) => ({ ...regime, comment: "…" })],
    ];

  it("takes what the GDPR's file says", () => {
    expect(regimeSchema.safeParse(gdpr).success).toBe(true);
  });

  it.each(broken)("refuses %s", (_what, breakIt) => {
    expect(regimeSchema.safeParse(breakIt({ ...gdpr })).success).toBe(false);
  });
});
