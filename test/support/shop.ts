import { formatId, parseId } from "../../src/kernel/ids.ts";
import { administer } from "./database.ts";
import type { OrganizationClient, TestService } from "./service.ts";

/** An instant some seconds ago (ahead, with a negative number), as callers write it. */
export function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

export interface Checked {
  readonly decision: "allow" | "deny";
  readonly decisionId: string;
  readonly category: string | null;
  readonly reasons: readonly {
    code: string;
    rule: string;
    message: string;
    remedy: string;
    retryAt?: string;
    enforced?: false;
    evidence: string[];
  }[];
  readonly rules: readonly { rule: string; outcome: string }[];
  readonly window: { open: boolean; openedAt: string | null; expiresAt: string | null };
  readonly obligations: readonly string[];
  readonly policyVersion: string;
  readonly permit?: { readonly id: string; readonly expiresAt: string };
}

export interface RecordedConsent {
  readonly id: string;
  readonly subjectId: string;
  readonly state: string;
  readonly recordedAt: string;
}

/** The codes of an answer, worst first. */
export const codes = (answer: Checked) => answer.reasons.map(({ code }) => code);

/** Messages that a shop sends: an approved template of each category, and free form. */
export const messages = {
  sale: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
  parcel: { kind: "template", category: "utility", template: { name: "parcel", language: "en" } },
  code: { kind: "template", category: "authentication", template: { name: "code", language: "en" } },
  freeForm: { kind: "free_form" },
} as const;

/** Wordings that a shop named Shop may show, one as good as the other. */
export const wordings = {
  en: "Yes, Shop may send me offers on WhatsApp. I can stop at any time.",
  second: "Yes, Shop may send me offers and news on WhatsApp. I can stop at any time.",
  third: "Yes, I want offers from Shop on WhatsApp. I can stop at any time.",
  ru: "Да, пусть Shop присылает мне в WhatsApp скидки. Отказаться можно в любой момент.",
} as const;

/** What a version of a collection point needs. */
export const askedFor = {
  channels: ["whatsapp"],
  purposes: ["promotions"],
  language: "en",
  wording: wordings.en,
  privacyNoticeUrl: "https://shop.example/privacy",
} as const;

/** A shop that can collect consents and ask: a sender, its templates, and a collection point that is a year old. */
export class Shop {
  readonly org: OrganizationClient;
  readonly sender: { readonly id: string; readonly phoneNumberId: string; readonly wabaId: string };
  /** Asks for every purpose on every channel; its first version came into being a year ago. */
  readonly point: string;
  private readonly service: TestService;

  private constructor(service: TestService, org: OrganizationClient, sender: Shop["sender"], point: string) {
    this.service = service;
    this.org = org;
    this.sender = sender;
    this.point = point;
  }

  static async open(service: TestService): Promise<Shop> {
    const org = await service.organization();
    const sender = await org.sender();
    for (const { category, template } of [messages.sale, messages.parcel, messages.code]) {
      await created(
        org.post("/v1/templates", { wabaId: sender.wabaId, ...template, category, status: "approved" }),
      );
    }
    const pointId = service.services.newId("cpt");
    const purposes = ["promotions", "order_updates", "support", "sign_in_codes"];
    // Through the API a version is always of now.
    await administer(
      service.database.ownerUrl,
      (sql) => sql`
        with point as (
          insert into collection_point (organization_id, id, key, kind, name, created_at)
          values (${parseId("org", org.id) ?? ""}, ${pointId}, 'checkout', 'checkbox', 'Checkout', now() - interval '1 year')
          returning organization_id, id, created_at)
        insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
          language, wording, wording_sha256, created_at)
        select organization_id, id, 1, '{whatsapp,sms}', ${purposes}, 'en', 'Yes, write to me.',
          encode(sha256('Yes, write to me.'), 'hex'), created_at
        from point`,
    );
    return new Shop(service, org, sender, formatId("cpt", pointId));
  }

  /** Adds a purpose and a version of the collection point that asks for it, as old as the first one. */
  async purpose(key: string, input: object): Promise<void> {
    await created(
      this.org.post("/v1/purposes", {
        key,
        name: key,
        description: key,
        category: "marketing",
        lawfulBasis: "consent",
        ...input,
      }),
    );
    await this.sql(
      (sql, organizationId) => sql`
        insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
          language, wording, wording_sha256, created_at)
        select organization_id, collection_point_id, max(version) + 1, '{whatsapp}', ${[key]}, 'en', ${key},
          encode(sha256(convert_to(${key}, 'UTF8')), 'hex'), min(created_at)
        from collection_point_version where organization_id = ${organizationId} group by 1, 2`,
    );
  }

  /** Sends a consent; what is not said is a ticked yes to promotions, now. */
  sendConsent(input: object = {}, provenance: object = {}) {
    return this.org.post<RecordedConsent & { errors?: { pointer: string }[] }>("/v1/consents", {
      channel: "whatsapp",
      purpose: "promotions",
      state: "given",
      provenance: {
        collectionPointId: this.point,
        version: 1,
        indication: "ticked",
        occurredAt: ago(0),
        ...provenance,
      },
      ...input,
    });
  }

  /** Records a consent that the shop merely reports. */
  async reported(subject: object, input: object = {}, provenance: object = {}): Promise<RecordedConsent> {
    return created(this.sendConsent({ subject, ...input }, provenance));
  }

  /** Records a consent with a capture token of its own. */
  async proven(subject: object, input: object = {}, provenance: object = {}): Promise<RecordedConsent> {
    const captureToken = await this.captureToken("version" in provenance ? Number(provenance.version) : 1);
    return created(this.sendConsent({ subject, ...input }, { captureToken, ...provenance }));
  }

  async captureToken(version = 1): Promise<string> {
    const { token } = await created<{ token: string }>(
      this.org.post(`/v1/collection-points/${this.point}/capture-tokens`, { version }),
    );
    return token;
  }

  /** Records an opt-out, from everything unless it says otherwise. */
  optOut(subject: object, input: object = {}) {
    return created<{ id: string; inForce: boolean; supersededBy?: string }>(
      this.org.post("/v1/opt-outs", { subject, scope: "all", source: "api", occurredAt: ago(0), ...input }),
    );
  }

  /** Reports a message from a person. */
  inbound(from: object, input: object = {}) {
    return created(
      this.org.post("/v1/messages/inbound", {
        sender: this.sender.id,
        from,
        messageId: `wamid.${this.service.nextNumber()}`,
        occurredAt: ago(0),
        ...input,
      }),
    );
  }

  /** Asks; what is not said is the sale template under promotions. */
  async check(recipient: object, input: object = {}, headers?: Record<string, string>): Promise<Checked> {
    const answer = await this.org.post<Checked>(
      "/v1/checks",
      {
        sender: this.sender.id,
        recipient,
        channel: "whatsapp",
        purpose: "promotions",
        message: messages.sale,
        ...input,
      },
      headers,
    );
    if (answer.status !== 200) throw new Error(`The check was not answered: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** The codes that a check denies with; none for an allow. */
  async codes(recipient: object, input: object = {}): Promise<string[]> {
    return codes(await this.check(recipient, input));
  }

  /** Proposes a policy and brings it into force. */
  async activatePolicy(document: object): Promise<void> {
    const { version } = await created<{ version: number }>(this.org.post("/v1/policies", { document }));
    const inForce = await this.org.get("/v1/policy");
    const headers = { "if-match": inForce.headers.get("etag") ?? "" };
    const answer = await this.org.post(`/v1/policies/${version}/activate`, { reason: "Agreed." }, headers);
    if (answer.status !== 200) throw new Error(`Not activated: ${answer.status} ${answer.text}`);
  }

  /** Runs one statement as the database's owner. */
  sql<T>(
    run: (sql: Parameters<Parameters<typeof administer>[1]>[0], organizationId: string) => PromiseLike<T>,
  ) {
    return administer(this.service.database.ownerUrl, (sql) => run(sql, parseId("org", this.org.id) ?? ""));
  }
}

/** The body of an answer that must be a 201. */
export async function created<Body>(answer: Promise<{ status: number; text: string; body: unknown }>) {
  const { status, text, body } = await answer;
  if (status !== 201) throw new Error(`Not created: ${status} ${text}`);
  return body as Body;
}
