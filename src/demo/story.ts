import { answerDataRequest, type DeliveredArchive, pushAccountData } from "./data-request-chapters.ts";
import { takeMessages } from "./message-chapters.ts";
import { blockNumber, checkCampaign, followOptOutLink } from "./no-chapters.ts";
import { collectConsents, setUpShop } from "./opt-in-chapters.ts";
import { byCheckbox, byForm, byWidget, complaining } from "./people.ts";
import { ask, type Expected, messages, type Scene, type Send, type Shop } from "./scene.ts";

/** The same sends, asked when everybody had said yes and again at the end. */
const sends: readonly (Send & { readonly before: Expected; readonly after: Expected })[] = [
  { title: "the summer sale", to: byForm, ...messages.sale, before: "allow", after: "allow" },
  {
    title: "an answer in free words",
    to: byForm,
    ...messages.answer,
    before: "window_closed",
    after: "allow",
  },
  { title: "the summer sale", to: byWidget, ...messages.sale, before: "allow", after: "recipient_opted_out" },
  {
    title: "the summer sale",
    to: byCheckbox,
    ...messages.sale,
    before: "allow",
    after: "recipient_opted_out",
  },
  {
    title: "“your order is on its way”",
    to: byCheckbox,
    ...messages.orderSent,
    before: "allow",
    after: "allow",
  },
  {
    title: "the summer sale",
    to: complaining,
    ...messages.sale,
    before: "allow",
    after: "recipient_blocked",
  },
];

/** Plays the whole story. Throws a StoryError at the first answer that it does not expect. */
export async function playStory(scene: Scene, verifyToken: string): Promise<DeliveredArchive> {
  const shop = await setUpShop(scene);
  const { subjectId, point } = await collectConsents(shop);
  await askBeforeSending(shop);
  await takeMessages(shop, verifyToken);
  await followOptOutLink(shop);
  await blockNumber(shop, point);
  await checkCampaign(shop, point);
  await pushAccountData(shop, subjectId);
  const archive = await answerDataRequest(shop);
  scene.caller.chapter("The same sends are asked again");
  for (const send of sends) await ask(shop, send, send.after);
  return archive;
}

async function askBeforeSending(shop: Shop): Promise<void> {
  shop.caller.chapter("Before each send the shop asks");
  for (const send of sends) await ask(shop, send, send.before);
  const { purpose } = messages.orderSent;
  await ask(
    shop,
    { title: "the sale, passed off as an order update", to: byForm, purpose, message: messages.sale.message },
    "purpose_category_mismatch",
  );
  await ask(
    shop,
    {
      title: "the sale, for the loyalty club",
      to: byForm,
      purpose: "loyalty",
      message: messages.sale.message,
    },
    "consent_missing",
  );
}
