import type { Proof } from "../../../src/features/consent/domain/ways.ts";

/** Cases of what a yes needs, by its way: the guarantee, the collection point's kind, what comes with it, what is missing. */
export interface WayCase {
  readonly guarantee: string;
  readonly kind: string;
  readonly proof?: Partial<Proof>;
  /** Where it is missing; null: the yes is taken. */
  readonly missing: string | null;
}

const message = "/provenance/evidence/messageId";
const files = "/provenance/attachments";

export const ways: readonly WayCase[] = [
  ...["form", "widget", "checkbox", "import", "api"].map((kind) => ({
    guarantee: `a ${kind} needs nothing beside what it always had`,
    kind,
    missing: null,
  })),
  ...["click_to_chat", "inbound_message", "keyword"].flatMap((kind): WayCase[] => [
    { guarantee: `a ${kind} without a message is none`, kind, missing: message },
    {
      guarantee: `a ${kind} that quotes a message which Sayso does not hold, or somebody else wrote, is none`,
      kind,
      proof: { evidence: { messageId: "wamid.1", text: "START" } },
      missing: message,
    },
    {
      guarantee: `a ${kind} with files and an operator in place of the message is none`,
      kind,
      proof: { attachments: ["image/png", "audio/ogg"], operator: "till 3" },
      missing: message,
    },
    {
      guarantee: `a ${kind} that quotes their own message is taken`,
      kind,
      proof: { quotesTheirMessage: true },
      missing: null,
    },
  ]),
  ...["sms", "email"].flatMap((kind): WayCase[] => [
    { guarantee: `an ${kind} without the message is none`, kind, missing: message },
    {
      guarantee: `an ${kind} with its id but not its words is none`,
      kind,
      proof: { evidence: { messageId: "SM1" } },
      missing: "/provenance/evidence/text",
    },
    {
      guarantee: `an ${kind} with blank words is none`,
      kind,
      proof: { evidence: { messageId: "SM1", text: " \n" } },
      missing: "/provenance/evidence/text",
    },
    {
      guarantee: `an ${kind} with its words but no id is none`,
      kind,
      proof: { evidence: { text: "Yes" } },
      missing: message,
    },
    {
      guarantee: `an ${kind} told in free words is none`,
      kind,
      proof: { evidence: "They wrote yes." },
      missing: message,
    },
    {
      guarantee: `an ${kind} with id and words is taken`,
      kind,
      proof: { evidence: { messageId: "SM1", text: "Yes" } },
      missing: null,
    },
    {
      guarantee: `an ${kind} with a picture of it is taken`,
      kind,
      proof: { attachments: ["image/jpeg"] },
      missing: null,
    },
    {
      guarantee: `an ${kind} with a sound is none`,
      kind,
      proof: { attachments: ["audio/wav"] },
      missing: message,
    },
    {
      guarantee: `an ${kind} that Sayso holds is taken`,
      kind,
      proof: { quotesTheirMessage: true },
      missing: null,
    },
  ]),
  { guarantee: "a voice without a recording is none", kind: "voice", missing: files },
  {
    guarantee: "a voice with a scan is none",
    kind: "voice",
    proof: { attachments: ["application/pdf"] },
    missing: files,
  },
  {
    guarantee: "a voice that is described is none",
    kind: "voice",
    proof: { operator: "desk", evidence: { recording: "on file" }, quotesTheirMessage: true },
    missing: files,
  },
  {
    guarantee: "a voice with its recording is taken",
    kind: "voice",
    proof: { attachments: ["audio/ogg"] },
    missing: null,
  },
  { guarantee: "a paper without a scan is none", kind: "paper", missing: files },
  {
    guarantee: "a paper with a recording is none",
    kind: "paper",
    proof: { attachments: ["audio/mpeg"] },
    missing: files,
  },
  {
    guarantee: "a paper with a scan among other files is taken",
    kind: "paper",
    proof: { attachments: ["audio/mpeg", "image/png"] },
    missing: null,
  },
  {
    guarantee: "in person without an operator is none",
    kind: "in_person",
    proof: { attachments: ["image/png"], quotesTheirMessage: true },
    missing: "/provenance/operator",
  },
  {
    guarantee: "in person with a blank operator is none",
    kind: "in_person",
    proof: { operator: "  " },
    missing: "/provenance/operator",
  },
  {
    guarantee: "in person with an operator is taken",
    kind: "in_person",
    proof: { operator: "till 3" },
    missing: null,
  },
  ...["telepathy", "constructor", "__proto__", ""].map((kind) => ({
    guarantee: `a way that nobody knows (${JSON.stringify(kind)}) is none, whatever comes with it`,
    kind,
    proof: {
      quotesTheirMessage: true,
      attachments: ["audio/ogg", "image/png"],
      operator: "till 3",
      evidence: { messageId: "1", text: "Yes" },
    },
    missing: "/provenance/collectionPointId",
  })),
];
