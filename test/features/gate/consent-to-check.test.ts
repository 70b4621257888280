import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { askedFor } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const phone = "+12025550142";
const now = () => new Date().toISOString();

interface Checked {
  decision: string;
  decisionId: string;
  reasons: { code: string; message: string; evidence: string[] }[];
}

async function shop() {
  const shop = await service.organization();
  const sender = await shop.sender();
  const point = await shop.post<{ id: string; version: number; wordingSha256: string }>(
    "/v1/collection-points",
    {
      key: "checkout",
      kind: "checkbox",
      name: "Checkout",
      ...askedFor,
      purposes: undefined,
      wording: undefined,
      boxes: [
        askedFor,
        {
          wording: "Yes, Shop may tell me about my orders on WhatsApp. I can stop it.",
          purposes: ["order_updates"],
        },
      ].map(({ wording, purposes }) => ({ wording, purposes })),
    },
  );
  expect(point.status).toBe(201);
  await shop.post("/v1/templates", {
    wabaId: sender.wabaId,
    name: "sale",
    language: "en",
    category: "marketing",
    status: "approved",
  });
  return { shop, sender, point: point.body };
}

type Shop = Awaited<ReturnType<typeof shop>>;

function consent({ shop, point }: Shop, more: object = {}, provenance: object = {}) {
  return shop.post<{ id: string; state: string; subjectId: string; errors: unknown }>("/v1/consents", {
    subject: { phone },
    channel: "whatsapp",
    purpose: "promotions",
    state: "given",
    provenance: {
      collectionPointId: point.id,
      version: point.version,
      indication: "ticked",
      occurredAt: now(),
      ...provenance,
    },
    ...more,
  });
}

async function captureToken({ shop, point }: Shop) {
  const issued = await shop.post<{ token: string }>(`/v1/collection-points/${point.id}/capture-tokens`, {});
  expect(issued.status).toBe(201);
  return issued.body.token;
}

async function check(from: { shop: OrganizationClient; sender: { id: string } }, more: object = {}) {
  const answer = await from.shop.post<Checked>("/v1/checks", {
    sender: from.sender.id,
    recipient: { phone },
    channel: "whatsapp",
    purpose: "promotions",
    message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
    ...more,
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const codes = (answer: Checked) => answer.reasons.map(({ code }) => code);

describe("from a consent to a check", () => {
  it("denies a stranger, allows after an opt-in, denies after an opt-out, and keeps every decision", async () => {
    const s = await shop();
    expect(codes(await check(s))).toContain("consent_missing");

    const given = await consent(s);
    expect(given.status, given.text).toBe(201);
    expect(given.body.state).toBe("given");
    const allowed = await check(s);
    expect(allowed).toMatchObject({ decision: "allow", reasons: [] });

    const stop = await s.shop.post("/v1/opt-outs", {
      subject: { phone },
      scope: "all",
      source: "api",
      occurredAt: now(),
    });
    expect(stop.status, stop.text).toBe(201);
    expect(stop.body).toMatchObject({ inForce: true });
    const denied = await check(s);
    expect(codes(denied)).toContain("recipient_opted_out");

    const kept = await s.shop.get(`/v1/decisions/${denied.decisionId}`, { "accept-language": "ru" });
    expect(kept.status, kept.text).toBe(200);
    expect(kept.body).toMatchObject({ decision: "deny", decisionId: denied.decisionId });
    expect(JSON.stringify(kept.body)).not.toContain("2025550142");
    const history = await s.shop.get<{ items: { decision: string }[] }>(
      `/v1/subjects/${given.body.subjectId}/decisions`,
    );
    expect(history.body.items.map(({ decision }) => decision)).toEqual(["deny", "allow"]);
  });

  it("stores a yes that is only reported after a no as requested, and one with a capture token as given", async () => {
    const s = await shop();
    await s.shop.post("/v1/opt-outs", {
      subject: { phone },
      scope: "purpose",
      purpose: "promotions",
      source: "api",
      occurredAt: new Date(Date.now() - 60_000).toISOString(),
    });
    expect((await consent(s)).body.state).toBe("requested");
    expect(codes(await check(s))).toContain("recipient_opted_out");

    const proven = await consent(s, {}, { captureToken: await captureToken(s) });
    expect(proven.body.state).toBe("given");
    expect((await check(s)).decision).toBe("allow");
    // It revives its own purpose only.
    const late = await s.shop.post("/v1/opt-outs", {
      subject: { phone },
      scope: "purpose",
      purpose: "promotions",
      channel: "whatsapp",
      source: "api",
      occurredAt: new Date(Date.now() - 30_000).toISOString(),
    });
    expect(late.body).toMatchObject({ inForce: false, supersededBy: proven.body.id });
  });

  it("blocks every spelling of a number, and no new opt-in lifts a block", async () => {
    const s = await shop();
    const spellings = [{ phone: "+5511961234567" }, { phone: "+55 11 6123-4567" }, { waId: "551161234567" }];
    const answers = () => Promise.all(spellings.map((recipient) => check(s, { recipient })));
    await consent(s, { subject: { phone: "+5511961234567" } });
    expect((await answers()).map(({ decision }) => decision)).toEqual(["allow", "allow", "allow"]);

    const block = await s.shop.post<{ id: string }>("/v1/blocks", {
      identifier: { waId: "551161234567" },
      reason: "complaint",
    });
    expect(block.status, block.text).toBe(201);
    const proven = await consent(
      s,
      { subject: { phone: "+5511961234567" } },
      { captureToken: await captureToken(s) },
    );
    expect(proven.body.state).toBe("given");
    for (const answer of await answers()) expect(codes(answer)).toEqual(["recipient_blocked"]);

    const lifted = await s.shop.post(`/v1/blocks/${block.body.id}/lift`, { reason: "They asked for it." });
    expect(lifted.status, lifted.text).toBe(200);
    expect((await answers()).map(({ decision }) => decision)).toEqual(["allow", "allow", "allow"]);
  });

  it("uses a sign-in cause once, for an authentication template only", async () => {
    const s = await shop();
    await s.shop.post("/v1/templates", {
      wabaId: s.sender.wabaId,
      name: "code",
      language: "en",
      category: "authentication",
      status: "approved",
    });
    const cause = await s.shop.post<{ id: string }>("/v1/causes", { kind: "sign_in", recipient: { phone } });
    expect(cause.status, cause.text).toBe(201);
    const ask = () =>
      check(s, {
        purpose: "sign_in_codes",
        message: { kind: "template", category: "authentication", template: { name: "code", language: "en" } },
        cause: { kind: "sign_in", id: cause.body.id },
      });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ decision }) => decision).sort()).toEqual(["allow", "deny", "deny"]);
  });
});
