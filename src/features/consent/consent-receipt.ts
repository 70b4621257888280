import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { boxFor, findPoint, findVersions } from "../collection/index.ts";
import { findPurpose, getOrganization } from "../organization/index.ts";
import { dpvStateOf } from "./domain/dpv.ts";
import { buildReceipt } from "./domain/receipt.ts";
import { selectAgainst, selectEvent } from "./store.ts";

/** The receipt of a consent (`cns_…`) after Kantara's specification 1.1; see buildReceipt. Throws `not_found`. */
export async function consentReceipt(ctx: Context, id: string) {
  const uuid = parseId("cns", id);
  const event = uuid === undefined ? undefined : await selectEvent(ctx, uuid);
  if (event === undefined) throw notFound("consent");
  const [organization, purpose, shown, against] = await Promise.all([
    getOrganization(ctx),
    findPurpose(ctx, event.purpose),
    findShown(ctx, event.collectionPointId, event.collectionPointVersion, event.purpose),
    selectAgainst(ctx, [event.id]),
  ]);
  return buildReceipt({
    consent: {
      ...event,
      subjectId: formatId("sub", event.subjectId),
      dpvState: dpvStateOf({ ...event, isEnded: against.get(event.id)?.isEnded ?? true }, ctx.services.now()),
    },
    organization: { ...organization, recipients: organization.notice?.recipients ?? null },
    purpose: purpose ?? { name: event.purpose, description: "", category: "" },
    shown,
  });
}

async function findShown(ctx: Context, pointId: string | null, version: number | null, purpose: string) {
  if (pointId === null) return null;
  const [point, versions] = await Promise.all([
    findPoint(ctx, formatId("cpt", pointId)),
    findVersions(ctx, [pointId]),
  ]);
  const shown = versions.find((each) => each.version === version);
  if (shown === undefined) return null;
  const { wordingSha256 } = boxFor(shown, purpose) ?? shown;
  return { ...shown, wordingSha256, name: point.name, kind: point.kind };
}
