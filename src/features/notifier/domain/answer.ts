/** What came of handing a notice over. `never`: asked again this way says the same, so another way is right. */
export type HandedOver =
  | { readonly outcome: "sent" }
  | { readonly outcome: "later" | "never"; readonly reason: string };

/** Codes of the Graph API that pass by themselves: too many just now, or its own trouble (Meta, "Error codes"). */
const passing: ReadonlySet<number> = new Set([
  1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057,
]);
/** Codes that the operator can set right: the token, the number's or the account's rights. */
const operators: ReadonlySet<number> = new Set([0, 3, 10, 190, 131005, 131031, 131045, 368]);

/**
 * Reads the answer of Meta's Graph API to `POST /{phoneNumberId}/messages`. A 200 without a message's id is no success.
 * Reasons name numbers of Meta's alone: its texts may name the person.
 */
export function readGraphAnswer(status: number, body: unknown): HandedOver {
  const code = numberAt(body, "error", "code");
  if (status >= 200 && status < 300 && code === undefined)
    return hasMessageId(body)
      ? { outcome: "sent" }
      : { outcome: "later", reason: `WhatsApp answered ${status} without a message's id.` };
  const reason = `WhatsApp answered ${status}${code === undefined ? "" : `, error ${code}`}.`;
  const isPassing =
    code === undefined ? isPassingStatus(status) : passing.has(code) || operators.has(code) || status >= 500;
  return { outcome: isPassing ? "later" : "never", reason };
}

/** Reads the answer of an SMS gateway: any 2xx took it. */
export function readSmsAnswer(status: number): HandedOver {
  if (status >= 200 && status < 300) return { outcome: "sent" };
  const reason = `The SMS gateway answered ${status}.`;
  return { outcome: isPassingStatus(status) ? "later" : "never", reason };
}

/** Also what is about our token or the gateway's address, which the operator can set right. */
function isPassingStatus(status: number): boolean {
  return status >= 500 || [401, 403, 404, 408, 425, 429].includes(status) || (status >= 300 && status < 400);
}

function hasMessageId(body: unknown): boolean {
  const messages = at(body, "messages");
  return Array.isArray(messages) && typeof at(messages[0], "id") === "string";
}

function numberAt(body: unknown, ...path: readonly string[]): number | undefined {
  const found = path.reduce<unknown>(at, body);
  return typeof found === "number" ? found : undefined;
}

function at(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
