import type { Services } from "../../context.ts";
import { limits } from "../../kernel/limits.ts";
import { type HandedOver, readGraphAnswer, readSmsAnswer } from "./domain/answer.ts";
import type { Notice, Way } from "./domain/notice.ts";
import { writeCodeMail, writeCodeText } from "./write-notice.ts";

/** The ways that the operator configured. */
export function configuredWays({ gateways, sendMail }: Services): Way[] {
  return [
    ...(gateways.whatsapp === undefined ? [] : (["whatsapp"] as const)),
    ...(gateways.sms === undefined ? [] : (["sms"] as const)),
    ...(sendMail === undefined ? [] : (["email"] as const)),
  ];
}

/**
 * Hands a notice over one way. Never throws, and its reasons name neither the person nor a token. `reference` is told to
 * the gateway, which may know by it that a notice comes a second time.
 */
export async function handOver(
  services: Services,
  way: Way,
  notice: Notice,
  reference: string,
  signal: AbortSignal,
): Promise<HandedOver> {
  const { gateways, sendMail } = services;
  if (way === "whatsapp" && gateways.whatsapp !== undefined) {
    const { url, token, phoneNumberId, codeTemplate } = gateways.whatsapp;
    const answer = await postJson(
      `${url}/${phoneNumberId}/messages`,
      token,
      templateMessage(notice, codeTemplate, reference),
      signal,
    );
    return "failed" in answer
      ? later("WhatsApp", answer.failed)
      : readGraphAnswer(answer.status, answer.body);
  }
  if (way === "sms" && gateways.sms !== undefined) {
    const { url, token } = gateways.sms;
    const message = { id: reference, to: notice.to.value, text: writeCodeText(notice) };
    const answer = await postJson(url, token, message, signal);
    return "failed" in answer ? later("The SMS gateway", answer.failed) : readSmsAnswer(answer.status);
  }
  if (way === "email" && sendMail !== undefined) {
    try {
      await sendMail({ to: notice.to.value, ...writeCodeMail(notice) });
      return { outcome: "sent" };
    } catch {
      return { outcome: "later", reason: "The mail server did not take the mail." };
    }
  }
  return { outcome: "never", reason: `This way is not configured: ${way}.` };
}

const later = (who: string, failed: string): HandedOver => ({
  outcome: "later",
  reason: `${who} gave no answer: ${failed}.`,
});

/** An authentication template with a copy-code button: the code stands in the text and on the button. */
function templateMessage({ to, language, code }: Notice, name: string, reference: string): object {
  const parameters = [{ type: "text", text: code }];
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to: to.value.replace(/^\+/, ""),
    type: "template",
    template: {
      name,
      language: { code: language },
      components: [
        { type: "body", parameters },
        { type: "button", sub_type: "url", index: "0", parameters },
      ],
    },
    biz_opaque_callback_data: reference,
  };
}

/** Redirects are not followed: a token goes to the address that the operator wrote, and nowhere else. */
async function postJson(
  url: string,
  token: string,
  message: object,
  signal: AbortSignal,
): Promise<{ status: number; body: unknown } | { failed: string }> {
  const timeout = AbortSignal.timeout(limits.noticeTimeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(message),
      redirect: "manual",
      signal: AbortSignal.any([timeout, signal]),
    });
    return { status: response.status, body: await readLittle(response) };
  } catch {
    return {
      failed: timeout.aborted ? "it took too long" : signal.aborted ? "the service stopped" : "no connection",
    };
  }
}

/** The JSON of an answer; undefined when it is none, or long. */
async function readLittle({ body }: Response): Promise<unknown> {
  if (body === null) return undefined;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > limits.noticeAnswerBytes) return undefined;
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    return undefined;
  }
}
