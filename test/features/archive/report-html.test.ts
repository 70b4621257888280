import { buffer } from "node:stream/consumers";
import JSZip from "jszip";
import { expect, test } from "vitest";
import type { ReportModel, Section } from "../../../src/features/archive/domain/report-model.ts";
import { shownText } from "../../../src/features/archive/domain/shown-text.ts";
import { buildArchive, createReportPages } from "../../../src/features/archive/index.ts";
import { hostile, hostileReport } from "./hostile-report.ts";
import { emptyReport, fullReport, messages, partialReport, sign } from "./sample-report.ts";

const pages = createReportPages();

async function page(model: ReportModel, path = "index.html"): Promise<string> {
  const zip = await JSZip.loadAsync(await buffer(buildArchive(model, pages, sign).stream));
  const file = zip.file(path);
  if (file === null) throw new Error(`${path} is not in the archive.`);
  return file.async("string");
}

/** The words of a page, without its tags. */
function words(html: string): string {
  return html
    .replace(/<style>.*?<\/style>/su, " ")
    .replace(/<[^>]*>/gu, " ")
    .replace(/\s+/gu, " ");
}

test("the report opens with who answers, whose data and when; then what Article 15 wants told; then contents and sections", async () => {
  const text = words(await page(fullReport("en")));
  const order = [
    "Your data at Harbour Tea",
    "Who answers",
    "privacy@shop.example",
    "Whose data",
    "+1 (202) 555-0123",
    "When",
    "22 Nov 2026, 17:21:43",
    "What it is used for",
    "Kinds of data",
    "Who receives it",
    "How long it is kept",
    "Where it came from",
    "Your rights",
    "Where to complain",
    "Automated decisions",
    "Contents",
    "What you are known by",
    "Is this report genuine?",
    fullReport().signingKey.id,
  ];
  const places = order.map((part, index) =>
    text.indexOf(part, index === 0 ? 0 : text.indexOf(order[index - 1] ?? "")),
  );
  expect(
    places.every((place) => place >= 0),
    JSON.stringify(places),
  ).toBe(true);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test("the wording of a consent is shown exactly as it was, with its SHA-256 and language", async () => {
  const html = await page(fullReport("ru"));
  expect(html).toContain(
    '<blockquote lang="ru" dir="auto">Да, «Гавань чая» может присылать мне предложения в WhatsApp.\nЯ могу отказаться в любой момент, ответив СТОП.</blockquote>',
  );
  expect(html).toContain("7020fe20a885d203d4ad612d42df06a6a264ff5d82a33cf61dbeecb68121b55e");
});

test("times are shown in the organization's time zone and carry the instant itself", async () => {
  expect(await page(fullReport("ru"))).toContain(
    '<time datetime="2026-11-02T12:00:00Z">2 нояб. 2026 г., 15:00:00</time>',
  );
});

test("every empty section says so in words, in both languages", async () => {
  const count = (text: string, part: string) => text.split(part).length - 1;
  const sections = emptyReport().sections.length;
  expect(count(await page(emptyReport("en")), "Nothing is stored here.")).toBe(sections);
  expect(count(await page(emptyReport("ru")), "Здесь ничего не хранится.")).toBe(sections);
});

test("a partial report says so before anything else and names what is missing, there and in the section", async () => {
  const text = words(await page(partialReport("en")));
  expect(text.indexOf("This report is not complete")).toBeLessThan(text.indexOf("Who answers"));
  expect(text).toContain("Devices All devices and groups since 2024.");
  expect(text).toContain(
    "could not be read from “Shop accounts”. Missing: All devices and groups since 2024.",
  );
  expect(words(await page(fullReport("en")))).not.toContain("not complete");
});

test("a failed source without a section of its own is named as well", async () => {
  const model: ReportModel = {
    ...fullReport("en"),
    sources: [{ name: "Old shop", state: "failed", missing: "Orders before 2020." }],
  };
  expect(words(await page(model))).toContain("Old shop Orders before 2020.");
});

test("a long section is linked from the report and shows every row, in runs, on a page of its own", async () => {
  const model = { ...emptyReport("en"), sections: [messages(1_201)] };
  expect(await page(model)).toContain('<a class="button" href="sections/messages.html">');
  const html = await page(model, "sections/messages.html");
  expect(html.split("<tr><td").length - 1).toBe(1_201);
  expect(words(html)).toContain("1,001 to 1,201 of 1,201");
  expect(html).toContain('href="../index.html#messages"');
});

test("a page asks for nothing outside and may run nothing: no script, no event attribute, one style of a known digest", async () => {
  for (const html of [
    await page(hostileReport()),
    await page({ ...fullReport(), sections: [messages(200)] }, "sections/messages.html"),
  ]) {
    expect(html).toMatch(
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}&#x3D;'; img-src [^"]*; base-uri 'none'; form-action 'none'">/,
    );
    const tags = html.match(/<[^>]*>/gu) ?? [];
    expect(tags.filter((tag) => /^<(?:script|link|iframe|object|embed|base|form)/iu.test(tag))).toEqual([]);
    expect(tags.filter((tag) => /\s(?:on\w+|style|srcset)\s*=/iu.test(tag))).toEqual([]);
    const targets = tags.flatMap((tag) => /\s(?:src|href)="([^"]*)"/u.exec(tag)?.[1] ?? []);
    expect(
      targets.filter(
        (target) => !/^(?:#|\.\.\/index\.html|sections\/|attachments\/|report\.json)/u.test(target),
      ),
    ).toEqual(html.includes("authority.example") ? ["https://authority.example/complaints"] : []);
  }
});

test("hostile texts in every field stay text", async () => {
  const model = hostileReport();
  const html = await page(model);
  expect(html).not.toContain("<script>alert");
  expect(html).not.toContain("<img src=x");
  expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/u);
  const escaped = (text: string) => shownText(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  for (const text of hostile) {
    expect(
      html
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#x27;", "'")
        .replaceAll("&#x3D;", "=")
        .replaceAll("&#x60;", "`"),
      text.slice(0, 40),
    ).toContain(escaped(text));
  }
});

test("only an address of the web becomes a link", async () => {
  const model = fullReport("en");
  const withUrl = (url: string): ReportModel => ({
    ...model,
    supervisoryAuthority: { name: "Authority", url },
  });
  for (const url of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "authority.example"]) {
    expect(await page(withUrl(url))).not.toContain('rel="noreferrer"');
  }
  expect(await page(withUrl("https://authority.example/a b"))).toContain(
    '<a href="https://authority.example/a%20b" rel="noreferrer">',
  );
});

test("a field that no catalogue knows, a new word and a broken language tag are shown as they are", async () => {
  const rows = [
    { kind: "teleport", at: "2026-11-02T12:00:00Z", recipient: "x", reason: "y", categories: ["new_thing"] },
  ];
  const section: Section = {
    name: "disclosures",
    state: "rows",
    count: 1,
    async *rows() {
      yield rows;
    },
  };
  const settings: Section = {
    name: "settings",
    state: "document",
    document: { language: "not a tag", added: 1 },
  };
  const text = words(await page({ ...emptyReport("en"), sections: [section, settings] }));
  for (const part of ["teleport", "new_thing", "not a tag", "added 1"]) expect(text).toContain(part);
});
