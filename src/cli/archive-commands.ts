import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import {
  type PublicKey,
  readPublicKeys,
  type Verification,
  verifyArchive,
} from "../features/archive/index.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface VerifyOptions extends OutputOptions {
  readonly key?: string;
  readonly keysUrl?: string;
}

/** `sayso archive verify`, which needs neither database nor configuration. */
export function addArchiveCommands(program: Command): void {
  const archive = program.command("archive").description("archives that answer data requests");

  verb(archive, "verify <file>", "check that an archive is as it was made, and by whom")
    .option("--key <key>", "the signer's public key: base64, a JWK, or a file such as sayso-keys.json")
    .option("--keys-url <url>", "where the signer shows its keys: https://…/.well-known/sayso-keys.json")
    .action(async (file: string, options: VerifyOptions) => {
      const keys = [
        ...(options.key === undefined ? [] : await givenKeys(options.key)),
        ...(options.keysUrl === undefined ? [] : await shownKeys(options.keysUrl)),
      ];
      const found = await verifyArchive(file, keys).catch((cause: unknown) => {
        throw new SaysoError("not_found", `${file} cannot be read${systemCode(cause)}.`, { cause });
      });
      print(options, summary(found), sentences(found));
      if (!found.intact || found.signer === "wrong") process.exitCode = 1;
    });
}

function summary({ intact, signer, problems, manifest }: Verification) {
  return {
    intact,
    signer,
    problems,
    ...(manifest === null
      ? {}
      : {
          requestId: manifest.requestId,
          madeAt: manifest.madeAt,
          keyId: manifest.keyId,
          partial: manifest.partial,
          files: manifest.files.length,
        }),
  };
}

function sentences({ intact, signer, problems, manifest }: Verification): string[] {
  const made = manifest === null ? [] : [`${manifest.files.length} files, made at ${manifest.madeAt}.`];
  const partial = manifest?.partial ? ["The report is partial: a source could not be read."] : [];
  const unproven =
    signer === "unproven"
      ? ["Give --key or --keys-url to see who made it: without, it only fits itself."]
      : [];
  return [
    `${intact ? "intact" : "NOT intact"}, signer ${signer}`,
    ...problems,
    ...made,
    ...partial,
    ...unproven,
  ];
}

/** The keys in a text, or in the file that the text names. */
async function givenKeys(text: string): Promise<readonly PublicKey[]> {
  try {
    return readPublicKeys(text);
  } catch (error) {
    const file = await readFile(text, "utf8").catch(() => undefined);
    if (file === undefined) throw error;
    return readPublicKeys(file);
  }
}

async function shownKeys(url: string): Promise<readonly PublicKey[]> {
  if (!/^https?:\/\//.test(url)) throw new SaysoError("invalid", "--keys-url takes an https address.");
  let text: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limits.keysFetchMs) });
    if (!response.ok) throw new SaysoError("unavailable", `${url} answered ${response.status}.`);
    text = await firstBytes(response, limits.keysDocumentBytes);
  } catch (cause) {
    if (cause instanceof SaysoError) throw cause;
    throw new SaysoError("unavailable", `The keys cannot be fetched from ${url}${systemCode(cause)}.`, {
      cause,
    });
  }
  return readPublicKeys(text);
}

async function firstBytes(response: Response, most: number): Promise<string> {
  const blocks: Uint8Array[] = [];
  let length = 0;
  for await (const block of response.body ?? []) {
    blocks.push(block);
    length += block.length;
    if (length > most) throw new SaysoError("too_large", `The list of keys has more than ${most} bytes.`);
  }
  return Buffer.concat(blocks).toString("utf8");
}

/** The system's word for why, such as ` (ENOENT)`; fetch wraps it. */
function systemCode(error: unknown): string {
  const source = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return source instanceof Error && "code" in source && typeof source.code === "string"
    ? ` (${source.code})`
    : "";
}
