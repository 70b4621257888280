import { describe, expect, it } from "vitest";
import { renderPickupClosedPage, renderPickupPage } from "../../../src/features/datarequest/pickup-page.ts";

const page = {
  language: "en",
  path: "/a/abc",
  organizationName: "Harbour Bookshop",
  availableUntil: new Date("2026-12-06T17:41:30Z"),
  timeZone: "UTC",
} as const;

describe("the passcode form", () => {
  it("has one field, which phones fill in from a message and which keeps nothing", () => {
    const html = renderPickupPage(page);
    const inputs = html.match(/<input[^>]*>/g) ?? [];
    expect(inputs).toHaveLength(1);
    for (const attribute of [
      'name="passcode"',
      'autocomplete="one-time-code"',
      'inputmode="text"',
      "required",
    ]) {
      expect(inputs[0]).toContain(attribute);
    }
    expect(inputs[0]).not.toContain("value=");
    expect(html).toContain('<form method="post" action="/a/abc?lang&#x3D;en" novalidate>');
  });

  it("says who answers, until when, and how large the archive is", () => {
    const html = renderPickupPage({ ...page, archiveBytes: 2_412_345 });
    for (const text of ["Harbour Bookshop", "6 December 2026 at 17:41 UTC", "ZIP archive, 2.4 MB"]) {
      expect(html).toContain(text);
    }
    expect(renderPickupPage(page)).not.toContain("ZIP archive,");
  });

  it("starts without a problem", () => {
    const html = renderPickupPage(page);
    expect(html).toContain("<title>Pick up your data</title>");
    expect(html).not.toMatch(/role="alert"|aria-invalid|class="field wrong"/);
  });

  it("shows a wrong passcode in a summary that takes focus, at the field, and in the title", () => {
    const html = renderPickupPage({ ...page, problem: { kind: "wrong", triesLeft: 1 } });
    expect(html).toContain("<title>Error: pick up your data</title>");
    expect(html).toContain('<div class="problem" role="alert" tabindex="-1" autofocus>');
    expect(html).toContain('<a href="#passcode">The passcode is not right. 1 try left.</a>');
    expect(html).toContain(
      '<p class="message" id="passcode-error">The passcode is not right. 1 try left.</p>',
    );
    expect(html).toContain('aria-describedby="passcode-hint passcode-error" aria-invalid="true"');
  });

  it.each([
    [1, "Осталась 1 попытка."],
    [2, "Осталось 2 попытки."],
    [4, "Осталось 4 попытки."],
    [5, "Осталось 5 попыток."],
  ])("counts %i tries in Russian", (triesLeft, text) => {
    expect(renderPickupPage({ ...page, language: "ru", problem: { kind: "wrong", triesLeft } })).toContain(
      text,
    );
  });

  it("asks for a passcode when none was given, and counts no try", () => {
    const html = renderPickupPage({ ...page, problem: { kind: "missing" } });
    expect(html).toContain("Enter your passcode");
    expect(html).not.toContain("left.");
  });
});

describe("the page of a delivery that gives nothing", () => {
  it("says that five wrong passcodes locked it, and how to go on", () => {
    const html = renderPickupClosedPage({
      language: "en",
      state: "locked",
      organizationName: "Harbour Bookshop",
      contact: "+1 202 555 0123",
      isGet: false,
    });
    expect(html).toContain("A wrong passcode was given 5 times.");
    expect(html).toContain('href="tel:+12025550123"');
    expect(html).not.toMatch(/<form|hreflang/);
  });

  it("says until when a deleted archive could be had", () => {
    const html = renderPickupClosedPage({
      language: "ru",
      state: "expired",
      organizationName: "Harbour Bookshop",
      availableUntil: new Date("2026-12-06T17:41:30Z"),
      timeZone: "Europe/Moscow",
      isGet: true,
    });
    expect(html).toContain("Архив удалён");
    expect(html).toMatch(/до 6 декабря 2026\sг\. в 20:41 GMT\+3/);
    expect(html).toContain("hreflang");
  });

  it("tells nothing about an unknown link but that it does not work", () => {
    const html = renderPickupClosedPage({ language: "en", state: "unknown", isGet: true });
    expect(html).toContain("This link does not work");
    expect(html).not.toMatch(/<form|class="sender"/);
  });
});
