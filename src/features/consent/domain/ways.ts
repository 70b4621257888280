import type { FieldError } from "../../../kernel/errors.ts";

/** What comes with a yes. */
export interface Proof {
  /** The message that `evidence` quotes is one that this person wrote and Sayso holds. */
  readonly quotesTheirMessage: boolean;
  /** Media types of the files that come with it. */
  readonly attachments: readonly string[];
  readonly operator?: string | undefined;
  readonly evidence?: unknown;
}

type Need = (proof: Proof) => FieldError | undefined;

const attachmentsPointer = "/provenance/attachments";

const isAudio = (mediaType: string) => mediaType.startsWith("audio/");
const isDocument = (mediaType: string) => mediaType === "application/pdf" || mediaType.startsWith("image/");

const nothing: Need = () => undefined;

const theirMessage: Need = ({ quotesTheirMessage }) =>
  quotesTheirMessage
    ? undefined
    : {
        pointer: "/provenance/evidence/messageId",
        message:
          'Quote the message: {"messageId": "wamid.…"}, one that Sayso holds and that this person wrote.',
      };

/** A message that came another way: Sayso holds it not, so it comes along, in words or as a picture of it. */
const messageElsewhere: Need = (proof) => {
  if (proof.quotesTheirMessage || proof.attachments.some(isDocument)) return undefined;
  for (const [field, what] of [
    ["messageId", "the id that the message has"],
    ["text", "what the person wrote"],
  ] as const)
    if (textIn(proof.evidence, field) === "")
      return {
        pointer: `/provenance/evidence/${field}`,
        message: `Say ${what}, or attach the message as a PDF or a picture.`,
      };
  return undefined;
};

const recording: Need = ({ attachments }) =>
  attachments.some(isAudio)
    ? undefined
    : {
        pointer: attachmentsPointer,
        message: "Attach the recording: an audio file, taken by POST /v1/attachments.",
      };

const scan: Need = ({ attachments }) =>
  attachments.some(isDocument)
    ? undefined
    : {
        pointer: attachmentsPointer,
        message: "Attach the scan: a PDF, PNG or JPEG, taken by POST /v1/attachments.",
      };

const operatorNamed: Need = ({ operator }) =>
  (operator ?? "").trim() === ""
    ? { pointer: "/provenance/operator", message: "Name who took the consent." }
    : undefined;

/**
 * What each kind of collection point needs, so that its yes can be shown later (GDPR Art. 7(1)). The ones that people
 * fill in themselves have the capture token, which is worth what gate-rules say; `import` and `api` are a caller's word.
 */
const needs: Readonly<Record<string, Need>> = {
  form: nothing,
  widget: nothing,
  checkbox: nothing,
  import: nothing,
  api: nothing,
  click_to_chat: theirMessage,
  inbound_message: theirMessage,
  keyword: theirMessage,
  sms: messageElsewhere,
  email: messageElsewhere,
  voice: recording,
  paper: scan,
  in_person: operatorNamed,
};

/** Whether a message that Sayso holds would do for a yes by this way. */
export function mayQuoteTheirMessage(kind: string): boolean {
  return needs[kind] === theirMessage || needs[kind] === messageElsewhere;
}

/**
 * What a yes by this way (the collection point's kind) lacks; undefined when nothing. A way that nobody knows is no way.
 * Not to be asked about a no: it is never refused for want of evidence.
 */
export function lacking(kind: string, proof: Proof): FieldError | undefined {
  const need = Object.hasOwn(needs, kind) ? needs[kind] : undefined;
  if (need === undefined)
    return {
      pointer: "/provenance/collectionPointId",
      message: "Sayso does not know what a consent by this way needs.",
    };
  return need(proof);
}

function textIn(evidence: unknown, field: string): string {
  if (typeof evidence !== "object" || evidence === null) return "";
  const value: unknown = Object.getOwnPropertyDescriptor(evidence, field)?.value;
  return typeof value === "string" ? value.trim() : "";
}
