import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administer } from "../../support/database.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { created } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const source = readFileSync(new URL("../../../widget/widget.js", import.meta.url), "utf8");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface Snippet {
  html: string;
  script: { src: string; integrity: string; newest: string };
  contentSecurityPolicy: Record<string, string>;
  fields: Record<string, string> | null;
  origins: string[];
}

describe("the widget's script", () => {
  it("is under 10 kB compressed, as it goes over the wire", async () => {
    expect(gzipSync(source).byteLength).toBeLessThan(10_000);
    const answer = await service.anonymous.get("/widget.js", { "accept-encoding": "gzip" });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.bytes.byteLength).toBeLessThan(10_000);
    expect(gunzipSync(answer.bytes).toString("utf8")).toBe(source);
  });

  it("is served to every site as it stands in the repository, and for ever under its own hash", async () => {
    const newest = await service.anonymous.get("/widget.js", { origin: "https://shop.example" });
    const pinned = await service.anonymous.get(`/widget/${sha256(source)}.js`);
    for (const answer of [newest, pinned]) {
      expect([answer.status, answer.text]).toEqual([200, source]);
      expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(answer.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
    expect(pinned.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(newest.headers.get("cache-control")).not.toContain("immutable");
    const etag = newest.headers.get("etag") ?? "";
    expect((await service.anonymous.get("/widget.js", { "if-none-match": etag })).status).toBe(304);
  });

  it("of an earlier version stays where a site pinned it, and is not told when its bytes are not its own", async () => {
    const earlier = "/* The release before. */\n";
    const keep = (name: string, text: string) =>
      administer(
        service.database.ownerUrl,
        (sql) => sql`insert into widget_release (sha256, source) values (${name}, ${text})`,
      );
    await keep(sha256(earlier), earlier);
    const pinned = await service.anonymous.get(`/widget/${sha256(earlier)}.js`);
    expect([pinned.status, pinned.text]).toEqual([200, earlier]);

    await keep(sha256("what was reviewed"), "alert('something else')");
    const altered = await service.anonymous.get(`/widget/${sha256("what was reviewed")}.js`);
    expect(altered.status).toBe(404);
    expect(altered.text).not.toContain("alert");
    for (const none of [sha256("none"), sha256(source).slice(1), sha256(source).toUpperCase()])
      expect((await service.anonymous.get(`/widget/${none}.js`)).status).toBe(404);
  });

  it("is kept by every service that starts, so that another version finds it", async () => {
    const [row] = await administer(
      service.database.ownerUrl,
      (sql) => sql`select source from widget_release where sha256 = ${sha256(source)}`,
    );
    expect(row).toEqual({ source });
  });

  it("has no eval, no markup from text, no cookie, no storage, and no address but the one it came from", () => {
    expect(source).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b\(|new Function|document\.cookie|localStorage|sessionStorage|indexedDB|@import|url\(/,
    );
    const addresses = new Set(source.match(/https?:\/\/[\w.-]+/g));
    expect([...addresses].sort()).toEqual(["http://www.w3.org", "https://consent.shop.example"]);
  });
});

describe("a snippet", () => {
  const point = {
    key: "site",
    name: "Site",
    origins: ["https://shop.example"],
    channels: ["whatsapp"],
    purposes: ["promotions"],
    language: "en",
    wording: "Yes, Tea shop may send me offers on WhatsApp. I can stop at any time.",
    privacyNoticeUrl: "https://shop.example/privacy",
  };

  async function snippetOf(kind: string, chat: boolean) {
    const org = await service.organization();
    const sender = await org.sender();
    const made = await created<{ id: string; publicKey: string }>(
      org.post("/v1/collection-points", {
        ...point,
        kind,
        ...(chat ? { chat: { sender: sender.id, text: "Hello!" } } : {}),
      }),
    );
    const answer = await org.get<Snippet>(`/v1/collection-points/${made.id}/snippet`);
    return { answer, publicKey: made.publicKey };
  }

  const src = `https://consent.shop.example/widget/${sha256(source)}.js`;
  const integrity = `sha384-${createHash("sha384").update(source).digest("base64")}`;
  const script = `<script async src="${src}" integrity="${integrity}" crossorigin="anonymous"`;

  it("of a widget is one script tag that runs this release only", async () => {
    const { answer, publicKey } = await snippetOf("widget", false);
    expect(answer.body).toEqual({
      html: `${script} data-key="${publicKey}"></script>`,
      script: { src, integrity, newest: "https://consent.shop.example/widget.js" },
      contentSecurityPolicy: {
        "script-src": "https://consent.shop.example",
        "connect-src": "https://consent.shop.example",
      },
      fields: null,
      origins: ["https://shop.example"],
    });
  });

  it("of a checkbox is the box's place and the script, and says what the form sends", async () => {
    const { answer, publicKey } = await snippetOf("checkbox", false);
    expect(answer.body.html).toBe(
      `<sayso-checkbox data-key="${publicKey}"></sayso-checkbox>\n${script}></script>`,
    );
    expect(answer.body.fields).toEqual({ consent: "sayso_consent", captureToken: "sayso_capture_token" });
  });

  it("of a click to chat opens the chat, which it must have", async () => {
    const { answer, publicKey } = await snippetOf("click_to_chat", true);
    expect(answer.body.html).toBe(`${script} data-key="${publicKey}" data-mode="chat"></script>`);
    expect((await snippetOf("click_to_chat", false)).answer.status).toBe(409);
  });

  it("is refused where nothing is shown in place", async () => {
    for (const kind of ["paper", "voice", "import"])
      expect((await snippetOf(kind, false)).answer.status).toBe(409);
  });
});
