import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageHeaders } from "../../src/http/page-security.ts";
import { type Language, languages } from "../../src/kernel/language.ts";
import { chromiumPath, startChromium } from "../support/chromium.ts";
import { axeFindings, expectVisibleFocus, overflowing, smallTargets } from "../support/page-checks.ts";
import { allPages, hostileWords } from "../support/pages.ts";

const artefacts = new URL("../artefacts/pages/", import.meta.url).pathname;

const devices = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const;

const names = Object.keys(allPages("en"));
const shown = new Map<string, string>([
  ...languages.flatMap((language) =>
    Object.entries(allPages(language)).map(([name, html]) => [`/${language}/${name}`, html] as const),
  ),
  ...Object.entries(allPages("en", hostileWords)).map(([name, html]) => [`/hostile/${name}`, html] as const),
]);

/** The Russian words are the longer ones, the hostile ones longer still. */
const longest = [...shown.keys()].filter((path) => !path.startsWith("/en/"));

/** What the routes will answer: the page behind a link, and what its buttons lead to. */
function answerTo(method: string, url: URL, body: string): string | undefined {
  const language: Language = url.searchParams.get("lang") === "ru" ? "ru" : "en";
  const pages = allPages(language);
  const fields = new URLSearchParams(body);
  if (method === "GET") {
    if (url.pathname.startsWith("/o/")) return pages["opt-out"];
    if (url.pathname.startsWith("/a/")) return pages.pickup;
    return shown.get(url.pathname);
  }
  if (url.pathname.endsWith("/undo")) return fields.get("nonce") ? pages["opt-out-undone"] : undefined;
  if (fields.get("scope") === "purpose") return pages["opt-out-done"];
  if (fields.get("scope") === "all") return pages["opt-out-done-all"];
  return fields.get("passcode") ? pages["pickup-wrong"] : pages["pickup-missing"];
}

describe.skipIf(chromiumPath === undefined)("the pages in Chromium", { timeout: 90_000 }, () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  const posts: { url: string; cookie: string | undefined }[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    server = createServer(async (request, response) => {
      const body = (await request.toArray()).join("");
      const url = new URL(request.url ?? "/", "http://localhost");
      const method = request.method ?? "GET";
      if (method === "POST") posts.push({ url: request.url ?? "", cookie: request.headers.cookie });
      const html = answerTo(method, url, body);
      response.writeHead(html === undefined ? 404 : 200, pageHeaders).end(html);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens a page of a fresh context, does something with it, and expects nothing to have gone wrong or outside. */
  async function withPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== origin) complaints.push(request.url());
      });
      await use(page);
      expect(complaints).toEqual([]);
      expect(await context.cookies()).toEqual([]);
    } finally {
      await context.close();
    }
  }

  // Each scheme on each device; colours do not depend on the language.
  const looks = [
    { language: "en", colorScheme: "light", device: "phone" },
    { language: "ru", colorScheme: "dark", device: "phone" },
    { language: "ru", colorScheme: "light", device: "desktop" },
    { language: "en", colorScheme: "dark", device: "desktop" },
  ] as const;

  it.each(looks)("give axe nothing to find: $language, $colorScheme, $device", async (look) => {
    const { language, colorScheme, device } = look;
    await withPage({ viewport: devices[device], colorScheme }, async (page) => {
      for (const name of names) {
        await page.goto(`${origin}/${language}/${name}`);
        expect(await axeFindings(page), name).toEqual([]);
        await page.screenshot({
          path: `${artefacts}${name}.${language}.${colorScheme}.${device}.png`,
          fullPage: true,
        });
      }
    });
  });

  it("show axe something to find when a colour is too pale (so that the test above can fail)", async () => {
    await withPage({ viewport: devices.phone, colorScheme: "light" }, async (page) => {
      await page.goto(`${origin}/en/opt-out`);
      await page.locator("html").evaluate((root) => root.style.setProperty("--quiet", "#aaaaaa"));
      expect(await axeFindings(page)).toContain("color-contrast");
    });
  });

  const widths = [
    { what: "a small phone", width: 320, textPercent: 100 },
    { what: "a phone with text at 200 %", width: 390, textPercent: 200 },
    { what: "a desktop with text at 200 %", width: 1280, textPercent: 200 },
  ];
  it.each(widths)(
    "fit $what with targets of 44 by 44 pixels, hostile words included",
    async ({ width, textPercent }) => {
      await withPage({ viewport: { width, height: 844 } }, async (page) => {
        for (const path of longest) {
          await page.goto(origin + path);
          await page.locator("html").evaluate((root, percent) => {
            root.style.fontSize = `${percent}%`;
          }, textPercent);
          expect(await overflowing(page), path).toEqual([]);
          expect(await smallTargets(page), path).toEqual([]);
        }
      });
    },
  );

  it.each(languages)(
    "can be gone through by keyboard alone, without scripts or cookies: %s",
    async (language) => {
      posts.length = 0;
      await withPage({ viewport: devices.phone, javaScriptEnabled: false }, async (page) => {
        await page.goto(`${origin}/o/abc?lang=${language}`);
        await page.keyboard.press("Tab");
        await expectVisibleFocus(page, "a.language");
        await page.keyboard.press("Tab");
        await expectVisibleFocus(page, "button.main");
        await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
        await page.keyboard.press("Tab");
        await expectVisibleFocus(page, "button");
        await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
        expect(await page.locator("html").getAttribute("lang")).toBe(language);
        expect(await page.locator("h1").textContent()).toMatch(/^(?:Undone|Отменено)/);
      });
      expect(posts.map(({ cookie }) => cookie)).toEqual([undefined, undefined]);
      expect(posts.map(({ url }) => url.replace(/^\/o\/[^/?]+/, ""))).toEqual([
        `?lang=${language}`,
        `/undo?lang=${language}`,
      ]);
    },
  );

  it("change language on the same page", async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${origin}/o/abc`);
      await page.getByRole("link", { name: "Русский" }).click();
      expect(page.url()).toBe(`${origin}/o/abc?lang=ru`);
      await page.getByRole("link", { name: "English" }).click();
      expect(page.url()).toBe(`${origin}/o/abc?lang=en`);
    });
  });

  it("put the focus on the summary of a wrong passcode, which leads to the emptied field", async () => {
    await withPage({ viewport: devices.phone }, async (page) => {
      await page.goto(`${origin}/a/abc`);
      await page.getByLabel("Your passcode").fill("AAAA-AAAA");
      await page.getByRole("button").click();
      await page.waitForSelector(".problem");
      await expectVisibleFocus(page, ".problem");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await expectVisibleFocus(page, "#passcode");
      expect(await page.getByLabel("Your passcode").inputValue()).toBe("");
    });
  });
});
