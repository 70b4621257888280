import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import JSZip from "jszip";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportModel } from "../../src/features/archive/domain/report-model.ts";
import { buildArchive, createReportPages } from "../../src/features/archive/index.ts";
import { hostileReport } from "../features/archive/hostile-report.ts";
import {
  emptyReport,
  fullReport,
  partialReport,
  sign,
  splitReport,
} from "../features/archive/sample-report.ts";
import { chromiumPath, startChromium } from "../support/chromium.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const reports: Readonly<Record<string, ReportModel>> = {
  english: fullReport("en", 120),
  russian: fullReport("ru", 120),
  partial: partialReport("ru"),
  empty: emptyReport("en"),
  hostile: hostileReport(),
  split: splitReport("ru"),
};

const pagesOf = (name: string) =>
  name === "split"
    ? ["sections/messages.html", "sections/messages/2026-03-2.html"]
    : name === "english" || name === "russian"
      ? ["index.html", "sections/messages.html"]
      : ["index.html"];

const shown = Object.keys(reports).flatMap((name) => pagesOf(name).map((page) => [name, page] as const));

describe.skipIf(chromiumPath === undefined)("an unpacked archive in Chromium", { timeout: 90_000 }, () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sayso-report-"));
    const pages = createReportPages();
    for (const [name, model] of Object.entries(reports)) {
      const zip = await JSZip.loadAsync(await buffer(buildArchive(model, pages, sign).stream));
      for (const [path, file] of Object.entries(zip.files)) {
        await mkdir(dirname(join(folder, name, path)), { recursive: true });
        await writeFile(join(folder, name, path), await file.async("nodebuffer"));
      }
    }
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  /** Opens a file from disk, and expects nothing but files of its archive to be asked for, and nothing to run. */
  async function withFile(
    name: string,
    path: string,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const home = pathToFileURL(join(folder, name)).href;
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("dialog", (dialog) => complaints.push(dialog.message()));
      page.on("request", (request) => {
        if (!request.url().startsWith(`${home}/`)) complaints.push(request.url());
      });
      await page.goto(`${home}/${path}`);
      await use(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  it.each(shown)(
    "asks for nothing outside, runs nothing and gives axe nothing to find: %s %s",
    async (name, path) => {
      for (const [colorScheme, width] of [
        ["light", 390],
        ["dark", 1180],
      ] as const) {
        await withFile(name, path, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
          expect(await axeFindings(page), `${colorScheme} ${width}`).toEqual([]);
        });
      }
    },
  );

  it.each(shown)(
    "is no wider than the screen, from a small phone to a desktop: %s %s",
    async (name, path) => {
      for (const width of [320, 390, 768, 1180]) {
        await withFile(name, path, { viewport: { width, height: 900 } }, async (page) => {
          expect(await page.evaluate("document.documentElement.scrollWidth"), `at ${width}`).toBe(width);
        });
      }
    },
  );

  it("shows the photo that lies beside it", async () => {
    await withFile("english", "index.html", {}, async (page) => {
      await page.locator("img.photo").scrollIntoViewIfNeeded();
      expect(
        await page.locator("img.photo").evaluate((image) => "naturalWidth" in image && image.naturalWidth),
      ).toBe(1);
    });
  });

  it("leads from the report to a long section and back", async () => {
    await withFile("russian", "index.html", {}, async (page) => {
      await page.getByRole("link", { name: "Открыть страницу со всеми записями" }).click();
      await page.waitForURL(/sections\/messages\.html$/);
      expect(await page.locator("h1").textContent()).toBe("Сообщения");
      await page.getByRole("link", { name: "Вернуться к отчёту" }).first().click();
      await page.waitForURL(/index\.html#messages$/);
    });
  });

  it("leads from the report to a month of a very long section and back", async () => {
    await withFile("split", "index.html", {}, async (page) => {
      await page.getByRole("link", { name: "Открыть страницу со всеми записями" }).click();
      await page.getByRole("link", { name: "март 2026 г., часть 2" }).click();
      await page.waitForURL(/sections\/messages\/2026-03-2\.html$/);
      expect(await page.locator("h1").textContent()).toBe("Сообщения, март 2026 г., часть 2");
      await page.getByRole("link", { name: "Ко всем месяцам" }).first().click();
      await page.waitForURL(/sections\/messages\.html$/);
    });
  });

  it("runs no script even if one got in (so that the tests above do not rest on escaping alone)", async () => {
    const path = join(folder, "english", "index.html");
    const html = await readFile(path, "utf8");
    const script = `<script>document.title = "ran"</script><img alt="" src="none.png" onerror="document.title = 'ran'">`;
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const openWith = async (text: string) => {
        await writeFile(join(folder, "english", "broken-into.html"), text);
        await page.goto(pathToFileURL(join(folder, "english", "broken-into.html")).href);
        return page.title();
      };
      const withScript = html.replace('<div class="sheet">', `<div class="sheet">${script}`);
      expect(await openWith(withScript)).toBe("Your data at Harbour Tea");
      expect(await openWith(withScript.replace(/<meta http-equiv[^>]*>/u, ""))).toBe("ran");
    } finally {
      await context.close();
    }
  });

  it("prints on paper without cutting anything off", async () => {
    await withFile("russian", "index.html", { viewport: { width: 794, height: 1123 } }, async (page) => {
      await page.emulateMedia({ media: "print" });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(794);
      expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
    });
  });
});

/** The rules that a page breaks, WCAG's and good practice alike. */
async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = await page.evaluate<AxeResults>(`axe.run(document, { resultTypes: ["violations"] })`);
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`);
}
