import { and, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import { hashesOf, standPart } from "../subject/index.ts";
import { consentEvent } from "./tables.ts";

export type ConsentEventRow = typeof consentEvent.$inferSelect;

/** A consent event that is about to be recorded. Ids are uuids. */
export interface NewConsentEvent {
  readonly id: string;
  /** Public id, for what refers to the event. */
  readonly publicId: string;
  readonly subjectId: string;
  readonly channel: string;
  readonly purpose: string;
  readonly reportedState: "given" | "withdrawn" | "refused";
  /** What a yes is stored as when nothing stands against it: given, or requested until it is confirmed. */
  readonly yesState: "given" | "requested";
  readonly proof: "demonstrated" | "reported";
  readonly collectionPointId: string;
  readonly version: number;
  readonly indication: string;
  readonly language: string | undefined;
  readonly occurredAt: string;
  /** When the message was written that the yes rests on: it was said then, not later. */
  readonly saidAt: string | undefined;
  readonly validityDays: number | null;
  readonly captureTokenId: string | undefined;
  readonly sealed: Buffer;
  /** Hashes of the identifiers that were named. */
  readonly named: readonly string[];
}

export interface RecordedConsent {
  readonly id: string;
  readonly subject_id: string;
  readonly state: string;
  readonly recorded_at: string;
}

/**
 * Records a consent event with the state it adds up to, and for a no the standing no of every identifier, in one
 * statement. A yes that is only reported while a no stands in its scope is stored as `requested`. A yes counts from
 * the first use of its capture token and from the message that it rests on at the latest: the same proof, told again
 * after a no, proves nothing new. No row: the capture token was used for somebody else.
 */
export async function insertConsentEvent(
  ctx: Context,
  event: NewConsentEvent,
): Promise<RecordedConsent | undefined> {
  return write<RecordedConsent>(ctx, (sql) => {
    const isYes = event.reportedState === "given";
    const token = event.captureTokenId;
    const parts: [string, Fragment][] = [
      ["hashes", hashesOf(sql, ctx, [event.subjectId], event.named)],
      [
        "standing",
        sql`select 1 as one from standing_no n join hashes h on h.hash = n.identifier_hash
          where n.organization_id = ${ctx.organizationId}::uuid and n.channel in ('*', ${event.channel})
            and n.purpose = any(no_purposes(${ctx.organizationId}::uuid, ${event.purpose})) limit 1`,
      ],
    ];
    if (token !== undefined) {
      parts.push([
        "used",
        sql`insert into capture_token_use (organization_id, token_id, subject_id)
          values (${ctx.organizationId}, ${token}, ${event.subjectId})
          on conflict (organization_id, token_id) do update set subject_id = capture_token_use.subject_id
            where exists (select from subject a
              join subject b on b.organization_id = a.organization_id and b.root_id = a.root_id
              where a.organization_id = excluded.organization_id and a.id = capture_token_use.subject_id
                and b.id = excluded.subject_id)
          returning used_at`,
      ]);
    }
    parts.push(["event", insertPart(sql, ctx, event, token !== undefined)], ["state", statePart(sql)]);
    if (!isYes) {
      const no = {
        channel: event.channel,
        purpose: event.purpose,
        kind: event.reportedState === "refused" ? "refused" : "withdrawn",
        at: event.occurredAt,
        eventId: event.publicId,
      } as const;
      parts.push(["stands", standPart(sql, ctx, no, "hashes", "event")]);
    }
    return {
      parts,
      result: sql`select id, subject_id, state, recorded_at from event`,
      audit: { action: "consent.recorded", entity: event.publicId, details: { state: event.reportedState } },
    };
  });
}

function insertPart(sql: Sql, ctx: Context, event: NewConsentEvent, needsToken: boolean): Fragment {
  const isYes = event.reportedState === "given";
  const state = !isYes
    ? sql`${event.reportedState}`
    : event.proof === "demonstrated"
      ? sql`${event.yesState}`
      : sql`case when exists (select from standing) then 'requested' else ${event.yesState} end`;
  return sql`
    insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
      collection_point_id, collection_point_version, indication, language, occurred_at, effective_at, expires_at,
      capture_token_id, sealed, actor_kind, actor_id)
    select ${ctx.organizationId}::uuid, ${event.id}::uuid, ${event.subjectId}::uuid, ${event.channel}, ${event.purpose},
      ${state}, ${event.reportedState}, ${event.proof}, ${event.collectionPointId}::uuid, ${event.version}::int,
      ${event.indication}, ${event.language ?? null}, t.occurred, t.effective,
      ${isYes ? event.validityDays : null}::int * interval '1 day' + t.effective,
      ${event.captureTokenId ?? null}::uuid, ${event.sealed}::bytea, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
    from (select ${event.occurredAt}::timestamptz as occurred, least(${event.occurredAt}::timestamptz, now(),
      ${event.saidAt ?? null}::timestamptz${needsToken ? sql`, (select used_at from used)` : sql``}) as effective) t
    ${needsToken ? sql`where exists (select from used)` : sql``}
    returning *`;
}

/** What the events add up to, kept in the same statement: see consentStateOf for the same sum over all events. */
function statePart(sql: Sql): Fragment {
  return sql`
    insert into consent_state as s (organization_id, subject_id, channel, purpose, given_event_id, given_at,
      given_expires_at, proven_event_id, proven_at, proven_expires_at, requested_event_id, requested_at,
      no_kind, no_event_id, no_at)
    select organization_id, subject_id, channel, purpose,
      case when state = 'given' then id end, case when state = 'given' then effective_at end,
      case when state = 'given' then expires_at end,
      case when state = 'given' and proof = 'demonstrated' then id end,
      case when state = 'given' and proof = 'demonstrated' then effective_at end,
      case when state = 'given' and proof = 'demonstrated' then expires_at end,
      case when state = 'requested' then id end, case when state = 'requested' then effective_at end,
      case when state in ('withdrawn', 'refused') then state end,
      case when state in ('withdrawn', 'refused') then id end,
      case when state in ('withdrawn', 'refused') then occurred_at end
    from event
    on conflict (organization_id, subject_id, channel, purpose) do update set
      (given_event_id, given_at, given_expires_at) = (select x.* from (values
        (s.given_event_id, s.given_at, s.given_expires_at),
        (excluded.given_event_id, excluded.given_at, excluded.given_expires_at)) x(id, at, until)
        order by x.at desc nulls last limit 1),
      (proven_event_id, proven_at, proven_expires_at) = (select x.* from (values
        (s.proven_event_id, s.proven_at, s.proven_expires_at),
        (excluded.proven_event_id, excluded.proven_at, excluded.proven_expires_at)) x(id, at, until)
        order by x.at desc nulls last limit 1),
      (requested_event_id, requested_at) = (select x.* from (values
        (s.requested_event_id, s.requested_at), (excluded.requested_event_id, excluded.requested_at)) x(id, at)
        order by x.at desc nulls last limit 1),
      (no_kind, no_event_id, no_at) = (select x.* from (values
        (s.no_kind, s.no_event_id, s.no_at), (excluded.no_kind, excluded.no_event_id, excluded.no_at)) x(kind, id, at)
        order by x.at desc nulls last limit 1)
    returning subject_id`;
}

/** Whose consent (uuid of the person's root) a capture token proved before; undefined when it was not used yet. */
export async function selectTokenUser(ctx: Context, tokenId: string): Promise<string | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ root: string }[]>`
      select s.root_id as root from capture_token_use u
      join subject s on s.organization_id = u.organization_id and s.id = u.subject_id
      where u.organization_id = ${ctx.organizationId} and u.token_id = ${tokenId}`,
  );
  return rows[0]?.root;
}

/** A message of the person that a yes is rested on. */
export interface Evidence {
  readonly at: Date;
  /** They wrote it after they had asked for this very thing, and have said no to it neither since nor then. */
  readonly confirms: boolean;
}

/**
 * A message of the person (`subjectId`: uuid of their root) that Sayso holds; undefined when it holds no such message
 * of theirs, or keeps it no more: it could be gone before the consent is on record. It confirms a request from a later second only: in doubt it came before.
 */
export async function findEvidence(
  ctx: Context,
  about: { subjectId: string; messageId: string; channel: string; purpose: string },
): Promise<Evidence | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<Evidence[]>`
      select m.at, exists (
        select from consent_event e
        join subject r on r.organization_id = e.organization_id and r.id = e.subject_id and r.root_id = w.root_id
        where e.organization_id = m.organization_id and e.channel = ${about.channel} and e.purpose = ${about.purpose}
          and e.state = 'requested' and date_trunc('second', e.occurred_at) < date_trunc('second', m.at)
          and not exists (
            select from standing_no n join (${hashesOf(sql, ctx, [about.subjectId], [])}) h on h.hash = n.identifier_hash
            where n.organization_id = e.organization_id and n.channel in ('*', e.channel)
              and n.purpose = any(no_purposes(e.organization_id, e.purpose))
              and date_trunc('second', n.at) >= date_trunc('second', e.occurred_at))) as confirms
      from inbound_message m
      join subject w on w.organization_id = m.organization_id and w.id = m.subject_id
      where m.organization_id = ${ctx.organizationId}::uuid and m.message_id = ${about.messageId}
        and w.root_id = ${about.subjectId}::uuid and m.at >= kept_since(m.organization_id, 'inbound_message')
      order by m.at limit 1`,
  );
  return rows[0];
}

/** Events of some records of one person, the newest first. */
export async function selectEventsOf(
  ctx: Context,
  subjectIds: readonly string[],
): Promise<ConsentEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(consentEvent)
      .where(
        and(
          eq(consentEvent.organizationId, ctx.organizationId),
          inArray(consentEvent.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(desc(consentEvent.recordedAt), desc(consentEvent.id)),
  );
}

/** Events of the organization, the newest first. */
export async function selectEvents(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<ConsentEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(consentEvent)
      .where(
        and(
          eq(consentEvent.organizationId, ctx.organizationId),
          before ? lt(consentEvent.id, before) : undefined,
        ),
      )
      .orderBy(desc(consentEvent.id))
      .limit(limit),
  );
}
