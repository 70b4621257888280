import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Services } from "../context.ts";
import { SaysoError } from "../kernel/errors.ts";
import type { App } from "./app.ts";

const assets = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

const referencePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sayso API reference</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const startScript = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null });\n`;

/** `/openapi.json`, `/docs`, `/healthz`, `/readyz`, `/metrics`: what those who run and call the service look at. */
export function operationRoutes(app: App, services: Services): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key: `sayso key create --name NAME --scope all`.",
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Sayso",
      version: "1",
      description:
        "No message without the customer's say-so: proof of every opt-in, a check before every send, every no at once and for good, and answers to data requests. Errors are problem documents (RFC 9457). Every POST that creates takes an Idempotency-Key, checks excepted.",
    },
    security: [{ apiKey: [] }],
  });
  app.get("/docs", (c) => {
    c.header(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    return c.html(referencePage);
  });
  app.get("/docs/start.js", (c) => c.body(startScript, 200, { "content-type": "text/javascript" }));
  for (const [name, type] of [
    ["swagger-ui.css", "text/css"],
    ["swagger-ui-bundle.js", "text/javascript"],
  ] as const) {
    app.get(`/docs/${name}`, async (c) =>
      c.body(await readFile(join(assets, name)), 200, { "content-type": type }),
    );
  }
  app.get("/healthz", (c) => c.json({ status: "alive" }));
  app.get("/readyz", async (c) => {
    await services.db
      .look((sql) => sql`select count(*) from installation`)
      .catch((cause: unknown) => {
        throw new SaysoError("unavailable", "The database cannot be reached or is not migrated.", { cause });
      });
    return c.json({ status: "ready" });
  });
  app.get("/metrics", async (c) =>
    c.body(await services.metrics.expose(), 200, { "content-type": services.metrics.contentType }),
  );
}
