import { createHash } from "node:crypto";
import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { deriveKey } from "../../kernel/seal.ts";
import { findPurpose } from "../organization/index.ts";
import { type Capture, readCapture, signCapture } from "./domain/capture-token.ts";
import {
  insertPoint,
  insertVersion,
  type PointRow,
  type RecordedCapture,
  recordCapture,
  selectPoint,
  selectPoints,
  selectVersions,
  type VersionContent,
  type VersionRow,
} from "./store.ts";

export interface VersionInput {
  readonly channels: readonly string[];
  readonly purposes: readonly string[];
  readonly language: string;
  readonly wording: string;
  readonly privacyNoticeUrl?: string | undefined;
  readonly defaultChecked: boolean;
}

/** A version from the newest one: what is left out stays as it is there. */
export type NextVersionInput = { readonly [Field in keyof VersionInput]?: VersionInput[Field] | undefined };

export interface PointInput extends VersionInput {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * Makes a collection point with its first version. Throws `invalid` for a pre-ticked box (silence is no consent:
 * GDPR recital 32, CJEU C-673/17) and for unknown purposes, `conflict` for a key in use.
 */
export async function createCollectionPoint(ctx: Context, input: PointInput) {
  const content = await checkContent(ctx, input);
  const id = ctx.services.newId("cpt");
  const earlier = await replay<{ id: string; created_at: string }>(ctx);
  const row = earlier ?? (await insert());
  const point = { id: row.id, key: input.key, kind: input.kind, name: input.name };
  return presentVersion(point, { ...content, version: 1, createdAt: new Date(row.created_at) });

  async function insert() {
    try {
      const made = await insertPoint(
        ctx,
        { id, key: input.key, kind: input.kind, name: input.name },
        content,
        formatId("cpt", id),
      );
      if (made === undefined) throw new SaysoError("internal", "The collection point was not made.");
      return made;
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      throw new SaysoError(
        "conflict",
        `There is a collection point with the key ${input.key} already. Add a version to it.`,
        {
          cause: error,
        },
      );
    }
  }
}

/** Adds a version; earlier ones stay as they were for ever. Throws `not_found`, and `invalid` as at creation. */
export async function addVersion(ctx: Context, id: string, input: NextVersionInput) {
  const point = await findPoint(ctx, id);
  const [latest] = await selectVersions(ctx, [point.id]);
  if (latest === undefined) throw notFound("collection point");
  const content = await checkContent(ctx, {
    channels: input.channels ?? latest.channels,
    purposes: input.purposes ?? latest.purposes,
    language: input.language ?? latest.language,
    wording: input.wording ?? latest.wording,
    privacyNoticeUrl: input.privacyNoticeUrl ?? latest.privacyNoticeUrl ?? undefined,
    defaultChecked: input.defaultChecked ?? false,
  });
  const earlier = await replay<{ version: number; created_at: string }>(ctx);
  const row = earlier ?? (await insertNext(ctx, point.id, content));
  // An answer that is given again is about the version of then, not about what a newer one made of the same input.
  return getVersion(ctx, id, row.version);
}

async function insertNext(ctx: Context, id: string, content: VersionContent) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const row = await insertVersion(ctx, id, content, formatId("cpt", id));
      if (row === undefined) throw notFound("collection point");
      return row;
    } catch (error) {
      // Somebody else added that version in the same moment: take the next number.
      if (violatedUnique(error) === undefined || attempt === 20) throw error;
    }
  }
}

async function checkContent(ctx: Context, input: VersionInput): Promise<VersionContent> {
  if (input.defaultChecked) {
    throw invalid(
      "/defaultChecked",
      "A box that is ticked beforehand proves no consent. Let people tick it themselves.",
    );
  }
  for (const [index, key] of input.purposes.entries()) {
    if ((await findPurpose(ctx, key)) === undefined)
      throw invalid(`/purposes/${index}`, "There is no such purpose.");
  }
  return {
    channels: input.channels,
    purposes: input.purposes,
    language: input.language,
    wording: input.wording,
    wordingSha256: createHash("sha256").update(input.wording, "utf8").digest("hex"),
    privacyNoticeUrl: input.privacyNoticeUrl ?? null,
  };
}

/** A signed token that says which version and language was on the screen, and when. Lives 24 hours. */
export async function issueCaptureToken(ctx: Context, id: string, input: { version?: number | undefined }) {
  const point = await findPoint(ctx, id);
  const versions = await selectVersions(ctx, [point.id]);
  const shown =
    input.version === undefined ? versions[0] : versions.find(({ version }) => version === input.version);
  if (shown === undefined) throw invalid("/version", "This collection point has no such version.");
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
  };
  return {
    token: signCapture(captureKey(ctx), capture),
    collectionPointId: formatId("cpt", point.id),
    version: capture.version,
    language: capture.language,
    issuedAt: new Date(capture.issuedAt).toISOString(),
    expiresAt: new Date(capture.issuedAt + limits.captureTokenLifeSeconds * 1000).toISOString(),
  };
}

/** Reads a capture token of this organization; undefined when it is altered, of another one or none at all. */
export function readCaptureToken(ctx: Context, token: string): Capture | undefined {
  return readCapture(captureKey(ctx), token);
}

function captureKey(ctx: Context) {
  return deriveKey(ctx.keys.data, "capture_token");
}

async function findPoint(ctx: Context, id: string): Promise<PointRow> {
  const uuid = parseId("cpt", id);
  const point = uuid === undefined ? undefined : await selectPoint(ctx, uuid);
  if (point === undefined) throw notFound("collection point");
  return point;
}

/** A collection point as its newest version shows it. */
export async function getCollectionPoint(ctx: Context, id: string) {
  const point = await findPoint(ctx, id);
  const [latest] = await selectVersions(ctx, [point.id]);
  if (latest === undefined) throw notFound("collection point");
  return presentVersion(point, latest);
}

/** Every version of a collection point, the newest first. */
export async function listVersions(ctx: Context, id: string) {
  const point = await findPoint(ctx, id);
  return (await selectVersions(ctx, [point.id])).map((version) => presentVersion(point, version));
}

/** One version, as it was shown. Throws `not_found`. */
export async function getVersion(ctx: Context, id: string, version: number) {
  const found = (await listVersions(ctx, id)).find((each) => each.version === version);
  if (found === undefined) throw notFound("version of this collection point");
  return found;
}

export async function listCollectionPoints(ctx: Context, cursor: string | undefined, limit: number) {
  const points = await selectPoints(ctx, cursor, limit);
  const versions = await selectVersions(
    ctx,
    points.map(({ id }) => id),
  );
  return points.flatMap((point) => {
    const latest = versions.find(({ collectionPointId }) => collectionPointId === point.id);
    return latest === undefined ? [] : [presentVersion(point, latest)];
  });
}

function presentVersion(
  point: Omit<PointRow, "createdAt">,
  version: VersionContent & Pick<VersionRow, "version" | "createdAt">,
) {
  return {
    id: formatId("cpt", point.id),
    key: point.key,
    kind: point.kind,
    name: point.name,
    version: version.version,
    channels: [...version.channels],
    purposes: [...version.purposes],
    language: version.language,
    wording: version.wording,
    wordingSha256: version.wordingSha256,
    privacyNoticeUrl: version.privacyNoticeUrl,
    defaultChecked: false,
    createdAt: version.createdAt.toISOString(),
  };
}
