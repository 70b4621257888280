import type { LetterContent, MustSay } from "../../../src/features/datarequest/domain/letter.ts";

/** One letter of each kind, what of the request it is about, and what it must say whatever the language and the law. */
export const letterCases: readonly {
  readonly guarantees: string;
  readonly requestKind: "access" | "erasure" | "restriction" | "rectification";
  readonly content: LetterContent;
  readonly mustSay: readonly MustSay["element"][];
  /** Words that go into the letter as they are. */
  readonly says: readonly string[];
  /** Days that it names, as YYYY-MM-DD. */
  readonly days: readonly string[];
}[] = [
  {
    guarantees: "a receipt says by when the answer comes",
    requestKind: "access",
    content: { kind: "receipt" },
    mustSay: ["who", "contact", "reference", "complaint", "due"],
    says: [],
    days: ["2026-12-28"],
  },
  {
    guarantees: "who is asked to show who they are is told how",
    requestKind: "access",
    content: { kind: "identity_needed", how: "Call us from the number that you ordered with." },
    mustSay: ["who", "contact", "reference", "complaint", "due"],
    says: ["Call us from the number that you ordered with."],
    days: ["2026-12-28"],
  },
  {
    guarantees: "without a way of its own identity is shown by a code",
    requestKind: "erasure",
    content: { kind: "identity_needed" },
    mustSay: ["who", "contact", "reference", "complaint", "due"],
    says: [],
    days: ["2026-12-28"],
  },
  {
    guarantees: "a question is asked, and the day of the answer is told with it",
    requestKind: "access",
    content: { kind: "clarification", question: "Which of your two shops is it about?" },
    mustSay: ["who", "contact", "reference", "complaint", "due"],
    says: ["Which of your two shops is it about?"],
    days: ["2026-12-28"],
  },
  {
    guarantees: "an extension says why, from when and until when",
    requestKind: "access",
    content: {
      kind: "extension",
      reason: "Your messages of nine years are in an old system.",
      earlierLastDay: "2026-12-28",
      lastDay: "2027-03-01",
    },
    mustSay: ["who", "contact", "reference", "complaint", "due", "reason"],
    says: ["Your messages of nine years are in an old system."],
    days: ["2026-12-28", "2027-03-01"],
  },
  {
    guarantees: "who can fetch their archive gets the link and no passcode",
    requestKind: "access",
    content: {
      kind: "ready",
      url: "https://consent.shop.example/a/tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ",
      until: new Date("2026-12-11T09:30:00Z"),
    },
    mustSay: ["who", "contact", "reference", "complaint", "link", "due"],
    says: ["https://consent.shop.example/a/tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ3tFZ"],
    days: [],
  },
  {
    guarantees: "a refusal says why",
    requestKind: "erasure",
    content: { kind: "refusal", reason: "An open invoice has to be kept." },
    mustSay: ["who", "contact", "reference", "complaint", "reason"],
    says: ["An open invoice has to be kept."],
    days: [],
  },
  {
    guarantees: "a refusal names the provision that it rests on",
    requestKind: "access",
    content: { kind: "refusal", reason: "It is about somebody else.", legalGround: "Part 8 of Article 14" },
    mustSay: ["who", "contact", "reference", "complaint", "reason", "ground"],
    says: ["It is about somebody else.", "Part 8 of Article 14"],
    days: [],
  },
  {
    guarantees: "after an erasure the person knows what stays, why and until when",
    requestKind: "erasure",
    content: {
      kind: "erasure_done",
      erasedOn: "2026-12-01",
      stays: [
        { what: "Invoices", why: "Tax law asks for them.", until: "2036-12-31" },
        { what: "Your no to messages", why: "Else you could be written to again." },
      ],
    },
    mustSay: ["who", "contact", "reference", "complaint", "due", "stays", "stays", "stays", "stays"],
    says: [
      "• Invoices: Tax law asks for them.",
      "• Your no to messages: Else you could be written to again.",
    ],
    days: ["2026-12-01", "2036-12-31"],
  },
  {
    guarantees: "after an erasure that left nothing the letter says so",
    requestKind: "erasure",
    content: { kind: "erasure_done", erasedOn: "2026-12-01", stays: [] },
    mustSay: ["who", "contact", "reference", "complaint", "due"],
    says: [],
    days: ["2026-12-01"],
  },
  {
    guarantees: "a person is told before a restriction is lifted, and why",
    requestKind: "restriction",
    content: { kind: "restriction_lifted", liftedOn: "2026-12-15", reason: "The address was corrected." },
    mustSay: ["who", "contact", "reference", "complaint", "reason", "due"],
    says: ["The address was corrected."],
    days: ["2026-12-15"],
  },
  {
    guarantees: "who asked for a correction is told what was done",
    requestKind: "rectification",
    content: { kind: "done", what: "Your name is Anna with one n." },
    mustSay: ["who", "contact", "reference", "complaint"],
    says: ["Your name is Anna with one n."],
    days: [],
  },
];

/** Every law that letters have words of their own for, where they send complaints, and one that nobody knows. */
export const laws: readonly {
  readonly regime: string;
  readonly complaintTo: Readonly<Record<"en" | "ru", string>>;
}[] = [
  { regime: "gdpr", complaintTo: { en: "Data Protection Commission", ru: "Data Protection Commission" } },
  { regime: "uk-gdpr", complaintTo: { en: "ICO", ru: "ICO" } },
  { regime: "ru-152fz", complaintTo: { en: "Roskomnadzor", ru: "Роскомнадзор" } },
  { regime: "ccpa", complaintTo: { en: "California Privacy Protection Agency", ru: "CPPA" } },
  { regime: "lgpd", complaintTo: { en: "ANPD", ru: "ANPD" } },
  { regime: "pipeda", complaintTo: { en: "Privacy Commissioner of Canada", ru: "Канады" } },
  { regime: "kvkk", complaintTo: { en: "KVKK", ru: "KVKK" } },
  { regime: "ch-fadp", complaintTo: { en: "FDPIC", ru: "FDPIC" } },
  { regime: "za-popia", complaintTo: { en: "Information Regulator", ru: "Южной Африки" } },
  { regime: "ua-2297", complaintTo: { en: "Ukrainian Parliament Commissioner", ru: "Верховной Рады" } },
  {
    regime: "some-new-law",
    complaintTo: { en: "Data Protection Commission", ru: "Data Protection Commission" },
  },
];
