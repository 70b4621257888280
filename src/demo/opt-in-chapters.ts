import { z } from "zod";
import { byCheckbox, byForm, byWidget, type Customer, complaining, shopNumber } from "./people.ts";
import { ask, messages, type Scene, type Shop, withId } from "./scene.ts";

const point = z.object({
  id: z.string(),
  version: z.number(),
  boxes: z.array(z.object({ wordingSha256: z.string() })),
});
type Point = z.infer<typeof point>;

/** The shop registers its number, its purposes, its templates. */
export async function setUpShop(scene: Scene): Promise<Shop> {
  const { caller } = scene;
  caller.chapter("A shop sets itself up");
  await caller.call({
    title: "The shop says who answers for the data",
    method: "PATCH",
    path: "/v1/organization",
    body: {
      name: "Example Shop",
      country: "DE",
      timeZone: "Europe/Berlin",
      dpo: { name: "Data protection office", contact: "privacy@shop.example" },
      supervisoryAuthority: { name: "Example supervisory authority", url: "https://authority.example" },
      notice: {
        recipients: "Our parcel service and the company that runs our servers.",
        retention: "Orders for ten years, everything else for three years after the last contact.",
        source: "From you: forms, orders and messages.",
        automatedDecisions: "None that affect you.",
      },
    },
    answer: withId,
  });
  // A platform's ids are digits; the time makes them new where a demo's data are kept.
  const unique = String(Date.now());
  const phoneNumberId = `1${unique}1`;
  const wabaId = `2${unique}2`;
  const sender = await caller.call({
    title: `It registers its number, ${shopNumber}`,
    path: "/v1/senders",
    body: {
      name: "Example Shop",
      phoneNumberId,
      displayPhoneNumber: shopNumber,
      wabaId,
      platform: "whatsapp_cloud",
    },
    status: 201,
    answer: withId,
  });
  await caller.call({
    title: "It adds a purpose of its own to the four that are there",
    path: "/v1/purposes",
    body: {
      key: "loyalty",
      name: "Loyalty club",
      description: "Points, levels and gifts of the loyalty club.",
      category: "marketing",
      lawfulBasis: "consent",
    },
    status: 201,
    answer: z.object({ key: z.string() }),
  });
  for (const { name, category } of [
    { name: "summer_sale", category: "marketing" },
    { name: "order_sent", category: "utility" },
  ]) {
    await caller.call({
      title: `WhatsApp has approved its template ${name}`,
      path: "/v1/templates",
      body: { wabaId, name, language: "en", category, status: "approved" },
      status: 201,
      answer: withId,
    });
  }
  return { ...scene, senderId: sender.id, phoneNumberId, wabaId };
}

/** Three places where people can say yes; people say it, each in their own way. */
export async function collectConsents(shop: Shop): Promise<{ subjectId: string; point: Point }> {
  const { caller } = shop;
  caller.chapter("Nobody may be written to before they said yes");
  await ask(shop, { title: "the summer sale", to: byForm, ...messages.sale }, "consent_missing");

  caller.chapter("People say yes: by a form, a widget, a checkbox");
  const form = await addPoint(
    shop,
    "form",
    "en",
    "Yes, Example Shop may send me offers on WhatsApp. I can stop at any time.",
    "Yes, Example Shop may write to me about my orders on WhatsApp. I can stop at any time.",
  );
  const widget = await addPoint(
    shop,
    "widget",
    "ru",
    "Да, я хочу получать предложения от Example Shop в WhatsApp. Отказаться можно в любой момент.",
    "Да, пусть Example Shop пишет мне в WhatsApp о моих заказах. Отказаться можно в любой момент.",
  );
  const checkbox = await addPoint(
    shop,
    "checkbox",
    "en",
    "Example Shop may send me offers on WhatsApp. I can stop at any time.",
    "Example Shop may tell me about my order on WhatsApp. I can stop at any time.",
  );
  await caller.call({
    title: "A box that is ticked beforehand is refused",
    path: "/v1/collection-points",
    body: {
      ...pointBody(
        "checkbox",
        "en",
        "Example Shop may send me offers on WhatsApp. I can stop at any time.",
        "Example Shop may tell me about my order on WhatsApp. I can stop at any time.",
      ),
      key: "ticked_beforehand",
      defaultChecked: true,
    },
    status: 422,
    answer: z.object({ errors: z.array(z.object({ pointer: z.literal("/defaultChecked") })) }),
  });
  const first = await sayYes(shop, byForm, form, {
    indication: "submitted",
    page: "newsletter",
    language: "en",
  });
  await sayYes(shop, byWidget, widget, { indication: "clicked", page: "product/17", language: "ru" });
  await sayYes(shop, byCheckbox, checkbox, { indication: "ticked", page: "checkout", language: "en" });
  await sayYes(shop, complaining, checkbox, { indication: "ticked", page: "checkout", language: "en" });
  const { items } = await caller.call({
    title: `What ${byForm.name} agreed to stays provable, to the letter`,
    path: `/v1/subjects/${first}/consents`,
    answer: z.object({
      items: z
        .array(
          z.object({
            provenance: z.object({ wordingSha256: z.enum(form.boxes.map((box) => box.wordingSha256)) }),
          }),
        )
        .min(2),
    }),
  });
  shop.teller.detail(`SHA-256 of the wording: ${items[0]?.provenance.wordingSha256}`);
  return { subjectId: first, point: form };
}

function pointBody(kind: string, language: string, offers: string, orders: string) {
  return {
    key: kind,
    kind,
    name: `The shop's ${kind}`,
    channels: ["whatsapp"],
    language,
    boxes: [
      { wording: offers, purposes: ["promotions"] },
      { wording: orders, purposes: ["order_updates"] },
    ],
    privacyNoticeUrl: "https://shop.example/privacy",
  };
}

function addPoint(
  { caller }: Shop,
  kind: string,
  language: string,
  offers: string,
  orders: string,
): Promise<Point> {
  return caller.call({
    title: `The shop's ${kind} and its two boxes are put on record`,
    path: "/v1/collection-points",
    body: pointBody(kind, language, offers, orders),
    status: 201,
    answer: point,
  });
}

/** A person's yes to both purposes, each proven by what was on their screen. Gives the person's id. */
async function sayYes(
  { caller, transcript }: Shop,
  customer: Customer,
  shown: Point,
  how: { indication: string; page: string; language: string },
): Promise<string> {
  let subjectId = "";
  for (const purpose of ["promotions", "order_updates"]) {
    const capture = await caller.call({
      title: `The page is shown to ${customer.name}`,
      path: `/v1/collection-points/${shown.id}/capture-tokens`,
      body: {},
      status: 201,
      answer: z.object({ token: z.string() }),
      silent: true,
    });
    transcript.hide(capture.token);
    const recorded = await caller.call({
      title: `${customer.name} says yes to ${purpose}`,
      path: "/v1/consents",
      body: {
        subject: { phone: customer.phone },
        channel: "whatsapp",
        purpose,
        state: "given",
        provenance: {
          collectionPointId: shown.id,
          version: shown.version,
          captureToken: capture.token,
          indication: how.indication,
          pageUrl: `https://shop.example/${how.page}`,
          ipAddress: "192.0.2.17",
          userAgent: "Mozilla/5.0 (example)",
          language: how.language,
          occurredAt: new Date().toISOString(),
        },
      },
      status: 201,
      answer: z.object({ subjectId: z.string(), state: z.literal("given") }),
    });
    subjectId = recorded.subjectId;
  }
  return subjectId;
}

/** The shop reports a yes that somebody noted, without a proof of the person's own. */
export function reportedYes(phone: string, shown: Point) {
  return {
    subject: { phone },
    channel: "whatsapp",
    purpose: "promotions",
    state: "given",
    provenance: {
      collectionPointId: shown.id,
      version: shown.version,
      indication: "submitted",
      occurredAt: new Date().toISOString(),
    },
  };
}
