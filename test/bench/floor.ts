import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { checkSchema } from "../../src/http/check-body.ts";

// The floor: a bare route that parses the same body with the same schema and answers, and does nothing else.
const app = new Hono();
app.post("/v1/checks", async (c) => {
  const parsed = checkSchema.safeParse(await c.req.json());
  return c.json({ decision: parsed.success ? "allow" : "deny" });
});
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
  process.send?.({ port });
});
process.on("disconnect", () => server.close(() => process.exit(0)));
