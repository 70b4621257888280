import { z } from "zod";
import { limits } from "../../../kernel/limits.ts";
import { isPartial, type ReportModel, type Section } from "./report-model.ts";

/**
 * A path that unpacks inside the folder it is unpacked to, on every system: forward slashes, no empty, `.` or `..`
 * part, nothing that Windows reads as a drive or a stream, no control characters.
 */
export function isSafePath(path: string): boolean {
  return (
    path.length <= 255 &&
    !/[\\:*?"<>|\p{Cc}\p{Cf}\p{Cs}]/u.test(path) &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[. ]$/u.test(part))
  );
}

/** The two files that list and sign the others, and are not in the list themselves. */
export const manifestPath = "manifest.json";
export const signaturePath = "manifest.sig";

const count = z.int().min(0);
const instant = z.iso.datetime({ offset: true });

/**
 * manifest.json: every file of the archive with its size and SHA-256, and where they came from. It stays when the
 * archive is deleted, so it holds nothing of the person but the names of attached files.
 */
export const manifestSchema = z.strictObject({
  format: z.literal("sayso-archive"),
  formatVersion: z.literal(1),
  requestId: z.string(),
  kind: z.enum(["access", "portability"]),
  madeAt: instant,
  madeBy: z.strictObject({ name: z.literal("sayso"), version: z.string() }),
  /** RFC 7638 thumbprint of the key that signed it. */
  keyId: z.string(),
  partial: z.boolean(),
  sources: z.strictObject({
    read: z.array(z.string()),
    failed: z.array(z.strictObject({ name: z.string(), missing: z.string() })),
  }),
  sections: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(["complete", "empty", "failed"]),
      /** Rows of a list; null where there is no list. */
      count: count.nullable(),
    }),
  ),
  files: z
    .array(
      z.strictObject({
        path: z.string().refine(isSafePath, "Not a safe path."),
        bytes: count.max(limits.archiveFileBytes),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(limits.archiveFiles),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = Manifest["files"][number];

/** Everything in the manifest but the list of files, which is known once they have been written. */
export function manifestHead(model: ReportModel): Omit<Manifest, "files"> {
  return {
    format: "sayso-archive",
    formatVersion: 1,
    requestId: model.requestId,
    kind: model.kind,
    madeAt: model.madeAt,
    madeBy: { name: "sayso", version: model.madeByVersion },
    keyId: model.signingKey.id,
    partial: isPartial(model),
    sources: {
      read: model.sources.flatMap((source) => (source.state === "read" ? [source.name] : [])),
      failed: model.sources.flatMap((source) =>
        source.state === "failed" ? [{ name: source.name, missing: source.missing }] : [],
      ),
    },
    sections: model.sections.map((section) => ({
      name: section.name,
      state: sectionState(section),
      count: section.state === "rows" ? section.count : null,
    })),
  };
}

function sectionState(section: Section): "complete" | "empty" | "failed" {
  return section.state === "empty" || section.state === "failed" ? section.state : "complete";
}

/** manifest.json's text: what is signed are these bytes. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
