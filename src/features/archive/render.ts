import { createHash } from "node:crypto";
import { languages } from "../../kernel/language.ts";
import { loadTemplates, type Templates } from "../../templates.ts";
import {
  countedRows,
  entryCount,
  isLong,
  type ReportPages,
  sectionPagePath,
  stretchPath,
} from "./domain/files.ts";
import type { Notice, ReportModel, Row, RowsSection, Section, Stretch } from "./domain/report-model.ts";
import { shownText } from "./domain/shown-text.ts";
import { createRowFiller } from "./fill-rows.ts";
import { createPresenter, type Presenter } from "./present.ts";
import type { Block, Field, Table, Value } from "./view.ts";

/** Rows of a long section that are shown as one table, under one heading. */
const rowsOfRun = 500;

/**
 * The readable files of an archive, from `templates/report/`. Make it once and keep it: the templates are read,
 * checked and compiled here. Pages run no script and ask for nothing from outside; their Content-Security-Policy
 * allows their own style, by its digest, and images that lie beside them.
 */
export function createReportPages(templates: Templates = loadTemplates("report")): ReportPages {
  const style = templates.render("style", {}, languages[0]);
  const styleHash = `sha256-${createHash("sha256").update(style).digest("base64")}`;
  return {
    index: (model) => () => indexPage(model, templates, styleHash),
    section: (model, section) => () => sectionPage(model, section, templates, styleHash),
    stretch: (model, section, stretch) => () => stretchPage(model, section, stretch, templates, styleHash),
    readme: (model) => readme(model, templates),
  };
}

async function* indexPage(
  model: ReportModel,
  templates: Templates,
  styleHash: string,
): AsyncGenerator<string> {
  const present = createPresenter(model, templates);
  const organizationName = shownText(model.organization.name);
  const sections = [];
  for (const section of model.sections) sections.push(await sectionOfIndex(section, present));
  const { dpo, supervisoryAuthority: authority, notice } = model;
  const data = {
    styleHash,
    title: present.message("title", { organization: organizationName }),
    intro: present.message("intro", { kind: model.kind, organization: organizationName }),
    failures: failures(model, present),
    organization: {
      name: organizationName,
      country: model.organization.country && present.country(model.organization.country),
    },
    dpo: dpo && { name: shownText(dpo.name), contact: shownText(dpo.contact) },
    authority: authority && { name: shownText(authority.name), link: webLink(authority.url) },
    identifiers: model.person.identifiers.map(({ kind, value }) => ({
      kind: present.word(kind),
      value: shownText(value),
    })),
    subjectId: model.person.subjectId,
    received: present.instant(model.receivedAt),
    made: present.instant(model.madeAt),
    requestId: model.requestId,
    regime: present.regime(model.regime),
    categories: model.sections
      .filter((section) => section.state !== "empty")
      .map((section) => present.sectionTitle(section)),
    ...noticeTables(notice, present),
    origins: notice.origins.map(({ name, description }) => ({
      name: shownText(name),
      description: shownText(description),
    })),
    automatedDecisions: notice.automatedDecisions && shownText(notice.automatedDecisions),
    contents: contents(model, present),
    sections,
    attachments: model.attachments.map(({ path, originalName, mediaType }) => ({
      path,
      href: encodeURI(path),
      mediaType: shownText(mediaType),
      originalName: shownText(originalName),
    })),
    signingKey: model.signingKey,
  };
  yield templates.render("index", data, model.language, model.timeZone);
}

/** What could not be read, by section; by source where no section of it is named. */
function failures(model: ReportModel, present: Presenter) {
  const sections = model.sections.filter((section) => section.state === "failed");
  const named = new Set(sections.map((section) => section.source));
  const sources = model.sources.filter((source) => source.state === "failed");
  return [
    ...sections.map((section) => ({ name: present.sectionTitle(section), missing: section.missing })),
    ...sources.filter((source) => !named.has(source.name)),
  ].map(({ name, missing }) => ({ name: shownText(name), missing: shownText(missing) }));
}

/** Only an address of the web may be a link, whatever an organization wrote. */
function webLink(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
}

function noticeTables(notice: Notice, present: Presenter) {
  const label = (key: string) => present.message(`notice.${key}`);
  const text = (stored: string | null): Value =>
    stored ? { text: shownText(stored) } : { none: present.message("notRecorded") };
  const table = (caption: string, rows: readonly (readonly Field[])[]): Table | null => {
    const [first] = rows;
    if (first === undefined) return null;
    return {
      caption: label(caption),
      isCaptionUnseen: true,
      isLog: false,
      columns: first.map((field) => field.label),
      rows: rows.map((row) => ({ cells: row.map((field) => ({ ...field, extras: [] })) })),
    };
  };
  return {
    purposes: table(
      "purposes",
      notice.purposes.map((purpose) => [
        { label: label("purpose"), value: text(purpose.name) },
        { label: label("meaning"), value: text(purpose.description) },
        { label: label("basis"), value: text(present.word(purpose.lawfulBasis)) },
        { label: label("messages"), value: text(present.word(purpose.category)) },
      ]),
    ),
    recipients: table(
      "recipients",
      notice.recipients.map((recipient) => [
        { label: label("recipient"), value: text(recipient.name) },
        { label: label("reason"), value: text(recipient.reason) },
        { label: label("country"), value: text(recipient.country && present.country(recipient.country)) },
        { label: label("safeguards"), value: text(recipient.safeguards) },
      ]),
    ),
    retention: table(
      "retention",
      notice.retention.map(({ data, period, starts, reason }) => [
        { label: label("data"), value: text(data) },
        {
          label: label("period"),
          value: text(
            period ? present.message(`period.${period.unit}`, { value: period.value }) : label("noPeriod"),
          ),
        },
        { label: label("starts"), value: text(starts) },
        { label: label("reason"), value: text(reason) },
      ]),
    ),
  };
}

/** How many entries a section has for a reader: its rows, or what a document of lists lists. Null for other documents. */
function countOf(section: Section): number | null {
  if (section.state === "rows") return section.count;
  if (section.state !== "document") return null;
  const members: readonly unknown[] = Object.values(section.document);
  const lists = members.filter((member) => Array.isArray(member));
  const isOfLists =
    lists.length > 0 && members.every((member) => member === null || typeof member === "object");
  if (isOfLists) return lists.reduce((sum, list) => sum + list.length, 0);
  return isLong(section) ? entryCount(section.document) : null;
}

function contents(model: ReportModel, present: Presenter) {
  const state = (section: Section): string => {
    if (section.state === "empty" || section.state === "failed") {
      return present.message(`contents.${section.state}`);
    }
    const count = countOf(section);
    if (count === null) return "";
    return present.message(isLong(section) ? "contents.ownPage" : "contents.count", { count });
  };
  return [
    ...model.sections.map((section) => ({
      href: `#${section.name}`,
      title: present.sectionTitle(section),
      state: state(section),
    })),
    ...(model.attachments.length === 0
      ? []
      : [
          {
            href: "#attachments",
            title: present.message("contents.attachments"),
            state: present.message("contents.count", { count: model.attachments.length }),
          },
        ]),
    { href: "#genuine", title: present.message("contents.genuine"), state: "" },
  ];
}

async function sectionOfIndex(section: Section, present: Presenter) {
  const title = present.sectionTitle(section);
  return {
    name: section.name,
    title,
    about: present.sectionAbout(section) ?? null,
    empty: section.state === "empty",
    failed:
      section.state === "failed"
        ? present.message("section.failed", {
            source: shownText(section.source),
            missing: shownText(section.missing),
          })
        : null,
    long: isLong(section)
      ? {
          href: sectionPagePath(section),
          text: present.message("section.long", { count: countOf(section) ?? 0 }),
        }
      : null,
    blocks: isLong(section) ? [] : await blocks(section, present, title),
  };
}

async function blocks(section: Section, present: Presenter, title: string): Promise<readonly Block[]> {
  if (section.state === "document") return present.documentBlocks(section);
  if (section.state !== "rows") return [];
  const rows: Row[] = [];
  for await (const page of countedRows(section)) rows.push(...page);
  return [present.rowsBlock(section, rows, 1, title)];
}

async function* sectionPage(
  model: ReportModel,
  section: Section,
  templates: Templates,
  styleHash: string,
): AsyncGenerator<string> {
  const present = createPresenter(model, templates);
  const render = (name: string, data: object) => templates.render(name, data, model.language, model.timeZone);
  const title = present.sectionTitle(section);
  const stretches = section.state === "rows" ? section.stretches : undefined;
  const back = { href: `../index.html#${section.name}`, text: present.message("backToReport") };
  yield render("section-start", {
    styleHash,
    title: `${title} · ${present.message("title", { organization: shownText(model.organization.name) })}`,
    heading: title,
    back,
    about: present.sectionAbout(section) ?? null,
    runs: section.state === "rows" && stretches === undefined ? runsOf(section, present) : [],
  });
  if (stretches !== undefined) {
    yield render("section-months", {
      months: stretches.map((stretch) => ({
        href: `${stretchPath(section, stretch)}.html`,
        title: present.stretchTitle(stretch),
        count: present.message("contents.count", { count: stretch.count }),
      })),
    });
  } else if (section.state === "rows") {
    yield* runs(section, section, present, render);
  } else {
    const caption = present.message("contents.count", { count: countOf(section) ?? 0 });
    yield render("section-run", { id: "all", caption, blocks: await blocks(section, present, title) });
  }
  yield render("section-end", { back });
}

async function* stretchPage(
  model: ReportModel,
  section: RowsSection,
  stretch: Stretch,
  templates: Templates,
  styleHash: string,
): AsyncGenerator<string> {
  const present = createPresenter(model, templates);
  const render = (name: string, data: object) => templates.render(name, data, model.language, model.timeZone);
  const heading = `${present.sectionTitle(section)}, ${present.stretchTitle(stretch)}`;
  const back = { href: `../${section.name}.html`, text: present.message("backToMonths") };
  yield render("section-start", {
    styleHash,
    title: `${heading} · ${present.message("title", { organization: shownText(model.organization.name) })}`,
    heading,
    back,
    about: null,
    runs: runsOf(stretch, present),
  });
  yield* runs(section, { ...stretch, name: section.name }, present, render);
  yield render("section-end", { back });
}

type Rows = Pick<RowsSection, "name" | "count" | "rows">;

async function* runs(
  section: RowsSection,
  rows: Rows,
  present: Presenter,
  render: (name: string, data: object) => string,
): AsyncGenerator<string> {
  const fill = createRowFiller((cells) => render("row", { cells }));
  for await (const run of rowsInRuns(rows)) {
    const { id, caption } = describeRun(rows, run.from, present);
    const block = present.rowsBlock(section, run.rows, run.from, caption);
    if ("table" in block) {
      yield render("log-start", { id, caption, table: block.table });
      yield block.table.rows.map(({ cells }) => fill(cells)).join("");
      yield render("log-end", {});
    } else {
      yield render("section-run", { id, caption, blocks: [block] });
    }
  }
}

function runsOf(rows: Pick<Rows, "count">, present: Presenter) {
  const count = Math.ceil(rows.count / rowsOfRun);
  return Array.from({ length: count }, (_, index) => describeRun(rows, index * rowsOfRun + 1, present));
}

function describeRun(rows: Pick<Rows, "count">, from: number, present: Presenter) {
  const to = Math.min(from + rowsOfRun - 1, rows.count);
  return {
    id: `from-${from}`,
    caption: present.message("section.rows", { from, to, count: rows.count }),
  };
}

async function* rowsInRuns(section: Rows): AsyncGenerator<{ from: number; rows: readonly Row[] }> {
  let from = 1;
  let rows: Row[] = [];
  for await (const page of countedRows(section)) {
    rows.push(...page);
    let taken = 0;
    for (; rows.length - taken >= rowsOfRun; taken += rowsOfRun) {
      yield { from, rows: rows.slice(taken, taken + rowsOfRun) };
      from += rowsOfRun;
    }
    rows = rows.slice(taken);
  }
  if (rows.length > 0) yield { from, rows };
}

/** README.txt: the same words in the person's language and in English. */
function readme(model: ReportModel, templates: Templates): string {
  const spoken = model.language === "en" ? [model.language] : [model.language, "en" as const];
  const parts = spoken.map((language) => {
    const present = createPresenter({ ...model, language }, templates);
    const line = (key: string, values = {}) => present.message(`readme.${key}`, values);
    const title = line("title", { organization: shownText(model.organization.name) });
    const made = present.instant(model.madeAt);
    const partial = failures(model, present).length > 0 ? [line("partial"), ""] : [];
    const files = ["index", "report", "sections", "attachments", "manifest"]
      .filter((file) => file !== "attachments" || model.attachments.length > 0)
      .map((file) => `  ${line(`file.${file}`)}`);
    return [
      title,
      "=".repeat(title.length),
      "",
      line("what", {
        requestId: model.requestId,
        madeAt: "shown" in made ? made.shown : model.madeAt,
        timeZone: model.timeZone,
      }),
      "",
      ...partial,
      line("open"),
      "",
      line("files"),
      ...files,
      "",
      line("genuine", { keyId: model.signingKey.id }),
      line("key", { url: model.signingKey.url }),
      "",
      line("care"),
      "",
    ].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}
