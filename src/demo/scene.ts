import { z } from "zod";
import type { Caller } from "./caller.ts";
import type { Customer } from "./people.ts";
import { StoryError } from "./story-error.ts";
import type { Teller } from "./teller.ts";
import type { Transcript } from "./transcript.ts";

/** What every chapter needs. */
export interface Scene {
  readonly caller: Caller;
  readonly teller: Teller;
  readonly transcript: Transcript;
}

/** The shop as it has set itself up. */
export interface Shop extends Scene {
  readonly senderId: string;
  readonly phoneNumberId: string;
  readonly wabaId: string;
}

/** A message that the shop wants to send, and what it expects to be told. */
export interface Send {
  readonly title: string;
  readonly to: Customer;
  readonly purpose: string;
  readonly message: object;
}

const template = (category: string, name: string) => ({
  kind: "template",
  category,
  template: { name, language: "en" },
});

/** The kinds of message that the shop sends. */
export const messages = {
  sale: { purpose: "promotions", message: template("marketing", "summer_sale") },
  orderSent: { purpose: "order_updates", message: template("utility", "order_sent") },
  answer: { purpose: "support", message: { kind: "free_form" } },
} as const;

export const checkAnswer = z.object({
  decision: z.enum(["allow", "deny"]),
  reasons: z.array(z.object({ code: z.string(), message: z.string(), remedy: z.string() })),
});

/** `allow`, or the code of the first reason for the deny. */
export type Expected = "allow" | (string & {});

/** Asks whether a message may go out, tells the answer, and insists on the expected one. */
export async function ask(shop: Shop, send: Send, expected: Expected): Promise<void> {
  const { decision, reasons } = await shop.caller.call({
    title: `May this go out: ${send.title}, to ${send.to.name}?`,
    path: "/v1/checks",
    body: {
      sender: shop.senderId,
      recipient: { phone: send.to.phone },
      channel: "whatsapp",
      purpose: send.purpose,
      message: send.message,
    },
    answer: checkAnswer,
    silent: true,
  });
  const [reason] = reasons;
  shop.teller.decision(`${send.title}, to ${send.to.name}`, decision, reason?.code ?? "");
  if (reason !== undefined) shop.teller.detail(reason.message);
  const got = decision === "allow" ? "allow" : (reason?.code ?? "deny");
  if (got !== expected) {
    throw new StoryError(
      `${send.title}, to ${send.to.name}: the answer is ${got}, the story says ${expected}.`,
    );
  }
}

/** Any JSON object with an id. */
export const withId = z.object({ id: z.string() });

/** What a page says at its top, without its markup. */
export function headingOf(page: string): string {
  const heading = /<h1[^>]*>(.*?)<\/h1>/s.exec(page)?.[1] ?? "";
  return heading
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** A page for people, which is kept as its heading. */
export const page = {
  as: "text",
  answer: z.string().includes("<h1"),
  summary: (text: string) => ({ page: headingOf(text) }),
} as const;
