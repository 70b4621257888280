import type { Context } from "../../context.ts";
import { type Imported, type ImportLines, importLines } from "../../kernel/import-lines.ts";
import type { OwnKeywords } from "./opt-out-words.ts";
import { type InboundReport, isNewInbound, keepInbound } from "./report-inbound.ts";

/**
 * Takes in messages that people wrote before Sayso was there, each as reportInbound does: windows open as of the
 * message's own time, and a STOP is a no as of that time, so that who demonstrably agreed since stays opted in. A
 * message that is known changes nothing. `dryRun`: nothing is recorded, and nobody is made known. Throws what `lines`
 * throws, and `unavailable` or `outcome_unknown` when the database is lost.
 */
export function importInbound(
  ctx: Context,
  lines: ImportLines<InboundReport>,
  { dryRun, ownKeywords }: { dryRun: boolean; ownKeywords: OwnKeywords },
): Promise<Imported> {
  const take = dryRun ? isNewInbound : keepInbound;
  return importLines(lines, (report) => take(ctx, report, ownKeywords));
}
