import { z } from "zod";
import { type FieldError, invalid, SaysoError } from "../../../kernel/errors.ts";
import { isFinal, type RequestStatus } from "./life.ts";

/** What a person can be told about their request, by letter. */
export const letterKinds = [
  "receipt",
  "identity_needed",
  "clarification",
  "extension",
  "ready",
  "refusal",
  "erasure_done",
  "restriction_lifted",
  "done",
] as const;

export type LetterKind = (typeof letterKinds)[number];

/** Ways in which a letter reached the person without us. */
export const otherWays = ["handed_over", "post", "other"] as const;
export type OtherWay = (typeof otherWays)[number];

/** Notes in a request's history that move it nowhere, so that there is none it cannot take, not even after its end. */
export type LetterNote = "letter_drafted" | "letter_sent" | "letter_failed" | "letter_discarded";

/** What stays after an erasure: what, why, and until when where there is a date (YYYY-MM-DD). */
export interface Remainder {
  readonly what: string;
  readonly why: string;
  readonly until?: string | undefined;
}

/** What a letter tells beside the request's own facts. Days are YYYY-MM-DD in the organization's time zone. */
export type LetterContent =
  | { readonly kind: "receipt" }
  /** `how` the person can show who they are; without it, by a code to the number or address that is known. */
  | { readonly kind: "identity_needed"; readonly how?: string | undefined }
  | { readonly kind: "clarification"; readonly question: string }
  | {
      readonly kind: "extension";
      readonly reason: string;
      readonly earlierLastDay: string;
      readonly lastDay: string;
    }
  | { readonly kind: "ready"; readonly url: string; readonly until: Date }
  /** `legalGround`: the provision that the refusal rests on, where the law wants it named. */
  | { readonly kind: "refusal"; readonly reason: string; readonly legalGround?: string | undefined }
  | { readonly kind: "erasure_done"; readonly erasedOn: string; readonly stays: readonly Remainder[] }
  /** GDPR Art. 18(3): the person is told before it is lifted. */
  | { readonly kind: "restriction_lifted"; readonly liftedOn: string; readonly reason: string }
  | { readonly kind: "done"; readonly what: string };

/** Regimes under which a refusal must name the provision that it rests on: 152-FZ Art. 20(2). */
export const groundedRefusals: ReadonlySet<string> = new Set(["ru-152fz"]);

/** Letters that no step of a request leaves: staff write them. */
export type FreeLetterKind = Exclude<LetterKind, "refusal" | "extension">;

/**
 * Refuses a letter that would say what is not so: an answer that there is not, a wait that is over. Throws `conflict` with
 * what to do first.
 */
export function assertTellable(
  letter: FreeLetterKind,
  request: { readonly kind: string; readonly status: RequestStatus },
): void {
  const why = untellable(letter, request);
  if (why !== undefined) throw new SaysoError("conflict", why);
}

function untellable(
  letter: FreeLetterKind,
  { kind, status }: { readonly kind: string; readonly status: RequestStatus },
): string | undefined {
  switch (letter) {
    case "receipt":
    case "clarification":
      return isFinal(status) ? `The request is ${status}: there is nothing to wait for any more.` : undefined;
    case "identity_needed":
      return status === "received" || status === "identity_check"
        ? undefined
        : "It was made sure who asks, or the request has ended: nothing is needed of the person.";
    case "ready":
      return status === "delivered" ? undefined : "Make a delivery first: this letter tells its link.";
    case "erasure_done":
      return kind === "erasure" ? undefined : "This letter is for requests of the kind erasure.";
    case "restriction_lifted":
      return kind === "restriction" ? undefined : "This letter is for requests of the kind restriction.";
    case "done":
      return kind === "access" || kind === "portability"
        ? "This request is answered with an archive: use the letter of the kind ready."
        : undefined;
  }
}

/** Something that a letter must say, whatever staff change in it: its name, and the words to look for. */
const mustSaySchema = z.object({
  element: z.enum(["who", "contact", "reference", "due", "reason", "ground", "complaint", "link", "stays"]),
  words: z.string(),
});
export type MustSay = z.infer<typeof mustSaySchema>;

/** A letter as it is kept sealed while it can be changed. */
export const draftSchema = z.object({
  subject: z.string(),
  text: z.string(),
  mustSay: z.array(mustSaySchema),
  /** E-mail addresses of the person when it was written: an erasure takes them away before the letter goes out. */
  addresses: z.array(z.string()),
  /** The one that it is mailed to, once that was chosen. */
  to: z.string().optional(),
});
export type Draft = z.infer<typeof draftSchema>;

/** What staff changed. */
export interface Edit {
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
}

/**
 * A draft with the changes of staff. Throws `invalid` with a pointer to each place: a control character, a placeholder
 * that nobody filled in, a letter that no longer says what it must.
 */
export function edited(draft: Draft, edit: Edit): Draft {
  const subject = edit.subject?.trim() ?? draft.subject;
  const text = edit.text?.replaceAll("\r\n", "\n").trim() ?? draft.text;
  const errors: FieldError[] = [];
  const say = (pointer: string, message: string) => void errors.push({ pointer, message });
  if (subject === "") say("/subject", "A letter has a subject.");
  if (/\p{Cc}/u.test(subject)) say("/subject", "It is one line, without control characters.");
  if (/[^\P{Cc}\n]/u.test(text)) say("/text", "It has no control characters but line breaks.");
  for (const [pointer, words] of [
    ["/subject", subject],
    ["/text", text],
  ] as const) {
    const left = /\{\{.*?\}\}|\{\w+\}|\[\s*(?:\.{3}|…|_+)\s*\]/u.exec(words)?.[0];
    if (left !== undefined) say(pointer, `${left} is a placeholder that nobody filled in.`);
  }
  const told = folded(text);
  for (const { element, words } of draft.mustSay) {
    if (!told.includes(folded(words)))
      say("/text", `It no longer says “${words}” (${element}), which it must.`);
  }
  if (errors.length > 0) {
    throw new SaysoError("invalid", "The letter cannot go out like this; see errors.", { errors });
  }
  return { ...draft, subject, text };
}

function folded(text: string): string {
  return text.replace(/\s+/gu, " ");
}

/** The address that a letter goes to. Throws `invalid` when there is none, or several and none was chosen. */
export function chooseAddress({ addresses }: Pick<Draft, "addresses">, wanted: string | undefined): string {
  const fits = wanted === undefined ? addresses : addresses.filter((each) => folds(each) === folds(wanted));
  const [only, ...others] = fits;
  if (only === undefined) {
    throw wanted === undefined
      ? new SaysoError(
          "conflict",
          "No e-mail address of this person is known. Send it another way, and mark it as sent.",
        )
      : invalid("/to", "This is no address of the person whose data it is about.");
  }
  if (others.length > 0) throw invalid("/to", `The person has ${fits.length} addresses: say which.`);
  return only;
}

const folds = (address: string) => address.trim().toLowerCase();

/** A paragraph's lines, or the items of a list. */
export interface Block {
  readonly isList: boolean;
  readonly lines: readonly string[];
}

const bullet = "• ";

/** A letter's text by paragraphs, which an empty line parts; lines that all begin with a bullet are a list. */
export function blocksOf(text: string): Block[] {
  return text
    .split(/\n\s*\n/)
    .map((block) =>
      block
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    )
    .filter((lines) => lines.length > 0)
    .map((lines) =>
      lines.every((line) => line.startsWith(bullet))
        ? { isList: true, lines: lines.map((line) => line.slice(bullet.length)) }
        : { isList: false, lines },
    );
}

/**
 * The text of what a letter's template rendered: `<p>` is a paragraph, `<li>` a line with a bullet, and there is nothing
 * else in it but escaped values.
 */
export function plainText(html: string): string {
  return [...html.matchAll(/<(p|li)>([\s\S]*?)<\/\1>/g)]
    .map(([, tag, inner = ""]) => ({
      isItem: tag === "li",
      text: unescaped(inner.replace(/\s+/gu, " ").trim()),
    }))
    .reduce((text, { isItem, text: next }, index, all) => {
      if (index === 0) return isItem ? bullet + next : next;
      return `${text}${isItem && all[index - 1]?.isItem ? "\n" : "\n\n"}${isItem ? bullet : ""}${next}`;
    }, "");
}

// What Handlebars escapes.
const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
  "&#x60;": "`",
  "&#x3D;": "=",
};

function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#x27|#x60|#x3D);/g, (entity) => entities[entity] ?? entity);
}
