import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Services } from "../../context.ts";
import { insertWidgetRelease, selectWidgetRelease } from "./store.ts";

/** One release of the widget: what a site that pinned it gets for ever. */
export interface WidgetRelease {
  readonly source: string;
  /** SHA-256 of the source, in hex: its address. */
  readonly sha256: string;
  /** What a site writes into `integrity` (W3C Subresource Integrity). */
  readonly integrity: string;
}

// Served as it stands in the repository: what was reviewed is what runs on other people's sites.
const source = readFileSync(new URL("../../../widget/widget.js", import.meta.url), "utf8").replace(
  /\r\n?/g,
  "\n",
);

const digest = (algorithm: "sha256" | "sha384", text: string) => createHash(algorithm).update(text, "utf8");

/** The release that this version of Sayso brings. */
export const widgetRelease: WidgetRelease = {
  source,
  sha256: digest("sha256", source).digest("hex"),
  integrity: `sha384-${digest("sha384", source).digest("base64")}`,
};

/** Keeps this version's release for the sites that pin it: they get it from later versions, too. */
export async function keepWidgetRelease(services: Services): Promise<void> {
  await insertWidgetRelease(services.db, widgetRelease);
}

/** The source of a release by its SHA-256, of this version or an earlier one; undefined when there is none. */
export async function findWidgetSource(services: Services, sha256: string): Promise<string | undefined> {
  if (sha256 === widgetRelease.sha256) return widgetRelease.source;
  const kept = await selectWidgetRelease(services.db, sha256);
  // It runs on other people's pages: what the database says is believed as far as the address confirms it.
  return kept !== undefined && digest("sha256", kept).digest("hex") === sha256 ? kept : undefined;
}
