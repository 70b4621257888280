import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadTemplates } from "../src/templates.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sayso-templates-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Files {
  readonly page?: string;
  readonly partial?: string;
  readonly en?: Readonly<Record<string, string>>;
  readonly ru?: Readonly<Record<string, string>>;
}

async function load({ page = "", partial = "", en = {}, ru = en }: Files) {
  for (const name of ["area", "partials", "messages"]) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "area", "page.hbs"), page);
  await writeFile(join(folder, "partials", "part.hbs"), partial);
  await writeFile(join(folder, "messages", "area.en.json"), JSON.stringify(en));
  await writeFile(join(folder, "messages", "area.ru.json"), JSON.stringify(ru));
  return loadTemplates("area", folder);
}

test("values and messages are escaped, in text and in attributes", async () => {
  const templates = await load({
    page: '<a title="{{value}}">{{t "hello" name=value}}</a>',
    en: { hello: "Hello, {name} <b>!" },
  });
  const value = "\"><script>'`=";
  expect(templates.render("page", { value }, "en")).toBe(
    '<a title="&quot;&gt;&lt;script&gt;&#x27;&#x60;&#x3D;">Hello, &quot;&gt;&lt;script&gt;&#x27;&#x60;&#x3D; &lt;b&gt;!</a>',
  );
});

test("messages count as the language does", async () => {
  const templates = await load({
    page: '{{t "left" count=count}}',
    en: { left: "{count, plural, one {# day} other {# days}}" },
    ru: { left: "{count, plural, one {# день} few {# дня} many {# дней} other {# дня}}" },
  });
  const russian = [1, 2, 5, 11, 21].map((count) => templates.render("page", { count }, "ru"));
  expect(russian).toEqual(["1 день", "2 дня", "5 дней", "11 дней", "21 день"]);
  expect(templates.render("page", { count: 1 }, "en")).toBe("1 day");
});

test("times show in the zone that is asked for, in the language's own way", async () => {
  const templates = await load({
    page: "{{date at}} | {{dateTime at}} | {{number 1234567}} | {{@language}}",
  });
  const at = "2026-11-22T21:30:05Z";
  expect(templates.render("page", { at }, "en", "Europe/Moscow")).toBe(
    "23 November 2026 | 23 Nov 2026, 00:30:05 | 1,234,567 | en",
  );
  expect(templates.render("page", { at }, "ru")).toBe(
    "22 ноября 2026 г. | 22 нояб. 2026 г., 21:30:05 | 1\u00a0234\u00a0567 | ru",
  );
});

test("a field that is printed and missing is an error, not an empty place", async () => {
  const templates = await load({ page: "{{missing}}" });
  expect(() => templates.render("page", {}, "en")).toThrow("missing");
});

test("a value that a message needs and does not get is an error", async () => {
  const templates = await load({ page: '{{t "hello"}}', en: { hello: "Hello, {name}" } });
  expect(() => templates.render("page", {}, "en")).toThrow("name");
  expect(() => templates.message("goodbye", "en")).toThrow('no message "goodbye"');
  expect(() => templates.render("other", {}, "en")).toThrow('no template "other"');
});

test.each([
  ["prints something unescaped", { page: "\n{{{value}}}" }, "page, line 2: a value is printed unescaped"],
  ["prints something unescaped with &", { page: "{{&value}}" }, "unescaped"],
  [
    "prints something unescaped in a partial",
    { page: "{{> partials/part}}", partial: "{{{x}}}" },
    "partials/part",
  ],
  ["calls an unknown helper", { page: "{{shout value}}" }, "shout"],
  ["names an unknown partial", { page: "{{> partials/none}}" }, 'the partial "partials/none"'],
  ["names an unknown message", { page: '{{#if x}}{{t "none"}}{{/if}}' }, 'the message "none"'],
  [
    "names an unknown message inside another call",
    { page: '{{t "a" b=(t "none")}}', en: { a: "{b}" } },
    '"none"',
  ],
  ["is not closed", { page: "{{#if x}}" }, "page: Parse error"],
] satisfies [string, Files, string][])(
  "a template that %s is refused when it is loaded",
  async (_what, files, message) => {
    await expect(load(files)).rejects.toThrow(message);
  },
);

test("a message that one language lacks is refused when it is loaded", async () => {
  await expect(load({ en: { a: "A", b: "B" }, ru: { a: "А" } })).rejects.toThrow("area.ru.json lacks b.");
  await expect(load({ en: { a: "A" }, ru: { a: "А", c: "В" } })).rejects.toThrow("area.en.json lacks c.");
});

test("partials of other areas are not looked at", async () => {
  await expect(load({ page: "fine", partial: '{{t "of another area"}}' })).resolves.toBeDefined();
});
