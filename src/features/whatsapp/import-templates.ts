import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { readTemplateEntry, type TemplateEntry } from "./domain/template-entry.ts";
import { recordTemplate } from "./manage-templates.ts";
import { recordImport, selectTemplatesOf, type TemplateImport } from "./store.ts";

/**
 * Records a list of templates as they are now, each as recordTemplate does; what is on record already in the same
 * words stays as it is. An entry that cannot be read, or contradicts one before it, is refused by itself. Done again,
 * also after it broke off, it changes nothing more. `metasAccount`: the entries are Meta's, asked of this account.
 * With `dryRun` nothing is recorded.
 */
export async function importTemplates(
  ctx: Context,
  entries: readonly unknown[],
  { metasAccount, dryRun = false }: { metasAccount?: string | undefined; dryRun?: boolean } = {},
): Promise<TemplateImport> {
  const earlier = await replay<TemplateImport>(ctx);
  if (earlier !== undefined) return earlier;
  const read = entries.map((entry) => readTemplateEntry(entry, metasAccount));
  const accounts = new Set(read.flatMap((entry) => ("reason" in entry ? [] : [entry.wabaId])));
  const known = await selectTemplatesOf(ctx, [...accounts]);
  const words = new Map(known.map((row) => [nameOf(row), wordsOf(row)]));
  const listed = new Set<string>();
  // The key of the request is the whole list's.
  const apart = { ...ctx, idempotency: undefined };
  let [imported, unchanged] = [0, 0];
  const refused: { position: number; reason: string }[] = [];
  for (const [position, entry] of read.entries()) {
    if ("reason" in entry) {
      refused.push({ position, reason: entry.reason });
      continue;
    }
    const name = nameOf(entry);
    if (words.get(name) === wordsOf(entry)) unchanged += 1;
    else if (listed.has(name)) refused.push({ position, reason: "The list says otherwise of it before." });
    else {
      const reason = dryRun ? undefined : await refusalOf(apart, entry);
      if (reason === undefined) imported += 1;
      else refused.push({ position, reason });
      words.set(name, wordsOf(entry));
    }
    listed.add(name);
  }
  const outcome = { imported, unchanged, refused };
  return dryRun ? outcome : ((await recordImport(ctx, outcome)) ?? outcome);
}

async function refusalOf(ctx: Context, entry: TemplateEntry): Promise<string | undefined> {
  try {
    await recordTemplate(ctx, entry);
    return undefined;
  } catch (error) {
    if (error instanceof SaysoError && error.code === "conflict") return error.detail;
    throw error;
  }
}

const nameOf = ({ wabaId, name, language }: Pick<TemplateEntry, "wabaId" | "name" | "language">) =>
  JSON.stringify([wabaId, name, language]);
const wordsOf = ({ category, status }: { category: string; status: string }) => `${category} ${status}`;
