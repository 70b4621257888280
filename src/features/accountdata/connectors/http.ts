import { SaysoError } from "../../../kernel/errors.ts";
import { limits } from "../../../kernel/limits.ts";
import { parseStrictJson } from "../../../kernel/strict-json.ts";
import type { TargetRules } from "../../../kernel/target.ts";
import { version } from "../../../version.ts";
import { ask } from "../../outgoing/index.ts";
import type { PersonValues } from "../domain/person-values.ts";
import type { SourceOf } from "../domain/source-book.ts";
import { sourceTrouble, tooSlow } from "./trouble.ts";

/**
 * Asks a web address: POST with everything that the person is known by as JSON, `{phone: […], email: […], externalId: […]}`,
 * so that no number stands in an address. Answers with its JSON; undefined for 204 and 404, which say that it knows nothing
 * of them. Redirects are not followed and private addresses not connected to. Throws as askPostgresql does, and `malformed`.
 */
export async function askHttp(
  source: SourceOf<"http">,
  person: PersonValues,
  targets: TargetRules,
): Promise<unknown> {
  const asked = await ask(
    source.url,
    JSON.stringify(person),
    {
      ...source.headers,
      "content-type": "application/json",
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": `sayso/${version}`,
    },
    {
      targets,
      timeoutMs: source.timeoutSeconds * 1000,
      signal: new AbortController().signal,
      mostBytes: limits.sourceBytes,
    },
  );
  if ("error" in asked) throw noAnswer(asked.error, source.timeoutSeconds);
  const { status, headers, body } = asked;
  if (status === 204 || status === 404) return undefined;
  if (status >= 300 && status < 400)
    throw sourceTrouble(
      "invalid",
      `It answered ${status}, and redirects are not followed. Name the address itself.`,
    );
  if (status === 401 || status === 403)
    throw sourceTrouble("invalid", `It answered ${status}: look at the headers that let Sayso in.`);
  if (status === 408 || status === 429 || status >= 500)
    throw sourceTrouble("unavailable", `It answered ${status}.`);
  if (status !== 200)
    throw sourceTrouble("invalid", `It answered ${status} where 200, 204 or 404 is expected.`);
  if (headers["content-encoding"] !== undefined)
    throw sourceTrouble("invalid", "It answered compressed, which was not asked for.");
  const type =
    /^[^;]*/
      .exec(headers["content-type"] ?? "")?.[0]
      .trim()
      .toLowerCase() ?? "";
  if (type !== "application/json" && !type.endsWith("+json"))
    throw sourceTrouble("invalid", `It answered with ${nameOf(type)} where JSON is expected.`);
  return readJson(body);
}

/** Reads what a source wrote as JSON. Throws `malformed` and `invalid`, quoting nothing. */
export function readJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw sourceTrouble("malformed", "What it answered is not UTF-8.", cause);
  }
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof SaysoError)) throw error;
    const [first] = error.errors;
    throw first === undefined
      ? sourceTrouble("malformed", "What it answered is not JSON.")
      : sourceTrouble("invalid", `What it answered cannot be taken: ${first.message}`);
  }
}

function nameOf(type: string): string {
  if (type === "text/html" || type === "application/xhtml+xml") return "HTML";
  return /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(type) ? type : "something";
}

const troubles = {
  connection: ["unavailable", "It cannot be reached."],
  cut_off: ["unavailable", "Its answer broke off, or was shorter than it said."],
  stopped: ["unavailable", "Asking it was broken off."],
  too_large: ["too_large", `Its answer has more than ${limits.sourceBytes} bytes. Let it answer with less.`],
  private_address: [
    "invalid",
    "Its host is at a private address. List it in OUTGOING_PRIVATE_HOSTS if that is meant.",
  ],
  refused_target: ["invalid", "Its host is not one that may be asked (hosts:, OUTGOING_HOSTS)."],
} as const;

function noAnswer(error: keyof typeof troubles | "timeout", seconds: number): SaysoError {
  if (error === "timeout") return tooSlow(seconds);
  const [code, detail] = troubles[error];
  return sourceTrouble(code, detail);
}
