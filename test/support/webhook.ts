import { createHmac } from "node:crypto";
import type { Answer, Client } from "./service.ts";
import { testConfig } from "./service.ts";

type Json = Readonly<Record<string, unknown>>;

/** The header that Meta signs a body with. */
export function signatureOf(
  raw: string | Uint8Array,
  secret = testConfig.whatsappAppSecrets[0] ?? "",
): string {
  return `sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`;
}

/** The platform's timestamp of some seconds ago: whole seconds since 1970, as text. */
export function secondsAgo(seconds: number): string {
  return String(Math.floor(Date.now() / 1000) - seconds);
}

/** The instant of such a timestamp. */
export function instantOf(timestamp: string): string {
  return new Date(Number(timestamp) * 1000).toISOString();
}

/** The platform as it speaks of one sender: builds its bodies and delivers them, signed. */
export class Platform {
  private readonly client: Client;
  readonly sender: { readonly phoneNumberId: string; readonly wabaId: string };
  private made = 0;

  constructor(client: Client, sender: { phoneNumberId: string; wabaId: string }) {
    this.client = client;
    this.sender = sender;
  }

  /** Delivers a body, or raw bytes as they are, signed. */
  send(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.client.post("/webhooks/whatsapp", raw, {
      "x-hub-signature-256": signatureOf(raw),
      ...headers,
    });
  }

  /** Delivers a body that must be taken, and answers with it, to be delivered again. */
  async deliver<Body>(body: Body): Promise<Body> {
    const answer = await this.send(body);
    if (answer.status !== 200) throw new Error(`The body was not taken: ${answer.status} ${answer.text}`);
    return body;
  }

  body(...changes: readonly { field: string; value: unknown }[]) {
    return {
      object: "whatsapp_business_account",
      entry: [{ id: this.sender.wabaId, time: Number(secondsAgo(0)), changes }],
    };
  }

  /** A body about the whole account, with the timestamp of its entry. */
  account(field: string, value: unknown, time = secondsAgo(0)) {
    return {
      object: "whatsapp_business_account",
      entry: [{ id: this.sender.wabaId, time: Number(time), changes: [{ field, value }] }],
    };
  }

  /** The value of a change that says something of this sender's conversations. */
  conversation(lists: Json): Json {
    return {
      messaging_product: "whatsapp",
      metadata: { display_phone_number: "12025550100", phone_number_id: this.sender.phoneNumberId },
      ...lists,
    };
  }

  conversations(lists: Json) {
    return this.body({ field: "messages", value: this.conversation(lists) });
  }

  messages(...messages: readonly Json[]) {
    return this.conversations({ messages });
  }

  statuses(...statuses: readonly Json[]) {
    return this.conversations({ statuses });
  }

  preferences(...preferences: readonly Json[]) {
    return this.body({
      field: "user_preferences",
      value: this.conversation({ user_preferences: preferences }),
    });
  }

  /** A message with an id of its own, written now. */
  message(from: string, more: Json = {}): Json {
    return {
      id: this.messageId(),
      from,
      timestamp: secondsAgo(0),
      type: "image",
      image: { id: "1" },
      ...more,
    };
  }

  text(from: string, words: string, more: Json = {}): Json {
    return {
      id: this.messageId(),
      from,
      timestamp: secondsAgo(0),
      type: "text",
      text: { body: words },
      ...more,
    };
  }

  status(word: string, recipient: string, more: Json = {}): Json {
    return { id: this.messageId(), status: word, timestamp: secondsAgo(0), recipient_id: recipient, ...more };
  }

  /** A failed message. */
  failure(code: number, recipient: string, more: Json = {}): Json {
    return this.status("failed", recipient, { errors: [{ code, title: `error ${code}` }], ...more });
  }

  preference(value: string, waId: string, more: Json = {}): Json {
    return { wa_id: waId, category: "marketing_messages", value, timestamp: Number(secondsAgo(0)), ...more };
  }

  private messageId(): string {
    this.made += 1;
    return `wamid.${this.sender.phoneNumberId}.${this.made}`;
  }
}
