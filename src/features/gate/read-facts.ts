import type { Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { senderState } from "../../kernel/sender-state.ts";
import type { Category, Facts, LawfulBasis } from "./domain/facts.ts";
import { type CommonRow, type ConsentRow, type FactsRow, selectFacts } from "./facts-store.ts";
import type { Prepared } from "./prepare-check.ts";

/** What one statement saw of a question. */
interface Seen {
  readonly facts: Facts;
  /** The record that the facts name first (uuid); null: nobody is known. */
  readonly subjectId: string | null;
  /** All records of the person, merged ones included (uuids). */
  readonly recordIds: readonly string[];
  /** The organization's policy in force; null: the built-in one. */
  readonly policyVersion: number | null;
}

/** Reads the facts of all questions in one statement, in their order. Throws `unavailable`. */
export async function readFacts(services: Services, asked: readonly Prepared[]): Promise<Seen[]> {
  const rows = await selectFacts(
    services,
    asked.map(({ query }) => query),
  );
  const commonOf = new Map<CommonRow, CommonFacts>();
  return asked.map((prepared, index) => {
    const row = rows[index];
    if (row === undefined) throw new Error("Facts are missing.");
    const common = commonOf.get(row.common) ?? commonFacts(row.common);
    commonOf.set(row.common, common);
    return {
      facts: factsOf(prepared, row, common),
      subjectId: row.person.record?.[0]?.rootId ?? null,
      recordIds: row.person.record?.map(({ id }) => id) ?? [],
      policyVersion: row.common.policyVersion,
    };
  });
}

type CommonFacts = Pick<
  Facts,
  "now" | "monitor" | "switches" | "sender" | "purpose" | "intake" | "breaker" | "template"
>;

function commonFacts(row: CommonRow): CommonFacts {
  const now = new Date(row.now);
  const state = senderState(row.sender?.restrictions ?? {}, now);
  return {
    now: now.toISOString(),
    monitor: row.monitor && { id: formatId("mon", row.monitor.id), until: row.monitor.until },
    switches: (row.switches ?? []).map((pulled) => ({ ...pulled, id: formatId("swi", pulled.id) })),
    sender: row.sender && {
      id: formatId("snd", row.sender.id),
      wabaId: row.sender.wabaId,
      state: state.state,
      restrictedUntil: state.until,
    },
    purpose: row.purpose && {
      key: row.purpose.key,
      category: row.purpose.category as Category,
      lawfulBasis: row.purpose.lawfulBasis as LawfulBasis,
    },
    intake: row.intake ?? [],
    breaker: row.breaker && { ...row.breaker, id: formatId("brk", row.breaker.id) },
    template: row.template && {
      id: formatId("tpl", row.template.id),
      category: row.template.category as Category,
      status: row.template.status,
    },
  };
}

// Member by member: V8 takes 7 µs to spread an object that so many members follow.
function factsOf(prepared: Prepared, { common: row, person }: FactsRow, common: CommonFacts): Facts {
  const { question, query, unreadable, sandbox } = prepared;
  const records = person.record ?? [];
  const rootIds = distinct(records.map(({ rootId }) => rootId));
  // Almost every person has one record, and its id is written once.
  const [firstRoot = ""] = rootIds;
  const firstId = rootIds.length === 0 ? "" : formatId("sub", firstRoot);
  const subjectIdOf = (id: string) => (id === firstRoot ? firstId : formatId("sub", id));
  const isUnknown = query.subjectId !== null && !records.some(({ id }) => id === query.subjectId);
  const [window] = person.window ?? [];
  const [cause] = person.cause ?? [];
  return {
    now: common.now,
    recipient: {
      unreadable: isUnknown ? [...unreadable, "subjectId"] : unreadable,
      identifierCount: query.hashes.length + (query.subjectId === null || isUnknown ? 0 : 1),
      isSender: person.self !== undefined,
      subjectIds: rootIds.map(subjectIdOf),
      mergedAt: latest(records.flatMap(({ mergedAt }) => mergedAt ?? [])),
      countries: distinct([...(person.country ?? []), ...prepared.countries]).sort(),
      timeZones: distinct(records.flatMap(({ timeZone }) => timeZone ?? [])),
      hasSavedNumber: records.some(({ hasSavedNumber }) => hasSavedNumber === true),
    },
    sandbox,
    monitor: common.monitor,
    switches: common.switches,
    sender: common.sender,
    blocks: (person.block ?? []).map((block) => ({ ...block, id: formatId("blk", block.id) })),
    nos: (person.no ?? []).map((no) => ({
      kind: no.kind as Facts["nos"][number]["kind"],
      // A no to all marketing is one to the purpose that is asked about: it is read for marketing only.
      purpose: no.purpose === "*" ? null : no.purpose === "*marketing" ? question.purpose : no.purpose,
      at: no.at,
      eventId: no.eventId,
    })),
    suspicions: (person.suspicion ?? []).map(({ id, at }) => ({ id: formatId("sus", id), at })),
    preferences: {
      pauses: (person.pause ?? []).map(({ id, until }) => ({ id: formatId("prf", id), until })),
      caps: (person.cap ?? []).map(({ id, most, hours }) => ({ id: formatId("prf", id), most, hours })),
    },
    purpose: common.purpose,
    consents: (person.consent ?? []).map((row) => consentFact(row, subjectIdOf(row.subject_id))),
    platformStops: person.stop ?? [],
    holds: person.hold ?? [],
    intake: common.intake,
    reach: { failures: person.failure ?? [], seenAt: person.seen?.[0] ?? null },
    senderUse: {
      account: row.accountUse && {
        ...row.accountUse,
        isCounted: person.counted?.includes(row.accountUse.id) ?? false,
      },
      sender: row.senderUse && {
        ...row.senderUse,
        isCounted: row.sender !== null && (person.counted?.includes(row.sender.id) ?? false),
      },
    },
    breaker: common.breaker,
    window: window ?? null,
    template: common.template,
    cause:
      cause === undefined || question.cause === undefined
        ? null
        : { kind: question.cause.kind, id: question.cause.id, ...cause },
    sends: (person.send ?? []).map(({ at, category, purpose, decisionId }) => ({
      at,
      category: category as Category | null,
      purpose,
      decisionId: decisionId === null ? null : formatId("dec", decisionId),
    })),
  };
}

const distinct = (words: readonly string[]): string[] =>
  words.length < 2 ? [...words] : [...new Set(words)];

/** The latest of some instants as PostgreSQL writes them; null: there is none. */
function latest(instants: readonly string[]): string | null {
  return instants.length === 0
    ? null
    : new Date(Math.max(...instants.map((at) => Date.parse(at)))).toISOString();
}

function consentFact(row: ConsentRow, subjectId: string): Facts["consents"][number] {
  const yes = (id: string | null, at: string | null, expiresAt: string | null) =>
    id === null || at === null ? null : { eventId: formatId("cns", id), at, expiresAt };
  return {
    purpose: row.purpose,
    subjectId,
    given: yes(row.given_event_id, row.given_at, row.given_expires_at),
    proven: yes(row.proven_event_id, row.proven_at, row.proven_expires_at),
    requested:
      row.requested_event_id === null || row.requested_at === null
        ? null
        : { eventId: formatId("cns", row.requested_event_id), at: row.requested_at },
    no:
      row.no_kind === null || row.no_event_id === null || row.no_at === null
        ? null
        : {
            kind: row.no_kind as NonNullable<Facts["consents"][number]["no"]>["kind"],
            eventId: formatId("cns", row.no_event_id),
            at: row.no_at,
          },
    unproven: row.unproven,
  };
}
