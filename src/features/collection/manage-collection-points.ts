import { createHash } from "node:crypto";
import type { Context, Services } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { foldPhrase } from "../../kernel/spoken.ts";
import { findPurposes, findSender, findSenders, getOrganization } from "../organization/index.ts";
import { boxesOf } from "./domain/boxes.ts";
import { heardWords } from "./domain/spoken.ts";
import { checkWording, type WordingFinding, wordingFindings } from "./domain/wording-check.ts";
import {
  insertPoint,
  insertVersion,
  type MadePoint,
  type NewPoint,
  type PointRow,
  type SettingsChange,
  selectHearing,
  selectPoint,
  selectPoints,
  selectVersions,
  updatePoint,
  type VersionContent,
  type VersionRow,
} from "./store.ts";

export { wordingFindings };

export interface VersionInput {
  readonly channels: readonly string[];
  readonly language: string;
  /** One box: what it says, and what ticking it agrees to. */
  readonly wording?: string | undefined;
  readonly purposes?: readonly string[] | undefined;
  /** Several boxes instead, each by itself. */
  readonly boxes?: readonly BoxInput[] | undefined;
  readonly privacyNoticeUrl?: string | undefined;
  readonly defaultChecked: boolean;
  /** Codes of warnings about the wording that somebody has read and lets stand. */
  readonly acceptWarnings?: readonly string[] | undefined;
}

export interface BoxInput {
  readonly wording: string;
  readonly purposes: readonly string[];
  readonly required: boolean;
}

/** A version from the newest one: what is left out stays as it is there. */
export type NextVersionInput = { readonly [Field in keyof VersionInput]?: VersionInput[Field] | undefined };

/** What may be changed of a collection point: it is no part of what people agree to. */
interface SettingsInput {
  readonly name: string;
  /** Sites whose pages may show the point in place. */
  readonly origins: readonly string[];
  /** The chat that people may start instead: a sender (`snd_…`) and what they write first. */
  readonly chat: { readonly sender: string; readonly text: string } | null;
  /** Whether those words, sent, are a yes; and further words that are, alone in a message. */
  readonly chatGivesConsent: boolean;
  readonly keywords: readonly string[];
}

export interface PointInput extends VersionInput, SettingsInput {
  readonly key: string;
  readonly kind: string;
}

/** What is left out stays. */
export type NextSettingsInput = {
  readonly [Field in keyof SettingsInput]?: SettingsInput[Field] | undefined;
};

/**
 * Makes a collection point with its first version. Throws `invalid` for a wording that has errors, or warnings that are not
 * accepted (checkWording, told in `language`), and for unknown purposes and senders; `conflict` for a key in use.
 */
export async function createCollectionPoint(ctx: Context, input: PointInput, language: Language) {
  const earlier = await replay<MadePoint>(ctx);
  const content = await checkContent(ctx, input.kind, input);
  const { key, kind } = input;
  if (earlier === undefined) await refuseWording(ctx, kind, input, language);
  const { origins, chatGivesConsent, keywords } = input;
  const chat = await readChat(ctx, input.chat);
  const made = { key, kind, name: input.name, origins, chat, chatGivesConsent, keywords };
  const id = ctx.services.newId("cpt");
  if (earlier === undefined) await checkHearing(ctx, { ...made, id }, content);
  const row = earlier ?? (await insert());
  const point = { ...made, id: row.id, publicKey: row.public_key };
  return presentVersion(ctx.services, point, { ...content, version: 1, createdAt: new Date(row.created_at) });

  async function insert() {
    try {
      const inserted = await insertPoint(ctx, { ...made, id }, content, {
        entity: formatId("cpt", id),
        acceptedWarnings: input.acceptWarnings ?? [],
      });
      if (inserted === undefined) throw new SaysoError("internal", "The collection point was not made.");
      return inserted;
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      throw new SaysoError(
        "conflict",
        `There is a collection point with the key ${input.key} already. Add a version to it.`,
        {
          cause: error,
        },
      );
    }
  }
}

/** Changes what is given and leaves the rest. Throws `not_found`, and `invalid` for an unknown sender and words that are no yes. */
export async function changeCollectionPoint(ctx: Context, id: string, change: NextSettingsInput) {
  const point = await findPoint(ctx, id);
  const { chat, ...rest } = change;
  const settings: SettingsChange = {
    ...rest,
    ...(chat !== undefined && { chat: await readChat(ctx, chat) }),
  };
  const [latest] = await selectVersions(ctx, [point.id]);
  if (latest === undefined) throw notFound("collection point");
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  await checkHearing(ctx, { ...point, ...Object.fromEntries(given) }, latest);
  await updatePoint(ctx, point.id, settings, formatId("cpt", point.id));
  return getCollectionPoint(ctx, id);
}

async function readChat(ctx: Context, chat: SettingsInput["chat"]): Promise<PointRow["chat"]> {
  if (chat === null) return null;
  const sender = await findSender(ctx, chat.sender);
  if (sender === undefined) throw invalid("/chat/sender", "There is no such sender.");
  return { senderId: sender.id, text: chat.text };
}

/**
 * Refuses words that could be taken for a yes which they are not: without a chat to write them in, to several things at
 * once, such as do not say to what, or that another point hears as a yes to something of its own.
 */
async function checkHearing(ctx: Context, point: NewPoint, shown: VersionContent): Promise<void> {
  const { chat, chatGivesConsent, keywords } = point;
  if (!chatGivesConsent && keywords.length === 0) return;
  const pointer = chatGivesConsent ? "/chatGivesConsent" : "/keywords";
  if (chatGivesConsent && chat === null)
    throw invalid(pointer, "There is no chat whose words could be a yes. Give it one: `chat`.");
  if (shown.purposes.length !== 1)
    throw invalid(pointer, "A message cannot say to which of several purposes. Make a point for each.");
  if (!shown.channels.includes("whatsapp"))
    throw invalid(pointer, "People write these words on WhatsApp, which this point does not ask for.");
  for (const [place, keyword] of keywords.entries())
    if (foldPhrase(keyword) === "")
      throw invalid(`/keywords/${place}`, "A keyword has a letter or a digit at least.");
  if (chatGivesConsent && chat !== null) await refuseVague(ctx, point.kind, chat.text, shown);
  const own = new Set(heardWords(point));
  for (const other of await selectHearing(ctx))
    if (other.id !== point.id && heardWords(other).some((words) => own.has(words)))
      throw invalid(
        pointer,
        `The collection point ${other.key} hears the same words. It must be clear which wording they agree to.`,
      );
}

/** What people send must say itself who may write and about what. */
async function refuseVague(ctx: Context, kind: string, wording: string, shown: VersionContent) {
  const { channels, language, purposes } = shown;
  const findings = await findInWording(ctx, kind, {
    channels,
    language,
    wording,
    purposes,
    defaultChecked: false,
  });
  const vague = findings.find(
    ({ code, severity }) =>
      severity === "error" && (code === "business_not_named" || code === "purpose_not_told"),
  );
  if (vague !== undefined) throw invalid("/chat/text", vague.message.en);
}

/** Adds a version; earlier ones stay as they were for ever. Throws `not_found`, and `invalid` as at creation. */
export async function addVersion(ctx: Context, id: string, input: NextVersionInput, language: Language) {
  const point = await findPoint(ctx, id);
  const [latest] = await selectVersions(ctx, [point.id]);
  if (latest === undefined) throw notFound("collection point");
  const earlier = await replay<{ version: number; created_at: string }>(ctx);
  const next: VersionInput = {
    channels: input.channels ?? latest.channels,
    language: input.language ?? latest.language,
    wording: input.wording,
    purposes: input.boxes === undefined ? (input.purposes ?? latest.purposes) : undefined,
    boxes: input.boxes,
    privacyNoticeUrl: input.privacyNoticeUrl ?? latest.privacyNoticeUrl ?? undefined,
    defaultChecked: input.defaultChecked ?? false,
    acceptWarnings: input.acceptWarnings,
  };
  const content = await checkContent(ctx, point.kind, next);
  if (earlier === undefined) await refuseWording(ctx, point.kind, next, language);
  const row = earlier ?? (await insertNext(ctx, point.id, content, next.acceptWarnings ?? []));
  // An answer that is given again is about the version of then, not about what a newer one made of the same input.
  return getVersion(ctx, id, row.version);
}

async function insertNext(
  ctx: Context,
  id: string,
  content: VersionContent,
  acceptedWarnings: readonly string[],
) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const row = await insertVersion(ctx, id, content, { entity: formatId("cpt", id), acceptedWarnings });
      if (row === undefined) throw notFound("collection point");
      return row;
    } catch (error) {
      // Somebody else added that version in the same moment: take the next number.
      if (violatedUnique(error) === undefined || attempt === 20) throw error;
    }
  }
}

async function checkContent(ctx: Context, kind: string, input: VersionInput): Promise<VersionContent> {
  checkChannels(ctx, kind, input.channels);
  const boxes = boxesIn(input).map((box) => ({ ...box, wordingSha256: sha256(box.wording) }));
  await checkPurposes(ctx, input.boxes === undefined ? [""] : boxes.map((_box, n) => `/boxes/${n}`), boxes);
  const wording = boxes.map((box) => box.wording).join("\n\n");
  return {
    channels: input.channels,
    purposes: boxes.flatMap((box) => box.purposes),
    language: input.language,
    wording,
    wordingSha256: sha256(wording),
    privacyNoticeUrl: input.privacyNoticeUrl ?? null,
    boxes: input.boxes === undefined ? null : boxes,
  };
}

const boxesIn = ({ boxes, wording, purposes }: VersionInput): readonly BoxInput[] =>
  boxes ?? [{ wording: wording ?? "", purposes: purposes ?? [], required: true }];

/** What is wrong with a wording before anybody is shown it; see checkWording. Writes nothing. */
async function findInWording(
  ctx: Context,
  kind: string,
  input: VersionInput,
): Promise<readonly WordingFinding[]> {
  const boxes = boxesIn(input);
  const [{ name }, senders, purposes] = await Promise.all([
    getOrganization(ctx),
    findSenders(ctx, undefined, limits.listMost),
    findPurposes(
      ctx,
      boxes.flatMap((box) => box.purposes),
    ),
  ]);
  return checkWording({
    channels: input.channels,
    language: input.language,
    boxes: boxes.map((box, n) => ({
      pointer: input.boxes === undefined ? "" : `/boxes/${n}`,
      wording: box.wording,
      purposes: purposes.filter(({ key }) => box.purposes.includes(key)),
    })),
    privacyNoticeUrl: input.privacyNoticeUrl ?? null,
    defaultChecked: input.defaultChecked,
    isOnScreen: ["form", "widget", "checkbox"].includes(kind),
    names: [name, ...senders.map((sender) => sender.name)],
  });
}

/** Tells what is wrong with a wording, in one language. Throws `invalid` for unknown purposes. */
export async function lookAtWording(ctx: Context, kind: string, input: VersionInput, language: Language) {
  await checkContent(ctx, kind, input);
  const findings = await findInWording(ctx, kind, input);
  return {
    ok: findings.length === 0,
    findings: findings.map((finding) => ({ ...finding, message: finding.message[language] })),
  };
}

/** Throws `invalid` when a wording has errors, or warnings that nobody accepted. */
async function refuseWording(ctx: Context, kind: string, input: VersionInput, language: Language) {
  const standing = (await findInWording(ctx, kind, input)).filter(
    ({ code, severity }) => severity === "error" || !input.acceptWarnings?.includes(code),
  );
  if (standing.length === 0) return;
  throw new SaysoError("invalid", "The wording cannot be shown like this; see errors.", {
    errors: standing.map(({ code, severity, pointer, message }) => ({
      pointer,
      code,
      message: severity === "error" ? message[language] : `${message[language]} ${letStand[language](code)}`,
    })),
  });
}

const letStand: Readonly<Record<Language, (code: string) => string>> = {
  en: (code) => `To let it stand, send "acceptWarnings": ["${code}"].`,
  ru: (code) => `Чтобы оставить так, передайте "acceptWarnings": ["${code}"].`,
};

/** People can be reached by what a page asks them for. */
function checkChannels({ services }: Context, kind: string, channels: readonly string[]) {
  if (!channels.includes("email")) return;
  if (kind === "widget") throw invalid("/channels", "A widget asks for a number. Take a form for e-mail.");
  if (kind !== "form") return;
  if (channels.length > 1)
    throw invalid("/channels", "A form asks for one address: for a number, or for e-mail alone.");
  if (services.sendMail === undefined)
    throw invalid(
      "/channels",
      "Nobody could confirm an address: this service has no mail server (SMTP_URL).",
    );
}

/** Every purpose is one of the organization's, and which box it is in is clear. */
async function checkPurposes(ctx: Context, pointers: readonly string[], boxes: readonly BoxInput[]) {
  const asked = boxes.flatMap(({ purposes }) => purposes);
  const known = await findPurposes(ctx, asked);
  const seen = new Map<string, number>();
  for (const [n, { purposes }] of boxes.entries()) {
    for (const [index, key] of purposes.entries()) {
      const pointer = `${pointers[n]}/purposes/${index}`;
      if (!known.some((purpose) => purpose.key === key)) throw invalid(pointer, "There is no such purpose.");
      if ((seen.get(key) ?? n) !== n)
        throw invalid(pointer, "Another box asks for this purpose. Each purpose is in one box.");
      seen.set(key, n);
    }
  }
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** A collection point of this organization by its public id. Throws `not_found`. */
export async function findPoint(ctx: Context, id: string): Promise<PointRow> {
  const uuid = parseId("cpt", id);
  const point = uuid === undefined ? undefined : await selectPoint(ctx, uuid);
  if (point === undefined) throw notFound("collection point");
  return point;
}

/** A collection point as its newest version shows it. */
export async function getCollectionPoint(ctx: Context, id: string) {
  const point = await findPoint(ctx, id);
  const [latest] = await selectVersions(ctx, [point.id]);
  if (latest === undefined) throw notFound("collection point");
  return presentVersion(ctx.services, point, latest);
}

/** Every version of a collection point, the newest first. */
export async function listVersions(ctx: Context, id: string) {
  const point = await findPoint(ctx, id);
  return (await selectVersions(ctx, [point.id])).map((version) =>
    presentVersion(ctx.services, point, version),
  );
}

/** One version, as it was shown. Throws `not_found`. */
export async function getVersion(ctx: Context, id: string, version: number) {
  const found = (await listVersions(ctx, id)).find((each) => each.version === version);
  if (found === undefined) throw notFound("version of this collection point");
  return found;
}

export async function listCollectionPoints(ctx: Context, cursor: string | undefined, limit: number) {
  const points = await selectPoints(ctx, cursor, limit);
  const versions = await selectVersions(
    ctx,
    points.map(({ id }) => id),
  );
  return points.flatMap((point) => {
    const latest = versions.find(({ collectionPointId }) => collectionPointId === point.id);
    return latest === undefined ? [] : [presentVersion(ctx.services, point, latest)];
  });
}

function presentVersion(
  { publicUrl }: Services,
  point: Omit<PointRow, "createdAt">,
  version: VersionContent & Pick<VersionRow, "version" | "createdAt">,
) {
  return {
    id: formatId("cpt", point.id),
    key: point.key,
    kind: point.kind,
    name: point.name,
    publicKey: formatId("pub", point.publicKey),
    formUrl: point.kind === "form" ? `${publicUrl}/c/${formatId("pub", point.publicKey)}` : null,
    origins: [...point.origins],
    chat:
      point.chat === null ? null : { sender: formatId("snd", point.chat.senderId), text: point.chat.text },
    chatGivesConsent: point.chatGivesConsent,
    keywords: [...point.keywords],
    version: version.version,
    channels: [...version.channels],
    purposes: [...version.purposes],
    language: version.language,
    wording: version.wording,
    wordingSha256: version.wordingSha256,
    privacyNoticeUrl: version.privacyNoticeUrl,
    boxes: boxesOf(version).map((box) => ({ ...box, purposes: [...box.purposes] })),
    defaultChecked: false,
    createdAt: version.createdAt.toISOString(),
  };
}
