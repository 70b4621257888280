import { mkdirSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  axeFindings,
  expectVisibleFocus,
  inFreshPage,
  overflowing,
  smallTargets,
} from "../support/browser.ts";
import { chromiumPath, startChromium } from "../support/chromium.ts";
import { FormVisit } from "../support/form.ts";
import { type Inbox, receiveMail } from "../support/mail.ts";
import { type ServiceProcess, startTestService, type TestService } from "../support/service.ts";
import { created, Shop } from "../support/shop.ts";

const artefacts = new URL("../artefacts/form/", import.meta.url).pathname;

const devices = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const;

const spoken = {
  en: {
    name: "Harbour Bookshop",
    data: "Harbour Bookshop may use my number to write to me on WhatsApp about my orders. I can withdraw this at any time.",
    offers:
      "Yes, Harbour Bookshop may send me offers and news of new arrivals on WhatsApp. I can stop at any time by replying STOP.",
    mail: "Yes, Harbour Bookshop may send me offers by e-mail. I can stop at any time.",
    country: "Country of your number",
    phone: "Your phone number",
    email: "Your e-mail address",
    send: "Sign up",
    problem: "There is a problem",
    done: "Thank you. Your choice is on record.",
    chat: "Send it on WhatsApp",
    mailed: "Nearly done: please confirm",
    confirm: "Yes, I did",
    confirmed: "Confirmed. Thank you.",
    again: "This is confirmed already",
  },
  ru: {
    name: "Книжная лавка «Причал»",
    data: "Даю Книжной лавке «Причал» согласие на обработку моего номера, чтобы мне писали в WhatsApp о моих заказах. Согласие можно отозвать в любой момент.",
    offers:
      "Да, пусть Книжная лавка «Причал» присылает мне в WhatsApp скидки и новинки. Отказаться можно в любой момент, ответив СТОП.",
    mail: "Да, пусть Книжная лавка «Причал» присылает мне скидки на почту. Отказаться можно в любой момент.",
    country: "Страна вашего номера",
    phone: "Ваш номер телефона",
    email: "Ваш адрес электронной почты",
    send: "Подписаться",
    problem: "Не получилось",
    done: "Спасибо. Ваш выбор записан.",
    chat: "Отправить в WhatsApp",
    mailed: "Остался один шаг: подтвердите",
    confirm: "Да, подтверждаю",
    confirmed: "Подтверждено. Спасибо.",
    again: "Уже подтверждено",
  },
} as const;
/** Chromium tells of every answer that is no success. */
const isRefusal = (complaint: string) => /status of 422/.test(complaint);
type Spoken = keyof typeof spoken;

describe.skipIf(chromiumPath === undefined)("a form in Chromium", { timeout: 90_000 }, () => {
  let service: TestService;
  let process: ServiceProcess;
  let inbox: Inbox;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    inbox = await receiveMail();
    service = await startTestService({
      config: { mail: { url: inbox.url, from: "hello@bookshop.example" } },
    });
    process = await service.startProcess();
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await service?.close();
    await inbox?.close();
  });

  /** A shop with a form of two boxes, whose first one is needed. */
  async function openForm(language: Spoken, more: object = {}) {
    const words = spoken[language];
    const shop = await Shop.open(service);
    await shop.org.patch("/v1/organization", { name: words.name, country: language === "ru" ? "RU" : "GB" });
    return FormVisit.open(
      service,
      {
        language,
        boxes: [
          { wording: words.data, purposes: ["order_updates"], required: true },
          { wording: words.offers, purposes: ["promotions"] },
        ],
        ...more,
      },
      shop,
    );
  }

  const withPage = (options: BrowserContextOptions, use: (page: Page) => Promise<void>) =>
    inFreshPage(browser, { ...options, origins: [process.url], isExpected: isRefusal }, use);

  const looks = [
    { language: "en", colorScheme: "light", device: "phone" },
    { language: "ru", colorScheme: "dark", device: "phone" },
    { language: "ru", colorScheme: "light", device: "desktop" },
    { language: "en", colorScheme: "dark", device: "desktop" },
  ] as const;

  it.each(looks)(
    "is filled in wrongly, mended and sent, and axe finds nothing on the way: $language, $colorScheme, $device",
    async ({ language, colorScheme, device }) => {
      const words = spoken[language];
      const visit = await openForm(language);
      await withPage({ viewport: devices[device], colorScheme }, async (page) => {
        const look = async (step: string) => {
          await page.screenshot({
            path: `${artefacts}${step}.${language}.${colorScheme}.${device}.png`,
            fullPage: true,
          });
          expect(await axeFindings(page), step).toEqual([]);
          expect(await overflowing(page), step).toEqual([]);
          expect(await smallTargets(page), step).toEqual([]);
        };
        const opened = await page.goto(`${process.url}${visit.path}`);
        expect((await opened?.body())?.byteLength).toBeLessThan(30_000);
        for (const box of await page.getByRole("checkbox").all()) expect(await box.isChecked()).toBe(false);
        await look("1-form");

        await page.getByRole("checkbox", { name: words.offers }).check();
        await page.getByLabel(words.phone).fill("12");
        await page.getByRole("button", { name: words.send }).click();
        await page.getByRole("alert").waitFor();
        expect(await page.locator(":focus").textContent()).toContain(words.problem);
        expect(await page.getByRole("alert").getByRole("link").count()).toBe(2);
        expect(await page.getByLabel(words.phone).inputValue()).toBe("12");
        expect(await page.getByRole("checkbox", { name: words.offers }).isChecked()).toBe(true);
        await look("2-problem");

        await page.getByLabel(words.country).selectOption("RU");
        await page.getByLabel(words.phone).fill("8 912 345-67-89");
        await page.getByRole("checkbox", { name: words.data }).check();
        await page.getByRole("button", { name: words.send }).click();
        await page.getByRole("heading", { name: words.done }).waitFor();
        await look("3-done");
        expect(await page.locator("dl").textContent()).toContain("+7 912 345 67 89");
        const link = page.getByRole("link", { name: words.chat });
        expect(await link.getAttribute("href")).toMatch(/^https:\/\/wa\.me\/12025550100\?text=/);

        const events = await visit.history({ phone: "+79123456789" });
        expect(events.map(({ purpose, provenance }) => [purpose, provenance.wording]).sort()).toEqual([
          ["order_updates", words.data],
          ["promotions", words.offers],
        ]);
        expect(await page.locator("dd.code").textContent()).toBe(
          events.find(({ purpose }) => purpose === "order_updates")?.id,
        );
        // Loading the answer again sends the same form again: nothing is recorded twice.
        await page.reload();
        await page.getByRole("heading", { name: words.done }).waitFor();
        expect(await visit.history({ phone: "+79123456789" })).toHaveLength(2);
      });
    },
  );

  it.each(["en", "ru"] as const)(
    "can be gone through by keyboard alone, without scripts: %s",
    async (language) => {
      const words = spoken[language];
      const visit = await openForm(language);
      await withPage({ viewport: devices.phone, javaScriptEnabled: false }, async (page) => {
        const { keyboard } = page;
        const tab = async (selector: string) => {
          await keyboard.press("Tab");
          await expectVisibleFocus(page, selector);
        };
        await page.goto(`${process.url}${visit.path}`);
        await tab("a.language");
        await tab("#country");
        await tab("#phone");
        await keyboard.type("+7 912 345 67 90");
        await tab("#box-1");
        await tab("#box-2");
        await keyboard.press("Space");
        await tab("a.contact");
        await tab("button.main");
        await Promise.all([page.waitForNavigation(), keyboard.press("Enter")]);
        await expectVisibleFocus(page, ".problem");
        await tab(".problem a");
        await keyboard.press("Enter");
        await expectVisibleFocus(page, "#box-1");
        await keyboard.press("Space");
        for (const selector of ["#box-2", "a.contact", "button.main"]) await tab(selector);
        await Promise.all([page.waitForNavigation(), keyboard.press("Enter")]);
        expect(await page.locator("h1").textContent()).toBe(words.done);
      });
      expect(await visit.history({ phone: "+79123456790" })).toHaveLength(2);
    },
  );

  it.each(looks)(
    "an e-mail address is confirmed by the button behind the link that was mailed: $language, $colorScheme, $device",
    async ({ language, colorScheme, device }) => {
      const words = spoken[language];
      const shop = await Shop.open(service);
      await shop.org.patch("/v1/organization", { name: words.name });
      await created(
        shop.org.post("/v1/purposes", {
          key: "news",
          name: language === "ru" ? "Скидки" : "Offers",
          description: "News.",
          category: "marketing",
          lawfulBasis: "consent",
          doubleOptIn: true,
        }),
      );
      const visit = await FormVisit.open(
        service,
        { language, channels: ["email"], purposes: ["news"], wording: words.mail },
        shop,
      );
      const email = `reader-${service.nextNumber()}@mail.example`;
      await withPage({ viewport: devices[device], colorScheme, locale: language }, async (page) => {
        const look = async (step: string) => {
          await page.screenshot({
            path: `${artefacts}${step}.${language}.${colorScheme}.${device}.png`,
            fullPage: true,
          });
          expect(await axeFindings(page), step).toEqual([]);
        };
        await page.goto(`${process.url}${visit.path}`);
        await page.getByLabel(words.email).fill(email);
        await page.getByRole("checkbox").check();
        await look("4-email");
        await page.getByRole("button", { name: words.send }).click();
        await page.getByRole("heading", { name: words.mailed }).waitFor();
        await look("5-mailed");
        const { text, html } = await inbox.next(email);
        const path = /\/c\/confirm\/[\w-]+/.exec(text)?.[0] ?? "";
        await page.goto(`${process.url}${path}`);
        await look("6-confirm");
        expect((await visit.history({ email })).map(({ state }) => state)).toEqual(["requested"]);
        await page.getByRole("button", { name: words.confirm }).click();
        await page.getByRole("heading", { name: words.confirmed }).waitFor();
        await look("7-confirmed");
        expect((await visit.history({ email })).map(({ state }) => state)).toEqual(["given", "requested"]);
        await page.goto(`${process.url}${path}`);
        await page.getByRole("heading", { name: words.again }).waitFor();

        // The mail itself, as a mail program shows it.
        await page.goto("about:blank");
        await page.setContent(html);
        await look("8-mail");
        expect(await page.getByRole("link").getAttribute("href")).toBe(`https://consent.shop.example${path}`);
      });
    },
  );

  it("paints soon: the figure, from a local server", async () => {
    const visit = await openForm("ru");
    const figures: number[] = [];
    await withPage({ viewport: devices.phone }, async (page) => {
      for (let n = 0; n < 7; n += 1) {
        await page.goto(`${process.url}${visit.path}`);
        const paint = await page.evaluate<number>(
          `new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries()[0].startTime))
            .observe({ type: "paint", buffered: true }))`,
        );
        figures.push(paint);
      }
    });
    const [median = 0] = figures.toSorted((a, b) => a - b).slice(3);
    console.info(
      `first paint of a form: median ${Math.round(median)} ms of ${figures.map(Math.round).join(", ")}`,
    );
    expect(median).toBeGreaterThan(0);
  });
});
