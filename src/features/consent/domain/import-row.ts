import { Temporal } from "temporal-polyfill";
import { channels } from "../../../kernel/channels.ts";
import type { FieldError } from "../../../kernel/errors.ts";
import {
  fieldOfKind,
  type Identifier,
  type IdentifierInput,
  type IdentifierKind,
  readIdentifiers,
  readTypedPhone,
} from "../../../kernel/identifier.ts";
import { parseId } from "../../../kernel/ids.ts";
import { languageTag } from "../../../kernel/language.ts";
import { limits } from "../../../kernel/limits.ts";
import { addSeconds, wholeSecond } from "../../../kernel/time.ts";
import { type ConsentState, readState } from "./dpv.ts";
import type { ImportField, ImportMapping, RowFields } from "./import-mapping.ts";

/** What proves an imported consent. */
export type ImportProof = "reported" | "legacy" | "unproven";

/** A wording that people were shown, as much of it as a row is held against. */
export interface ShownVersion {
  /** Uuid. */
  readonly collectionPointId: string;
  readonly version: number;
  readonly purposes: readonly string[];
  readonly channels: readonly string[];
  readonly createdAt: Date;
}

/** The evidence for a whole list that was collected before Sayso. */
export interface LegacyList {
  readonly collectionPointId: string;
  readonly version: number;
  readonly purposes: readonly string[];
  readonly channels: readonly string[];
  readonly language: string;
  readonly collectedFrom: Date;
  readonly collectedUntil: Date;
}

/** What rows are held against. */
export interface RowSetting {
  readonly mapping: Pick<ImportMapping, "columns" | "constants" | "values" | "country" | "timeZone">;
  readonly now: Date;
  readonly purposes: ReadonlyMap<
    string,
    { readonly doubleOptIn: boolean; readonly validityDays: number | null }
  >;
  /** By the collection point's uuid. */
  readonly versions: ReadonlyMap<string, readonly ShownVersion[]>;
  readonly legacy: LegacyList | undefined;
}

/** A consent as a row says it, fit to be recorded. */
export interface ImportRow {
  /** The uuid that the row says its event has. */
  readonly id: string | null;
  readonly identifiers: readonly Identifier[];
  readonly channel: string;
  readonly purpose: string;
  /** As the row says it. */
  readonly state: ConsentState;
  readonly reportedState: "given" | "withdrawn" | "refused";
  /** What a yes is stored as when nothing stands against it. */
  readonly yesState: "given" | "requested";
  /** Null: a no of an unknown time counts from when it is recorded. */
  readonly occurredAt: Date | null;
  readonly validityDays: number | null;
  readonly proof: ImportProof;
  readonly shown: { readonly collectionPointId: string; readonly version: number } | null;
  readonly indication: string | null;
  readonly language: string | null;
  /** What is sealed; null: nothing of it was said. */
  readonly sealed: {
    readonly pageUrl?: string;
    readonly ipAddress?: string;
    readonly userAgent?: string;
    readonly operator?: string;
    readonly evidence?: unknown;
  } | null;
}

/** How people showed that they agree. */
export const indications = ["ticked", "submitted", "clicked", "wrote", "said", "signed"] as const;
const identifierFields = ["phone", "waId", "bsuid", "parentBsuid", "email", "externalId"] as const;
/** What only a row itself can say of the person's own doing, and how long it may be. */
const traceLengths = { pageUrl: 2_000, ipAddress: 45, userAgent: 1_000, operator: 200 } as const;
const traces = Object.keys(traceLengths) as (keyof typeof traceLengths)[];
const isPage = (text: string) => /^https?:/i.test(text.trim()) && URL.canParse(text.trim());
const ipAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/;

/**
 * What proves an imported consent: wording, indication and a trace of the person in the row itself, as the recording of
 * a single one asks for them (GDPR Art. 7(1)); or the evidence for the whole list. What is the same in every row traces
 * nobody. An import never shows the person's own doing: `demonstrated` is not among the answers.
 */
function proofOf(row: {
  readonly isLegacy: boolean;
  readonly namesWording: boolean;
  readonly indication: string | null;
  readonly hasTrace: boolean;
}): ImportProof {
  if (row.isLegacy) return "legacy";
  return row.namesWording && row.indication !== null && row.hasTrace ? "reported" : "unproven";
}

/** Our word for one of the file's; of a record's own members alone, so that no cell finds `constructor`. */
function wordFor(words: Readonly<Record<string, string>> | undefined, word: string): string {
  return (words !== undefined && Object.hasOwn(words, word) ? words[word] : undefined) ?? word;
}

/** What programs write where there is nothing, in lower case without signs: NULL, N/A, \N. */
const fillers = new Set(["", "null", "na", "n", "none", "nil", "nan", "undefined", "false", "no", "нет"]);

/** Whether something in a value is more than blanks, signs and fillers. What is spoilt is for others to refuse. */
function saysSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(saysSomething);
  const text = String(value ?? "");
  return /[\p{Cs}\ufffd\0]/u.test(text) || !fillers.has(text.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase());
}

/** The purpose and the collection point (uuid) that a row names: what it is held against must be known before. */
export function namesOf(own: RowFields, { constants, values }: RowSetting["mapping"]) {
  const said = (field: ImportField): string | undefined => {
    const value = own[field];
    if (typeof value !== "string" || value === "") return (constants as Record<string, string>)[field];
    return wordFor(values[field], value);
  };
  return { purpose: said("purpose"), collectionPointId: parseId("cpt", said("collectionPointId") ?? "") };
}

/**
 * Reads a row. Answers with what is wrong with it, with a pointer for each place, when it cannot be taken:
 *
 * - a row is a yes without saying so only where nothing says a state: an empty cell is no yes.
 * - a yes needs a time; a list's own evidence gives it one, its end. A no is taken without.
 * - a yes is never dated before its evidence: not before the wording existed, the evidence's own date, or the time from
 *   which a legacy list was collected; and not after the time until which it was.
 * - of a day without an hour its first instant counts for a yes, its last for a no: in doubt the no is the later one.
 */
export function readImportRow(row: RowFields, setting: RowSetting): ImportRow | readonly FieldError[] {
  const own: RowFields = {
    ...row,
    ...Object.fromEntries(
      [...traces, "evidence" as const].flatMap((field) => (saysSomething(row[field]) ? [] : [[field, ""]])),
    ),
  };
  const errors: FieldError[] = [];
  const refuse = (field: string, message: string) => void errors.push({ pointer: `/${field}`, message });
  const { mapping, now, legacy } = setting;
  const constants: RowFields = mapping.constants;
  const said = (field: ImportField): string | undefined => {
    let value = own[field];
    if (value === undefined || value === null || value === "") value = constants[field];
    if (value === undefined || value === null || value === "") return undefined;
    const text = typeof value === "string" ? value : String(value);
    if (typeof value === "object") refuse(field, "A text is expected here.");
    if (text.includes("\ufffd") || text.includes("\0") || !text.isWellFormed())
      refuse(field, "This is no readable text. Save the file as UTF-8.");
    return wordFor(mapping.values[field], text);
  };
  const oneOf = (field: ImportField, words: readonly string[]): string | undefined => {
    const word = said(field);
    if (word === undefined || words.includes(word)) return word;
    refuse(field, `One of ${words.join(", ")}.`);
    return undefined;
  };

  const named = readPeople(said, mapping.country ?? null, refuse);
  const channel = oneOf("channel", channels) ?? "whatsapp";
  const purposeKey = said("purpose");
  const purpose = setting.purposes.get(purposeKey ?? "");
  if (purposeKey === undefined) refuse("purpose", "Say to what: a purpose's key.");
  else if (purpose === undefined) refuse("purpose", "There is no such purpose.");

  const hasState = own.state !== undefined || mapping.columns?.state !== undefined;
  const word = said("state") ?? (hasState ? wordFor(mapping.values.state, "") : "given");
  const state = readState(word);
  const isYes = state === "given" || state === "requested";
  const isNo = state === "withdrawn" || state === "refused" || state === "revoked" || state === "invalidated";
  if (!isYes && !isNo)
    refuse(
      "state",
      word === ""
        ? "This says neither yes nor no. Say in the mapping what an empty cell means (values.state) or leave the row out."
        : "One of given, requested, withdrawn, refused, revoked, invalidated, or as DPV names them.",
    );

  // A no is taken from every number and address that the person goes by.
  const identifiers = isNo ? [...named, ...readOthers(own.otherIdentifiers, refuse)] : named;

  const indication = oneOf("indication", indications) ?? null;
  const language = said("language") ?? null;
  if (language !== null && (language.length > 35 || !languageTag.test(language)))
    refuse("language", "A language tag such as en, ru or pt-BR.");

  const sealed: Record<string, unknown> = {};
  for (const field of traces) {
    const text = said(field);
    if (text === undefined) continue;
    if (text.length > traceLengths[field]) refuse(field, `At most ${traceLengths[field]} characters.`);
    if (field === "ipAddress" && !ipAddress.test(text)) refuse(field, "Not an IP address.");
    sealed[field] = text;
  }
  const evidence = readEvidence(own.evidence, refuse);
  if (evidence !== undefined) sealed.evidence = evidence;
  const hasTrace =
    evidence !== undefined ||
    traces.some((field) => saysSomething(own[field]) && (field !== "pageUrl" || isPage(String(own.pageUrl))));

  const occurredAt = readTime("occurredAt", said, mapping.timeZone, isYes ? "first" : "last", refuse);
  const evidenceAt = readTime("evidenceAt", said, mapping.timeZone, "first", refuse);
  const shown = readShown(said, setting, { channel, purpose: purposeKey, isYes }, refuse);
  const at = occurredAt ?? (isYes && legacy !== undefined ? legacy.collectedUntil : undefined);

  if (at === undefined && isYes && errors.every(({ pointer }) => pointer !== "/occurredAt"))
    refuse("occurredAt", "Say when: a yes of an unknown time is none.");
  const isAhead = at !== undefined && at.getTime() > addSeconds(now, limits.clockSkewSeconds).getTime();
  if (isYes && isAhead) refuse("occurredAt", "This lies in the future.");
  if (isYes && at !== undefined) {
    if (evidenceAt !== undefined && at.getTime() < wholeSecond(evidenceAt))
      refuse("occurredAt", "This lies before the evidence for it.");
    if (shown !== undefined && legacy === undefined && at.getTime() < wholeSecond(shown.createdAt))
      refuse("occurredAt", "The wording did not exist yet at that time.");
    if (legacy !== undefined && at.getTime() < wholeSecond(legacy.collectedFrom))
      refuse("occurredAt", "This lies before the time from which the list was collected.");
    if (legacy !== undefined && at.getTime() > legacy.collectedUntil.getTime())
      refuse("occurredAt", "This lies after the time until which the list was collected.");
  }

  const id = said("id");
  if (errors.length > 0 || purpose === undefined || purposeKey === undefined || state === undefined)
    return errors;
  return {
    id: id === undefined ? null : (parseId("cns", id) ?? null),
    identifiers,
    channel,
    purpose: purposeKey,
    state,
    reportedState: isYes ? "given" : state === "refused" ? "refused" : "withdrawn",
    yesState: purpose.doubleOptIn || state === "requested" ? "requested" : "given",
    occurredAt: at === undefined || isAhead ? null : at,
    validityDays: purpose.validityDays,
    proof: proofOf({
      isLegacy: legacy !== undefined,
      namesWording: shown !== undefined,
      indication,
      hasTrace,
    }),
    shown:
      shown === undefined ? null : { collectionPointId: shown.collectionPointId, version: shown.version },
    indication,
    language: language ?? legacy?.language ?? null,
    sealed: Object.keys(sealed).length === 0 ? null : sealed,
  };
}

type Said = (field: ImportField) => string | undefined;
type Refuse = (field: string, message: string) => void;

function readPeople(said: Said, country: string | null, refuse: Refuse): readonly Identifier[] {
  const input: { -readonly [Field in keyof IdentifierInput]: IdentifierInput[Field] } = {};
  let isNamed = false;
  for (const field of identifierFields) {
    const value = said(field);
    if (value === undefined) continue;
    isNamed = true;
    input[field] = field === "phone" && country !== null ? (readTypedPhone(value, country) ?? value) : value;
  }
  if (!isNamed) refuse("phone", "Name the person: a phone number or another identifier.");
  const { identifiers, unreadable } = readIdentifiers(input);
  for (const { field, message } of unreadable) refuse(field, message);
  return identifiers;
}

/** Further identifiers as an export has them: `[{"kind": "phone", "value": "+79161234567"}]`, as JSON in a CSV cell. */
function readOthers(value: unknown, refuse: Refuse): readonly Identifier[] {
  if (value === undefined || value === null || value === "") return [];
  try {
    const others: unknown = typeof value === "string" ? JSON.parse(value) : value;
    return (others as { kind: IdentifierKind; value: string }[]).map((other) => {
      const { identifiers } = readIdentifiers({ [fieldOfKind[other.kind]]: other.value });
      if (identifiers[0] === undefined) throw new TypeError("Unreadable.");
      return identifiers[0];
    });
  } catch {
    refuse("otherIdentifiers", 'Write it like [{"kind": "phone", "value": "+79161234567"}].');
    return [];
  }
}

function readEvidence(value: unknown, refuse: Refuse): unknown {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "object") {
    if (JSON.stringify(value).length > limits.textLength)
      refuse("evidence", `At most ${limits.textLength} characters.`);
    return value;
  }
  const text = String(value);
  if (text.length > limits.textLength) refuse("evidence", `At most ${limits.textLength} characters.`);
  if (text.includes("\ufffd") || text.includes("\0") || !text.isWellFormed())
    refuse("evidence", "This is no readable text. Save the file as UTF-8.");
  if (!text.startsWith("{") || text.length > limits.textLength) return text;
  try {
    const read: unknown = JSON.parse(text);
    return saysSomething(read) ? read : undefined;
  } catch {
    return text;
  }
}

function readShown(
  said: Said,
  { versions, legacy }: RowSetting,
  to: { readonly channel: string; readonly purpose: string | undefined; readonly isYes: boolean },
  refuse: Refuse,
): ShownVersion | undefined {
  const [pointId, number] = [said("collectionPointId"), said("version")];
  const covers = (shown: Pick<ShownVersion, "purposes" | "channels">, what: string) => {
    if (to.purpose !== undefined && !shown.purposes.includes(to.purpose))
      refuse("purpose", `${what} does not ask for that purpose.`);
    if (!shown.channels.includes(to.channel)) refuse("channel", `${what} does not ask for that channel.`);
  };
  if (legacy !== undefined) {
    if (pointId !== undefined)
      refuse("collectionPointId", "The evidence for the whole list has the wording: leave this out.");
    if (to.isYes) covers(legacy, "The wording of the list");
    return { ...legacy, createdAt: legacy.collectedFrom };
  }
  if (pointId === undefined) return undefined;
  const ofPoint = versions.get(parseId("cpt", pointId) ?? "");
  if (ofPoint === undefined) {
    refuse("collectionPointId", "There is no such collection point.");
    return undefined;
  }
  const shown = ofPoint.find(({ version }) => String(version) === number);
  if (shown === undefined) refuse("version", "This collection point has no such version.");
  else if (to.isYes) covers(shown, "This version");
  return shown;
}

const dateAndTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;
const dateAlone = /^\d{4}-\d\d-\d\d$/;

function readTime(
  field: "occurredAt" | "evidenceAt",
  said: Said,
  timeZone: string | undefined,
  ofDay: "first" | "last",
  refuse: Refuse,
): Date | undefined {
  const text = said(field);
  if (text === undefined) return undefined;
  const read = instantOf(text.trim(), timeZone, ofDay);
  if (read === undefined)
    refuse(
      field,
      "Write it like 2024-01-31T12:00:00Z; without an offset, or as a day, when the mapping has a timeZone.",
    );
  return read;
}

function instantOf(text: string, timeZone: string | undefined, ofDay: "first" | "last"): Date | undefined {
  const offset = dateAndTime.exec(text)?.[1];
  if (offset !== undefined) {
    const instant = new Date(text.replace(" ", "T").replace(",", "."));
    return isDay(text) && !Number.isNaN(instant.getTime()) ? instant : undefined;
  }
  if (timeZone === undefined || !isDay(text)) return undefined;
  try {
    if (dateAlone.test(text)) {
      const day = Temporal.PlainDate.from(text);
      const start = (date: Temporal.PlainDate) => date.toZonedDateTime(timeZone).epochMilliseconds;
      return new Date(ofDay === "first" ? start(day) : start(day.add({ days: 1 })) - 1);
    }
    if (!dateAndTime.test(text)) return undefined;
    const local = Temporal.PlainDateTime.from(text.replace(" ", "T").replace(",", "."));
    // Of an hour that comes twice, the earlier one for a yes and the later one for a no.
    const disambiguation = ofDay === "first" ? "earlier" : "later";
    return new Date(local.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds);
  } catch {
    return undefined;
  }
}

/** The calendar has this day: JavaScript would take 30 February for 1 March. */
function isDay(text: string): boolean {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  if (year === undefined || month === undefined || day === undefined || !(month >= 1 && month <= 12))
    return false;
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && year >= 1;
}
