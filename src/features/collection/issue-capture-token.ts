import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { deriveKey } from "../../kernel/seal.ts";
import { addSeconds } from "../../kernel/time.ts";
import { type Capture, pageOf, readCapture, signCapture } from "./domain/capture-token.ts";
import { findPoint } from "./manage-collection-points.ts";
import type { OpenedPoint } from "./open-collection-point.ts";
import { type RecordedCapture, recordCapture, selectVersions } from "./store.ts";

/**
 * A signed token that says which version and language was on the screen, on which page, and when. Lives 24 hours.
 * Throws `not_found`, and `invalid` for a version that is not there and an address that is none of a page.
 */
export async function issueCaptureToken(
  ctx: Context,
  id: string,
  input: { version?: number | undefined; pageUrl?: string | undefined },
) {
  const point = await findPoint(ctx, id);
  const versions = await selectVersions(ctx, [point.id]);
  const shown =
    input.version === undefined ? versions[0] : versions.find(({ version }) => version === input.version);
  if (shown === undefined) throw invalid("/version", "This collection point has no such version.");
  const pageUrl = readPage(input.pageUrl);
  const row =
    (await replay<RecordedCapture>(ctx)) ??
    (await recordCapture(
      ctx,
      {
        tokenId: ctx.services.newId("cpt"),
        version: shown.version,
        language: shown.language,
        issuedAt: ctx.services.now().getTime(),
      },
      formatId("cpt", point.id),
    ));
  if (row === undefined) throw new SaysoError("internal", "The token was not issued.");
  const capture: Capture = {
    tokenId: row.token_id,
    collectionPointId: point.id,
    version: row.version,
    language: row.language,
    issuedAt: row.issued_at,
    pageUrl,
  };
  return {
    ...signed(ctx, capture),
    collectionPointId: formatId("cpt", point.id),
    version: capture.version,
    language: capture.language,
    pageUrl: pageUrl ?? null,
    issuedAt: new Date(capture.issuedAt).toISOString(),
  };
}

/**
 * A capture token for what a visitor's screen shows at this moment. Writes nothing: whoever looks at a page changes
 * nothing, and the signature alone tells that it is ours. Throws `invalid` as `issueCaptureToken` does.
 */
export function captureShown(
  { ctx, point, shown }: Pick<OpenedPoint, "ctx" | "point" | "shown">,
  input: { pageUrl?: string | undefined },
) {
  return signed(ctx, {
    tokenId: ctx.services.newId("cpt"),
    collectionPointId: point.id,
    version: shown.version,
    language: shown.language,
    issuedAt: ctx.services.now().getTime(),
    pageUrl: readPage(input.pageUrl),
  });
}

function signed(ctx: Context, capture: Capture) {
  return {
    token: signCapture(captureKey(ctx), capture),
    expiresAt: addSeconds(new Date(capture.issuedAt), limits.captureTokenLifeSeconds).toISOString(),
  };
}

function readPage(pageUrl: string | undefined): string | undefined {
  if (pageUrl === undefined) return undefined;
  const page = pageOf(pageUrl);
  if (page === undefined)
    throw invalid("/pageUrl", "Not the address of a page, such as https://shop.example/checkout.");
  return page;
}

/** Reads a capture token of this organization; undefined when it is altered, of another one or none at all. */
export function readCaptureToken(ctx: Context, token: string): Capture | undefined {
  return readCapture(captureKey(ctx), token);
}

function captureKey(ctx: Context) {
  return deriveKey(ctx.keys.data, "capture_token");
}
