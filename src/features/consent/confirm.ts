import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { once, replay } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { readIdentifiers } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { makeLinkToken } from "../../kernel/link-token.ts";
import { formatPasscode, passcodeBytes, passcodesIn, withoutPasscode } from "../../kernel/passcode.ts";
import { deriveKey, keyedHash } from "../../kernel/seal.ts";
import { foldPhrase } from "../../kernel/spoken.ts";
import { addSeconds, wholeSecond } from "../../kernel/time.ts";
import { messageInAll } from "../../templates.ts";
import { findPurposes, getOrganization, type OpenedOrganization, openLink } from "../organization/index.ts";
import { hashIdentifier, readPerson } from "../subject/index.ts";
import { writeConfirmationMail } from "./confirmation-mail.ts";
import { giveConsent, type RecordedConsent } from "./record-consents.ts";
import { queueConfirmation, selectTypedYeses, type TypedYes } from "./store.ts";

const use = "consent_confirmation";
const lifeSeconds = limits.confirmationLifeDays * 24 * 3600;
const everDays = 100 * 366;
/** What the page gives to write, without the code, as it sounds; or nothing. */
const givenWords = new Set(["", ...messageInAll("page", "signUpDone.words", { code: "" }).map(foldPhrase)]);
/** Not to be heard as words are, and it may say no. */
const pictograph = /\p{Extended_Pictographic}/u;

/**
 * The code by which the owner of a number confirms what was typed for it. It is this sign-up's and this number's: from
 * another number, or about another sign-up, it says nothing. No secret: whose message it stands in is what counts.
 */
export function confirmationCode(ctx: Context, captureTokenId: string, identifierHash: string): string {
  const random = keyedHash(deriveKey(ctx.keys.data, use), `${captureTokenId}:${identifierHash}`);
  return formatPasscode(random.subarray(0, passcodeBytes));
}

/** A message of a person, as the platform tells it. */
export interface ConfirmingMessage {
  readonly subjectId: string;
  /** Hashes of the identifiers that the platform names its writer by. */
  readonly named: readonly string[];
  readonly texts: readonly string[];
  readonly messageId: string;
  readonly at: string;
}

/** The yeses of the last `days` whose codes stand in a message, and what its texts say beside these codes. */
async function readCodes(
  ctx: Context,
  { subjectId, named, texts }: Pick<ConfirmingMessage, "subjectId" | "named" | "texts">,
  days: number,
): Promise<{ meant: readonly TypedYes[]; beside: readonly string[] }> {
  const written = texts.flatMap(passcodesIn);
  if (written.length === 0) return { meant: [], beside: [] };
  const yeses = await selectTypedYeses(ctx, { subjectId }, days);
  const codesOf = ({ captureTokenId }: TypedYes) =>
    named.map((hash) => confirmationCode(ctx, captureTokenId, hash)).filter((code) => written.includes(code));
  const meant = yeses.filter((yes) => codesOf(yes).length > 0);
  const codes = [...new Set(meant.flatMap(codesOf))];
  return {
    meant,
    beside: codes.length === 0 ? [] : texts.map((text) => codes.reduce(withoutPasscode, text)),
  };
}

/** What a message says beside the codes of sign-ups of its writer, however old those are; empty where it has none. */
export async function wordsBesideCode(
  ctx: Context,
  message: Pick<ConfirmingMessage, "subjectId" | "named" | "texts">,
): Promise<readonly string[]> {
  return (await readCodes(ctx, message, everDays)).beside;
}

/**
 * Takes a message that carries the code of a sign-up, written from the number that was typed there, as the owner's yes: it
 * confirms a double opt-in, and it revives what they had said no to before. Told twice it is one. The message must be on
 * record before. Beside the code it says what the page gave to write, in any language, or nothing: other words may mean
 * anything ("this was not me").
 */
export async function confirmByMessage(ctx: Context, message: ConfirmingMessage): Promise<void> {
  const { meant, beside } = await readCodes(ctx, message, limits.confirmationLifeDays);
  if (
    message.texts.some((text) => pictograph.test(text)) ||
    !beside.every((text) => givenWords.has(foldPhrase(text)))
  )
    return;
  // The platform tells whole seconds. What was typed after the message is nothing that it can be about.
  const before = meant.filter(
    ({ recordedAt }) => wholeSecond(recordedAt) <= wholeSecond(new Date(message.at)),
  );
  await confirmAll(ctx, before, {
    saidAt: new Date(message.at),
    indication: "wrote",
    evidence: { messageId: message.messageId },
  });
}

/** Records that the owner of a number or address says yes to what was typed for it, unless they said no to it since. */
async function confirmAll(
  ctx: Context,
  yeses: readonly TypedYes[],
  said: { readonly saidAt: Date; readonly indication: string; readonly evidence: object },
): Promise<readonly RecordedConsent[]> {
  const now = ctx.services.now();
  const recorded: RecordedConsent[] = [];
  for (const yes of yeses.filter(({ isOverridden }) => !isOverridden)) {
    // Whose clock is behind is not known, and it cannot have been before it was asked for.
    const occurredAt = Math.max(Math.min(said.saidAt.getTime(), now.getTime()), yes.occurredAt.getTime());
    recorded.push(
      await giveConsent(
        once(ctx, "confirm", yes.id),
        {
          subject: { subjectId: formatId("sub", yes.subjectId) },
          channel: yes.channel,
          purpose: yes.purpose,
          state: "given",
          provenance: {
            collectionPointId: formatId("cpt", yes.collectionPointId),
            version: yes.version,
            indication: said.indication,
            language: yes.language ?? undefined,
            occurredAt: new Date(occurredAt).toISOString(),
            evidence: { ...said.evidence, confirms: formatId("cns", yes.id) },
          },
        },
        { by: "owner", saidAt: said.saidAt },
      ),
    );
  }
  return recorded;
}

interface LinkContent {
  /** The sign-up (uuid of its capture token). */
  readonly signUp: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What an opened confirmation link is about. */
export interface OpenedConfirmation extends OpenedOrganization {
  /** open: it can be confirmed; confirmed: it was, the link is used up; overridden: they said no since; old. */
  readonly state: "open" | "confirmed" | "overridden" | "old";
  readonly yeses: readonly TypedYes[];
  readonly purposeNames: readonly string[];
}

/**
 * Opens a confirmation link's token. Changes nothing. When it was altered or cut, or is of another organization: the
 * organization that it claims to be of, if there is such a one.
 */
export async function openConfirmation(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  token: string,
  requestId: string,
): Promise<OpenedConfirmation | { readonly broken: OpenedOrganization | undefined }> {
  const link = await openLink(services, organizationKeys, { use, token, requestId });
  if ("broken" in link) return link;
  const { opened } = link;
  const { ctx } = opened;
  const content = link.content as LinkContent;
  const yeses = await selectTypedYeses(
    ctx,
    { captureTokenId: content.signUp },
    limits.confirmationLifeDays + 1,
  );
  const isOver = content.until <= services.now().getTime() || yeses.length === 0;
  const state = yeses.some(({ isOverridden }) => isOverridden)
    ? "overridden"
    : yeses.length > 0 && yeses.every(({ isConfirmed }) => isConfirmed)
      ? "confirmed"
      : isOver
        ? "old"
        : "open";
  const purposes = await findPurposes(
    ctx,
    yeses.map(({ purpose }) => purpose),
  );
  return { ...opened, state, yeses, purposeNames: purposes.map(({ name }) => name) };
}

/**
 * Takes the yes of a link's bearer, who reads the mail that it came in, to what they were shown (public ids of the events)
 * and nothing that was added since. Pressed twice it is one. Undefined when they were shown none of these.
 */
export async function confirmByLink(
  opened: OpenedConfirmation,
  shown: readonly string[],
): Promise<{ reference: string; purposeNames: readonly string[] } | undefined> {
  const { ctx } = opened;
  const yeses = opened.yeses.filter(({ id }) => shown.includes(formatId("cns", id)));
  if (yeses.length === 0) return undefined;
  // What is said no to from this moment on comes after it.
  const saidAt = ctx.services.now();
  const [first] = await confirmAll(ctx, yeses, {
    saidAt,
    indication: "clicked",
    evidence: { link: "e-mail" },
  });
  if (first === undefined) throw new SaysoError("internal", "Nothing was left to confirm.");
  const purposes = await findPurposes(
    ctx,
    yeses.map(({ purpose }) => purpose),
  );
  return { reference: first.id, purposeNames: purposes.map(({ name }) => name) };
}

function linkKey({ keys }: Context) {
  return deriveKey(keys.data, use);
}

/**
 * Has a mail sent to an address that was typed, so that its owner may confirm: once for each Idempotency-Key, and few to
 * one address (`hash`), for anybody can type it.
 */
export async function sendConfirmation(
  ctx: Context,
  { captureTokenId, reference, hash }: { captureTokenId: string; reference: string; hash: string },
): Promise<void> {
  if ((await replay(ctx)) !== undefined) return;
  try {
    await takeTurn(
      ctx.services,
      "confirmation_mail",
      `${ctx.organizationId}:${hash}`,
      limits.confirmationMails,
    );
    await takeTurn(
      ctx.services,
      "confirmation_mail_day",
      `${ctx.organizationId}:${hash}`,
      limits.confirmationMailsOfDay,
    );
  } catch (error) {
    if (error instanceof SaysoError && error.code === "too_many_requests") return;
    throw error;
  }
  await queueConfirmation(ctx, { captureTokenId, hash }, reference);
}

/**
 * Sends the link by which the owner of an e-mail address confirms what was typed for it (`hash`: that address, of a person
 * who may have several), when it has to be confirmed: a double opt-in, or a yes after a no. Nothing goes to an address on the blocklist, or after a newer no. Throws when the mail could not be handed over, so that it is tried again.
 */
export async function mailConfirmation(
  ctx: Context,
  { captureTokenId, hash }: { captureTokenId: string; hash: string },
): Promise<void> {
  const { sendMail, publicUrl, now } = ctx.services;
  const yeses = await selectTypedYeses(ctx, { captureTokenId }, limits.confirmationLifeDays);
  const [first] = yeses;
  const waits = yeses.some(({ isWaiting, isConfirmed }) => isWaiting && !isConfirmed);
  if (first === undefined || !waits || yeses.some(({ isOverridden, isBlocked }) => isOverridden || isBlocked))
    return;
  const { identifiers } = await readPerson(ctx, formatId("sub", first.subjectId));
  const address = identifiers.find(
    ({ kind, value }) =>
      kind === "email" &&
      readIdentifiers({ email: value }).identifiers.some((each) => hashIdentifier(ctx, each) === hash),
  )?.value;
  if (address === undefined) return;
  if (sendMail === undefined) {
    ctx.services.log.warn("a sign-up by e-mail waits to be confirmed, and SMTP_URL is not set");
    return;
  }
  const until = addSeconds(first.occurredAt, lifeSeconds);
  const content: LinkContent = { signUp: captureTokenId, until: until.getTime() };
  if (until <= now()) return;
  const { name, timeZone } = await getOrganization(ctx);
  await sendMail({
    to: address,
    ...writeConfirmationMail({
      language: first.language?.toLowerCase().startsWith("ru") ? "ru" : "en",
      organizationName: name,
      url: `${publicUrl}/c/confirm/${makeLinkToken(linkKey(ctx), use, ctx.organizationId, content)}`,
      until,
      timeZone: timeZone ?? "UTC",
    }),
  });
}
