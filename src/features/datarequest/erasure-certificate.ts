import { z } from "zod";
import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { retention } from "../../kernel/retention.ts";
import { getOrganization } from "../organization/index.ts";
import { backupsGoneAt, takeInventory } from "./domain/erasure.ts";
import { findRequest } from "./present-request.ts";
import { selectEvents } from "./store.ts";

const erasedDetails = z.object({
  erasedAt: z.string(),
  evidenceUntil: z.string(),
  backupDays: z.number().nullable(),
  records: z.number(),
  counts: z.record(z.string(), z.number()),
});

/**
 * The certificate of an erasure, from the event that records it: what was erased, when, what stays, why and until when,
 * and when the last backup is gone that holds the key. For `ru-152fz` with what the act of destruction and the extract from
 * the log name (Roskomnadzor's order No. 179 of 28 October 2022). No word of it says who the person was: the act has
 * a place where the operator writes that by hand. Throws `not_found`, and `conflict` when nothing was erased.
 */
export async function erasureCertificate(ctx: Context, id: string, language: Language) {
  const request = await findRequest(ctx, id);
  const event = (await selectEvents(ctx, request.id)).find(
    ({ event: kind }) => kind === "carried_out" && request.kind === "erasure",
  );
  if (event === undefined) throw new SaysoError("conflict", "Nothing was erased under this request.");
  const details = erasedDetails.parse(event.details);
  const organization = await getOrganization(ctx);
  const erasedAt = new Date(details.erasedAt).toISOString();
  const { goes, stays } = takeInventory(retention.classes, details.counts, erasedAt, language);
  return {
    requestId: id,
    subjectId: formatId("sub", request.subjectId),
    regime: request.regime,
    organization: { name: organization.name, country: organization.country, dpo: organization.dpo },
    receivedAt: request.receivedAt.toISOString(),
    erasedAt,
    mergedRecords: details.records,
    erased: goes,
    /** The key that opened what was stored about the person: what is left of it in backups cannot be read without. */
    dataKey: { destroyedAt: erasedAt, lastBackupGoneAt: backupsGoneAt(erasedAt, details.backupDays) },
    stays,
    ru152fz: request.regime === "ru-152fz",
  };
}
