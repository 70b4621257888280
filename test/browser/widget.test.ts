import { mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inFreshPage } from "../support/browser.ts";
import { chromiumPath, startChromium } from "../support/chromium.ts";
import { type ServiceProcess, startTestService, type TestService } from "../support/service.ts";
import { ago, created, Shop } from "../support/shop.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const artefacts = new URL("../artefacts/widget/", import.meta.url).pathname;

const devices = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const;

const wordings = {
  en: {
    name: "Harbour Bookshop",
    wording:
      "Yes, Harbour Bookshop may send me offers and news of new arrivals on WhatsApp, up to four a month. I can stop at any time.",
    chat: "Hello! Please send me offers and new arrivals on WhatsApp.",
    open: "Updates on WhatsApp",
    phone: "Your WhatsApp number",
    send: "Sign up",
    done: "Your choice is on record",
    wrong: "There is a problem",
  },
  ru: {
    name: "Книжная лавка «Причал»",
    wording:
      "Да, пусть Книжная лавка «Причал» присылает мне в WhatsApp скидки и новинки, не чаще четырёх раз в месяц. Отказаться можно в любой момент.",
    chat: "Здравствуйте! Присылайте мне скидки и новинки в WhatsApp.",
    open: "Новости в WhatsApp",
    phone: "Ваш номер в WhatsApp",
    send: "Подписаться",
    done: "Ваш выбор записан",
    wrong: "Проверьте, пожалуйста",
  },
} as const;
type Language = keyof typeof wordings;

describe.skipIf(chromiumPath === undefined)("on a shop's page in Chromium", { timeout: 90_000 }, () => {
  let service: TestService;
  let process: ServiceProcess;
  let browser: Browser;
  let server: Server;
  let site: string;
  /** Pages of the shop's site by their path. */
  const pages = new Map<string, { html: string; policy: string }>();
  const posted: URLSearchParams[] = [];

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      if (request.method === "POST") posted.push(new URLSearchParams((await request.toArray()).join("")));
      const page = pages.get(pathname);
      response
        .writeHead(page ? 200 : 404, {
          "Content-Type": "text/html; charset=utf-8",
          "Content-Security-Policy": page?.policy ?? "default-src 'none'",
        })
        .end(page?.html);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    service = await startTestService();
    process = await service.startProcess();
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await service?.close();
  });

  interface Snippet {
    html: string;
    contentSecurityPolicy: Record<string, string>;
    fields: { consent: string; captureToken: string } | null;
  }

  /** A shop with a collection point, on a page of its site that lets nothing through but what the snippet asks for. */
  async function openShop(language: Language, point: object = {}, attributes = "") {
    const shop = await Shop.open(service);
    const words = wordings[language];
    await shop.org.patch("/v1/organization", { name: words.name });
    const { id } = await created<{ id: string }>(
      shop.org.post("/v1/collection-points", {
        key: "site",
        kind: "widget",
        name: "Site",
        origins: [site],
        channels: ["whatsapp"],
        purposes: ["promotions"],
        language,
        wording: words.wording,
        privacyNoticeUrl: `${site}/privacy`,
        ...point,
      }),
    );
    const snippet = (await shop.org.get<Snippet>(`/v1/collection-points/${id}/snippet`)).body;
    // The service under test listens elsewhere than PUBLIC_URL says.
    const local = (text: string) => text.replaceAll("https://consent.shop.example", process.url);
    const path = `/${language}-${pages.size}`;
    const policy = [
      "default-src 'none'",
      ...Object.entries(snippet.contentSecurityPolicy).map(([name, value]) => `${name} ${local(value)}`),
      "require-trusted-types-for 'script'",
      "form-action 'self'",
    ].join("; ");
    const tag = local(snippet.html).replace("data-key=", `${attributes} data-key=`);
    return { shop, id, path, policy, tag, put: (html: string) => void pages.set(path, { html, policy }) };
  }

  const shell = (language: Language, body: string, more = "") =>
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${more}</head><body><main><h1>${wordings[language].name}</h1>
<p><a href="#one">One</a> <a href="#two">Two</a></p>${body}</main></body></html>`;

  async function openWidget(language: Language, point: object = {}, attributes = "") {
    const opened = await openShop(language, point, attributes);
    opened.put(shell(language, "", opened.tag));
    return opened;
  }

  const withPage = (options: BrowserContextOptions, use: (page: Page) => Promise<void>) =>
    inFreshPage(browser, { ...options, origins: [site, process.url] }, use);

  const looks = [
    { language: "en", colorScheme: "light", device: "phone" },
    { language: "ru", colorScheme: "dark", device: "phone" },
    { language: "ru", colorScheme: "light", device: "desktop" },
    { language: "en", colorScheme: "dark", device: "desktop" },
  ] as const;

  it.each(looks)(
    "takes a number and a yes, and axe finds nothing on the way: $language, $colorScheme, $device",
    async ({ language, colorScheme, device }) => {
      const words = wordings[language];
      const { shop, id, path } = await openWidget(language);
      const chat = { sender: shop.sender.id, text: words.chat };
      await shop.org.patch(`/v1/collection-points/${id}`, { chat });
      const shot = (page: Page, step: string) =>
        page.screenshot({ path: `${artefacts}${step}.${language}.${colorScheme}.${device}.png` });

      await withPage({ viewport: devices[device], colorScheme }, async (page) => {
        const look = async (step: string) => {
          await page.waitForTimeout(250);
          await shot(page, step);
          expect(await axeFindings(page), step).toEqual([]);
        };
        await page.goto(`${site}${path}?visitor=Ann`);
        const opener = page.getByRole("button", { name: words.open });
        await opener.waitFor();
        await look("1-button");

        await opener.click();
        const dialog = page.getByRole("dialog", { name: words.name });
        await dialog.getByLabel(words.phone).waitFor();
        expect(await dialog.getByRole("checkbox").isChecked()).toBe(false);
        expect(await dialog.getByRole("checkbox", { name: words.wording }).count()).toBe(1);
        expect(await dialog.getByRole("link").first().getAttribute("href")).toBe(`${site}/privacy`);
        expect(await dialog.getByRole("link").last().getAttribute("href")).toBe(
          `https://wa.me/12025550100?text=${encodeURIComponent(words.chat)}`,
        );
        await look("2-form");

        await dialog.getByRole("button", { name: words.send }).click();
        await dialog.getByRole("alert").waitFor();
        expect(await focused(page)).toContain(words.wrong);
        expect(await dialog.getByRole("alert").getByRole("link").count()).toBe(2);
        await look("3-problem");

        await dialog.getByLabel(words.phone).fill("+1 202 555 0142");
        await dialog.getByRole("checkbox").check();
        await dialog.getByRole("button", { name: words.send }).click();
        await page.getByRole("dialog", { name: words.done }).waitFor();
        expect(await focused(page)).toBe(words.done);
        await look("4-done");

        const { body } = await shop.org.post<{ id: string }>("/v1/subjects/lookup", {
          subject: { phone: "+12025550142" },
        });
        const { items } = (
          await shop.org.get<{ items: { id: string; state: string; provenance: object }[] }>(
            `/v1/subjects/${body.id}/consents`,
          )
        ).body;
        expect(items).toHaveLength(1);
        expect(items[0]).toMatchObject({
          state: "given",
          provenance: {
            collectionPointId: id,
            wording: words.wording,
            language,
            pageUrl: `${site}${path}`,
            proof: "typed",
            ipAddress: "127.0.0.1",
            userAgent: expect.stringContaining("Chrome"),
          },
        });
        expect(await page.getByRole("dialog").textContent()).toContain(items[0]?.id);
      });
    },
  );

  it("shows axe something to find when a colour is too pale (so that the test above can fail)", async () => {
    const { path } = await openWidget("en");
    await withPage({ viewport: devices.phone }, async (page) => {
      await page.goto(site + path);
      await page.getByRole("button", { name: wordings.en.open }).click();
      await page.getByLabel(wordings.en.phone).waitFor();
      await page.waitForTimeout(250);
      await page.locator("sayso-widget").evaluate((host) => {
        host.style.setProperty("--sayso-quiet", "#bbbbbb");
      });
      expect(await axeFindings(page)).toContain("color-contrast");
    });
  });

  it.each(["en", "ru"] as const)("can be gone through by keyboard alone: %s", async (language) => {
    const words = wordings[language];
    const { path } = await openWidget(language);
    await withPage({ viewport: devices.desktop }, async (page) => {
      const { keyboard } = page;
      await page.goto(site + path);
      await page.getByRole("button", { name: words.open }).waitFor();
      for (let n = 0; n < 3; n += 1) await keyboard.press("Tab");
      expect(await focused(page)).toBe(words.open);
      await expectVisibleFocus(page);
      await keyboard.press("Enter");
      await page.getByLabel(words.phone).waitFor();
      expect(await focused(page)).toContain(words.name);

      // The page behind is out of reach, both ways round.
      const reached = new Set<string>();
      for (const key of [...Array(8).fill("Tab"), ...Array(8).fill("Shift+Tab")]) {
        await keyboard.press(key);
        reached.add(await focused(page));
      }
      expect([...reached].filter((text) => ["One", "Two", words.open].includes(text))).toEqual([]);

      await keyboard.press("Escape");
      expect(await page.getByRole("dialog").count()).toBe(0);
      expect(await focused(page)).toBe(words.open);

      await keyboard.press("Enter");
      await keyboard.press("Tab");
      await keyboard.press("Tab");
      await expectVisibleFocus(page);
      await keyboard.type("+1 202 555 0142");
      await keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      await keyboard.press("Tab");
      await keyboard.press("Enter");
      // The summary led to the box, and what was typed is still there.
      await keyboard.press("Space");
      expect(await page.getByRole("checkbox").isChecked()).toBe(true);
      expect(await page.getByLabel(words.phone).inputValue()).toBe("+1 202 555 0142");
      await keyboard.press("Enter");
      await page.getByRole("heading", { name: words.done }).waitFor();
      await keyboard.press("Tab");
      await keyboard.press("Enter");
      expect(await page.getByRole("dialog").count()).toBe(0);
    });
  });

  it.each([
    { what: "a small phone", width: 320, percent: 100 },
    { what: "a phone with text at 200 %", width: 390, percent: 200 },
    { what: "a desktop with text at 200 %", width: 1280, percent: 200 },
  ])("fits $what, with targets of 44 by 44 pixels", async ({ width, percent }) => {
    const { shop, id, path } = await openWidget("ru", {
      wording: `Щ${"щ".repeat(80)} <b>&amp;</b> \u202etxt.exe ${wordings.ru.wording}`,
    });
    await shop.org.patch(`/v1/collection-points/${id}`, {
      chat: { sender: shop.sender.id, text: "Здравствуйте!" },
    });
    await withPage({ viewport: { width, height: 700 } }, async (page) => {
      await page.goto(site + path);
      await page.locator("sayso-widget").evaluate((host, size) => {
        host.style.fontSize = `${size}%`;
      }, percent);
      await page.getByRole("button").click();
      await page.getByRole("checkbox").waitFor();
      await page.getByRole("button", { name: wordings.ru.send }).click();
      await page.getByRole("alert").waitFor();
      await page.waitForTimeout(250);
      await page.screenshot({ path: `${artefacts}5-fit-${width}-${percent}.png` });
      const found = await page.locator("sayso-widget").evaluate((host) => {
        const dialog = host.shadowRoot?.querySelector("dialog");
        const each = [...(dialog?.querySelectorAll("*") ?? [])];
        const wide = [dialog, ...each].filter(
          (one) => one && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1,
        );
        const targets = each.filter((one) => one.matches("button, a, input[type=tel], label.box"));
        const small = targets.filter((one) => {
          const { width, height } = one.getBoundingClientRect();
          return width < 44 || height < 44;
        });
        return [...wide, ...small].map((one) => one?.outerHTML.slice(0, 80));
      });
      expect(found).toEqual([]);
    });
  });

  it("takes its colours from the page: an attribute, custom properties, and the page's own scheme", async () => {
    const { path } = await openWidget(
      "en",
      {},
      'data-color="#ffd400" data-label="Deals" data-position="start"',
    );
    await withPage({ viewport: devices.desktop, colorScheme: "dark" }, async (page) => {
      await page.goto(site + path);
      const opener = page.getByRole("button", { name: "Deals" });
      await opener.waitFor();
      const style = () =>
        opener.evaluate((button) => {
          const style = button.ownerDocument.defaultView?.getComputedStyle(button);
          return [style?.color, style?.backgroundColor, Math.round(button.getBoundingClientRect().left)];
        });
      expect(await style()).toEqual(["rgb(0, 0, 0)", "rgb(255, 212, 0)", 20]);
      await opener.click();
      await page.getByRole("checkbox").waitFor();
      await page.waitForTimeout(250);
      expect(await axeFindings(page)).toEqual([]);
      await page.screenshot({ path: `${artefacts}6-themed.png` });
    });
  });

  it("is nothing but a link to the chat where the point is a click to chat", async () => {
    const { shop, path, put, id } = await openShop("ru", { chat: null });
    await shop.org.patch(`/v1/collection-points/${id}`, {
      chat: { sender: shop.sender.id, text: wordings.ru.chat },
    });
    const point = await created<{ id: string }>(
      shop.org.post("/v1/collection-points", {
        key: "chat",
        kind: "click_to_chat",
        name: "Chat",
        origins: [site],
        channels: ["whatsapp"],
        purposes: ["promotions"],
        language: "ru",
        wording: wordings.ru.wording,
        privacyNoticeUrl: `${site}/privacy`,
        chat: { sender: shop.sender.id, text: wordings.ru.chat },
      }),
    );
    const { html } = (await shop.org.get<Snippet>(`/v1/collection-points/${point.id}/snippet`)).body;
    put(shell("ru", "", html.replaceAll("https://consent.shop.example", process.url)));
    await withPage({ viewport: devices.phone }, async (page) => {
      await page.goto(site + path);
      const link = page.getByRole("link", { name: "Написать в WhatsApp" });
      await link.waitFor();
      expect(await link.getAttribute("href")).toBe(
        `https://wa.me/12025550100?text=${encodeURIComponent(wordings.ru.chat)}`,
      );
      expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
      expect(await axeFindings(page)).toEqual([]);
      await page.screenshot({ path: `${artefacts}9-chat.png` });
    });
  });

  it("says plainly what is the matter and loses nothing while the service is away", async () => {
    const words = wordings.en;
    const { path } = await openWidget("en");
    const context = await browser.newContext({ viewport: devices.phone });
    const page = await context.newPage();
    await page.goto(site + path);
    await page.route("**/w/**", (route) => route.abort());
    await page.getByRole("button", { name: words.open }).click();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await page.waitForTimeout(250);
    await page.screenshot({ path: `${artefacts}7-away.png` });
    await page.unroute("**/w/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByLabel(words.phone).fill("+12025550142");
    await page.getByRole("checkbox").check();
    await page.route("**/w/**", (route) => route.abort());
    await page.getByRole("button", { name: words.send }).click();
    await page.getByText("What you typed is still here").waitFor();
    await page.unroute("**/w/**");
    expect(await page.getByLabel(words.phone).inputValue()).toBe("+12025550142");
    expect(await page.getByRole("checkbox").isChecked()).toBe(true);
    await page.getByRole("button", { name: words.send }).click();
    await page.getByRole("heading", { name: words.done }).waitFor();
    await context.close();
  });

  it("shows nothing to a site that is not listed but that the form is closed, and tells its developer why", async () => {
    const { path } = await openWidget("en", { origins: ["https://other.example"] });
    const context = await browser.newContext();
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    await page.goto(site + path);
    await page.getByRole("button", { name: wordings.en.open }).click();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    expect(said.join("\n")).toContain(`Does the collection point list ${site} in its origins?`);
    await context.close();
  });

  it("does not run when a single byte of it was changed on the way", async () => {
    const { path } = await openWidget("en");
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/widget/*.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${await response.text()} ` });
    });
    const failed = page.waitForEvent("console", (message) => message.text().includes("integrity"));
    await page.goto(site + path);
    await failed;
    expect(await page.locator("sayso-widget").count()).toBe(0);
    await context.close();
  });

  it.each(["en", "ru"] as const)(
    "gives a checkout form its unticked box and a token that the shop's server proves the yes with: %s",
    async (language) => {
      const words = wordings[language];
      const { shop, id, path, tag, put } = await openShop(language, { kind: "checkbox", key: "pay" });
      put(
        shell(
          language,
          `<form method="post"><p><label>Name <input name="name"></label></p>${tag}<p><button>OK</button></p></form>`,
        ),
      );
      await withPage({ viewport: devices.phone }, async (page) => {
        await page.goto(`${site}${path}?cart=7`);
        const box = page.getByRole("checkbox", { name: words.wording });
        await box.waitFor();
        expect(await box.isChecked()).toBe(false);
        expect(await axeFindings(page)).toEqual([]);
        await page.screenshot({ path: `${artefacts}8-checkbox.${language}.png` });
        posted.length = 0;
        await page.getByLabel("Name").fill("Ann");
        await page.getByRole("button", { name: "OK" }).click();
        await expect.poll(() => posted.length).toBe(1);
        await box.waitFor();
        await box.check();
        await page.getByRole("button", { name: "OK" }).click();
        await expect.poll(() => posted.length).toBe(2);
      });
      const [unticked, ticked] = posted;
      expect([...(unticked?.keys() ?? [])]).toEqual(["name", "sayso_capture_token"]);
      expect(ticked?.get("sayso_consent")).toBe("promotions");
      const { subjectId } = await created<{ subjectId: string }>(
        shop.org.post("/v1/consents", {
          subject: { phone: "+12025550142" },
          purpose: "promotions",
          state: "given",
          provenance: {
            captureToken: ticked?.get("sayso_capture_token"),
            indication: "ticked",
            occurredAt: ago(0),
          },
        }),
      );
      const { items } = (
        await shop.org.get<{ items: { provenance: object }[] }>(`/v1/subjects/${subjectId}/consents`)
      ).body;
      expect(items[0]?.provenance).toMatchObject({
        collectionPointId: id,
        version: 1,
        wording: words.wording,
        language,
        pageUrl: `${site}${path}`,
        proof: "demonstrated",
      });
    },
  );

  it("leaves a checkout form as it was when the service is away", async () => {
    const { path, tag, put } = await openShop("en", { kind: "checkbox", key: "pay" });
    put(
      shell(
        "en",
        `<form method="post"><input name="name" aria-label="Name">${tag}<button>OK</button></form>`,
      ),
    );
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/w/**", (route) => route.abort());
    await page.goto(site + path);
    posted.length = 0;
    await page.getByRole("button", { name: "OK" }).click();
    await expect.poll(() => posted.length).toBe(1);
    expect([...(posted[0]?.keys() ?? [])]).toEqual(["name"]);
    await context.close();
  });
});

/** The rules that what we put on the page breaks, shadow root included: the rest of the page is the shop's. */
async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const options: RunOptions = { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] };
  const results = await page.evaluate<AxeResults>(
    `axe.run("sayso-widget, sayso-checkbox", ${JSON.stringify(options)})`,
  );
  return results.violations.map(({ id }) => id);
}

/** The text of the element that has the focus, and its outline, shadow roots included. */
function focus(page: Page): Promise<{ text: string; style: string; width: number }> {
  return page.locator("html").evaluate((root) => {
    let element = root.ownerDocument.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const style = element ? root.ownerDocument.defaultView?.getComputedStyle(element) : undefined;
    return {
      text: element?.textContent?.trim() ?? "",
      style: style?.outlineStyle ?? "none",
      width: Number.parseFloat(style?.outlineWidth ?? "0"),
    };
  });
}

const focused = async (page: Page) => (await focus(page)).text;

/** The focused element has an outline of at least 2 pixels. */
async function expectVisibleFocus(page: Page): Promise<void> {
  const { style, width } = await focus(page);
  expect(style).toBe("solid");
  expect(width).toBeGreaterThanOrEqual(2);
}
