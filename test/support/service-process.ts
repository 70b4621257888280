import { serve } from "@hono/node-server";
import { buildApp } from "../../src/app.ts";
import { compose, createLogger } from "../../src/compose.ts";
import { readConfig } from "../../src/config.ts";

// The service in a process of its own, told everything by its environment. Sends its address to who forked it.
const config = readConfig();
const composed = await compose(config, createLogger(config));
const server = serve(
  { fetch: buildApp(composed, config).fetch, port: config.port, hostname: config.host },
  (address) => process.send?.(`http://${address.address}:${address.port}`),
);
process.once("SIGTERM", () => {
  server.close(() => void composed.close().then(() => process.exit()));
});
// Nobody is left to use it.
process.once("disconnect", () => process.exit());
