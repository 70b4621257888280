import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { TargetRules } from "../../kernel/target.ts";
import { readSourceBook, type Source, type SourceBook } from "./domain/source-book.ts";

/**
 * Reads the file that describes the sources: YAML 1.2, checked whole. Files that it names lie beside it unless they say
 * otherwise. Without a file there are no sources. Throws an Error that names every wrong place with its line; secrets are
 * in none.
 */
export function readSourcesFile(
  file:
    | { readonly path: string; readonly text: string; readonly variables: Readonly<Record<string, string>> }
    | undefined,
  targets: TargetRules,
): SourceBook {
  if (file === undefined) return { hosts: [], sources: [] };
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines });
  const broken = document.errors.map(
    ({ pos: [start], code }) => `line ${lines.linePos(start).line}: ${code}`,
  );
  if (broken.length > 0) throw wrong(file.path, broken);

  let written: unknown;
  try {
    written = document.toJS();
  } catch {
    // Aliases of aliases: a small text that would become a huge value.
    throw wrong(file.path, ["it repeats its parts (aliases) too often"]);
  }
  const read = readSourceBook(written, { variables: file.variables, targets });
  if ("book" in read) {
    const folder = dirname(file.path);
    return { ...read.book, sources: read.book.sources.map((source) => beside(folder, source)) };
  }
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range))
        return lines.linePos(Number(node.range[0])).line;
    }
    return 1;
  };
  throw wrong(
    file.path,
    read.problems.map(({ path, message }) => `line ${lineOf(path)}, ${path.join(".")}: ${message}`),
  );
}

function beside(folder: string, source: Source): Source {
  return source.kind === "csv" || source.kind === "json"
    ? { ...source, file: resolve(folder, source.file) }
    : source;
}

function wrong(path: string, problems: readonly string[]): Error {
  return new Error(
    `The sources in ${path} cannot be used:\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
  );
}
