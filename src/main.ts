import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { createLogger } from "./compose.ts";
import { type Config, readConfig } from "./config.ts";
import { firstOrganizationId, listApiKeys } from "./features/organization/index.ts";
import { endOnUncaughtErrors, endWithReason, stopOnSignals } from "./process-end.ts";
import { type RunningService, startService } from "./service.ts";

// By itself the heap may grow to four times what is in use before V8 clears it up: 80 MB more under load, and not a check
// more per second.
setFlagsFromString("--heap-growing-percent=25");

// `npm start`: the service for real use. Standard output has log lines (JSON) and nothing else.
async function main(): Promise<void> {
  const config = readConfig();
  const log = createLogger(config);
  endOnUncaughtErrors(log);
  const starting = startService(config, log);
  stopOnSignals(async () => {
    const service = await starting;
    log.info("stopping");
    await service.stop();
    log.info("stopped");
    return 0;
  }, endWithReason);
  const service = await starting;
  log.info({ url: service.url, reference: `${service.url}/docs` }, "ready");
  if (!(await hasApiKey(service))) process.stderr.write(firstSteps(service, config));
}

async function hasApiKey({ composed }: RunningService): Promise<boolean> {
  const organizationId = await firstOrganizationId(composed.services.db);
  if (organizationId === undefined) return false;
  const ctx = await composed.contextFor(organizationId, { kind: "system" }, "first-start");
  return (await listApiKeys(ctx)).length > 0;
}

function firstSteps({ url }: RunningService, config: Config): string {
  const folder = path.resolve(config.dataDir);
  return `
Sayso is ready at ${url}, and has no API key yet.

Make one in a second terminal, in this folder and with the same environment variables:
  npx --no-install sayso key create --name NAME --scope all
API reference: ${url}/docs
${
  config.databaseUrl === undefined
    ? `Data: ${folder}, in a PostgreSQL of its own. Keep a copy of ${path.join(folder, "master.key")} in another place:
without it the data cannot be read.`
    : "Data: in the PostgreSQL of DATABASE_URL. Keep a copy of SAYSO_MASTER_KEY in another place: without it the\ndata cannot be read."
}

`;
}

main().catch(endWithReason);
