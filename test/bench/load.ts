import { randomBytes } from "node:crypto";
import postgres from "postgres";
import type { Context } from "../../src/context.ts";
import { keyedHash } from "../../src/kernel/seal.ts";

const chunk = 10_000;

/** What the bench loads people with: straight into the tables, in chunks, past the use cases that it measures. */
export async function loadSubjects(
  ownerUrl: string,
  ctx: Context,
  people: { from: number; to: number; collectionPointId: string },
): Promise<void> {
  const sql = postgres(ownerUrl, { max: 2 });
  try {
    for (let start = people.from; start < people.to; start += chunk) {
      const rows = Array.from({ length: Math.min(chunk, people.to - start) }, (_, i) => ({
        id: ctx.services.newId("sub"),
        event: ctx.services.newId("cns"),
        hash: keyedHash(ctx.keys.lookup, `external_id:bench-${start + i}`).toString("hex"),
      }));
      await sql`
        with q as materialized (
          select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) q(id uuid, event uuid, hash text)),
        people as (
          insert into subject (organization_id, id, root_id, data_key, evidence_key)
          select ${ctx.organizationId}::uuid, id, id, ${randomBytes(60)}::bytea, ${randomBytes(60)}::bytea from q),
        names as (
          insert into identifier (organization_id, hash, subject_id, kind)
          select ${ctx.organizationId}::uuid, decode(hash, 'hex'), id, 'external_id' from q),
        events as (
          insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
            collection_point_id, collection_point_version, indication, occurred_at, effective_at, actor_kind)
          select ${ctx.organizationId}::uuid, event, id, 'whatsapp', 'promotions', 'given', 'given', 'reported',
            ${people.collectionPointId}::uuid, 1, 'ticked', now(), now(), 'system' from q)
        insert into consent_state (organization_id, subject_id, channel, purpose, given_event_id, given_at)
        select ${ctx.organizationId}::uuid, id, 'whatsapp', 'promotions', event, now() from q`;
    }
    await sql`analyze subject, identifier, consent_event, consent_state`;
  } finally {
    await sql.end();
  }
}

/** Gives one person many messages, in and out of the window, for an archive to report. */
export async function loadMessages(
  ownerUrl: string,
  ctx: Context,
  history: { subjectId: string; senderId: string; count: number },
): Promise<void> {
  const sql = postgres(ownerUrl, { max: 1 });
  try {
    await sql`
      insert into inbound_message (organization_id, message_id, at, sender_id, subject_id, kind, opens_window)
      select ${ctx.organizationId}, 'wamid.bench.' || n, now() - n * interval '1 minute', ${history.senderId},
        ${history.subjectId}, 'text', true
      from generate_series(1, ${history.count}) n`;
    await sql`analyze inbound_message`;
  } finally {
    await sql.end();
  }
}
