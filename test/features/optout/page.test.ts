import { describe, expect, it } from "vitest";
import {
  renderOptOutDonePage,
  renderOptOutNotUndonePage,
  renderOptOutPage,
  renderOptOutUndonePage,
} from "../../../src/features/optout/page.ts";
import { renderLinkProblemPage } from "../../../src/http/link-problem-page.ts";

const subject = {
  language: "en",
  path: "/o/abc",
  organizationName: "Harbour Bookshop",
  maskedNumber: "…67",
} as const;
const purposeName = "Offers and new arrivals";
const done = {
  ...subject,
  reference: "opt_01kap8w3vtee2t0m4wa8cn7v6k",
  recordedAt: new Date("2026-11-22T17:41:30Z"),
  timeZone: "Europe/Moscow",
};
const undo = { nonce: "n0nce", until: new Date("2026-11-22T17:51:30Z") };

/** The hidden fields that each form of a page posts, by its action. */
function forms(html: string): { method: string; action: string; fields: Record<string, string> }[] {
  return [...html.matchAll(/<form method="(\w+)" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].map(
    ([, method = "", action = "", inner = ""]) => ({
      method,
      action: action.replaceAll("&#x3D;", "="),
      fields: Object.fromEntries(
        [...inner.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [
          name,
          value,
        ]),
      ),
    }),
  );
}

describe("the opt-out page", () => {
  it("says who writes, what about and to which number, and that nothing has changed yet", () => {
    const html = renderOptOutPage({ ...subject, purposeName });
    expect(html).toContain('<html lang="en">');
    for (const text of [
      "Harbour Bookshop",
      purposeName,
      "…67",
      "Nothing changes until you press a button.",
    ]) {
      expect(html).toContain(text);
    }
  });

  it("says the same in Russian and keeps the forms in it", () => {
    const html = renderOptOutPage({ ...subject, purposeName, language: "ru" });
    expect(html).toContain('<html lang="ru">');
    expect(html).toContain("Больше не присылать такие сообщения?");
    expect(forms(html).map(({ action }) => action)).toEqual(["/o/abc?lang=ru", "/o/abc?lang=ru"]);
  });

  it("offers the link's purpose first, as its one large button, and everything second", () => {
    const html = renderOptOutPage({ ...subject, purposeName });
    expect(forms(html)).toEqual([
      { method: "post", action: "/o/abc?lang=en", fields: { scope: "purpose" } },
      { method: "post", action: "/o/abc?lang=en", fields: { scope: "all" } },
    ]);
    expect(html.match(/<button class="main"/g)).toHaveLength(1);
    expect(html.indexOf('class="main"')).toBeLessThan(html.indexOf('value="all"'));
  });

  it("offers only everything when the link has no purpose", () => {
    const html = renderOptOutPage(subject);
    expect(forms(html)).toEqual([{ method: "post", action: "/o/abc?lang=en", fields: { scope: "all" } }]);
    expect(html.match(/<button class="main"/g)).toHaveLength(1);
  });

  it("names no number when the person has none", () => {
    const html = renderOptOutPage({ ...subject, maskedNumber: undefined });
    expect(html).not.toContain("Your number");
  });

  it("leads to the same page in the other language", () => {
    expect(renderOptOutPage(subject)).toContain('hreflang="ru" lang="ru">Русский</a>');
    expect(renderOptOutPage({ ...subject, language: "ru" })).toContain('hreflang="en" lang="en">English</a>');
  });
});

describe("the answer page", () => {
  it("gives the reference, the time with its zone, and the end of what was handed over, rounded up", () => {
    const html = renderOptOutDonePage({
      ...done,
      purposeName,
      handedOverUntil: new Date("2026-11-22T17:42:30Z"),
    });
    for (const text of [
      "Done. These messages have stopped.",
      done.reference,
      "22 November 2026 at 20:41 GMT+3",
      "may still arrive until 20:43 GMT+3.",
    ]) {
      expect(html).toContain(text);
    }
  });

  it("promises that nothing new is sent when nothing was handed over", () => {
    const html = renderOptOutDonePage(done);
    expect(html).toContain("Nothing new is sent from this moment on.");
    expect(html).not.toContain("handed over");
  });

  it("undoes by a nonce that its form posts, with the end rounded down", () => {
    const html = renderOptOutDonePage({ ...done, undo });
    expect(forms(html)).toEqual([
      { method: "post", action: "/o/abc/undo?lang=en", fields: { nonce: "n0nce" } },
    ]);
    expect(html).toContain("until 20:51 GMT+3");
  });

  it("offers no undo when there is none", () => {
    expect(renderOptOutDonePage(done)).not.toContain("Undo");
  });

  it("offers everything only when a purpose was stopped", () => {
    const all = { method: "post", action: "/o/abc?lang=en", fields: { scope: "all" } };
    expect(forms(renderOptOutDonePage({ ...done, purposeName }))).toEqual([all]);
    expect(forms(renderOptOutDonePage(done))).toEqual([]);
  });

  it("has no language link, which would lose the undo", () => {
    expect(renderOptOutDonePage({ ...done, undo })).not.toContain("hreflang");
  });

  it("speaks Russian", () => {
    const html = renderOptOutDonePage({ ...done, language: "ru", purposeName, undo });
    expect(html).toContain("Готово. Таких сообщений больше не будет.");
    expect(html).toContain("До 20:51 GMT+3 отказ можно отменить");
  });
});

describe("the pages after an undo", () => {
  it("say that everything is as before, and lead back to the choice", () => {
    const html = renderOptOutUndonePage(subject);
    expect(html).toContain("Undone. Everything is as before.");
    expect(html).toContain('href="/o/abc?lang&#x3D;en"');
  });

  it("say that it is too late, and that the messages stay stopped", () => {
    const html = renderOptOutNotUndonePage({ ...subject, reason: "too_late" });
    expect(html).toContain("only for 10 minutes. The messages stay stopped.");
    expect(renderOptOutNotUndonePage({ ...subject, language: "ru", reason: "too_late" })).toContain(
      "в течение 10 минут",
    );
  });

  it("say that a newer choice stands", () => {
    const html = renderOptOutNotUndonePage({ ...subject, reason: "superseded" });
    expect(html).toContain("The newer choice stands");
    expect(forms(html)).toEqual([]);
  });
});

describe("the page of a link that does not work", () => {
  const organization = { id: "org_1", name: "Harbour Bookshop", contact: undefined };

  it("leads to the page that needs no link, in the same language", () => {
    expect(renderLinkProblemPage("ru", organization)).toContain('href="/stop/org_1?lang&#x3D;ru"');
    expect(renderLinkProblemPage("ru")).toContain('href="/stop?lang&#x3D;ru"');
  });

  it("says so and names the word that works without a link", () => {
    expect(renderLinkProblemPage("en")).toContain(">STOP</strong>");
    expect(renderLinkProblemPage("ru")).toContain(">СТОП</strong>");
  });

  it("names the organization's contact when it is known", () => {
    const html = renderLinkProblemPage("en", { ...organization, contact: "hello@bookshop.example" });
    expect(html).toContain('href="mailto:hello@bookshop.example"');
  });

  it("offers no button, because nobody knows whose it would be", () => {
    expect(forms(renderLinkProblemPage("en", organization))).toEqual([]);
  });
});
