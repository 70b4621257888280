import { instantFormat, type Templates } from "../../templates.ts";
import type { DocumentSection, ReportModel, Row, Section, Stretch } from "./domain/report-model.ts";
import { shownText } from "./domain/shown-text.ts";
import {
  type Columns,
  codeFields,
  consentFields,
  mostColumns,
  requestFields,
  tables,
  tones,
  wordFields,
} from "./layout.ts";
import type { Block, Card, Cell, Field, Quote, Table, Value } from "./view.ts";
import { createWords, type Words } from "./words.ts";

/** Turns sections and their rows into what the templates show, in one language and time zone. */
export interface Presenter extends Words {
  sectionTitle(section: Section): string;
  /** The month, and which part of it. */
  stretchTitle(stretch: Stretch): string;
  /** Undefined where there is nothing to say beyond the title. */
  sectionAbout(section: Section): string | undefined;
  documentBlocks(section: DocumentSection): readonly Block[];
  /** One block for a run of rows of a section that Sayso fills; `from` is the first row's number, from 1. */
  rowsBlock(section: Section, rows: readonly Row[], from: number, caption: string): Block;
  instant(instant: string): Value;
}

const instantText = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** BCP 47, near enough for an attribute. */
const languageTag = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/;

export function createPresenter(model: ReportModel, templates: Templates): Presenter {
  const { language, timeZone } = model;
  const words = createWords(language, templates);
  const { message, label, word } = words;
  const none: Value = { none: message("none") };
  const notRecorded: Value = { none: message("notRecorded") };
  const purposeNames = new Map(model.notice.purposes.map(({ key, name }) => [key, name]));

  const shownInstant = instantFormat("dateTime", language, timeZone);
  const instant = (stored: string): Value => ({ instant: stored, shown: shownInstant(stored) });

  const value = (section: Section, field: string, stored: unknown): Value => {
    if (stored === null || stored === undefined || stored === "") return none;
    if (typeof stored === "boolean") return { text: message(stored ? "yes" : "no") };
    if (Array.isArray(stored)) {
      return stored.length === 0 ? none : { items: stored.map((item) => value(section, field, item)) };
    }
    if (typeof stored === "object") {
      const special = specialValue(section, field, stored);
      if (special !== undefined) return special;
      return Object.keys(stored).length === 0 ? none : { fields: fields(section, stored) };
    }
    const text = String(stored);
    if (/(?:At|Since|Until|^at)$/.test(field) && instantText.test(text) && !Number.isNaN(Date.parse(text))) {
      return instant(text);
    }
    return section.custom === undefined ? typedText(section, field, text) : { text: shownText(text) };
  };

  const typedText = (section: Section, field: string, text: string): Value => {
    if (field === "decision") return { badge: word(text), tone: text === "allow" ? "yes" : "no" };
    if (field === "language") return { text: words.language(text) };
    if (field === "regime") return { text: words.regime(text) };
    if (field === "purpose") return { text: shownText(purposeNames.get(text) ?? text) };
    if (field === "categories") return { text: words.section(text) };
    if (wordFields[section.name]?.has(field)) return { text: word(text, section.name) };
    return codeFields.has(field) ? { code: shownText(text) } : { text: shownText(text) };
  };

  /** Objects that are one fact to a reader: an identifier with its kind, a photo, a file, a reason (its code is for programs). */
  const specialValue = (section: Section, field: string, stored: object): Value | undefined => {
    const row: Row = { ...stored };
    if (section.name === "account" && field === "identifiers" && section.custom === undefined) {
      return { text: `${word(String(row.kind))}: ${shownText(String(row.value))}` };
    }
    if (section.name === "profile" && field === "photo" && typeof row.attachment === "string") {
      return { image: encodeURI(row.attachment), alternative: message("field.photo") };
    }
    if (section.name === "consents" && field === "attachments") {
      return { code: shownText(String(row.attachment)) };
    }
    if (section.name === "decisions" && field === "reasons") {
      return { text: shownText(String(row.message)) };
    }
    return undefined;
  };

  const fields = (section: Section, stored: object): readonly Field[] =>
    Object.entries(stored).map(([field, member]) => ({
      label: label(section, field),
      value: value(section, field, member),
    }));

  const table = (
    section: Section,
    columns: Columns,
    rows: readonly Row[],
    caption: string,
    isLog = false,
  ): Table => {
    const labels = columns.map((column) => label(section, column.field));
    const extraLabels = new Map(
      columns.flatMap((column) => (column.extras ?? []).map((field) => [field, label(section, field)])),
    );
    const cell = (row: Row, column: Columns[number], index: number): Cell => {
      const stored = row[column.field];
      return {
        label: labels[index] ?? column.field,
        value: stored === null && isLog ? notRecorded : value(section, column.field, stored),
        extras: (column.extras ?? [])
          // What says the same again (received the moment it was sent) only makes the rest harder to see.
          .filter((field) => row[field] !== null && row[field] !== undefined && row[field] !== stored)
          .map((field) => ({
            label: extraLabels.get(field) ?? field,
            value: value(section, field, row[field]),
          })),
      };
    };
    return {
      caption,
      isCaptionUnseen: isLog,
      isLog,
      columns: labels,
      rows: rows.map((row) => ({ cells: columns.map((column, index) => cell(row, column, index)) })),
    };
  };

  /** Of objects that are alike: a table where it is narrow, cards where it is not. */
  const objects = (
    section: Section,
    field: string,
    heading: string | undefined,
    list: readonly object[],
  ): Block => {
    const columns = [...new Set(list.flatMap((item) => Object.keys(item)))];
    const isFlat = list.every((item) => Object.values(item).every(isScalar));
    if (isFlat && columns.length <= mostColumns) {
      const rows = list.map((item): Row => ({ ...item }));
      const caption = heading ?? label(section, field);
      return {
        table: table(
          section,
          columns.map((name) => ({ field: name })),
          rows,
          caption,
        ),
      };
    }
    return {
      ...headed(heading),
      cards: list.map((item, index) => ({
        title: objectTitle(section, { ...item }, index + 1),
        fields: fields(section, item),
      })),
    };
  };

  const objectTitle = (section: Section, item: Row, number: number): string => {
    if (section.name !== "devices" || section.custom !== undefined) return message("item.entry", { number });
    const named = [item.manufacturer, item.model].filter((part) => typeof part === "string");
    return named.length > 0 ? shownText(named.join(" ")) : message("item.device", { number });
  };

  /** A row's fields as a card shows them: what is not recorded is left out. */
  const recorded = (section: Section, row: Row, names: readonly string[]): readonly Field[] =>
    names
      .filter((field) => row[field] !== null && row[field] !== undefined)
      .map((field) => ({ label: label(section, field), value: value(section, field, row[field]) }));

  const consentCard = (section: Section, row: Row): Card => {
    const purpose = isRow(row.purpose) ? row.purpose : {};
    const point = isRow(row.collectionPoint) ? row.collectionPoint : null;
    const state = String(row.state);
    const where = point && {
      collectionPoint: message("collectionPoint", {
        name: String(point.name),
        kind: word(String(point.kind)),
        version: String(point.version),
      }),
      collectionPointId: point.id,
      privacyNoticeUrl: point.privacyNoticeUrl,
    };
    return {
      title: shownText(String(purpose.name)),
      state: { badge: word(state, section.name), tone: tones[state] ?? "open" },
      ...(isRow(row.wording) && { quote: quote(row.wording) }),
      fields: recorded(section, { ...row, ...where, ...(isRow(row.list) && row.list) }, consentFields),
    };
  };

  const quote = (wording: Row): Quote => ({
    text: shownText(String(wording.text)),
    language: languageTag.test(String(wording.language)) ? String(wording.language) : "und",
    caption: message("wording.caption", { language: words.language(String(wording.language)) }),
    sha256: String(wording.sha256),
  });

  const requestCard = (section: Section, row: Row): Card => {
    const status = String(row.status);
    const history = Array.isArray(row.history) ? row.history.filter(isRow) : [];
    return {
      title: word(String(row.kind), section.name),
      state: { badge: word(status, section.name), tone: tones[status] ?? "open" },
      fields: recorded(section, { ...row, letters: lettersOf(row) }, requestFields),
      table: table(
        section,
        ["at", "event", "status", "note"].map((field) => ({ field })),
        history,
        message("field.history"),
      ),
    };
  };

  return {
    ...words,
    instant,
    sectionTitle: (section) =>
      section.custom ? shownText(section.custom.title) : words.section(section.name),
    stretchTitle: ({ month, number }) => message("section.month", { month: words.month(month), number }),
    sectionAbout: ({ name, custom }) => (custom ? undefined : words.about(name)),

    documentBlocks(section) {
      const simple: Field[] = [];
      const blocks: Block[] = [];
      const members = Object.entries(section.document);
      for (const [field, stored] of members) {
        // What is all that the section has goes by the section's own title.
        const heading = members.length === 1 ? undefined : label(section, field);
        if (Array.isArray(stored) && stored.length > 0 && field !== "identifiers") {
          const list: readonly unknown[] = stored;
          if (list.every(isObject)) blocks.push(objects(section, field, heading, list));
          else blocks.push({ ...headed(heading), values: list.map((item) => value(section, field, item)) });
        } else if (isRow(stored) && specialValue(section, field, stored) === undefined) {
          blocks.push({ ...headed(heading), fields: fields(section, stored) });
        } else {
          simple.push({ label: label(section, field), value: value(section, field, stored) });
        }
      }
      return simple.length > 0 ? [{ fields: simple }, ...blocks] : blocks;
    },

    rowsBlock(section, rows, from, caption) {
      if (section.name === "consents") return { cards: rows.map((row) => consentCard(section, row)) };
      if (section.name === "requests") return { cards: rows.map((row) => requestCard(section, row)) };
      if (section.name === "messages") {
        const shown = rows.map((row): Row => ({ ...row, what: row.status ?? row.kind }));
        return { table: table(section, tables.messages ?? [], shown, caption, true) };
      }
      const columns = tables[section.name];
      if (columns !== undefined) return { table: table(section, columns, rows, caption, true) };
      return {
        cards: rows.map((row, index) => ({
          title: message("item.entry", { number: from + index }),
          fields: fields(section, row),
        })),
      };
    },
  };
}

/** A request's letters with a paragraph each on its own; null where there are none. */
function lettersOf(row: Row): readonly Row[] | null {
  const letters = Array.isArray(row.letters) ? row.letters.filter(isRow) : [];
  return letters.length === 0
    ? null
    : letters.map((letter): Row => ({ ...letter, text: String(letter.text).split("\n\n") }));
}

function headed(heading: string | undefined): { heading?: string } {
  return heading === undefined ? {} : { heading };
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isRow(value: unknown): value is Row {
  return isObject(value);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== "object";
}
