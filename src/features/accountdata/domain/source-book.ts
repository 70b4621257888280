import { z } from "zod";
import { parseId } from "../../../kernel/ids.ts";
import { limits } from "../../../kernel/limits.ts";
import { hostOf, refusedTarget, type TargetRules } from "../../../kernel/target.ts";
import { type Dialect, readNamedQuery } from "./named-query.ts";
import { isReservedSection, isSectionName } from "./sections.ts";

/** What the file of sources is read with: the variables that it may name, and what may be sent to at all. */
interface BookSetting {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly targets: TargetRules;
}

const line = z
  .string()
  .min(1)
  .max(limits.nameLength)
  .regex(/^\P{Cc}+$/u, "One line of text is expected.");

const key = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "A field is called by letters, digits and underscores.");

/** RFC 6901; "" is the whole. */
const pointer = z
  .string()
  .max(500)
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, "Not a JSON pointer such as /profile/name.");

const sectionName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, "A section is called by small letters, digits and underscores.")
  .refine((name) => isSectionName(name) || !isReservedSection(name), "Sayso fills this section itself.");

const sectionsOf = <Section extends z.ZodType>(section: Section) =>
  z
    .record(sectionName, section)
    .refine((sections) => Object.keys(sections).length > 0, "Name at least one section that it fills.")
    .refine(
      (sections) => Object.keys(sections).length <= limits.sourceSections,
      `At most ${limits.sourceSections} sections.`,
    );

/** Rows become one list of the document, `values` of their first column only; without either there is one row. */
const shape = { list: key.optional(), values: key.optional() };
const isOneShape = ({ list, values }: { list?: string | undefined; values?: string | undefined }) =>
  list === undefined || values === undefined;
const oneShape = "Rows become a list or values, not both.";

const queried = (dialect: Dialect) =>
  z
    .strictObject({
      query: z
        .string()
        .min(1)
        .max(limits.textLength)
        .refine((text) => !text.includes("${"), "Variables have no place in a query.")
        .transform((text, context) => {
          const read = readNamedQuery(text, dialect);
          if (!("problem" in read)) return read;
          context.addIssue({ code: "custom", message: read.problem });
          return z.NEVER;
        }),
      ...shape,
    })
    .refine(isOneShape, oneShape);

const columnOf = z.union([
  line,
  z.strictObject({ column: line, as: z.enum(["text", "number", "boolean", "json"]) }),
]);

const notInClear = (what: string) => `Write the ${what} as $\{NAME} and set that variable.`;

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** What a header is called that lets somebody in. */
const secretHeader = /auth|cookie|key|secret|token|password/i;

/** The schema of the file, see ARCHITECTURE.md. What is `${NAME}` in it is taken from the variables. */
function bookSchema({ variables, targets }: BookSetting) {
  const filled = z
    .string()
    .min(1)
    .max(4_000)
    .transform((text, context) =>
      text.replaceAll(variable, (_, name: string) => {
        const value = variables[name];
        if (value === undefined || value === "")
          context.addIssue({ code: "custom", message: `The variable ${name} is not set.` });
        return value ?? "";
      }),
    );

  const databaseUrl = (schemes: RegExp, example: string) =>
    z
      .string()
      .refine(
        (text) => !/^[^/]*\/\/[^/@]*:[^/@]+@/.test(text.replaceAll(variable, "")),
        notInClear("password"),
      )
      .pipe(filled)
      .refine((text) => schemes.test(text) && URL.canParse(text), `Not a URL such as ${example}.`);

  const headers = z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, "Not a header's name."), z.string().max(4_000))
    .superRefine((all, context) => {
      for (const [name, value] of Object.entries(all)) {
        if (secretHeader.test(name) && value.search(variable) < 0)
          context.addIssue({
            code: "custom",
            path: [name],
            message: notInClear("secret"),
          });
      }
    })
    .pipe(z.record(z.string(), filled.pipe(z.string().regex(/^[\t\x20-\x7e]*$/, "Not a header's value."))));

  const web = z.strictObject({ url: filled, headers: headers.optional() });

  const common = {
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,39}$/, "A source is called by small letters, digits, _ and -, such as crm."),
    /** What people see in their report. */
    title: line.optional(),
    organization: z
      .string()
      .transform((id, context) => {
        const uuid = parseId("org", id);
        if (uuid !== undefined) return uuid;
        context.addIssue({ code: "custom", message: "Not an organization's id (org_…)." });
        return z.NEVER;
      })
      .optional(),
    /** Where it is told that data was rectified, erased or restricted. */
    notify: web.optional(),
  };
  const online = {
    ...common,
    timeoutSeconds: z
      .number()
      .positive()
      .max(limits.sourceTimeoutMostSeconds)
      .default(limits.sourceTimeoutSeconds),
  };
  const file = {
    ...common,
    timeoutSeconds: z
      .number()
      .positive()
      .max(limits.sourceFileTimeoutMostSeconds)
      .default(limits.sourceFileTimeoutSeconds),
    file: filled,
  };
  const matched = <Where extends z.ZodType>(where: Where) =>
    z
      .strictObject({ phone: where.optional(), email: where.optional(), externalId: where.optional() })
      .refine(
        (match) => Object.values(match).some((place) => place !== undefined),
        "Say where a row has phone, email or externalId.",
      );

  const source = z.discriminatedUnion("kind", [
    z.strictObject({
      ...online,
      kind: z.literal("postgresql"),
      url: databaseUrl(/^postgres(?:ql)?:\/\//, "postgresql://reader@db.shop.example/crm"),
      sections: sectionsOf(queried("postgresql")),
    }),
    z.strictObject({
      ...online,
      kind: z.literal("mysql"),
      url: databaseUrl(/^(?:mysql|mariadb):\/\//, "mysql://reader@db.shop.example/shop"),
      sections: sectionsOf(queried("mysql")),
    }),
    z.strictObject({
      ...online,
      kind: z.literal("http"),
      ...web.shape,
      sections: sectionsOf(z.strictObject({ at: pointer.default("") })),
    }),
    z.strictObject({
      ...file,
      kind: z.literal("csv"),
      delimiter: z.string().length(1).default(","),
      match: matched(line),
      sections: sectionsOf(
        z
          .strictObject({ fields: z.record(key, columnOf), ...shape })
          .refine(isOneShape, oneShape)
          .refine(({ fields }) => Object.keys(fields).length > 0, "Name at least one field."),
      ),
    }),
    z.strictObject({
      ...file,
      kind: z.literal("json"),
      match: matched(pointer),
      sections: sectionsOf(
        z
          .strictObject({ at: pointer.optional(), fields: z.record(key, pointer).optional(), ...shape })
          .refine(isOneShape, oneShape)
          .refine(
            ({ at, fields }) => at === undefined || fields === undefined,
            "A row becomes a document by `at` or by `fields`, not by both.",
          ),
      ),
    }),
  ]);

  return z
    .strictObject({
      /** The only hosts that HTTP sources are asked at, and told at. */
      hosts: z
        .array(z.string().max(253))
        .max(limits.sources)
        .default([])
        .transform((hosts) => hosts.map((host) => host.toLowerCase())),
      sources: z.array(source).min(1, "Name at least one source.").max(limits.sources),
    })
    .superRefine(({ hosts, sources }, context) => {
      for (const [n, { name }] of sources.entries()) {
        if (sources.findIndex((other) => other.name === name) < n)
          context.addIssue({
            code: "custom",
            path: ["sources", n, "name"],
            message: "Another source is called this.",
          });
      }
      for (const { url, path } of sources.flatMap(urlsOf)) {
        const refused = refusedUrl(url, hosts, targets);
        if (refused !== undefined) context.addIssue({ code: "custom", path, message: refused });
      }
    });
}

type Written = z.output<ReturnType<typeof bookSchema>>;

/** The sources of an installation, as the file describes them, secrets filled in. Plain values: they go to threads. */
export interface SourceBook {
  readonly hosts: readonly string[];
  readonly sources: readonly Source[];
}
export type Source = Written["sources"][number];
type SourceKind = Source["kind"];
export type SourceOf<Kind extends SourceKind> = Extract<Source, { kind: Kind }>;

/** What may be asked and told: hosts that the file lists, at private addresses only those that the environment allows. */
export function sourceTargets(hosts: readonly string[], targets: TargetRules): TargetRules {
  const allowed = hosts.filter((host) => targets.hosts?.includes(host) ?? true);
  return { hosts: allowed, privateHosts: targets.privateHosts.filter((host) => hosts.includes(host)) };
}

function urlsOf(source: Source, n: number) {
  return [
    ...(source.kind === "http" ? [{ url: source.url, path: ["sources", n, "url"] }] : []),
    ...(source.notify === undefined
      ? []
      : [{ url: source.notify.url, path: ["sources", n, "notify", "url"] }]),
  ];
}

function refusedUrl(url: string, hosts: readonly string[], targets: TargetRules): string | undefined {
  if (URL.canParse(url) && !hosts.includes(hostOf(url))) return "List its host under hosts: first.";
  return refusedTarget(url, sourceTargets(hosts, targets));
}

/** What is wrong at a place of the file. */
interface BookProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Reads what the file says. Every wrong place is answered, none is guessed. */
export function readSourceBook(
  written: unknown,
  setting: BookSetting,
): { readonly book: SourceBook } | { readonly problems: readonly BookProblem[] } {
  const read = bookSchema(setting).safeParse(written);
  if (read.success) return { book: read.data };
  return {
    problems: read.error.issues.flatMap((issue): BookProblem[] => {
      const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
      return issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => ({ path: [...path, name], message: "There is no such field." }))
        : [{ path, message: issue.code === "invalid_key" ? keyMessage(issue) : issue.message }];
    }),
  };
}

/** What is wrong with a name is said by the schema of names. */
function keyMessage({ issues }: z.core.$ZodIssueInvalidKey): string {
  return issues.map(({ message }) => message).join(" ");
}
