import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Command, CommanderError } from "commander";
import { pino } from "pino";
import { type Config, readConfig } from "./config.ts";
import { Caller } from "./demo/caller.ts";
import { makeDemoFolder, removeAbandonedDemos, removeDemoFolder } from "./demo/place.ts";
import { playStory } from "./demo/story.ts";
import { createTeller } from "./demo/teller.ts";
import { Transcript } from "./demo/transcript.ts";
import { createApiKey, createOrganization } from "./features/organization/index.ts";
import { parseId } from "./kernel/ids.ts";
import { endOnUncaughtErrors, endWithReason, plainReason, stopOnSignals } from "./process-end.ts";
import { type RunningService, startService } from "./service.ts";

type Options = {
  readonly exit?: true;
  readonly out?: string;
  readonly port: string;
  readonly data?: string;
};

// `npm run demo`: one story on a real service, told line by line. Its data are its own and go with it.
async function main(): Promise<void> {
  const options = readOptions();
  const log = pino({ level: "warn", base: null }, pino.destination({ dest: 2, sync: true }));
  endOnUncaughtErrors(log);
  // `npm run demo | head` closes our output; the story still ends in order.
  process.stdout.on("error", () => {});

  await removeAbandonedDemos(new Date());
  const ownFolder = options.data === undefined ? await makeDemoFolder() : undefined;
  const dataDir = path.resolve(ownFolder ?? options.data ?? "");
  const out = path.resolve(options.out ?? dataDir);
  let service: RunningService | undefined;
  let isTold = false;
  let isStopping = false;
  const leave = async () => {
    isStopping = true;
    await service?.stop();
    if (ownFolder !== undefined) await removeDemoFolder(ownFolder);
  };
  try {
    await mkdir(out, { recursive: true });
    const secrets = {
      appSecret: randomBytes(24).toString("hex"),
      verifyToken: randomBytes(12).toString("hex"),
    };
    const teller = createTeller(process.stdout);
    teller.say(`Sayso starts on its own PostgreSQL, with its data in ${dataDir}.`);
    const starting = startService(demoConfig(options, dataDir, secrets), log);
    stopOnSignals(async () => {
      service ??= await starting.catch(() => undefined);
      await leave();
      return isTold ? 0 : 1;
    }, endWithReason);
    service = await starting;
    const apiKey = await openShop(service);

    const transcript = new Transcript();
    for (const secret of [apiKey, ...Object.values(secrets)]) transcript.hide(secret);
    const caller = new Caller({ url: service.url, apiKey, appSecret: secrets.appSecret, teller, transcript });
    const archive = await playStory({ caller, teller, transcript }, secrets.verifyToken);

    const { bytes, sha256, files } = archive;
    const file = path.join(out, "archive.zip");
    await writeFile(file, bytes, { mode: 0o600 });
    const about = { file: "archive.zip", bytes: bytes.length, sha256, files };
    await writeFile(path.join(out, "transcript.json"), transcript.text(about), { mode: 0o600 });
    isTold = true;
    teller.say("");
    teller.say("The story is told; every answer was the expected one.");
    const isKept = options.out !== undefined || ownFolder === undefined;
    if (isKept || !options.exit) teller.say(`Archive:        ${file}`);
    if (options.exit) {
      await leave();
      process.exit(0);
    }
    teller.say(`Sayso:          ${service.url}`);
    teller.say(`API reference:  ${service.url}/docs`);
    teller.say(`API key:        ${apiKey}`);
    teller.say(isKept ? "Press Ctrl-C to end it." : "Press Ctrl-C to end it; the archive goes with it.");
  } catch (error) {
    // Whoever stopped it knows why the rest of the story is missing.
    if (isStopping) return;
    process.stderr.write(`\nThe demo cannot go on. ${plainReason(error)}\n`);
    await leave();
    process.exit(1);
  }
}

function readOptions(): Options {
  const command = new Command("npm run demo --")
    .description("Plays one story on a real service.")
    .option("--exit", "end after the story instead of leaving the service up")
    .option("--out <folder>", "where to leave archive.zip and transcript.json")
    .option("--port <number>", "where the service listens; any free port without it", "0")
    .option("--data <folder>", "keep the data there; a temporary folder without it")
    .exitOverride();
  try {
    return command.parse().opts<Options>();
  } catch (error) {
    process.exit(error instanceof CommanderError && error.exitCode === 0 ? 0 : 2);
  }
}

/** Nothing of the environment counts: the demo never touches the data of a real service. */
function demoConfig(
  { port }: Options,
  dataDir: string,
  secrets: { appSecret: string; verifyToken: string },
): Config {
  return readConfig({
    PORT: port,
    SAYSO_DATA_DIR: dataDir,
    WHATSAPP_APP_SECRET: secrets.appSecret,
    WHATSAPP_VERIFY_TOKEN: secrets.verifyToken,
  });
}

/** Makes an organization of the demo's own with an API key. */
async function openShop({ composed }: RunningService): Promise<string> {
  const actor = { kind: "system", id: "demo" } as const;
  const { id } = await createOrganization(composed.services, actor, { name: "Example Shop" });
  const ctx = await composed.contextFor(parseId("org", id) ?? "", actor, "demo");
  const { key } = await createApiKey(ctx, { name: "demo", scopes: ["all"] });
  return key;
}

main().catch(endWithReason);
