import type { Simulated } from "./simulator.ts";

/** WhatsApp's kinds of message; service is what is not a template. */
export type Category = "marketing" | "utility" | "authentication" | "service";
export type LawfulBasis = "consent" | "contract" | "legal_obligation" | "legitimate_interest";
export type CauseKind = "data_request" | "opt_out_confirmation" | "double_opt_in" | "sign_in";

/** What the caller asks: may this message go out now? */
export interface Question {
  /** The sender's id (`snd_…`) or the platform's phoneNumberId, as the caller wrote it. */
  readonly sender: string;
  readonly channel: "whatsapp";
  readonly purpose: string;
  readonly message:
    | {
        readonly kind: "template";
        /** The caller's word; the registered category counts (see `countedCategory`). */
        readonly category: Category;
        readonly template: { readonly name: string; readonly language: string };
      }
    | { readonly kind: "free_form"; readonly inReplyTo?: string | undefined };
  readonly cause?: { readonly kind: CauseKind; readonly id: string } | undefined;
}

/**
 * Everything a decision rests on, as one statement saw it. Plain JSON with ISO 8601 instants, so that it can be
 * stored with the decision and give the same answer years later. What is not known is null or empty, never
 * guessed: unknown denies. Ids are public ids (`sub_…`, `cns_…`).
 */
export interface Facts {
  /** The database's clock when the facts were read. */
  readonly now: string;
  readonly recipient: {
    /** Fields of the recipient that could not be read (`["phone"]`), or no field at all. */
    readonly unreadable: readonly string[];
    /** How many identifiers could be read. 0 cannot be decided on. */
    readonly identifierCount: number;
    /** The recipient is the sender's own number. */
    readonly isSender: boolean;
    /** The people that the identifiers name, merged ones as one. None: a stranger. Two or more: ambiguous. */
    readonly subjectIds: readonly string[];
    /** When records of this person were last merged; null when they never were. */
    readonly mergedAt: string | null;
    /**
     * The countries (ISO 3166-1 alpha-2) of every number of the person that is known or named, `ZZ` for a number that
     * does not tell. Empty: no number is known.
     */
    readonly countries: readonly string[];
    /** The time zones (IANA) that are recorded for the person, of merged records each. None: the countries tell. */
    readonly timeZones: readonly string[];
    /** The person is recorded to have saved this sender's number. Looked at only under onlyToPeopleWhoWrote. */
    readonly hasSavedNumber: boolean;
  };
  readonly sender: {
    readonly id: string;
    /** The WhatsApp Business Account that the sender belongs to. */
    readonly wabaId: string;
    /** `active`, or what the platform restricted. Any other word restricts everything. */
    readonly state: string;
    readonly restrictedUntil: string | null;
  } | null;
  /** Null in a live organization. In a sandbox: what its recipient stands for, when it is a simulator number. */
  readonly sandbox: { readonly simulates: Simulated | null } | null;
  /** The monitor mode of this sender and purpose, when it has one that nobody ended; `until` may have passed. */
  readonly monitor: { readonly id: string; readonly until: string } | null;
  /** What staff have paused and not released: the organization, this sender or this purpose. */
  readonly switches: readonly { readonly id: string; readonly scope: string; readonly at: string }[];
  /**
   * When each field of the platform's webhooks last came for the sender's account. None for a sender that is not on
   * them. Looked at only under a policy with intakeSilenceHours.
   */
  readonly intake: readonly { readonly field: string; readonly at: string }[];
  readonly blocks: readonly {
    readonly id: string;
    readonly reason: string;
    readonly expiresAt: string | null;
  }[];
  /**
   * Every standing no of any identifier of the person on this channel that is for everything (purpose null) or
   * for the purpose asked about. A no that a later yes has beaten is still listed: `decide` weighs them.
   */
  readonly nos: readonly {
    readonly kind: "opted_out" | "withdrawn" | "refused" | "revoked" | "invalidated";
    readonly purpose: string | null;
    readonly at: string;
    readonly eventId: string;
  }[];
  /** Messages of the person that may be a no, which staff have not decided on. Looked at for marketing only. */
  readonly suspicions: readonly { readonly id: string; readonly at: string }[];
  /** What the person wants less of, as they chose it themself. Looked at for marketing only. */
  readonly preferences: {
    /** Pauses of all marketing that are not over. */
    readonly pauses: readonly { readonly id: string; readonly until: string }[];
    /** At most so many marketing messages in so many rolling hours. */
    readonly caps: readonly { readonly id: string; readonly most: number; readonly hours: number }[];
  };
  readonly purpose: {
    readonly key: string;
    readonly category: Category;
    readonly lawfulBasis: LawfulBasis;
  } | null;
  /** What the yes-events on this channel add up to, for every purpose, over all merged records of the person. */
  readonly consents: readonly ConsentFact[];
  /** Platform stops of marketing that were not resumed, of any identifier of the person in this organization. */
  readonly platformStops: readonly { readonly wabaId: string; readonly at: string }[];
  /** The latest time that the platform held a message to the person back, for each error code that says so. */
  readonly holds: readonly { readonly code: number; readonly at: string }[];
  /** What tells whether messages still reach the person. Looked at for marketing only. */
  readonly reach: {
    /** The latest two messages, at most seven days apart, that could not be delivered (131026); none: there are none. */
    readonly failures: readonly { readonly messageId: string; readonly at: string }[];
    /**
     * The latest message or call from the person to any sender, or message that was delivered to them or read. Looked
     * at only beside failures, and under a policy with silenceMonths.
     */
    readonly seenAt: string | null;
  };
  /** How many people were written to first of late. Looked at only where a limit is on it. */
  readonly senderUse: {
    /**
     * By all senders of the business portfolio; of the WhatsApp Business Account, while its portfolio is not known. Null:
     * the platform sets no limit, or has not told it.
     */
    readonly account: (PeopleReached & { readonly id: string; readonly most: number }) | null;
    /** By this sender alone. Null when the policy has no ceilings. */
    readonly sender: PeopleReached | null;
  };
  /** The stop to the sender's marketing that complaints brought about, until staff close it. Looked at for marketing only. */
  readonly breaker: {
    readonly id: string;
    readonly openedAt: string;
    readonly causes: readonly string[];
  } | null;
  readonly window: {
    /** The latest message or call from the person to this sender, by its own timestamp. */
    readonly openedAt: string;
    readonly messageId: string;
    /** When the platform last said (131047) that the window is closed. */
    readonly closedAt: string | null;
  } | null;
  /** The registered template of that name and language in the sender's WhatsApp Business Account. */
  readonly template: {
    readonly id: string;
    readonly category: Category;
    /** approved, pending, rejected, paused or disabled; any other word is not approved. */
    readonly status: string;
  } | null;
  /** The record that the cause names, when Sayso holds it for this very person. */
  readonly cause: {
    readonly kind: CauseKind;
    readonly id: string;
    readonly openedAt: string;
    readonly usedAt: string | null;
    /** Messages that causes of this kind have let through to this person in the last 24 hours. Means nothing for sign-ins. */
    readonly usedOfLate: number;
  } | null;
  /**
   * Messages to the person that count against frequency caps, as far back as the longest cap of the policy and the person
   * looks; none when neither has any. Those of the message asked about (its messageRef) are left out: a retry has its place already.
   */
  readonly sends: readonly {
    readonly at: string;
    /** Null when only the platform's statuses show the message: it may have been of any kind. */
    readonly category: Category | null;
    readonly purpose: string | null;
    readonly decisionId: string | null;
  }[];
}

/** Unique people outside an open window within 24 hours; those who hold a permit count. */
export interface PeopleReached {
  readonly people: number;
  /** The person asked about is one of them. */
  readonly isCounted: boolean;
  /** When the one who was written to longest ago stops counting; null: not known. */
  readonly leavesAt: string | null;
}

export interface ConsentFact {
  readonly purpose: string;
  readonly subjectId: string;
  /** The latest event that was a yes (given, renewed), however it was shown; the earlier of occurred and recorded. */
  readonly given: { readonly eventId: string; readonly at: string; readonly expiresAt: string | null } | null;
  /** The latest yes that the person demonstrably gave (capture token, confirmed double opt-in, own message). */
  readonly proven: {
    readonly eventId: string;
    readonly at: string;
    readonly expiresAt: string | null;
  } | null;
  /** The latest yes that is only reported or awaits its confirmation. */
  readonly requested: { readonly eventId: string; readonly at: string } | null;
  /** The latest no to this very purpose recorded in the events (withdrawn, refused, revoked, invalidated). */
  readonly no: {
    readonly kind: "withdrawn" | "refused" | "revoked" | "invalidated";
    readonly eventId: string;
    readonly at: string;
  } | null;
  /** There is no proof behind the yes (an import without evidence). */
  readonly unproven: boolean;
}
