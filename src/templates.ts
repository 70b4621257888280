import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { IntlMessageFormat } from "intl-messageformat";
import { type Language, languages } from "./kernel/language.ts";

/** Values that a message's placeholders stand for. */
export type MessageValues = Readonly<Record<string, string | number | boolean>>;

/** The templates and messages of one area: what people read and a business may rebrand. */
export interface Templates {
  /**
   * Renders `templates/<area>/<name>.hbs`. Every value is escaped; a field that the template prints and `data`
   * lacks is an error, never an empty place. Dates show in `timeZone` (IANA name, UTC when left out).
   */
  render(name: string, data: object, language: Language, timeZone?: string): string;
  /** One message of the area's catalogue, as plain text. An unknown key or a missing value is an error. */
  message(key: string, language: Language, values?: MessageValues): string;
  /** Whether the catalogue has a message of this key. */
  hasMessage(key: string): boolean;
}

const root = fileURLToPath(new URL("../templates", import.meta.url));

/**
 * Reads, checks and compiles `<folder>/<area>/*.hbs` with the shared `<folder>/partials/*.hbs` and the area's
 * catalogues `<folder>/messages/<area>.<language>.json` (ICU messages). In a template:
 *
 * - `{{t "key" name=value}}` is a message; its placeholders come from the named values.
 * - `{{date value}}`, `{{dateTime value}}` are an ISO 8601 instant's day, or day and time to the second.
 * - `{{number value}}` is a number with the language's grouping.
 * - `@language` and `@timeZone` are what `render` was called with.
 * - `{{> partials/name}}` is a shared partial; a template of the area goes by its own name.
 *
 * Throws when a template prints something unescaped, names an unknown helper, partial or message, or when a
 * language lacks a message that another has: a page is wrong when the service starts, not when a person opens it.
 */
export function loadTemplates(area: string, folder: string = root): Templates {
  const catalogues = readCatalogues(area, folder);
  const engine = Handlebars.create();
  const delegates = new Map<string, Handlebars.TemplateDelegate>();

  const message = (key: string, language: Language, values?: MessageValues): string =>
    messageOf(catalogues, area, key, language, values);

  engine.registerHelper("t", (key: string, options: Handlebars.HelperOptions) =>
    message(key, options.data.language, options.hash),
  );
  engine.registerHelper("date", (value: string, options: Handlebars.HelperOptions) =>
    formatInstant(value, "date", options.data.language, options.data.timeZone),
  );
  engine.registerHelper("dateTime", (value: string, options: Handlebars.HelperOptions) =>
    formatInstant(value, "dateTime", options.data.language, options.data.timeZone),
  );
  engine.registerHelper("number", (value: number, options: Handlebars.HelperOptions) =>
    formatNumber(value, options.data.language),
  );

  const own = readTemplates(join(folder, area), "");
  const shared = readTemplates(join(folder, "partials"), "partials/");
  const sources = new Map([...own, ...shared]);
  const checked = new Set<string>();
  const check = (name: string, usedIn: string): void => {
    if (checked.has(name)) return;
    checked.add(name);
    const program = sources.get(name);
    if (program === undefined)
      throw new Error(`${usedIn} names the partial "${name}", which does not exist.`);
    // Compiling waits for the first use; precompiling does not, and throws what compiling would.
    engine.precompile(program, compileOptions);
    const reader = new TemplateReader(name);
    reader.accept(program);
    for (const key of reader.messages) {
      if (!catalogues.en.has(key))
        throw new Error(`${name} names the message "${key}", which does not exist.`);
    }
    for (const partial of reader.partials) check(partial, name);
  };
  for (const name of own.keys()) check(name, area);
  for (const name of checked) {
    const delegate = engine.compile(sources.get(name), compileOptions);
    engine.registerPartial(name, delegate);
    delegates.set(name, delegate);
  }

  return {
    render(name, data, language, timeZone = "UTC") {
      const delegate = delegates.get(name);
      if (delegate === undefined) throw new Error(`There is no template "${name}" in ${area}.`);
      return delegate(data, { data: { language, timeZone } });
    },
    message,
    hasMessage: (key) => catalogues.en.has(key),
  };
}

/** One message of an area's catalogue in every language, as plain text. Throws when there is none of this key. */
export function messageInAll(area: string, key: string, values?: MessageValues): readonly string[] {
  const catalogues = readCatalogues(area, root);
  return languages.map((language) => messageOf(catalogues, area, key, language, values));
}

function messageOf(
  catalogues: Readonly<Record<Language, Catalogue>>,
  area: string,
  key: string,
  language: Language,
  values: MessageValues | undefined,
): string {
  const entry = catalogues[language].get(key);
  if (entry === undefined) throw new Error(`There is no message "${key}" in ${area}.${language}.json.`);
  return typeof entry === "string" ? entry : String(entry.format({ ...values }));
}

const compileOptions = {
  strict: true,
  preventIndent: true,
  knownHelpersOnly: true,
  knownHelpers: { t: true, date: true, dateTime: true, number: true },
} as const;

function readTemplates(folder: string, prefix: string): Map<string, hbs.AST.Program> {
  const templates = new Map<string, hbs.AST.Program>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".hbs")) continue;
    const name = `${prefix}${basename(file, ".hbs")}`;
    const text = readFileSync(join(folder, file), "utf8");
    try {
      templates.set(name, Handlebars.parse(text, { srcName: name }));
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return templates;
}

/** Collects what a template names, and refuses what would print a value unescaped. */
class TemplateReader extends Handlebars.Visitor {
  readonly name: string;
  readonly messages = new Set<string>();
  readonly partials = new Set<string>();

  constructor(name: string) {
    super();
    this.name = name;
  }

  override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
    if (!mustache.escaped) {
      throw new Error(`${this.name}, line ${mustache.loc.start.line}: a value is printed unescaped.`);
    }
    this.readMessage(mustache);
    super.MustacheStatement(mustache);
  }

  override SubExpression(expression: hbs.AST.SubExpression): void {
    this.readMessage(expression);
    super.SubExpression(expression);
  }

  override PartialStatement(partial: hbs.AST.PartialStatement): void {
    if ("original" in partial.name) this.partials.add(partial.name.original);
    super.PartialStatement(partial);
  }

  override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
    if ("original" in partial.name) this.partials.add(partial.name.original);
    super.PartialBlockStatement(partial);
  }

  private readMessage(call: hbs.AST.MustacheStatement | hbs.AST.SubExpression): void {
    const [key] = call.params;
    if ("original" in call.path && call.path.original === "t" && key !== undefined && isStringLiteral(key)) {
      this.messages.add(key.value);
    }
  }
}

function isStringLiteral(expression: hbs.AST.Expression): expression is hbs.AST.StringLiteral {
  return expression.type === "StringLiteral";
}

/** Messages without placeholders are kept as the text that they are. */
type Catalogue = ReadonlyMap<string, IntlMessageFormat | string>;

function readCatalogues(area: string, folder: string): Readonly<Record<Language, Catalogue>> {
  const read = (language: Language): Catalogue => {
    const file = join(folder, "messages", `${area}.${language}.json`);
    const messages: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (messages === null || typeof messages !== "object") throw new Error(`${file} is not an object.`);
    return new Map(Object.entries(messages).map(([key, text]) => [key, readMessage(String(text), language)]));
  };
  const catalogues = { en: read("en"), ru: read("ru") } satisfies Record<Language, Catalogue>;
  const all = new Set(languages.flatMap((language) => [...catalogues[language].keys()]));
  for (const language of languages) {
    const missing = [...all].filter((key) => !catalogues[language].has(key));
    if (missing.length > 0) throw new Error(`${area}.${language}.json lacks ${missing.join(", ")}.`);
  }
  return catalogues;
}

function readMessage(text: string, language: Language): IntlMessageFormat | string {
  const format = new IntlMessageFormat(text, locales[language], undefined, { ignoreTag: true });
  return format.getAst().every((element) => element.type === literal) ? String(format.format()) : format;
}

/** The kind of an ICU message's element that is plain text. */
const literal = 0;

/** English dates are written day first with a 24-hour clock: readable the same everywhere. */
const locales: Readonly<Record<Language, string>> = { en: "en-GB", ru: "ru-RU" };

const instantStyles = {
  date: { day: "numeric", month: "long", year: "numeric" },
  dateTime: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** A UTC day in a zone: what stands before the clock until its midnight and after it, and the clock at its start. */
interface ShownDay {
  readonly before: string;
  readonly after: string;
  readonly startSeconds: number;
}

const instantFormats = new Map<string, (instant: string) => string>();

/** An ISO 8601 instant as a person reads it: its day, or day and time to the second, in a time zone. */
export function formatInstant(
  instant: string,
  style: keyof typeof instantStyles,
  language: Language,
  timeZone: string,
): string {
  return instantFormat(style, language, timeZone)(instant);
}

/** `formatInstant` for many instants. */
export function instantFormat(
  style: keyof typeof instantStyles,
  language: Language,
  timeZone: string,
): (instant: string) => string {
  const key = `${style} ${language} ${timeZone}`;
  const known = instantFormats.get(key);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat(locales[language], { ...instantStyles[style], timeZone });
  const days = new Map<number, ShownDay | null>();
  const made =
    style === "dateTime"
      ? (instant: string) => dayAndTime(Date.parse(instant), format, days)
      : (instant: string) => format.format(Date.parse(instant));
  instantFormats.set(key, made);
  return made;
}

const daySeconds = 24 * 3600;
const mostDays = 10_000;

/**
 * What Intl says, and twenty times as fast for a report with many instants: Intl is asked about the start and the end of
 * a UTC day, and between them the clock only counts on. `days` remembers; null is a day on which the zone's clock is put
 * forward or back.
 */
function dayAndTime(at: number, format: Intl.DateTimeFormat, days: Map<number, ShownDay | null>): string {
  const seconds = Math.floor(at / 1000);
  const day = Math.floor(seconds / daySeconds);
  let shown = days.get(day);
  if (shown === undefined) {
    shown = shownDay(day, format);
    if (days.size >= mostDays) days.clear();
    days.set(day, shown);
  }
  if (shown === null || Number.isNaN(at)) return format.format(at);
  const clock = shown.startSeconds + seconds - day * daySeconds;
  return clock < daySeconds ? shown.before + clockText(clock) : shown.after + clockText(clock - daySeconds);
}

function shownDay(day: number, format: Intl.DateTimeFormat): ShownDay | null {
  const first = format.format(day * daySeconds * 1000);
  const last = format.format(((day + 1) * daySeconds - 1) * 1000);
  const startSeconds = clockSeconds(first);
  const endSeconds = clockSeconds(last);
  if (startSeconds === null || endSeconds !== (startSeconds + daySeconds - 1) % daySeconds) return null;
  return { before: first.slice(0, -8), after: last.slice(0, -8), startSeconds };
}

/** The clock at the end of a shown instant. */
function clockSeconds(shown: string): number | null {
  const [, hours, minutes, seconds] = /(\d\d):(\d\d):(\d\d)$/.exec(shown) ?? [];
  return hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function clockText(clock: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(Math.floor(clock / 3600))}:${two(Math.floor(clock / 60) % 60)}:${two(clock % 60)}`;
}

const numberFormats: Readonly<Record<Language, Intl.NumberFormat>> = {
  en: new Intl.NumberFormat(locales.en),
  ru: new Intl.NumberFormat(locales.ru),
};

/** A number with the language's grouping. */
function formatNumber(value: number, language: Language): string {
  return numberFormats[language].format(value);
}
