import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules that a page breaks, WCAG's and good practice alike, target size included. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const options: RunOptions = { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] };
  const results = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return results.violations.map(({ id }) => id);
}

/** What sticks out of the page or is cut off by its own box. */
export function overflowing(page: Page): Promise<string[]> {
  return page
    .locator("html, body, h1, h2, p, dt, dd, li, button, a, label, select, summary, blockquote")
    .evaluateAll((elements) =>
      elements
        .filter((element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth)
        .map((element) => `${element.tagName}: ${element.textContent?.slice(0, 40)}`),
    );
}

/** What is too small for a thumb: less than 44 pixels wide or high (WCAG 2.2, 2.5.5). */
export function smallTargets(page: Page): Promise<string[]> {
  return page.locator("a, button, summary, select, input:not([type=hidden])").evaluateAll((targets) =>
    targets
      .filter((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width < 44 || height < 44;
      })
      .map((target) => target.outerHTML),
  );
}

/** The focused element is this one, and an outline of at least 2 pixels says so. */
export async function expectVisibleFocus(page: Page, selector: string): Promise<void> {
  const focused = page.locator(`${selector}:focus`);
  expect(await focused.count(), `focus on ${selector}`).toBe(1);
  const outline = await focused.evaluate((element) => {
    const style = element.ownerDocument.defaultView?.getComputedStyle(element);
    return { style: style?.outlineStyle, width: Number.parseFloat(style?.outlineWidth ?? "0") };
  });
  expect(outline.style).toBe("solid");
  expect(outline.width).toBeGreaterThanOrEqual(2);
}

/**
 * Opens a page of a fresh context, does something with it, and expects that nothing went wrong, no cookie was set, and
 * nobody was asked but these origins. `isExpected` lets complaints of the browser pass.
 */
export async function inFreshPage(
  browser: Browser,
  {
    origins,
    isExpected = () => false,
    ...options
  }: BrowserContextOptions & {
    readonly origins: readonly string[];
    readonly isExpected?: (complaint: string) => boolean;
  },
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!origins.includes(new URL(request.url()).origin)) complaints.push(request.url());
    });
    await use(page);
    expect(complaints.filter((complaint) => !isExpected(complaint))).toEqual([]);
    expect(await context.cookies()).toEqual([]);
  } finally {
    await context.close();
  }
}
