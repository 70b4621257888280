import { z } from "zod";
import { byForm, byWidget, type Customer, shopNumber } from "./people.ts";
import { ask, messages, type Shop } from "./scene.ts";

/** Messages come in as WhatsApp sends them: signed. They open windows, and a no among them is taken at once. */
export async function takeMessages(shop: Shop, verifyToken: string): Promise<void> {
  const { caller } = shop;
  caller.chapter("Messages come in by WhatsApp's signed webhooks");
  await caller.call({
    title: "WhatsApp asks whether the webhook is ours",
    by: "person",
    path: `/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=${verifyToken}`,
    shownPath: "/webhooks/whatsapp?hub.mode=subscribe&…",
    as: "text",
    answer: z.literal("4711"),
  });
  const question = inbound(shop, byForm, "Is the blue one in stock?");
  await caller.call({
    title: "Somebody without the app secret is turned away",
    by: "whatsapp",
    path: "/webhooks/whatsapp",
    body: question,
    headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` },
    status: 401,
    answer: z.object({ status: z.literal(401) }),
  });
  const taken = z.object({});
  await caller.call({
    title: `${byForm.name} asks something, which opens the 24-hour window`,
    by: "whatsapp",
    path: "/webhooks/whatsapp",
    body: question,
    answer: taken,
  });
  await ask(shop, { title: "an answer in free words", to: byForm, ...messages.answer }, "allow");
  await caller.call({
    title: `${byWidget.name} writes СТОП`,
    by: "whatsapp",
    path: "/webhooks/whatsapp",
    body: inbound(shop, byWidget, "СТОП"),
    answer: taken,
  });
  await ask(shop, { title: "the summer sale", to: byWidget, ...messages.sale }, "recipient_opted_out");
}

/** A webhook body with one text message. */
function inbound({ phoneNumberId, wabaId }: Shop, from: Customer, text: string) {
  const waId = from.phone.slice(1);
  const seconds = Math.floor(Date.now() / 1000);
  return {
    object: "whatsapp_business_account",
    entry: [
      {
        id: wabaId,
        changes: [
          {
            field: "messages",
            value: {
              messaging_product: "whatsapp",
              metadata: { display_phone_number: shopNumber.slice(1), phone_number_id: phoneNumberId },
              messages: [
                {
                  from: waId,
                  id: `wamid.demo.${waId}.${seconds}`,
                  timestamp: String(seconds),
                  type: "text",
                  text: { body: text },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
