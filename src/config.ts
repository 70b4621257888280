import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import type { Gateways } from "./kernel/gateways.ts";
import { limits } from "./kernel/limits.ts";
import { refusedTarget, type TargetRules } from "./kernel/target.ts";

/** What the service was told by its environment. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Undefined: the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly databaseOwnerUrl: string | undefined;
  readonly dataDir: string;
  /** Undefined only with the embedded database, which keeps one of its own. */
  readonly masterKey: Buffer | undefined;
  readonly publicUrl: string | undefined;
  /** Addresses and networks of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly whatsappAppSecrets: readonly string[];
  readonly whatsappVerifyToken: string | undefined;
  /** Where the webhooks of each app go on to, in the order of the secrets; undefined: nowhere. */
  readonly whatsappForwardUrls: readonly (string | undefined)[];
  /** What webhooks may be sent to. */
  readonly targets: TargetRules;
  /** The mail server that takes mails to people, and whom they are from; undefined: none are sent. */
  readonly mail: { readonly url: string; readonly from: string } | undefined;
  /** Where short messages to phones are handed over. */
  readonly gateways: Gateways;
  /** The file that describes where account data is read; undefined: nowhere. */
  readonly sources: SourcesFile | undefined;
  /** What OpenDSR answers are signed with; undefined: a trial certificate on the embedded database, else none. */
  readonly opendsr: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly logLevel: string;
}

/** A file that was read, with the variables that it names as `${NAME}`. */
export interface SourcesFile {
  readonly path: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, string>>;
}

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, "must be a URL such as postgres://user:password@host/database");

const listOf = (text: string) =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

/** Names of hosts as URLs have them. */
const hostsIn = (text: string) => listOf(text).map((host) => host.toLowerCase());

/** An address, a network in CIDR notation, or one of the networks that proxy-addr knows by name. */
function isNetwork(text: string): boolean {
  if (["loopback", "linklocal", "uniquelocal"].includes(text)) return true;
  const [address = "", bits, ...rest] = text.split("/");
  const most = isIP(address) === 6 ? 128 : 32;
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return isIP(address) > 0 && isLength && rest.length === 0;
}

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default("127.0.0.1"),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_OWNER_URL: postgresUrl.optional(),
  SAYSO_DATA_DIR: z.string().min(1).default("./data"),
  SAYSO_MASTER_KEY: z
    .string()
    .transform((text) => Buffer.from(text, "base64"))
    .refine((key) => key.length === 32, "must be 32 bytes in base64; make one with: openssl rand -base64 32")
    .optional(),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be a URL such as https://consent.shop.example" })
    .optional(),
  TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform(listOf)
    .refine(
      (addresses) => addresses.every(isNetwork),
      "must be addresses or networks such as 10.0.0.0/8, separated by commas; loopback is this machine",
    ),
  WHATSAPP_APP_SECRET: z.string().default(""),
  WHATSAPP_VERIFY_TOKEN: z.string().min(1).optional(),
  WHATSAPP_FORWARD_URL: z.string().default(""),
  OUTGOING_HOSTS: z.string().transform(hostsIn).optional(),
  OUTGOING_PRIVATE_HOSTS: z.string().default("").transform(hostsIn),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/./, "must be a URL such as smtps://user:password@mail.example:465")
    .optional(),
  MAIL_FROM: z
    .string()
    .max(320)
    .regex(
      /^(?:[^<>@\p{Cc}]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u,
      "must be an address such as Example Shop <hello@shop.example>",
    )
    .optional(),
  WHATSAPP_SEND_URL: z.string().default("https://graph.facebook.com/v24.0"),
  WHATSAPP_SEND_TOKEN: z.string().min(1).optional(),
  WHATSAPP_SEND_PHONE_NUMBER_ID: z
    .string()
    .regex(/^\d{1,32}$/, "must be the number's id at Meta, digits alone")
    .optional(),
  WHATSAPP_CODE_TEMPLATE: z
    .string()
    .regex(/^[a-z0-9_]{1,512}$/, "must be the name of an authentication template, such as sign_in_code")
    .optional(),
  SMS_URL: z.string().optional(),
  SMS_TOKEN: z.string().min(1).optional(),
  SAYSO_SOURCES: z.string().min(1).optional(),
  OPENDSR_CERTIFICATE_FILE: z.string().min(1).optional(),
  OPENDSR_KEY_FILE: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/**
 * Reads the environment once. Throws an Error whose message names every variable that is wrong and what to set.
 * Empty variables count as not set.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = environment.safeParse(set);
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  if (
    parsed.success &&
    parsed.data.DATABASE_URL !== undefined &&
    parsed.data.SAYSO_MASTER_KEY === undefined
  ) {
    wrong.push(
      "SAYSO_MASTER_KEY must be set when DATABASE_URL is: 32 bytes in base64, kept apart from the database",
    );
  }
  if (parsed.success && (parsed.data.SMTP_URL === undefined) !== (parsed.data.MAIL_FROM === undefined))
    wrong.push(
      "SMTP_URL and MAIL_FROM are set together: where mails are handed over, and whom they are from",
    );
  if (
    parsed.success &&
    (parsed.data.OPENDSR_CERTIFICATE_FILE === undefined) !== (parsed.data.OPENDSR_KEY_FILE === undefined)
  )
    wrong.push(
      "OPENDSR_CERTIFICATE_FILE and OPENDSR_KEY_FILE are set together: what answers are signed with",
    );
  const targets: TargetRules = {
    hosts: parsed.data?.OUTGOING_HOSTS,
    privateHosts: parsed.data?.OUTGOING_PRIVATE_HOSTS ?? [],
  };
  const secrets = listOf(parsed.data?.WHATSAPP_APP_SECRET ?? "");
  const forwardUrls = (parsed.data?.WHATSAPP_FORWARD_URL ?? "").split(",").map((url) => url.trim());
  for (const url of forwardUrls.filter((entry) => entry !== "")) {
    const refused = refusedTarget(url, targets);
    if (refused !== undefined) wrong.push(`WHATSAPP_FORWARD_URL ${url}: ${refused}`);
  }
  if (forwardUrls.length > Math.max(1, secrets.length))
    wrong.push("WHATSAPP_FORWARD_URL has one URL for each of WHATSAPP_APP_SECRET, in the same order");
  if (parsed.success) wrong.push(...wrongGateways(parsed.data, targets));
  const sources = readSourcesFile(parsed.data?.SAYSO_SOURCES, set);
  if (typeof sources === "string") wrong.push(sources);
  if (!parsed.success || wrong.length > 0 || typeof sources === "string") {
    throw new Error(`The configuration cannot be used:\n${wrong.map((line) => `- ${line}`).join("\n")}`);
  }
  const e = parsed.data;
  return {
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    databaseOwnerUrl: e.DATABASE_OWNER_URL,
    dataDir: e.SAYSO_DATA_DIR,
    masterKey: e.SAYSO_MASTER_KEY,
    publicUrl: e.PUBLIC_URL?.replace(/\/+$/, ""),
    trustedProxies: e.TRUSTED_PROXIES,
    whatsappAppSecrets: secrets,
    whatsappForwardUrls: secrets.map((_, n) => forwardUrls[n] || undefined),
    targets,
    mail:
      e.SMTP_URL === undefined || e.MAIL_FROM === undefined
        ? undefined
        : { url: e.SMTP_URL, from: e.MAIL_FROM },
    gateways: gatewaysOf(e),
    opendsr:
      e.OPENDSR_CERTIFICATE_FILE === undefined || e.OPENDSR_KEY_FILE === undefined
        ? undefined
        : { certificateFile: e.OPENDSR_CERTIFICATE_FILE, keyFile: e.OPENDSR_KEY_FILE },
    whatsappVerifyToken: e.WHATSAPP_VERIFY_TOKEN,
    sources,
    logLevel: e.LOG_LEVEL,
  };
}

type Environment = z.output<typeof environment>;

/** What is wrong with where short messages go, a sentence each. A token is written in none of them. */
function wrongGateways(e: Environment, { privateHosts }: TargetRules): string[] {
  const whatsapp = [e.WHATSAPP_SEND_TOKEN, e.WHATSAPP_SEND_PHONE_NUMBER_ID, e.WHATSAPP_CODE_TEMPLATE];
  const isSet = (value: string | undefined) => value !== undefined;
  // What the operator wrote here may be anywhere, but tokens do not travel in the clear.
  const refused = (name: string, url: string | undefined) => {
    const why = url === undefined ? undefined : refusedTarget(url, { hosts: undefined, privateHosts });
    return why === undefined ? [] : [`${name} ${why}`];
  };
  return [
    ...(whatsapp.some(isSet) && !whatsapp.every(isSet)
      ? [
          "WHATSAPP_SEND_TOKEN, WHATSAPP_SEND_PHONE_NUMBER_ID and WHATSAPP_CODE_TEMPLATE are set together: codes go out by them",
        ]
      : []),
    ...(isSet(e.SMS_URL) === isSet(e.SMS_TOKEN)
      ? []
      : ["SMS_URL and SMS_TOKEN are set together: where text messages are handed over, and by whom"]),
    ...refused("WHATSAPP_SEND_URL", e.WHATSAPP_SEND_URL),
    ...refused("SMS_URL", e.SMS_URL),
  ];
}

function gatewaysOf(e: Environment): Gateways {
  const { WHATSAPP_SEND_TOKEN: token, WHATSAPP_SEND_PHONE_NUMBER_ID: phoneNumberId } = e;
  const { WHATSAPP_CODE_TEMPLATE: codeTemplate, SMS_URL: smsUrl, SMS_TOKEN: smsToken } = e;
  return {
    whatsapp:
      token === undefined || phoneNumberId === undefined || codeTemplate === undefined
        ? undefined
        : { url: e.WHATSAPP_SEND_URL.replace(/\/+$/, ""), token, phoneNumberId, codeTemplate },
    sms: smsUrl === undefined || smsToken === undefined ? undefined : { url: smsUrl, token: smsToken },
  };
}

/** The file with the variables that it names, none else; a sentence when it cannot be read. */
function readSourcesFile(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): SourcesFile | string | undefined {
  if (file === undefined) return undefined;
  const path = resolve(file);
  try {
    if (statSync(path).size > limits.sourcesFileBytes)
      return `SAYSO_SOURCES ${path} has more than ${limits.sourcesFileBytes} bytes`;
    const text = readFileSync(path, "utf8");
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
    const variables = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
    return { path, text, variables: Object.fromEntries(variables) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    return `SAYSO_SOURCES ${path} cannot be read (${code})`;
  }
}
