import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, expectVisibleFocus, overflowing, smallTargets } from "../support/browser.ts";
import { chromiumPath, startChromium } from "../support/chromium.ts";
import { type ServiceProcess, startTestService, type TestService } from "../support/service.ts";
import { ago, created, messages, Shop } from "../support/shop.ts";

const artefacts = new URL("../artefacts/preferences/", import.meta.url).pathname;
const person = { phone: "+12025550123" };
const parcel = { purpose: "order_updates", message: messages.parcel };

const words = {
  en: {
    more: /More choices/,
    week: "At most one a week",
    weekly: "Done. At most one advertising message a week.",
    undo: "Undo",
    undone: "Undone. Everything is as before.",
    back: "Back to the choice",
    pause: "Pause advertising for 30 days",
    paused: /No advertising until/,
    open: "Go on with a code",
    send: "Send me a code",
    label: "Your code",
    go: "Open my choices",
    wrong: /The code is not right/,
    mine: "Your choices",
    how: "How you agreed",
    resume: "End the pause",
    saved: "Saved. It holds at once.",
    stop: /^Stop: Offers and news/,
    stopped: /Done. Stopped: Offers and news/,
    agree: /^I agree: Offers and news/,
    tick: "Tick the box to agree",
    agreed: "Thank you. You get these messages again.",
  },
  ru: {
    more: /Другие настройки/,
    week: "Не чаще раза в неделю",
    weekly: "Готово. Реклама не чаще раза в неделю.",
    undo: "Отменить",
    undone: "Отменено. Всё как прежде.",
    back: "Вернуться к выбору",
    pause: "Пауза в рекламе на 30 дней",
    paused: /Рекламы не будет до/,
    open: "Продолжить с кодом",
    send: "Прислать код",
    label: "Ваш код",
    go: "Открыть мои настройки",
    wrong: /Код неверный/,
    mine: "Ваши настройки",
    how: "Как вы согласились",
    resume: "Закончить паузу",
    saved: "Сохранено. Действует сразу.",
    stop: /^Больше не присылать: Offers and news/,
    stopped: /Готово. Больше не будет: Offers and news/,
    agree: /^Я согласен \(согласна\): Offers and news/,
    tick: "Поставьте галочку, чтобы согласиться",
    agreed: "Спасибо. Вы снова получаете эти сообщения.",
  },
} as const;

const looks = [
  { language: "en", colorScheme: "light", device: "phone", width: 390 },
  { language: "ru", colorScheme: "dark", device: "phone", width: 390 },
  { language: "ru", colorScheme: "light", device: "desktop", width: 1280 },
  { language: "en", colorScheme: "dark", device: "desktop", width: 1280 },
] as const;

describe.skipIf(chromiumPath === undefined)("choosing in Chromium", { timeout: 240_000 }, () => {
  let service: TestService;
  let process: ServiceProcess;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    service = await startTestService();
    process = await service.startProcess();
    browser = await startChromium();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  async function openShop() {
    const shop = await Shop.open(service);
    await shop.org.patch("/v1/organization", { name: "Harbour Bookshop" });
    for (const purpose of ["promotions", "order_updates"])
      await shop.proven(person, { purpose }, { occurredAt: ago(120) });
    const { url } = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", { subject: person }));
    return { shop, url: `${process.url}${new URL(url).pathname}` };
  }
  const codeFor = async (shop: Shop) =>
    (await created<{ code: string }>(shop.org.post("/v1/preference-codes", { subject: person }))).code;

  it.each(looks)(
    "takes away, gives back and agrees again: $language, $colorScheme, $device",
    async (look) => {
      const { language, colorScheme, device, width } = look;
      const said = words[language];
      const { shop, url } = await openShop();
      const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== process.url) complaints.push(request.url());
      });
      const weights: number[] = [];
      page.on("response", async (response) => {
        weights.push((await response.body().catch(() => Buffer.alloc(0))).length);
      });
      let shots = 0;
      const looksWell = async (name: string) => {
        shots += 1;
        await page.screenshot({
          path: `${artefacts}${shots}-${name}.${language}.${colorScheme}.${device}.png`,
          fullPage: true,
        });
        expect(await axeFindings(page), name).toEqual([]);
        expect(await smallTargets(page), name).toEqual([]);
        for (const percent of [200, 100]) {
          await page.locator("html").evaluate((root, size) => {
            root.style.fontSize = `${size}%`;
          }, percent);
          expect(await overflowing(page), `${name} at ${percent} %`).toEqual([]);
        }
      };
      const button = (name: string | RegExp) => page.getByRole("button", { name });
      const heading = () => page.locator("h1").textContent();

      await page.goto(`${url}?lang=${language}`);
      await page.getByRole("link", { name: said.more }).click();
      await looksWell("preferences");
      await button(said.week).click();
      expect(await heading()).toBe(said.weekly);
      await looksWell("weekly");
      await button(said.undo).click();
      expect(await heading()).toBe(said.undone);
      await looksWell("undone");
      await page.getByRole("link", { name: said.back }).click();
      await button(said.pause).click();
      expect(await heading()).toMatch(said.paused);
      await looksWell("paused");
      expect(await shop.codes(person)).toEqual(["recipient_paused"]);

      await page.getByRole("link", { name: said.more }).click();
      await page.getByRole("link", { name: said.open }).click();
      await button(said.send).click();
      await expectVisibleFocus(page, ".notice");
      await looksWell("code-sent");
      const code = await codeFor(shop);
      await page.getByLabel(said.label).fill(code === "111111" ? "222222" : "111111");
      await button(said.go).click();
      await expectVisibleFocus(page, ".problem");
      expect(await page.locator(".problem a").textContent()).toMatch(said.wrong);
      await looksWell("code-wrong");
      await page.getByLabel(said.label).fill(code);
      await button(said.go).click();
      expect(await heading()).toBe(said.mine);
      await page.getByText(said.how).first().click();
      await looksWell("mine");
      await button(said.resume).click();
      await expectVisibleFocus(page, ".notice");
      expect((await page.locator(".notice").textContent())?.trim()).toBe(said.saved);
      expect(await shop.codes(person)).toEqual([]);

      await button(said.stop).click();
      expect(await page.locator(".notice").textContent()).toMatch(said.stopped);
      expect(await shop.codes(person)).toContain("recipient_opted_out");
      await button(said.agree).click();
      await expectVisibleFocus(page, ".problem");
      await page.getByRole("link", { name: said.tick }).click();
      await looksWell("not-ticked");
      await page.keyboard.press("Space");
      await button(said.agree).click();
      expect((await page.locator(".notice").textContent())?.trim()).toBe(said.agreed);
      await looksWell("agreed");
      expect(await shop.codes(person)).toEqual([]);
      expect(await shop.codes(person, parcel)).toEqual([]);

      // Chromium tells of the two forms that came back with a message.
      expect(complaints.filter((text) => !text.includes("status of 422"))).toEqual([]);
      expect(await context.cookies()).toEqual([]);
      expect(weights.length).toBeGreaterThan(12);
      expect(Math.max(...weights)).toBeLessThan(30_000);
      expect(page.url()).not.toMatch(/code=|session|2025550/);
      await context.close();
    },
  );

  /** Tabs until what has the focus is this one. */
  async function tabTo(page: Page, selector: string): Promise<void> {
    for (let press = 0; press < 40; press += 1) {
      await page.keyboard.press("Tab");
      if ((await page.locator(`${selector}:focus`).count()) === 1) {
        await expectVisibleFocus(page, selector);
        return;
      }
    }
    throw new Error(`The keyboard does not get to ${selector}.`);
  }

  it.each(["en", "ru"] as const)("works by keyboard alone and without scripts: %s", async (language) => {
    const { shop, url } = await openShop();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const press = (key: string) => Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
    await page.goto(`${url}/preferences?lang=${language}`);
    await tabTo(page, 'button[name="frequency"][value="month"]');
    await press("Enter");
    await tabTo(page, "form button");
    await press("Enter");
    expect(await page.locator("h1").textContent()).toBe(words[language].undone);
    await page.goto(`${url}/preferences/code?lang=${language}`);
    await tabTo(page, "#code");
    await page.keyboard.type(await codeFor(shop));
    await press("Enter");
    expect(await page.locator("h1").textContent()).toBe(words[language].mine);
    await tabTo(page, 'button[name="stop"][value="promotions"]');
    await press("Enter");
    await tabTo(page, 'form:has(button[value="promotions"]) input[type="checkbox"]');
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await press("Enter");
    expect((await page.locator(".notice").textContent())?.trim()).toBe(words[language].agreed);
    await tabTo(page, "#language");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await press("Enter");
    expect((await page.locator(".notice").textContent())?.trim()).toBe(words[language].saved);
    await context.close();
  });
});
