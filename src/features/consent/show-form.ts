import type { OrganizationKeys, Services } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import {
  boxesOf,
  captureShown,
  findVersions,
  type OpenedPoint,
  openCollectionPoint,
  readCaptureToken,
} from "../collection/index.ts";

/** Opens the form of a collection point by its public key. Changes nothing. Throws `not_found` for one that is no form. */
export async function openForm(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  publicKey: string,
  requestId: string,
): Promise<OpenedPoint> {
  const opened = await openCollectionPoint(services, organizationKeys, publicKey, requestId);
  if (opened?.point.kind !== "form") throw notFound("form");
  return opened;
}

/** What a form shows, and the token that proves that it did. */
export function showForm(opened: OpenedPoint) {
  const path = `/c/${formatId("pub", opened.point.publicKey)}`;
  return {
    path,
    wordings: boxesOf(opened.shown).map(({ wording }) => wording),
    captureToken: () => captureShown(opened, { pageUrl: `${opened.ctx.services.publicUrl}${path}` }).token,
    stopPath: `/stop/${formatId("org", opened.ctx.organizationId)}`,
  };
}

/** A form with the version that was on the screen; undefined when the token says nothing of this form. */
export async function formAsRead(
  opened: OpenedPoint,
  captureToken: string,
): Promise<OpenedPoint | undefined> {
  const capture = readCaptureToken(opened.ctx, captureToken);
  if (capture?.collectionPointId !== opened.point.id) return undefined;
  const versions = await findVersions(opened.ctx, [opened.point.id]);
  const shown = versions.find(({ version }) => version === capture.version);
  return shown && { ...opened, shown };
}
