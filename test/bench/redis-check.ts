import { randomUUID } from "node:crypto";
import { serve } from "@hono/node-server";
import { createClient } from "@redis/client";
import { Hono } from "hono";
import postgres from "postgres";
import { checkSchema } from "../../src/http/check-body.ts";

// What people write by hand: sets in Redis of who said yes, who said no and who is blocked, asked for in one go. With
// DATABASE_URL every decision is also recorded as one row, without its facts.
const redis = await createClient({ url: `redis://127.0.0.1:${process.env.REDIS_PORT}` }).connect();
const { DATABASE_URL: url } = process.env;
const sql = url === undefined ? undefined : postgres(url, { max: 10, fetch_types: false });
if (sql !== undefined) {
  await sql`create table if not exists hand_written (id uuid primary key, at timestamptz not null default now(),
    recipient text not null, purpose text not null, decision text not null)`;
}
const app = new Hono();
app.post("/v1/checks", async (c) => {
  const { data } = checkSchema.safeParse(await c.req.json());
  if (data === undefined) return c.json({ error: "no check" }, 422);
  const recipient = data.recipient.externalId ?? "";
  const [consented, optedOut, blocked, window] = await Promise.all([
    redis.sIsMember(`consent:${data.purpose}`, recipient),
    redis.sIsMember("opted_out", recipient),
    redis.sIsMember("blocked", recipient),
    redis.get(`window:${data.sender}:${recipient}`),
  ]);
  const decision = consented === 1 && optedOut === 0 && blocked === 0 ? "allow" : "deny";
  if (sql !== undefined) {
    await sql`insert into hand_written (id, recipient, purpose, decision)
      values (${randomUUID()}, ${recipient}, ${data.purpose}, ${decision})`;
  }
  return c.json({ decision, window });
});
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
  process.send?.({ port });
});
process.on("disconnect", () => server.close(() => process.exit(0)));
