import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import Ajv from "ajv-draft-04";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, Shop } from "../../support/shop.ts";

// The Kantara Initiative's own schema lies beside the project, not in it.
const schemaFile = new URL(
  "../../../../shared/fixtures/kantara/consent-receipt-v1_1-schema.json",
  import.meta.url,
);
const isThere = existsSync(schemaFile);

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = { phone: "+12025550111" };

async function receiptOf(shop: Shop, id: string) {
  const answer = await shop.org.get(`/v1/consents/${id}/receipt`);
  expect(answer.status).toBe(200);
  return answer;
}

/** A shop with consents as different as they can be, by their ids. */
async function receipts() {
  const shop = await Shop.open(service);
  await shop.purpose("club", { doubleOptIn: true, validityDays: 30 });
  const bare = [(await shop.proven(person)).id];
  await shop.org.patch("/v1/organization", {
    name: "Shop of many things",
    country: "IE",
    dpo: { name: "Data protection", contact: "privacy@shop.example" },
  });
  const made = [
    await shop.reported(person, { purpose: "order_updates" }),
    await shop.reported(person, { purpose: "club" }, { version: 2 }),
    await shop.reported(person, { channel: "sms", state: "withdrawn" }),
    await shop.reported(person, { state: "refused" }, { occurredAt: ago(60) }),
  ];
  return { shop, ids: [...bare, ...made.map(({ id }) => id)] };
}

it.skipIf(!isThere)(
  `every consent has a receipt that is valid against Kantara's schema${isThere ? "" : " (not checked: the schema is not there)"}`,
  async () => {
    const validate = new Ajv.default({ strict: false }).compile(JSON.parse(readFileSync(schemaFile, "utf8")));
    // A schema that takes anything would prove nothing.
    expect(validate({ version: "KI-CR-v1.1.0" })).toBe(false);
    const { shop, ids } = await receipts();
    for (const id of ids) {
      const { body } = await receiptOf(shop, id);
      expect([id, validate(body), validate.errors]).toEqual([id, true, null]);
    }
  },
);

it("a receipt says who asked for what, how, when and for how long, and names states as DPV does", async () => {
  const { shop, ids } = await receipts();
  const [first, , club, withdrawn] = ids as [string, string, string, string];
  expect((await receiptOf(shop, first)).body).toMatchObject({
    version: "KI-CR-v1.1.0",
    jurisdiction: "IE",
    collectionMethod: "Checkout (checkbox), version 1, ticked",
    piiControllers: [
      {
        piiController: "Shop of many things",
        contact: "Data protection",
        email: "privacy@shop.example",
        phone: "",
      },
    ],
    services: [
      {
        service: "Messages by WhatsApp",
        purposes: [
          {
            purposeCategory: ["6 - Marketing"],
            termination: "When it is withdrawn",
            thirdPartyDisclosure: true,
            thirdPartyName: "WhatsApp",
          },
        ],
      },
    ],
    consentStatus: "dpv:ConsentGiven",
    proof: "demonstrated",
    wordingSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect((await receiptOf(shop, club)).body).toMatchObject({ consentStatus: "dpv:ConsentRequested" });
  expect((await receiptOf(shop, withdrawn)).body).toMatchObject({ consentStatus: "dpv:ConsentWithdrawn" });
});

it("the receipt of a yes that a later no ended says so", async () => {
  const shop = await Shop.open(service);
  const others = [{ phone: "+12025550122" }, { phone: "+12025550133" }];
  const [optedOut, withdrew] = [await shop.proven(others[0] ?? {}), await shop.proven(others[1] ?? {})];
  const still = await shop.proven(person);
  await shop.optOut(others[0] ?? {}, { scope: "marketing" });
  await shop.reported(others[1] ?? {}, { state: "withdrawn" });
  const statuses = [];
  for (const { id } of [optedOut, withdrew, still])
    statuses.push((await receiptOf(shop, id)).body as { consentStatus: string });
  expect(statuses.map(({ consentStatus }) => consentStatus)).toEqual([
    "dpv:ConsentWithdrawn",
    "dpv:ConsentWithdrawn",
    "dpv:ConsentGiven",
  ]);
});

it("a receipt names the wording of the box that asked for the purpose, not of the whole screen", async () => {
  const shop = await Shop.open(service);
  const wordings = [
    "Shop may send me offers on WhatsApp. I can stop at any time.",
    "Shop may tell me of my orders on WhatsApp. I can stop at any time.",
  ];
  const boxes = [
    { wording: wordings[0], purposes: ["promotions"], required: false },
    { wording: wordings[1], purposes: ["order_updates"], required: false },
  ];
  const { version } = await created<{ version: number }>(
    shop.org.post(`/v1/collection-points/${shop.point}/versions`, {
      channels: ["whatsapp"],
      language: "en",
      privacyNoticeUrl: "https://shop.example/privacy",
      boxes,
    }),
  );
  for (const [n, purpose] of ["promotions", "order_updates"].entries()) {
    const { id } = await shop.reported(person, { purpose }, { version });
    const wordingSha256 = createHash("sha256")
      .update(wordings[n] ?? "")
      .digest("hex");
    expect((await receiptOf(shop, id)).body).toMatchObject({ wordingSha256 });
  }
});

it("a receipt tells no number, and only the organization's own are there", async () => {
  const { shop, ids } = await receipts();
  for (const id of ids) expect((await receiptOf(shop, id)).text).not.toContain("2025550111");
  const other = await Shop.open(service);
  for (const id of [...ids, "cns_1", "sub_01kb0q8s5hf6xv3y1m2n4p5q6r"])
    expect((await other.org.get(`/v1/consents/${id}/receipt`)).status).toBe(404);
});
