import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { shownContact, shownEnd, shownSize, shownText } from "../../src/http/page.ts";
import { pageContentSecurityPolicy, pageHeaders } from "../../src/http/page-security.ts";
import { renderProblemPage } from "../../src/http/problem-page.ts";
import { languages } from "../../src/kernel/language.ts";
import { allPages, hostileWords } from "../support/pages.ts";

const pages = languages.flatMap((language) => [
  ...Object.entries(allPages(language)).map(([name, html]) => ({ name: `${name} (${language})`, html })),
  ...Object.entries(allPages(language, hostileWords)).map(([name, html]) => ({
    name: `${name} (${language}, hostile words)`,
    html,
  })),
]);

describe.each(pages)("the page $name", ({ html }) => {
  it("holds no script, no handler, no frame, and loads nothing", () => {
    const tags = html.match(/<[a-z][^>]*>/gi) ?? [];
    expect(tags.length).toBeGreaterThan(15);
    expect(tags.filter((tag) => /^<(?:script|iframe|img|link|object|embed|base)/i.test(tag))).toEqual([]);
    expect(tags.filter((tag) => /\s(?:on\w+|style|src)\s*=/i.test(tag))).toEqual([]);
    expect(tags.filter((tag) => /javascript:/i.test(tag))).toEqual([]);
    expect(html).not.toMatch(/url\(|@import/);
  });

  it("is smaller than 30 kB", () => {
    expect(Buffer.byteLength(html)).toBeLessThan(30_000);
  });

  it("carries the one style that its security policy lets apply", () => {
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style = ""]) => style);
    expect(styles).toHaveLength(1);
    const hash = createHash("sha256")
      .update(styles[0] ?? "")
      .digest("base64");
    expect(pageContentSecurityPolicy).toContain(`style-src 'sha256-${hash}';`);
  });

  it("has a head that tells no one about the person or the organization, and asks not to be indexed", () => {
    const head = /<head>([\s\S]*)<\/head>/.exec(html)?.[1] ?? "";
    expect(head).toContain('<meta name="robots" content="noindex, nofollow">');
    expect(head).toContain('<meta name="referrer" content="no-referrer">');
    expect(head).not.toMatch(/Harbour|Причал|Offers|Скидки|…67|alert|opt_|bookshop/);
  });

  it("acts on no control character, bidi control or lone surrogate", () => {
    expect(html).not.toMatch(/(?!\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
    expect(html.isWellFormed()).toBe(true);
  });

  it("has one first-level heading and a language", () => {
    expect(html.match(/<h1[ >]/g)).toHaveLength(1);
    expect(html).toMatch(/^<!doctype html>\n<html lang="(?:en|ru)">/);
  });
});

describe("hostile words", () => {
  it("show as text", () => {
    const html = allPages("en", hostileWords)["opt-out"];
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("&lt;/bdi&gt;&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt;");
  });
});

describe("the catalogues", () => {
  const read = (language: string): Record<string, string> =>
    JSON.parse(
      readFileSync(new URL(`../../templates/messages/page.${language}.json`, import.meta.url), "utf8"),
    );
  const values = (text: string): string[] =>
    [...new Set([...text.matchAll(/\{(\w+)\s*[,}]/g)].map(([, name = ""]) => name))].sort();

  it("have the same messages with the same values in every language, none of them empty", () => {
    const [en, ru] = [read("en"), read("ru")];
    expect(Object.keys(en).length).toBeGreaterThan(50);
    expect(Object.keys(ru)).toEqual(Object.keys(en));
    for (const [key, text] of Object.entries(en)) {
      expect(values(ru[key] ?? ""), key).toEqual(values(text));
      expect(text.trim(), key).not.toBe("");
      expect(ru[key]?.trim(), key).not.toBe("");
    }
  });

  it("have no message that a page could not show", () => {
    const templates = ["page", "partials"].flatMap((folder) => {
      const files = readdirSync(new URL(`../../templates/${folder}/`, import.meta.url));
      return files.map((file) => `../../templates/${folder}/${file}`);
    });
    const views = [
      "consent/form-page.ts",
      "consent/form-routes.ts",
      "datarequest/pickup-page.ts",
      "optout/stop-page.ts",
      "preference/page.ts",
      "privacy/page.ts",
    ].map((file) => `../../src/features/${file}`);
    const text = [...templates, ...views]
      .map((file) => readFileSync(new URL(file, import.meta.url), "utf8"))
      .join("\n");
    const madeUp =
      /^(?:(?:problem\.\w+|(?:pickup|confirm)\.(?:locked|expired|unknown|old|confirmed|overridden))\.(?:heading|means|next)|signUp\.(?:(?:phone|email)\.\w+|countryMissing|boxNone|boxNeeded|stale|busy)|(?:channel|word|chosen|choiceUndone|code|mine|history)\..+|privacy\.(?:kind(?:Hint)?\.\w+|whomMissing|whomUnreadable|tooMany|busy|over)|privacyCode\.(?:sentAgain|stopped)|privacyStatus\.(?:\w+\.(?:heading|means)|requested|dueBy|readySince|readyUntil|deleted)|privacyClosed\.\w+\.(?:heading|means|next))$/;
    const unused = Object.keys(read("en")).filter((key) => !text.includes(`"${key}"`) && !madeUp.test(key));
    expect(unused).toEqual([]);
  });
});

describe("the page of a failure", () => {
  it.each([
    ["not_found", "There is no such page"],
    ["gone", "There is no such page"],
    ["invalid", "We could not read that"],
    ["too_many_requests", "Too many tries just now"],
    ["unavailable", "Nothing was recorded"],
    ["outcome_unknown", "We are not sure that it worked"],
    ["internal", "Something went wrong on our side"],
    ["unauthenticated", "Something went wrong on our side"],
  ] as const)("for %s says what is the matter", (code, text) => {
    expect(renderProblemPage({ language: "en", code, isGet: true })).toContain(text);
  });
});

describe("text from outside", () => {
  it.each([
    ["keeps an ordinary name", "Книжная лавка «Причал» & Co.", "Книжная лавка «Причал» & Co."],
    ["keeps an emoji that is joined of several", "👩‍🌾 Farm", "👩‍🌾 Farm"],
    ["makes white space one space", " a\n\tb\u2028c ", "a b c"],
    ["shows bidi controls instead of obeying them", "a\u202ecod.exe\u2066", "a\ufffdcod.exe\ufffd"],
    ["shows control characters", "a\u0000b\u0007", "a\ufffdb\ufffd"],
    ["shows half an emoji as unreadable", "a\ud83d", "a\ufffd"],
    ["keeps four marks on a letter", `e${"\u0301".repeat(9)}x`, `e${"\u0301".repeat(4)}x`],
  ])("%s", (_, text, shown) => {
    expect(shownText(text)).toBe(shown);
  });
});

describe("a contact", () => {
  it.each([
    ["hello@bookshop.example", "mailto:hello@bookshop.example"],
    ["+44 7700 900123", "tel:+447700900123"],
    ["https://bookshop.example/privacy?a=1", "https://bookshop.example/privacy?a=1"],
    ["http://bookshop.example", null],
    ["https://user@bookshop.example", null],
    ["javascript:alert(1)", null],
    ["a@b.example?subject=x", null],
    ["Main street 1", null],
  ])("%s leads to %s", (text, href) => {
    expect(shownContact(text)).toEqual({ text, href });
  });

  it("that is empty is none", () => {
    expect(shownContact(" ")).toBeNull();
    expect(shownContact(undefined)).toBeNull();
  });
});

describe("times and sizes", () => {
  const from = new Date("2026-11-22T20:58:30Z");
  const options = { from, language: "en", timeZone: "Europe/Moscow", rounding: "up" } as const;

  it("name the day when the end is on another one where the person is", () => {
    expect(shownEnd(new Date("2026-11-22T20:59:00Z"), options)).toBe("23:59 GMT+3");
    expect(shownEnd(new Date("2026-11-22T20:59:01Z"), options)).toBe("23 November 2026 at 00:00 GMT+3");
    expect(shownEnd(new Date("2026-11-22T20:59:59Z"), { ...options, rounding: "down" })).toBe("23:59 GMT+3");
  });

  it.each([
    [0, "1 kB"],
    [1_001, "2 kB"],
    [999_999, "1,000 kB"],
    [1_000_000, "1 MB"],
    [2_450_000_000, "2,450 MB"],
  ])("show %i bytes as %s", (bytes, text) => {
    expect(shownSize(bytes, "en")).toBe(text);
  });
});

describe("the headers of a page", () => {
  it("let nothing load, nothing run, nobody frame it, and send the address to nobody", () => {
    const policy = pageContentSecurityPolicy.split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(pageContentSecurityPolicy).not.toMatch(/unsafe|script-src/);
    expect(pageHeaders["Referrer-Policy"]).toBe("no-referrer");
    expect(pageHeaders["Cache-Control"]).toBe("no-store");
  });
});
