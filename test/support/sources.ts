import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Context } from "../../src/context.ts";
import { readSourcesFile } from "../../src/features/accountdata/index.ts";
import { formatId } from "../../src/kernel/ids.ts";

const targets = { hosts: undefined, privateHosts: ["127.0.0.1"] };

/** The context with these sources of its organization, written as the file describes them. */
export function withSources(
  ctx: Context,
  { sources, ...rest }: { readonly sources: readonly object[] },
  { variables = {}, folder = "/nowhere" }: { variables?: Record<string, string>; folder?: string } = {},
): Context {
  const organization = formatId("org", ctx.organizationId);
  const written = { ...rest, sources: sources.map((source) => ({ organization, ...source })) };
  const file = { path: path.join(folder, "sources.yaml"), text: JSON.stringify(written), variables };
  return {
    ...ctx,
    services: { ...ctx.services, targets, sources: readSourcesFile(file, targets) },
  };
}

/** A folder of a test's own with these files; `remove` it. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await mkdtemp(path.join(tmpdir(), "sayso-sources-"));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  return { folder, remove: () => rm(folder, { recursive: true }) };
}
