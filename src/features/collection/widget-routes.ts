import { compress } from "hono/compress";
import { etag } from "hono/etag";
import type { Services } from "../../context.ts";
import type { App } from "../../http/app.ts";
import { notFound } from "../../kernel/errors.ts";
import { findWidgetSource, widgetRelease } from "./widget-release.ts";

/** A script that every site may load and check (Subresource Integrity needs CORS); it holds nothing of anybody's. */
const scriptHeaders = {
  "Content-Type": "text/javascript; charset=utf-8",
  "Access-Control-Allow-Origin": "*",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "X-Content-Type-Options": "nosniff",
} as const;

/** `/widget.js`, always the newest release, and `/widget/{sha256}.js`, one release that never changes or goes away. */
export function widgetRoutes(app: App, services: Services): void {
  app.get("/widget.js", compress(), etag(), (c) =>
    c.body(widgetRelease.source, 200, {
      ...scriptHeaders,
      "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
    }),
  );
  app.get("/widget/:file{[0-9a-f]{64}\\.js}", compress(), async (c) => {
    const source = await findWidgetSource(services, c.req.param("file").slice(0, 64));
    if (source === undefined) throw notFound("release of the widget");
    return c.body(source, 200, {
      ...scriptHeaders,
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });
}
