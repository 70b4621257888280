import type { Context } from "../../context.ts";
import { type Imported, type ImportLines, importLines } from "../../kernel/import-lines.ts";
import { isNewOptOut, keepOptOut, type OptOutInput } from "./record-opt-out.ts";

/**
 * Takes in noes that people said elsewhere, each as of its own time, as recordOptOut does with the source `import`. One
 * that stands already, or a later one of the same scope for everybody named, changes nothing. A no that an import
 * brings ends what was agreed to before it; what the person demonstrably agreed to since stands. `dryRun`: nothing is
 * recorded, and nobody is made known. Throws what `lines` throws, and `unavailable` or `outcome_unknown` when the
 * database is lost.
 */
export function importOptOuts(
  ctx: Context,
  lines: ImportLines<Omit<OptOutInput, "source">>,
  { dryRun }: { dryRun: boolean },
): Promise<Imported> {
  const take = dryRun ? isNewOptOut : keepOptOut;
  return importLines(lines, (input) => take(ctx, { ...input, source: "import" }));
}
