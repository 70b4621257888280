import type { Context } from "../../context.ts";
import { canonicalPhone, type Identifier, readIdentifiers } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { keyedHash } from "../../kernel/seal.ts";
import { confirmByMessage, consentByMessage, wordsBesideCode } from "../consent/index.ts";
import {
  findSubjects,
  hashIdentifier,
  onceMoreIfErased,
  resolveIdentifiers,
  unlinkIdentifier,
} from "../subject/index.ts";
import { newCode } from "./ask-for-code.ts";
import { changesBy, effectsOf } from "./domain/effects.ts";
import type {
  AccountRestriction,
  BsuidChanged,
  InboundMessage,
  MessageStatus,
  NumberChanged,
  NumberQuality,
  PersonIdentifiers,
  PlatformErrorReport,
  TemplateCategoryChange,
  TemplateQuality,
  TemplateStatus,
  Update,
  UserPreference,
} from "./domain/update.ts";
import { hearNo, type OwnKeywords, toldWithOptOut } from "./opt-out-words.ts";
import {
  insertInboundMessage,
  insertMessageStatus,
  insertPreference,
  type KnownSender,
  selectRecipients,
  updateMessagingLimit,
  updateNumberQuality,
  updateRestrictions,
  upsertTemplate,
} from "./store.ts";
import { newSuspicion } from "./suspect.ts";

/**
 * Gives one update its effect. Applying it again changes nothing, so that webhooks may come late, twice and out of
 * order. `sender` is the one that the update names, or any of the account where it names none.
 */
export async function applyUpdate(
  ctx: Context,
  update: Update,
  sender: KnownSender,
  ownKeywords: OwnKeywords,
): Promise<void> {
  switch (update.type) {
    case "inbound_message":
      return onceMoreIfErased(() => applyInboundMessage(ctx, update, sender, ownKeywords));
    case "message_status":
      return applyStatus(ctx, update, sender);
    case "platform_error":
      return applyPlatformError(ctx, update, sender);
    case "user_preference":
      return applyPreference(ctx, update, sender);
    case "identity_link":
      await resolvePerson(ctx, update.person, new Date(update.at));
      return;
    case "number_changed":
    case "bsuid_changed":
      return applyIdentityChange(ctx, update);
    case "template_status":
    case "template_category":
    case "template_quality":
      return applyTemplateUpdate(ctx, update, sender);
    case "account_restriction":
      return applyRestriction(ctx, update, sender);
    case "account_capability":
      return updateMessagingLimit(ctx, sender.wabaId, update.dailyLimit, update.at);
    case "number_quality":
      return applyNumberQuality(ctx, update, sender);
    case "ignored":
    case "unreadable":
      return;
  }
}

function identifiersOf(person: PersonIdentifiers): readonly Identifier[] {
  return readIdentifiers(person).identifiers;
}

function resolvePerson(ctx: Context, person: PersonIdentifiers, at: Date) {
  return resolveIdentifiers(ctx, identifiersOf(person), { byPlatform: true, at });
}

/** The known people that the platform's identifiers name, and the hashes of those; nobody is made. */
async function findPeople(ctx: Context, person: PersonIdentifiers) {
  const identifiers = identifiersOf(person);
  if (identifiers.length === 0) return { roots: [], hashes: [] };
  return findSubjects(ctx, person, "");
}

async function applyInboundMessage(
  ctx: Context,
  message: InboundMessage,
  sender: KnownSender,
  ownKeywords: OwnKeywords,
): Promise<void> {
  const subject = await resolvePerson(ctx, message.from, new Date(message.at));
  const { messageId, kind, at } = message;
  const named = identifiersOf(message.from).map((identifier) => hashIdentifier(ctx, identifier));
  // A no beside the code of a sign-up is one as it is without.
  const beside = await wordsBesideCode(ctx, { subjectId: subject.id, named, texts: message.texts });
  const texts = [...message.texts, ...beside];
  const heard = await hearNo(ctx, texts, ownKeywords);
  const optOutId = heard === "no" ? ctx.services.newId("opt") : undefined;
  await insertInboundMessage(ctx, {
    messageId,
    at,
    isStamped: message.atFrom === "platform",
    senderId: sender.id,
    subjectId: subject.id,
    kind,
    // A window is one sender's: a message that does not say whose number it came to opens none.
    opensWindow: message.opensWindow && message.phoneNumberId !== null,
    optOut:
      optOutId === undefined
        ? undefined
        : {
            ...keywordOptOut(optOutId, { subjectId: subject.id, at, named }),
            told: await toldWithOptOut(ctx, texts, { optOutId, senderId: sender.id, messageId }),
          },
    suspicion: newSuspicion(
      ctx,
      { heard, kind },
      { subjectIds: [subject.id], senderId: sender.id, messageId, at, named },
    ),
    code: newCode(ctx, message.texts, { subjectId: subject.id, senderId: sender.id, messageId }),
  });
  if (heard !== "nothing" || message.phoneNumberId === null) return;
  // Words that the person wrote to the business alone: a button's text is the business's, and a group is no chat.
  const [text, ...more] = kind === "text" && message.opensWindow ? message.texts : [];
  if (text !== undefined && more.length === 0)
    await consentByMessage(ctx, { subjectId: subject.id, senderId: sender.id, text, messageId, at });
  await confirmByMessage(ctx, { subjectId: subject.id, named, texts: message.texts, messageId, at });
}

/** A bare STOP ends everything that the business starts. */
function keywordOptOut(
  id: string,
  { subjectId, at, named }: { subjectId: string; at: string; named: readonly string[] },
) {
  return {
    events: [{ id, subjectId }],
    publicId: formatId("opt", id),
    scope: "all",
    purpose: undefined,
    channel: undefined,
    source: "keyword",
    occurredAt: at,
    named,
  } as const;
}

async function applyStatus(ctx: Context, status: MessageStatus, sender: KnownSender): Promise<void> {
  const named = await findPeople(ctx, status.recipient);
  // Where the platform names nobody, an earlier status of the same message may have.
  const people =
    named.hashes.length > 0 ? named : { roots: await selectRecipients(ctx, status.messageId), hashes: [] };
  // A status without an error is one row; with several errors each is kept, and each has its effect.
  const errors = status.errors.length === 0 ? [{ code: 0 }] : status.errors;
  for (const error of errors) {
    await insertMessageStatus(ctx, {
      messageId: status.messageId,
      status: status.status,
      at: status.at,
      senderId: sender.id,
      wabaId: sender.wabaId,
      errorCode: error.code,
      ...people,
      effects: changesBy(error.code),
    });
  }
}

async function applyPlatformError(
  ctx: Context,
  report: PlatformErrorReport,
  sender: KnownSender,
): Promise<void> {
  if (!effectsOf([report.error]).some(({ type }) => type === "sender_restricted")) return;
  const restriction = { state: "restricted", until: null, at: report.at } as const;
  await updateRestrictions(ctx, sender.wabaId, { error: restriction });
}

async function applyPreference(ctx: Context, preference: UserPreference, sender: KnownSender): Promise<void> {
  if (preference.value === "signup") return;
  const people = await findPeople(ctx, preference.person);
  await insertPreference(ctx, {
    ...people,
    value: preference.value,
    at: preference.at,
    wabaId: sender.wabaId,
  });
}

/** The no goes along with both, the yes with nobody. */
async function applyIdentityChange(ctx: Context, change: NumberChanged | BsuidChanged): Promise<void> {
  const at = new Date(change.at);
  const current = identifiersOf(change.current);
  for (const previous of identifiersOf(change.previous)) {
    await unlinkIdentifier(ctx, previous, { movedTo: current, at });
  }
}

async function applyNumberQuality(ctx: Context, update: NumberQuality, sender: KnownSender): Promise<void> {
  if (update.dailyLimit !== null)
    await updateMessagingLimit(ctx, sender.wabaId, update.dailyLimit, update.at);
  const canonical = canonicalPhone(`+${update.displayPhoneNumber}`);
  const isRated = update.event === "flagged" || update.event === "unflagged";
  if (canonical === undefined || !isRated) return;
  await updateNumberQuality(ctx, {
    wabaId: sender.wabaId,
    numberHash: keyedHash(ctx.keys.lookup, `phone:${canonical}`),
    quality: update.event === "flagged" ? "red" : "green",
    at: update.at,
  });
}

type TemplateUpdate = TemplateStatus | TemplateCategoryChange | TemplateQuality;

async function applyTemplateUpdate(ctx: Context, update: TemplateUpdate, sender: KnownSender): Promise<void> {
  // Announced changes take effect when they are done; a flagged template may still be sent.
  const status = update.type === "template_status" && update.status !== "flagged" ? update.status : undefined;
  const category =
    update.type === "template_status"
      ? (update.category ?? undefined)
      : update.type === "template_category" && update.phase === "done"
        ? update.category
        : undefined;
  const quality = update.type === "template_quality" ? update.quality : undefined;
  if (status === undefined && category === undefined && quality === undefined) return;
  const { name, language, at } = update;
  const id = ctx.services.newId("tpl");
  await upsertTemplate(
    ctx,
    { id, wabaId: sender.wabaId, name, language, at, category, status, quality },
    formatId("tpl", id),
  );
}

async function applyRestriction(
  ctx: Context,
  update: AccountRestriction,
  sender: KnownSender,
): Promise<void> {
  if (update.state === "warned") return;
  const state =
    update.state === "reinstated"
      ? "active"
      : update.cause === "ban"
        ? "disabled"
        : update.directions.length === 1
          ? update.directions[0] === "replies"
            ? "restricted_replies"
            : "restricted_business_initiated"
          : "restricted";
  const restriction = { state, until: update.until, at: update.at } as const;
  // Restrictions of several kinds stand side by side, each until its own end. A reinstated account may send again,
  // so what an error code said before is over too.
  await updateRestrictions(
    ctx,
    sender.wabaId,
    update.state === "reinstated"
      ? { [update.cause]: restriction, error: restriction }
      : {
          [update.cause === "restriction" ? `restriction:${update.detail ?? "any"}` : update.cause]:
            restriction,
        },
  );
}
