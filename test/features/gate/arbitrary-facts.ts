import fc from "fast-check";
import type { ConsentFact, Facts, Question } from "../../../src/features/gate/domain/facts.ts";
import type { PolicyDocument } from "../../../src/features/gate/domain/policy.ts";
import {
  noConsent,
  now,
  orderUpdate,
  promotion,
  provenConsent,
  type Scenario,
  signInCode,
  supportReply,
} from "../../cases/gate/scenarios.ts";

const hour = 3_600_000;

/** An instant as ISO 8601, some milliseconds away from the moment of the check. */
export function fromNow(milliseconds: number): string {
  return new Date(Date.parse(now) + milliseconds).toISOString();
}

const freePromotion: Scenario = {
  ...supportReply,
  question: { ...supportReply.question, purpose: "promotions" },
  facts: {
    ...supportReply.facts,
    purpose: promotion.facts.purpose,
    consents: promotion.facts.consents,
  },
};
const scenarios: readonly Scenario[] = [promotion, orderUpdate, supportReply, signInCode, freePromotion];
/** Checks that no opt-out gives way to, as long as there is no cause. */
export const notServiceReplies: readonly Scenario[] = [promotion, orderUpdate, freePromotion];

export const someInstant = fc
  .oneof(
    fc.constantFrom(-24 * hour, -24 * hour + 1, -hour, -1000, -999, -1, 0, 1, 999, 1000, 300_000, 300_001),
    fc.integer({ min: -60 * 24 * hour, max: hour }),
  )
  .map(fromNow);
const somePurpose = fc.constantFrom("promotions", "order_updates", "support", "sign_in_codes");
const someExpiry = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, someInstant);
const someYes = fc.record({
  eventId: fc.constantFrom("cns_a", "cns_b"),
  at: someInstant,
  expiresAt: someExpiry,
});
const eventKind = fc.constantFrom("withdrawn", "refused", "revoked", "invalidated");

export const someNo: fc.Arbitrary<Facts["nos"][number]> = fc.record({
  kind: fc.oneof(fc.constant("opted_out" as const), eventKind),
  purpose: fc.oneof(fc.constant(null), somePurpose),
  at: someInstant,
  eventId: fc.constantFrom("opt_a", "opt_b", "cns_no"),
});

const reached = {
  people: fc.constantFrom(0, 249, 250, 251),
  isCounted: fc.boolean(),
  leavesAt: fc.option(someInstant),
};
const someReached = fc.record(reached);
const someAccount = fc.record({ id: fc.constant("waba_a"), most: fc.constantFrom(250, 2_000), ...reached });

/** A record whose latest yes is never older than its latest proven one, as the events add up. */
export const someConsent: fc.Arbitrary<ConsentFact> = fc
  .record({
    purpose: somePurpose,
    yeses: fc.array(someYes, { maxLength: 2 }),
    isLatestProven: fc.boolean(),
    requested: fc.option(fc.record({ eventId: fc.constant("cns_asked"), at: someInstant })),
    no: fc.option(fc.record({ kind: eventKind, eventId: fc.constant("cns_no"), at: someInstant }), {
      freq: 2,
    }),
    unproven: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  })
  .map(({ purpose, yeses, isLatestProven, requested, no, unproven }) => {
    const [latest, earlier] = yeses.toSorted((a, b) => b.at.localeCompare(a.at));
    const proven = (isLatestProven ? latest : earlier) ?? null;
    return { ...noConsent(purpose), given: latest ?? null, proven, requested, no, unproven };
  });

/** Mostly what the scenario says, sometimes something else: most generated facts are one step from an allow. */
function around({ facts }: Scenario): fc.Arbitrary<Facts> {
  const mostly = <T>(usual: T, other: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<T> =>
    fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
  return fc
    .record({
      now: fc.constant(now),
      recipient: fc.record({
        unreadable: mostly<readonly string[]>([], fc.constant(["phone"]), 20),
        identifierCount: mostly(1, fc.nat(3), 20),
        isSender: mostly(false, fc.boolean(), 20),
        subjectIds: mostly<readonly string[]>(["sub_1"], fc.constantFrom([], ["sub_1", "sub_2"]), 20),
        mergedAt: mostly<string | null>(null, someInstant),
        countries: mostly<readonly string[]>(
          ["US"],
          fc.constantFrom([], ["RU"], ["DE", "US"], ["IN", "ZZ"], ["NP"]),
        ),
        timeZones: mostly<readonly string[]>(
          [],
          fc.constantFrom(["Asia/Tokyo"], ["America/New_York", "Asia/Kathmandu"], ["Nowhere"]),
        ),
        hasSavedNumber: fc.boolean(),
      }),
      sandbox: fc.constant(null),
      monitor: mostly<Facts["monitor"]>(null, fc.record({ id: fc.constant("mon_a"), until: someInstant }), 3),
      switches: mostly<Facts["switches"]>([], fc.constant([{ id: "swi_a", scope: "sender", at: now }]), 20),
      sender: mostly<Facts["sender"]>(
        facts.sender,
        fc.option(
          fc.record({
            id: fc.constant("snd_1"),
            wabaId: fc.constantFrom("waba_1", "waba_2"),
            state: fc.constantFrom(
              "restricted_business_initiated",
              "restricted_replies",
              "restricted",
              "locked",
            ),
            restrictedUntil: fc.option(someInstant),
          }),
        ),
        10,
      ),
      blocks: mostly<Facts["blocks"]>(
        [],
        fc.array(
          fc.record({
            id: fc.constantFrom("blk_a", "blk_b"),
            reason: fc.constant("manual"),
            expiresAt: fc.option(someInstant),
          }),
          { maxLength: 2 },
        ),
      ),
      nos: mostly<Facts["nos"]>([], fc.array(someNo, { maxLength: 3 }), 1),
      suspicions: mostly<Facts["suspicions"]>(
        [],
        fc.array(fc.record({ id: fc.constantFrom("sus_a", "sus_b"), at: someInstant }), { maxLength: 2 }),
      ),
      preferences: fc.record({
        pauses: mostly<Facts["preferences"]["pauses"]>(
          [],
          fc.array(fc.record({ id: fc.constantFrom("prf_a", "prf_b"), until: someInstant }), {
            maxLength: 2,
          }),
        ),
        caps: mostly<Facts["preferences"]["caps"]>(
          [],
          fc.array(
            fc.record({
              id: fc.constantFrom("prf_c", "prf_d"),
              most: fc.constantFrom(1, 2),
              hours: fc.constantFrom(168, 720),
            }),
            { maxLength: 2 },
          ),
        ),
      }),
      purpose: mostly(facts.purpose, fc.constant(null), 20),
      consents: mostly(
        facts.consents,
        fc.oneof(
          fc.array(someConsent, { maxLength: 4 }),
          someInstant.map((at) => [provenConsent("promotions", "cns_a", at)]),
        ),
        1,
      ),
      platformStops: mostly<Facts["platformStops"]>(
        [],
        fc.array(fc.record({ wabaId: fc.constantFrom("waba_1", "waba_2"), at: someInstant }), {
          maxLength: 2,
        }),
      ),
      holds: mostly<Facts["holds"]>(
        [],
        fc.array(fc.record({ code: fc.constantFrom(131049, 130472), at: someInstant }), { maxLength: 2 }),
      ),
      intake: fc.array(
        fc.record({ field: fc.constantFrom("messages", "user_preferences"), at: someInstant }),
        { maxLength: 2 },
      ),
      reach: fc.record({
        failures: mostly<Facts["reach"]["failures"]>(
          [],
          fc.array(fc.record({ messageId: fc.constantFrom("wamid.a", "wamid.b"), at: someInstant }), {
            maxLength: 3,
          }),
        ),
        seenAt: fc.option(someInstant, { freq: 2 }),
      }),
      sends: mostly<Facts["sends"]>(
        [],
        fc.array(
          fc.record({
            at: someInstant,
            category: fc.constantFrom("marketing", "utility", null),
            purpose: fc.oneof(fc.constant(null), somePurpose),
            decisionId: fc.constantFrom("dec_a", "dec_b", null),
          }),
          { maxLength: 3 },
        ),
      ),
      senderUse: mostly<Facts["senderUse"]>(
        { account: null, sender: null },
        fc.record({ account: fc.option(someAccount), sender: fc.option(someReached) }),
      ),
      breaker: mostly<Facts["breaker"]>(
        null,
        fc.constant({ id: "brk_a", openedAt: now, causes: ["spam_errors"] }),
        10,
      ),
      window: mostly(
        facts.window,
        fc.option(
          fc.record({
            openedAt: someInstant,
            messageId: fc.constant("inb_a"),
            closedAt: fc.option(someInstant),
          }),
        ),
        2,
      ),
      template: mostly(
        facts.template,
        fc.option(
          fc.record({
            id: fc.constant("tpl_a"),
            category: fc.constantFrom("marketing", "utility", "authentication"),
            status: fc.constantFrom("approved", "pending", "paused", "whatever"),
          }),
        ),
        10,
      ),
      cause: mostly(
        facts.cause,
        fc.option(
          fc.record({
            kind: fc.constantFrom("sign_in", "data_request"),
            id: fc.constant("cau_1"),
            openedAt: someInstant,
            usedAt: fc.option(someInstant),
            usedOfLate: fc.constantFrom(0, 1, 1_000),
          }),
        ),
        2,
      ),
    })
    .map((generated) =>
      generated.recipient.mergedAt === null
        ? { ...generated, consents: onePerPurpose(generated.consents) }
        : generated,
    );
}

/** Only merged people have several records for one purpose. */
function onePerPurpose(consents: readonly ConsentFact[]): ConsentFact[] {
  return [...new Map(consents.map((record) => [record.purpose, record])).values()];
}

export interface Check {
  readonly question: Question;
  readonly facts: Facts;
  /** What the policy sets beside the built-in one. */
  readonly policy?: Partial<PolicyDocument> | undefined;
}

const someCategories = fc.constantFrom<PolicyDocument["allowedHours"][number]["categories"][]>(
  ["marketing"],
  ["utility", "service"],
  ["marketing", "utility", "authentication", "service"],
);
/** Hours and countries are such that about half of what they are about is let through. */
const somePolicy: fc.Arbitrary<Partial<PolicyDocument>> = fc.record(
  {
    allowedHours: fc.array(
      fc.record(
        {
          categories: someCategories,
          countries: fc.constantFrom(["US"], ["DE", "RU"]),
          days: fc.constantFrom([4], [1, 2, 3, 4, 5], [6, 7]),
          from: fc.constantFrom("00:00", "07:30", "14:00", "22:00"),
          to: fc.constantFrom("07:30", "12:00", "20:00", "24:00"),
        },
        { requiredKeys: ["categories", "from", "to"] },
      ),
      { maxLength: 2 },
    ),
    timeZones: fc.constantFrom({ US: "America/New_York" }, { RU: "Europe/Moscow" }, { US: "Nowhere" }),
    onlyToPeopleWhoWrote: fc.boolean(),
    silenceMonths: fc.constantFrom(1, 2, null),
    platformStopScope: fc.constantFrom("organization" as const, "account" as const),
    serviceMessagesPerInbound: fc.constantFrom(1, 2, null),
    intakeSilenceHours: fc.constantFrom({}, { messages: 24 }, { messages: 24 * 30, user_preferences: 1 }),
    caps: fc.array(
      fc.record({
        categories: someCategories,
        most: fc.integer({ min: 1, max: 3 }),
        hours: fc.constantFrom(1, 24),
      }),
      { maxLength: 2 },
    ),
    senderCeilings: fc.array(
      fc.record(
        { sender: fc.constantFrom("snd_1", "snd_2"), people: fc.constantFrom(250, 500) },
        { requiredKeys: ["people"] },
      ),
      { maxLength: 2 },
    ),
    closedDestinations: fc.array(
      fc.record({
        country: fc.constantFrom("US", "RU"),
        categories: someCategories,
        reason: fc.constant("Law."),
      }),
      { maxLength: 2 },
    ),
    openedDestinations: fc.array(
      fc.record({
        country: fc.constantFrom("US", "RU"),
        categories: someCategories,
        reason: fc.constant("Ruling."),
        legalReference: fc.constant("Case 1"),
        until: someInstant,
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

export function checkOf(among: readonly Scenario[]): fc.Arbitrary<Check> {
  return fc.constantFrom(...among).chain((scenario) =>
    fc.record({
      question: fc.constant(scenario.question),
      facts: around(scenario),
      policy: fc.option(somePolicy, { nil: undefined }),
    }),
  );
}

export const someCheck = checkOf(scenarios);
export const someQuestion = fc.constantFrom(...scenarios).map(({ question }) => question);

/** Something that speaks against sending, added to the facts. */
export type Denial = (facts: Facts) => Facts;

const recipient =
  (changes: Partial<Facts["recipient"]>): Denial =>
  (facts) => ({
    ...facts,
    recipient: { ...facts.recipient, ...changes },
  });
const oneRecord =
  (index: number, change: (record: ConsentFact) => ConsentFact): Denial =>
  (facts) => ({
    ...facts,
    consents: facts.consents.map((record, at) => (at === index ? change(record) : record)),
  });

const morePeople = <T extends { readonly people: number }>(reached: T, more: number): T => ({
  ...reached,
  people: reached.people + more,
  isCounted: false,
});

/** Every way to add a denying fact, by what it does. */
export const denials: Readonly<Record<string, fc.Arbitrary<Denial>>> = {
  "another no": someNo.map((no) => (facts) => ({ ...facts, nos: [...facts.nos, no] })),
  "a message that may be a no": someInstant.map((at) => (facts) => ({
    ...facts,
    suspicions: [...facts.suspicions, { id: "sus_new", at }],
  })),
  "a pause of the person's": someInstant.map((until) => (facts) => ({
    ...facts,
    preferences: {
      ...facts.preferences,
      pauses: [...facts.preferences.pauses, { id: "prf_new", until }],
    },
  })),
  "a cap of the person's own": fc.constantFrom(24, 168, 720).map((hours) => (facts) => ({
    ...facts,
    preferences: {
      ...facts.preferences,
      caps: [...facts.preferences.caps, { id: "prf_new", most: 1, hours }],
    },
  })),
  "a no among the consent events": fc
    .record({ index: fc.nat(3), kind: eventKind, at: someInstant })
    .map(({ index, kind, at }) =>
      oneRecord(index, (record) => ({ ...record, no: record.no ?? { kind, at, eventId: "cns_new" } })),
    ),
  "a block": fc.integer({ min: 1, max: hour }).map((left) => (facts) => ({
    ...facts,
    blocks: [...facts.blocks, { id: "blk_new", reason: "manual", expiresAt: fromNow(left) }],
  })),
  "a pulled switch": fc.constant((facts) => ({
    ...facts,
    switches: [...facts.switches, { id: "swi_new", scope: "organization", at: now }],
  })),
  "a number in another country": fc
    .constantFrom("US", "RU", "NZ", "ZZ", "XX")
    .map(
      (country) => (facts) =>
        facts.recipient.countries.length === 0
          ? facts
          : recipient({ countries: [...facts.recipient.countries, country] })(facts),
    ),
  "no known country": fc.constant(recipient({ countries: [] })),
  "a hold of the platform": someInstant.map((at) => (facts) => ({
    ...facts,
    holds: [...facts.holds, { code: 131049, at }],
  })),
  "a time zone more": fc
    .constantFrom("Asia/Tokyo", "America/New_York", "Nowhere")
    .map(
      (timeZone) => (facts) =>
        facts.recipient.timeZones.length === 0
          ? facts
          : recipient({ timeZones: [...facts.recipient.timeZones, timeZone] })(facts),
    ),
  "a number that was not saved": fc.constant(recipient({ hasSavedNumber: false })),
  "two messages that could not be delivered": fc
    .record({ at: someInstant, apart: fc.integer({ min: 0, max: 8 * 24 * hour }) })
    .map(({ at, apart }) => (facts) => ({
      ...facts,
      reach: {
        ...facts.reach,
        failures: [
          ...facts.reach.failures,
          { messageId: "wamid.new", at },
          { messageId: "wamid.newer", at: new Date(Date.parse(at) + apart).toISOString() },
        ],
      },
    })),
  "no sign of life": fc.constant((facts) => ({ ...facts, reach: { ...facts.reach, seenAt: null } })),
  "an older sign of life": fc.nat(60 * 24 * hour).map((older) => (facts) => ({
    ...facts,
    reach: {
      ...facts.reach,
      seenAt: facts.reach.seenAt && new Date(Date.parse(facts.reach.seenAt) - older).toISOString(),
    },
  })),
  "a longer silence of the webhooks": fc.nat(60 * 24 * hour).map((older) => (facts) => ({
    ...facts,
    intake: facts.intake.map(({ field, at }) => ({
      field,
      at: new Date(Date.parse(at) - older).toISOString(),
    })),
  })),
  "a field of the webhooks that came once": someInstant.map((at) => (facts) => ({
    ...facts,
    intake: [...facts.intake, { field: "user_preferences", at }],
  })),
  "another message sent": fc
    .record({ at: someInstant, category: fc.constantFrom("marketing", null) })
    .map((send) => (facts) => ({
      ...facts,
      sends: [...facts.sends, { ...send, purpose: null, decisionId: null }],
    })),
  "an account's limit that is reached": fc.constant((facts) => ({
    ...facts,
    senderUse: {
      ...facts.senderUse,
      account: { id: "waba_new", most: 1, people: 1, isCounted: false, leavesAt: null },
    },
  })),
  "more people written to": fc.nat(500).map((more) => (facts) => ({
    ...facts,
    senderUse: {
      account: facts.senderUse.account && morePeople(facts.senderUse.account, more),
      sender: facts.senderUse.sender && morePeople(facts.senderUse.sender, more),
    },
  })),
  "nobody counted whom the sender wrote to": fc.constant((facts) => ({
    ...facts,
    senderUse: { ...facts.senderUse, sender: null },
  })),
  "an open breaker": fc.constant((facts) => ({
    ...facts,
    breaker: { id: "brk_new", openedAt: now, causes: [] },
  })),
  "a platform stop": someInstant.map((at) => (facts) => ({
    ...facts,
    platformStops: [...facts.platformStops, { wabaId: "waba_new", at }],
  })),
  "no yes at all": fc.constant((facts) => ({
    ...facts,
    consents: facts.consents.flatMap(({ purpose, no }) =>
      no === null ? [] : [{ ...noConsent(purpose), no }],
    ),
  })),
  "no monitor mode": fc.constant((facts) => ({ ...facts, monitor: null })),
  "an earlier end of monitor mode": someInstant.map((until) => ({ monitor, ...facts }) => {
    const [earlier = until] = [until, monitor?.until ?? until].toSorted();
    return { ...facts, monitor: monitor && { ...monitor, until: earlier } };
  }),
  "a record without its yeses": fc
    .nat(3)
    .map((index) => oneRecord(index, (record) => ({ ...record, given: null, proven: null }))),
  "a record without its proven yes": fc
    .nat(3)
    .map((index) => oneRecord(index, (record) => ({ ...record, proven: null }))),
  "a record without proof": fc
    .nat(3)
    .map((index) => oneRecord(index, (record) => ({ ...record, unproven: true }))),
  "a record whose latest yes has expired": fc.nat(3).map((index) =>
    oneRecord(index, (record) => ({
      ...record,
      given: record.given && { ...record.given, expiresAt: now },
    })),
  ),
  "a merge of just now": fc.constant(recipient({ mergedAt: now })),
  "an identifier that cannot be read": fc.constant(recipient({ unreadable: ["waId"] })),
  "no identifier": fc.constant(recipient({ identifierCount: 0 })),
  "the sender as recipient": fc.constant(recipient({ isSender: true })),
  "a second person": fc.constant(recipient({ subjectIds: ["sub_1", "sub_2"] })),
  "no sender": fc.constant((facts) => ({ ...facts, sender: null })),
  "a disabled sender": fc
    .constantFrom("disabled", "locked", "restricted", "unheard_of")
    .map((state) => (facts) => ({
      ...facts,
      sender: { id: "snd_1", wabaId: "waba_1", state, restrictedUntil: null },
    })),
  "no purpose": fc.constant((facts) => ({ ...facts, purpose: null })),
  "no window": fc.constant((facts) => ({ ...facts, window: null })),
  "a window closed by the platform": fc.constant((facts) => ({
    ...facts,
    window: facts.window && { ...facts.window, closedAt: now },
  })),
  "no template": fc.constant((facts) => ({ ...facts, template: null })),
  "a template no longer approved": fc
    .constantFrom("pending", "rejected", "paused", "disabled", "unheard_of")
    .map((status) => (facts) => ({ ...facts, template: facts.template && { ...facts.template, status } })),
  "no cause": fc.constant((facts) => ({ ...facts, cause: null })),
  "a used cause": fc.constant((facts) => ({
    ...facts,
    cause: facts.cause && { ...facts.cause, usedAt: now },
  })),
};
