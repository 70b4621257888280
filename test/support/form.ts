import type { Answer, TestService } from "./service.ts";
import { created, Shop } from "./shop.ts";

const form = { "content-type": "application/x-www-form-urlencoded" };

/** What somebody puts into a form. Boxes are counted from 1. */
export interface Filled {
  readonly token?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly country?: string;
  readonly boxes?: readonly number[];
}

/** One box that asks for offers, as a shop named Shop may show it. */
export const offersBox = {
  wording: "Yes, Shop may send me offers and news on WhatsApp. I can stop at any time by replying STOP.",
  purposes: ["promotions"],
} as const;

/** A box of its own for what the law of some countries wants agreed to by itself. */
export const dataBox = {
  wording:
    "Shop may keep and use my number to answer me on WhatsApp about my orders. I can withdraw this at any time.",
  purposes: ["order_updates"],
  required: true,
} as const;

/** A shop with the form of a collection point, and a visitor who fills it in. */
export class FormVisit {
  readonly shop: Shop;
  readonly id: string;
  readonly path: string;
  private readonly service: TestService;

  private constructor(service: TestService, shop: Shop, point: { id: string; publicKey: string }) {
    this.service = service;
    this.shop = shop;
    this.id = point.id;
    this.path = `/c/${point.publicKey}`;
  }

  static async open(service: TestService, more: object = {}, known?: Shop): Promise<FormVisit> {
    const shop = known ?? (await Shop.open(service));
    const point = await created<{ id: string; publicKey: string }>(
      shop.org.post("/v1/collection-points", {
        key: `form-${service.nextNumber()}`,
        kind: "form",
        name: "Form",
        channels: ["whatsapp"],
        language: "en",
        ...("boxes" in more ? {} : offersBox),
        privacyNoticeUrl: "https://shop.example/privacy",
        ...more,
      }),
    );
    return new FormVisit(service, shop, point);
  }

  get(headers: Record<string, string> = {}, query = "") {
    return this.service.anonymous.get(`${this.path}${query}`, headers);
  }

  /** The capture token of a page that was just opened. */
  async token(): Promise<string> {
    return tokenIn(await this.get());
  }

  /** Sends the form; the token is a fresh one unless it is given. */
  async send(filled: Filled, query = ""): Promise<Answer> {
    const { token = await this.token(), boxes = [], ...fields } = filled;
    const body = new URLSearchParams({ token, ...fields });
    for (const box of boxes) body.append("box", String(box));
    return this.service.anonymous.post(`${this.path}${query}`, body.toString(), form);
  }

  /** Every consent event of a person, the newest first; none of somebody who is not known. */
  async history(subject: object) {
    const found = await this.shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject });
    if (found.status === 404) return [];
    const { body } = await this.shop.org.get<{
      items: {
        id: string;
        channel: string;
        purpose: string;
        state: string;
        provenance: Record<string, unknown>;
      }[];
    }>(`/v1/subjects/${found.body.id}/consents`);
    return body.items;
  }
}

export const tokenIn = ({ text }: Answer): string => /name="token" value="([^"]+)"/.exec(text)?.[1] ?? "";

/** The public id that a page shows as its reference. */
export const referenceIn = ({ text }: Answer): string => /cns_[0-9a-z]{26}/.exec(text)?.[0] ?? "";

/** The code that a page shows. */
export const codeIn = ({ text }: Answer): string => /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(text)?.[0] ?? "";
