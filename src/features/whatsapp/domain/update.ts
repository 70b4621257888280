import type { IdentifierInput } from "../../../kernel/identifier.ts";

/**
 * How the platform names a person in one place. Only identifiers that `readIdentifiers` can read are in it, each
 * as the platform wrote it (a `+` before a number is dropped). Names are never kept.
 */
export type PersonIdentifiers = Pick<IdentifierInput, "waId" | "bsuid" | "parentBsuid">;

/** Where in the body an update stood, and whose it is. */
export interface Origin {
  /** Path in the body, without a leading slash: `entry/0/changes/1/value/messages/3`. Only a link may share it. */
  readonly position: string;
  readonly wabaId: string | null;
  /** The sender's id on the platform; null where the platform names none (templates, account, number quality). */
  readonly phoneNumberId: string | null;
}

/**
 * When it happened: an ISO 8601 instant, never later than the receipt of the body. `atFrom` says whether it is the
 * platform's own timestamp or, because that one was missing or absurd, the receipt.
 */
export interface Stamp {
  readonly at: string;
  readonly atFrom: "platform" | "received";
}

/** What a person sent; `other` is a type that did not exist when this was written. */
export type MessageKind =
  | "text"
  | "image"
  | "audio"
  | "video"
  | "document"
  | "sticker"
  | "location"
  | "contacts"
  | "order"
  | "button"
  | "interactive"
  | "reaction"
  | "unsupported"
  | "call"
  | "edit"
  | "revoke"
  | "request_welcome"
  | "other";

export interface InboundMessage extends Origin, Stamp {
  readonly type: "inbound_message";
  readonly messageId: string;
  readonly from: PersonIdentifiers;
  readonly kind: MessageKind;
  /** Restarts the customer service window of this person and sender at `at`. */
  readonly opensWindow: boolean;
  /** What keywords are read from: text, button text and payload, reply title and id. Not to be stored. */
  readonly texts: readonly string[];
  /** Came from an ad or a post. */
  readonly referral: boolean;
  /** Written in a group. */
  readonly group: boolean;
}

export interface PlatformError {
  readonly code: number;
  readonly title?: string;
}

export interface MessageStatus extends Origin, Stamp {
  readonly type: "message_status";
  readonly messageId: string;
  readonly status: "sent" | "delivered" | "read" | "played" | "failed";
  /** May be empty: a status is matched by its message id. For a group it is the member it speaks of. */
  readonly recipient: PersonIdentifiers;
  readonly group: boolean;
  readonly errors: readonly PlatformError[];
  /** `biz_opaque_callback_data`, as the sender of the message gave it. */
  readonly opaque?: string;
}

/** An error about the app, the account or the number and no message of its own. */
export interface PlatformErrorReport extends Origin, Stamp {
  readonly type: "platform_error";
  readonly error: PlatformError;
}

/**
 * WhatsApp's own switch for marketing. `signup` (a sign-up link) is neither a stop nor the lifting of one. A
 * `resume` always carries the platform's timestamp.
 */
export interface UserPreference extends Origin, Stamp {
  readonly type: "user_preference";
  readonly person: PersonIdentifiers;
  readonly value: "stop" | "resume" | "signup";
  /** A stop of any category counts; resume and signup only ever come for marketing messages. */
  readonly category: "marketing_messages" | "other";
}

/**
 * The platform names one person by all of these in one place; since the earliest timestamp that stands beside it, so
 * that a link which comes late ends no newer one.
 */
export interface IdentityLink extends Origin, Stamp {
  readonly type: "identity_link";
  readonly person: PersonIdentifiers;
}

/** The person moved to another number (and with it, since August 2026, to another BSUID). */
export interface NumberChanged extends Origin, Stamp {
  readonly type: "number_changed";
  readonly previous: PersonIdentifiers;
  readonly current: PersonIdentifiers;
}

/** The person's BSUID was replaced. */
export interface BsuidChanged extends Origin, Stamp {
  readonly type: "bsuid_changed";
  readonly previous: PersonIdentifiers;
  readonly current: PersonIdentifiers;
}

/** A template is known by its name and language within the WhatsApp Business Account. */
export interface TemplateName {
  readonly templateId: string | null;
  readonly name: string;
  readonly language: string;
}

export type TemplateCategory = "marketing" | "utility" | "authentication";

export interface TemplateStatus extends Origin, Stamp, TemplateName {
  readonly type: "template_status";
  /** Only `approved` may be sent. `unknown` is an event that does not say what may. */
  readonly status:
    | "approved"
    | "pending"
    | "rejected"
    | "paused"
    | "disabled"
    | "flagged"
    | "archived"
    | "deleted"
    | "unknown";
  readonly category: TemplateCategory | null;
}

export interface TemplateCategoryChange extends Origin, Stamp, TemplateName {
  readonly type: "template_category";
  readonly phase: "announced" | "done";
  /** What it becomes (announced) or is now (done). */
  readonly category: TemplateCategory;
  /** What it is until then (announced) or was (done), where the platform says. */
  readonly previousCategory: TemplateCategory | null;
  /** When an announced change takes effect, where the platform says. */
  readonly effectiveAt: string | null;
}

export type Quality = "green" | "yellow" | "red" | "unknown";

export interface TemplateQuality extends Origin, Stamp, TemplateName {
  readonly type: "template_quality";
  readonly quality: Quality;
  readonly previousQuality: Quality;
}

export type RestrictedDirection = "business_initiated" | "replies";

/** What the platform allows the whole WhatsApp Business Account. */
export interface AccountRestriction extends Origin, Stamp {
  readonly type: "account_restriction";
  /** `warned` restricts nothing yet. `reinstated` lifts what had the same cause. */
  readonly state: "restricted" | "warned" | "reinstated";
  readonly cause: "restriction" | "ban" | "violation" | "deleted" | "offboarded";
  /** Empty unless restricted. */
  readonly directions: readonly RestrictedDirection[];
  /** When the restriction ends by itself; null: when the platform lifts it. */
  readonly until: string | null;
  /** The platform's own word for it, such as ADULT or RESTRICTED_BIZ_INITIATED_MESSAGING. */
  readonly detail: string | null;
}

/** Unique people whom the senders of a business portfolio may write to first in 24 rolling hours. */
export type DailyLimit = number | "unlimited";

/** What the account, or its portfolio, may do by now. */
export interface AccountCapability extends Origin, Stamp {
  readonly type: "account_capability";
  readonly dailyLimit: DailyLimit;
}

/** Quality and messaging limit of a number, which the platform names by its digits only. */
export interface NumberQuality extends Origin, Stamp {
  readonly type: "number_quality";
  readonly displayPhoneNumber: string;
  readonly event: "flagged" | "unflagged" | "upgrade" | "downgrade" | "other";
  /** Null where the platform does not say. */
  readonly dailyLimit: DailyLimit | null;
}

/** Understood and without effect. */
export interface Ignored extends Origin {
  readonly type: "ignored";
  readonly reason:
    | "account_event"
    | "call_event"
    | "echo"
    | "field_without_effect"
    | "group_update"
    | "history"
    | "nothing_in_it"
    | "preference_of_other_category"
    | "restriction_of_other_things"
    | "status_of_other_kind"
    | "system_message"
    | "template_event"
    | "unknown_field";
}

/** Could not be understood; the updates beside it stand. `pointer` (RFC 6901) is from the top of the body. */
export interface Unreadable extends Origin {
  readonly type: "unreadable";
  readonly reason: "malformed" | "nobody_named" | "no_timestamp" | "unknown_value" | "not_whatsapp";
  readonly pointer: string;
}

export type Update =
  | InboundMessage
  | MessageStatus
  | PlatformErrorReport
  | UserPreference
  | IdentityLink
  | NumberChanged
  | BsuidChanged
  | TemplateStatus
  | TemplateCategoryChange
  | TemplateQuality
  | AccountRestriction
  | AccountCapability
  | NumberQuality
  | Ignored
  | Unreadable;

export interface ParsedWebhook {
  readonly updates: readonly Update[];
}
