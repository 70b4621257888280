import { type PersonField, personFields } from "./person-values.ts";

export type Dialect = "postgresql" | "mysql";

/** A query whose named places have become those that a driver binds values to. */
export interface NamedQuery {
  readonly text: string;
  /** What is bound to each place, in order. */
  readonly places: readonly PersonField[];
}

// What a query is made of, as far as it matters here: texts, names and comments, in which nothing is a placeholder; casts
// (PostgreSQL) and assignments (MySQL), which look like one; placeholders; and what must not be there.
const tokens: Readonly<Record<Dialect, RegExp>> = {
  postgresql:
    /\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\/|::|:=|:([A-Za-z_]\w*)|\$\d+|;|['"]|\/\*/g,
  mysql:
    /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`()|--(?=\s|$)[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|::|:=|:([A-Za-z_]\w*)|\?|;|['"`]|\/\*/g,
};

const unbound: Readonly<Record<Dialect, RegExp>> = { postgresql: /^\$\d+$/, mysql: /^\?$/ };

/**
 * Takes the named places (`:phone`, `:email`, `:externalId`) out of one SELECT, so that values are bound to them and never
 * become part of the text. A query must name at least one: without, it would read what is other people's. Answers with
 * a sentence what is wrong with one that cannot be taken.
 */
export function readNamedQuery(text: string, dialect: Dialect): NamedQuery | { readonly problem: string } {
  const query = text.replace(/(?:\s|;)+$/, "");
  const places: PersonField[] = [];
  const problems: string[] = [];
  const written = query.replaceAll(tokens[dialect], (token: string, _tag: string, name?: string) => {
    if (token === ";") problems.push("Write one statement, without a semicolon in it.");
    else if (unbound[dialect].test(token)) problems.push(`Write :phone, :email or :externalId for ${token}.`);
    else if (["'", '"', "`", "/*"].includes(token)) problems.push(`${token} is not closed.`);
    else if (token.startsWith("/*!")) problems.push("Leave out comments that MySQL carries out (/*! … */).");
    if (name === undefined) return token;
    const field = personFields.find((known) => known === name);
    if (field === undefined) {
      problems.push(`There is no :${name}. What can be asked by is :phone, :email and :externalId.`);
      return token;
    }
    if (dialect === "mysql") return `${places.push(field) && "?"}`;
    if (!places.includes(field)) places.push(field);
    return `$${places.indexOf(field) + 1}`;
  });
  if (!/^(?:\s|\(|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:select|with)\b/i.test(query))
    problems.push("A query begins with SELECT or WITH.");
  if (problems.length === 0 && places.length === 0)
    problems.push("A query asks about one person: name :phone, :email or :externalId in it.");
  const [problem] = problems;
  return problem === undefined ? { text: written, places } : { problem };
}
