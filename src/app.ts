import type { Composed } from "./compose.ts";
import type { Config } from "./config.ts";
import { apiKeyFinder, organizationRoutes } from "./features/organization/index.ts";
import { subjectRoutes } from "./features/subject/index.ts";
import { type App, createApp, jsonBody } from "./http/app.ts";
import { authenticated, idempotent, requires } from "./http/authenticate.ts";
import { createMetrics } from "./http/metrics.ts";
import { operationRoutes } from "./http/operation.ts";
import { limits } from "./kernel/limits.ts";

/** The whole HTTP side of the service: `/v1` for machines, pages for people, operation for whoever runs it. */
export function buildApp(composed: Composed, _config: Config): App {
  const { services, organizationKeys } = composed;
  const metrics = createMetrics();
  const app = createApp(services, metrics);

  app.use("/v1/*", authenticated(services, { findApiKey: apiKeyFinder(services), organizationKeys }));
  app.use(
    "/v1/*",
    ...jsonBody((path) =>
      path === "/v1/checks/batch"
        ? limits.batchBodyBytes
        : path.includes("/account-data/")
          ? limits.sectionBytes
          : limits.bodyBytes,
    ),
  );
  app.use("/v1/*", idempotent);
  for (const path of ["/v1/organization", "/v1/senders/*", "/v1/purposes/*"])
    app.use(path, requires("configuration"));

  organizationRoutes(app);
  subjectRoutes(app);
  operationRoutes(app, services, metrics);
  return app;
}
