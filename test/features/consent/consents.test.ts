import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { insertOptOut } from "../../../src/features/optout/store.ts";
import { formatId, parseId } from "../../../src/kernel/ids.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, askedFor, created, messages, Shop, wordings } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const phone = "+12025550142";
const person = { phone };
const other = { phone: "+12025550143" };

interface History {
  items: {
    id: string;
    subjectId: string;
    state: string;
    reportedState: string;
    purpose: string;
    expiresAt: string | null;
    provenance: Record<string, unknown>;
  }[];
}

async function historyOf(shop: Shop, subjectId: string) {
  const history = await shop.org.get<History>(`/v1/subjects/${subjectId}/consents`);
  expect(history.status, history.text).toBe(200);
  return history.body.items;
}

describe("provenance", () => {
  const wording =
    "Yes — «Example Shop» может писать мне о скидках в WhatsApp.\r\n\tЯ могу отписаться.  👍🏽 e\u0301 \u202e ";

  it("comes back in full, with the wording exactly as it was shown, also when a newer version exists", async () => {
    const { org } = await Shop.open(service);
    const point = await created<{ id: string }>(
      org.post("/v1/collection-points", {
        key: "site-form",
        kind: "form",
        name: "Site form",
        channels: ["whatsapp"],
        purposes: ["promotions"],
        language: "ru",
        wording,
        privacyNoticeUrl: "https://shop.example/privacy?v=1",
      }),
    );
    const provenance = {
      collectionPointId: point.id,
      version: 1,
      indication: "submitted",
      pageUrl: "https://shop.example/checkout?step=2#consent",
      ipAddress: "2001:db8::1",
      userAgent: "ExampleBrowser/1.0 (тест)",
      language: "ru",
      operator: "till 4",
      occurredAt: new Date().toISOString(),
      evidence: { order: "A-1", nested: { list: [1, "два", null, true], zero: 0 } },
    };
    const given = await created<{ id: string; subjectId: string; recordedAt: string }>(
      org.post("/v1/consents", { subject: person, purpose: "promotions", state: "given", provenance }),
    );
    const other = wordings.ru;
    const second = await org.post(`/v1/collection-points/${point.id}/versions`, {
      wording: other,
      purposes: ["promotions"],
      language: "ru",
      privacyNoticeUrl: "https://shop.example/privacy?v=2",
    });
    expect(second.body).toMatchObject({ version: 2, wording: other });

    const history = await org.get<History>(`/v1/subjects/${given.subjectId}/consents`);
    expect(history.body.items).toEqual([
      {
        id: given.id,
        subjectId: given.subjectId,
        channel: "whatsapp",
        purpose: "promotions",
        state: "given",
        reportedState: "given",
        occurredAt: provenance.occurredAt,
        recordedAt: given.recordedAt,
        expiresAt: null,
        provenance: {
          ...provenance,
          wording,
          wordingSha256: createHash("sha256").update(wording).digest("hex"),
          wordingLanguage: "ru",
          importId: null,
          legacyEvidence: null,
          attachments: [],
          privacyNoticeUrl: "https://shop.example/privacy?v=1",
          proof: "reported",
          recordedAt: given.recordedAt,
        },
      },
    ]);
    const old = await org.get(`/v1/collection-points/${point.id}/versions/1`);
    expect(old.body).toMatchObject({ wording, privacyNoticeUrl: "https://shop.example/privacy?v=1" });
  });

  it("stands in no table in clear, and neither does any identifier", async () => {
    const shop = await Shop.open(service);
    const secrets = {
      phone: "+12025550177",
      email: "person-of-test@example.org",
      externalId: "customer-77-external",
      pageUrl: "https://shop.example/secret-page",
      ipAddress: "192.0.2.177",
      userAgent: "SecretBrowser/77",
      operator: "secret operator",
      evidence: "secret evidence",
      text: "a secret text of a message",
      note: "a secret note",
    };
    const { phone, email, externalId, pageUrl, ipAddress, userAgent, operator, evidence } = secrets;
    const provenance = { pageUrl, ipAddress, userAgent, operator, evidence: { said: evidence } };
    const headers = { "idempotency-key": "seal-test" };
    const captureToken = await shop.captureToken();
    const first = await shop.org.post(
      "/v1/consents",
      {
        subject: { phone, email, externalId },
        purpose: "promotions",
        state: "given",
        provenance: {
          collectionPointId: shop.point,
          version: 1,
          indication: "ticked",
          occurredAt: ago(0),
          captureToken,
          ...provenance,
        },
      },
      headers,
    );
    expect(first.status, first.text).toBe(201);
    await shop.inbound({ phone }, { text: secrets.text });
    await shop.inbound({ phone, email }, { text: "STOP" });
    await shop.optOut({ email }, { scope: "purpose", purpose: "promotions" });
    await created(
      shop.org.post("/v1/blocks", { identifier: { phone }, reason: "manual", note: secrets.note }),
    );
    await created(shop.org.post("/v1/opt-out-links", { subject: { phone } }));
    await created(shop.org.post("/v1/causes", { kind: "sign_in", recipient: { phone } }));
    await shop.check({ phone, email, externalId });
    await shop.check({ phone: "+12025550178" });

    const everything = await shop.sql(async (sql) => {
      const tables = await sql<{ name: string }[]>`
        select format('%I.%I', table_schema, table_name) as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
      const dumps = await Promise.all(
        tables.map(({ name }) =>
          sql.unsafe<{ text: string }[]>(`select row_to_json(t)::text as text from ${name} t`),
        ),
      );
      return dumps.flat().map(({ text }) => text);
    });
    expect(everything.length).toBeGreaterThan(30);
    const text = everything.join("\n").toLowerCase();
    expect(text).toContain("yes, write to me.");
    for (const secret of [...Object.values(secrets), "12025550177", "2025550177", "2025550178"]) {
      expect(text).not.toContain(secret.toLowerCase());
      expect(text).not.toContain(Buffer.from(secret).toString("hex"));
      expect(text).not.toContain(Buffer.from(secret).toString("base64").replace(/=+$/, "").toLowerCase());
    }
    const logged = service.log.join("\n");
    for (const secret of Object.values(secrets)) expect(logged).not.toContain(secret);
  });

  it("refers only to a version that existed when it happened, to the second", async () => {
    const shop = await Shop.open(service);
    const point = await created<{ id: string; createdAt: string }>(
      shop.org.post("/v1/collection-points", {
        key: "new",
        kind: "form",
        name: "New",
        ...askedFor,
      }),
    );
    const at = (occurredAt: string) =>
      shop.sendConsent({ subject: person }, { collectionPointId: point.id, occurredAt });
    const second = Math.floor(Date.parse(point.createdAt) / 1000) * 1000;
    const refused = await at(new Date(second - 1).toISOString());
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([{ pointer: "/provenance/version" }]);
    expect((await at(new Date(second).toISOString())).status).toBe(201);

    // The first version is older than the second.
    const next = await created<{ createdAt: string }>(
      shop.org.post(`/v1/collection-points/${shop.point}/versions`, askedFor),
    );
    const before = new Date(Math.floor(Date.parse(next.createdAt) / 1000) * 1000 - 1).toISOString();
    expect((await shop.sendConsent({ subject: person }, { version: 2, occurredAt: before })).status).toBe(
      422,
    );
    expect((await shop.sendConsent({ subject: person }, { version: 1, occurredAt: before })).status).toBe(
      201,
    );
  });

  it("lies at most five minutes in the future", async () => {
    const shop = await Shop.open(service);
    const late = await shop.sendConsent({ subject: person }, { occurredAt: ago(-310) });
    expect(late.status).toBe(422);
    expect(late.body.errors).toMatchObject([{ pointer: "/provenance/occurredAt" }]);
    expect((await shop.sendConsent({ subject: person }, { occurredAt: ago(-290) })).status).toBe(201);
    // It counts from when it was recorded.
    expect((await shop.check(person)).decision).toBe("allow");
  });

  it("is refused with a pointer to what does not fit, and nobody is made known by it", async () => {
    const shop = await Shop.open(service);
    const cases: [input: object, provenance: object, pointers: string[]][] = [
      [{ purpose: "nothing" }, {}, ["/purpose"]],
      [{ purpose: "Promotions" }, {}, ["/purpose"]],
      [{ channel: "email" }, {}, ["/channel"]],
      [{ channel: "fax" }, {}, ["/channel"]],
      [{ state: "requested" }, {}, ["/state"]],
      [{ state: "revoked" }, {}, ["/state"]],
      [{ extra: 1 }, {}, ["/extra"]],
      [{ subject: { ...person, name: "x" } }, {}, ["/subject/name"]],
      [{ subject: {} }, {}, ["/subject"]],
      [{ subject: { phone: "12025550142" } }, {}, ["/subject/phone"]],
      [{ subject: { phone, waId: "+1202", email: "no" } }, {}, ["/subject/waId", "/subject/email"]],
      [{ subject: { subjectId: shop.point } }, {}, ["/subject/subjectId"]],
      [{}, { collectionPointId: "cpt_01kb0q8s5hf6xv3y1m2n4p5q6r" }, ["/provenance/collectionPointId"]],
      [{}, { collectionPointId: "checkout" }, ["/provenance/collectionPointId"]],
      [{}, { version: 2 }, ["/provenance/version"]],
      [{}, { version: 0 }, ["/provenance/version"]],
      [{}, { version: 1.5 }, ["/provenance/version"]],
      [{}, { version: "1" }, ["/provenance/version"]],
      [{}, { indication: "assumed" }, ["/provenance/indication"]],
      [{}, { ipAddress: "300.0.0.1" }, ["/provenance/ipAddress"]],
      [{}, { language: "english please" }, ["/provenance/language"]],
      [{}, { occurredAt: "yesterday" }, ["/provenance/occurredAt"]],
      [{}, { occurredAt: "2026-02-30T00:00:00Z" }, ["/provenance/occurredAt"]],
      [{}, { occurredAt: "2026-01-01T00:00:00" }, ["/provenance/occurredAt"]],
      [{}, { captureToken: "cap1.e30.e30" }, ["/provenance/captureToken"]],
      [{}, { proof: "demonstrated" }, ["/provenance/proof"]],
      [{}, { recordedAt: ago(0) }, ["/provenance/recordedAt"]],
      [{}, { evidence: 1 }, ["/provenance/evidence"]],
    ];
    for (const [input, provenance, pointers] of cases) {
      const refused = await shop.sendConsent({ subject: person, ...input }, provenance);
      expect(refused.status, refused.text).toBe(422);
      expect(
        refused.body.errors?.map(({ pointer }) => pointer),
        refused.text,
      ).toEqual(pointers);
    }
    expect((await shop.org.post("/v1/subjects/lookup", { subject: person })).status).toBe(404);
  });

  it("is kept for sms as for whatsapp, and a yes to one channel is none to the other", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person, { channel: "sms" });
    expect(await shop.codes(person)).toEqual(["consent_missing"]);
  });
});

describe("how a yes and a no combine", () => {
  it("a reported yes after an opt-out, a withdrawal or a refusal stays requested, and the check still denies", async () => {
    const shop = await Shop.open(service);
    const noes: [no: (subject: object) => Promise<unknown>, code: string[]][] = [
      [(subject) => shop.optOut(subject, { occurredAt: ago(60) }), ["recipient_opted_out"]],
      [
        (subject) => shop.optOut(subject, { scope: "purpose", purpose: "promotions", occurredAt: ago(60) }),
        ["recipient_opted_out"],
      ],
      [
        (subject) => shop.reported(subject, { state: "withdrawn" }, { occurredAt: ago(60) }),
        ["consent_withdrawn"],
      ],
      [
        (subject) => shop.reported(subject, { state: "refused" }, { occurredAt: ago(60) }),
        ["consent_refused"],
      ],
    ];
    for (const [index, [no, wanted]] of noes.entries()) {
      const subject = { phone: `+1202555011${index}` };
      await no(subject);
      expect((await shop.reported(subject)).state).toBe("requested");
      expect((await shop.reported(subject, {}, { evidence: { messageId: "wamid.nobodys" } })).state).toBe(
        "requested",
      );
      expect(await shop.codes(subject)).toEqual(expect.arrayContaining(wanted));
      // The person's own yes does end it.
      expect((await shop.proven(subject)).state).toBe("given");
      expect(await shop.codes(subject)).toEqual([]);
    }
  });

  it("a yes before a no that is told after it changes nothing, proven or not", async () => {
    const shop = await Shop.open(service);
    await shop.optOut(person, { occurredAt: ago(60) });
    await shop.proven(person, {}, { occurredAt: ago(90) });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await shop.reported(other, { state: "withdrawn" }, { occurredAt: ago(60) });
    await shop.proven(other, {}, { occurredAt: ago(90) });
    expect(await shop.codes(other)).toEqual(["consent_withdrawn"]);
  });

  it("in the same second the no wins", async () => {
    const shop = await Shop.open(service);
    const second = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
    const later = (ms: number) => new Date(second.getTime() + ms).toISOString();
    await shop.optOut(person, { occurredAt: later(0) });
    await shop.proven(person, {}, { occurredAt: later(999) });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await shop.proven(person, {}, { occurredAt: later(1000) });
    expect(await shop.codes(person)).toEqual([]);
  });

  it("a proven yes revives its own purpose only", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person, {}, { occurredAt: ago(120) });
    await shop.proven(person, { purpose: "order_updates" }, { occurredAt: ago(120) });
    const parcel = { purpose: "order_updates", message: messages.parcel };
    expect(await shop.codes(person, parcel)).toEqual([]);
    await shop.optOut(person, { occurredAt: ago(60) });
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    await shop.proven(person, { purpose: "order_updates" });
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  it("a withdrawal ends its own purpose only, a refusal too, and the latest no explains", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person, {}, { occurredAt: ago(120) });
    await shop.proven(person, { purpose: "order_updates" }, { occurredAt: ago(120) });
    const withdrawn = await shop.reported(person, { state: "withdrawn" }, { occurredAt: ago(60) });
    const denied = await shop.check(person);
    expect(denied.reasons).toMatchObject([{ code: "consent_withdrawn", evidence: [withdrawn.id] }]);
    expect(await shop.codes(person, { purpose: "order_updates", message: messages.parcel })).toEqual([]);
    await shop.reported(person, { state: "refused" }, { occurredAt: ago(30) });
    expect(await shop.codes(person)).toEqual(["consent_refused"]);
    // A no that happened earlier but is told later takes nothing back.
    await shop.proven(person);
    await shop.reported(person, { state: "withdrawn" }, { occurredAt: ago(45) });
    expect(await shop.codes(person)).toEqual([]);
  });

  it("a yes rests on a message that the person wrote when it says so, and counts from that message", async () => {
    const shop = await Shop.open(service);
    const say = async (from: object, messageId: string, occurredAt: string, text = "yes please") =>
      shop.inbound(from, { messageId, occurredAt, text });
    await say(person, "wamid.early", ago(120));
    await shop.optOut(person, { occurredAt: ago(60) });
    await say(other, "wamid.others", ago(30));
    const byMessage = (messageId: string) =>
      shop.reported(person, {}, { indication: "wrote", evidence: { messageId } });

    expect((await byMessage("wamid.others")).state).toBe("requested");
    expect((await byMessage("wamid.unknown")).state).toBe("requested");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    // Written before the no, so it says nothing about what came after it.
    await byMessage("wamid.early");
    expect(await shop.codes(person)).toContain("recipient_opted_out");

    await say(person, "wamid.late", ago(30));
    const proven = await byMessage("wamid.late");
    expect(proven.state).toBe("given");
    expect(await shop.codes(person)).toEqual([]);
    const [newest] = await historyOf(shop, proven.subjectId);
    expect(newest?.provenance).toMatchObject({
      proof: "demonstrated",
      evidence: { messageId: "wamid.late" },
    });

    // The message that says STOP is no yes, whatever it is quoted for.
    await say(person, "wamid.stop", ago(10), "STOP");
    await byMessage("wamid.stop");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("a yes to a purpose with double opt-in is requested, and pending in a check, until the person confirms it", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("club", { doubleOptIn: true });
    const club = { purpose: "club" };
    const ofThen = { version: 2, occurredAt: ago(60) };
    expect((await shop.reported(person, club, ofThen)).state).toBe("requested");
    expect((await shop.proven(person, club, { version: 2 })).state).toBe("requested");
    expect(await shop.codes(person, club)).toEqual(["consent_pending"]);
    await shop.inbound(person, { messageId: "wamid.confirm", text: "Yes, I want in" });
    const confirmed = await shop.reported(person, club, {
      version: 2,
      indication: "wrote",
      evidence: { messageId: "wamid.confirm" },
    });
    expect(confirmed.state).toBe("given");
    expect(await shop.codes(person, club)).toEqual([]);
  });

  it("evidence with a member that readers of JSON drop is refused with its place, and nothing is recorded", async () => {
    const shop = await Shop.open(service);
    const point = JSON.stringify(shop.point);
    const answer = await shop.org.post<{ errors: { pointer: string }[] }>(
      "/v1/consents",
      `{"subject":{"phone":"+12025550142"},"purpose":"promotions","state":"given","provenance":{
        "collectionPointId":${point},"version":1,"indication":"said","occurredAt":"${ago(0)}",
        "evidence":{"call":[{"__proto__":{"said":"yes"}}]}}}`,
    );
    expect([answer.status, answer.body.errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      ["/provenance/evidence/call/0/__proto__"],
    ]);
    expect((await shop.org.get<{ items: object[] }>("/v1/consents")).body.items).toEqual([]);
  });

  it("a double opt-in is confirmed by no message but the person's own from after they asked for that very thing", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("club", { doubleOptIn: true });
    await shop.purpose("circle", { doubleOptIn: true });
    const asked = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
    const sinceAsked = (milliseconds: number) => new Date(asked.getTime() + milliseconds).toISOString();
    const say = (from: object, messageId: string, occurredAt: string) =>
      shop.inbound(from, { messageId, occurredAt });
    // The request's time is that of the first; what quotes a message asks again, now.
    const quote = async (messageId: string, purpose = "club") =>
      (
        await shop.reported(
          person,
          { purpose },
          { version: purpose === "club" ? 2 : 3, evidence: { messageId } },
        )
      ).state;
    await say(person, "wamid.first", sinceAsked(-3_600_000));
    expect(await quote("wamid.first")).toBe("requested");
    await shop.reported(person, { purpose: "club" }, { version: 2, occurredAt: sinceAsked(100) });
    await say(person, "wamid.before", sinceAsked(-1_000));
    await say(person, "wamid.same-second", sinceAsked(900));
    await say(other, "wamid.others", sinceAsked(5_000));
    await say(person, "wamid.after", sinceAsked(1_000));
    for (const messageId of ["wamid.first", "wamid.before", "wamid.same-second", "wamid.others"])
      expect([messageId, await quote(messageId)]).toEqual([messageId, "requested"]);
    expect(await quote("wamid.after", "circle")).toBe("requested");
    expect(await shop.codes(person, { purpose: "club" })).toEqual(["consent_pending"]);
    expect(await quote("wamid.after")).toBe("given");
    expect(await shop.codes(person, { purpose: "club" })).toEqual([]);
  });

  it("a no ends the request of before it: what the person writes later confirms nothing until they asked anew", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("club", { doubleOptIn: true });
    const at = (occurredAt: string) => ({ version: 2, occurredAt });
    await shop.reported(person, { purpose: "club" }, at(ago(60)));
    await shop.optOut(person, { occurredAt: ago(50) });
    await shop.inbound(person, { messageId: "wamid.hello", occurredAt: ago(40) });
    const quote = async (messageId: string) =>
      (await shop.reported(person, { purpose: "club" }, { version: 2, evidence: { messageId } })).state;
    expect(await quote("wamid.hello")).toBe("requested");
    await shop.reported(person, { purpose: "club" }, at(ago(30)));
    expect(await quote("wamid.hello")).toBe("requested");
    await shop.inbound(person, { messageId: "wamid.again", occurredAt: ago(20) });
    expect(await quote("wamid.again")).toBe("given");
    expect(await shop.codes(person, { purpose: "club" })).toEqual([]);
  });

  it("a yes to a purpose with a validity ends by itself, and a renewal begins it anew", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("season", { validityDays: 30 });
    const season = { purpose: "season" };
    const day = 24 * 3600;
    const old = await shop.proven(person, season, {
      version: 2,
      captureToken: undefined,
      occurredAt: ago(30 * day + 60),
    });
    expect(await shop.codes(person, season)).toEqual(["consent_expired"]);
    const history = await historyOf(shop, old.subjectId);
    const { occurredAt } = history[0]?.provenance ?? {};
    expect(history[0]?.expiresAt).toBe(
      new Date(Date.parse(String(occurredAt)) + 30 * day * 1000).toISOString(),
    );
    await shop.reported(person, season, { version: 2, occurredAt: ago(29 * day) });
    expect(await shop.codes(person, season)).toEqual([]);
    // A no has no end.
    await shop.reported(person, { ...season, state: "withdrawn" }, { version: 2, occurredAt: ago(28 * day) });
    expect((await historyOf(shop, old.subjectId))[0]?.expiresAt).toBeNull();
    expect(await shop.codes(person, season)).toEqual(["consent_withdrawn"]);
  });
});

describe("the spellings of a number", () => {
  const people = {
    "Argentina with and without the mobile 9 and the old 15": [
      { phone: "+54 9 11 2345-6789" },
      { phone: "+54 11 2345 6789" },
      { phone: "+54 11 15 2345 6789" },
      { waId: "5491123456789" },
    ],
    "Mexico with and without the 1": [
      { phone: "+52 1 55 1234 5678" },
      { phone: "+525512345678" },
      { waId: "5215512345678" },
      { waId: "525512345678" },
    ],
    "a Brazilian mobile with and without the ninth digit": [
      { phone: "+55 11 98765-4321" },
      { phone: "+551187654321" },
      { waId: "551187654321" },
      { waId: "5511987654321" },
    ],
  };

  for (const [name, spellings] of Object.entries(people)) {
    it(`are one person for consent, check and opt-out: ${name}`, async () => {
      const shop = await Shop.open(service);
      const ids = new Set<string>();
      for (const spelling of spellings) ids.add((await shop.reported(spelling)).subjectId);
      expect(ids.size).toBe(1);
      for (const spelling of spellings) expect(await shop.codes(spelling)).toEqual([]);
      for (const [index, spelling] of spellings.entries()) {
        await shop.optOut(spelling, { occurredAt: ago(60 - index * 10) });
        for (const each of spellings) expect(await shop.codes(each)).toContain("recipient_opted_out");
        await shop.proven(
          spellings[spellings.length - 1 - index] ?? {},
          {},
          { occurredAt: ago(55 - index * 10) },
        );
        for (const each of spellings) expect(await shop.codes(each)).toEqual([]);
      }
    });
  }

  it("never fold a Brazilian landline into a mobile number", async () => {
    const shop = await Shop.open(service);
    const landline = await shop.reported({ phone: "+551123456789" });
    const mobile = await shop.reported({ phone: "+5511923456789" });
    expect(landline.subjectId).not.toBe(mobile.subjectId);
  });
});

describe("records that staff merge", () => {
  async function merged(shop: Shop, first: string, second: string) {
    const answer = await shop.org.post(`/v1/subjects/${first}/merge`, {
      other: second,
      reason: "one person",
    });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  }
  /** A no and a yes of the merge's own second count as in doubt: moves the merge half a minute back. */
  const mergedHalfAMinuteAgo = (shop: Shop) =>
    shop.sql(
      (sql, organizationId) => sql`
        update subject set merged_at = merged_at - interval '30 seconds' where organization_id = ${organizationId}`,
    );

  const noes: Record<string, (shop: Shop, subject: object) => Promise<unknown>> = {
    "an opt-out": (shop, subject) => shop.optOut(subject, { occurredAt: ago(60) }),
    "a withdrawal": (shop, subject) =>
      shop.reported(subject, { state: "withdrawn" }, { occurredAt: ago(60) }),
    "a refusal": (shop, subject) => shop.reported(subject, { state: "refused" }, { occurredAt: ago(60) }),
  };
  for (const [name, no] of Object.entries(noes)) {
    it(`${name} of either holds for both, whichever is merged into the other`, async () => {
      for (const intoTheOneWithTheNo of [true, false]) {
        const shop = await Shop.open(service);
        const yes = await shop.proven(person, {}, { occurredAt: ago(90) });
        await no(shop, other);
        const { body } = await shop.org.post("/v1/subjects/lookup", { subject: other });
        expect(await shop.codes(person)).toEqual([]);
        const ids = [yes.subjectId, String(body.id)] as const;
        await (intoTheOneWithTheNo ? merged(shop, ids[1], ids[0]) : merged(shop, ids[0], ids[1]));
        for (const each of [person, other]) expect((await shop.check(each)).decision).toBe("deny");

        await mergedHalfAMinuteAgo(shop);
        expect((await shop.reported(other)).state).toBe("requested");
        for (const each of [person, other]) expect((await shop.check(each)).decision).toBe("deny");
        // A yes of their own since the merge speaks for the whole person.
        await shop.proven(other);
        for (const each of [person, other]) expect(await shop.codes(each)).toEqual([]);
      }
    });
  }

  it("a yes from before the merge no longer revives what was ended before it", async () => {
    const shop = await Shop.open(service);
    await shop.optOut(person, { occurredAt: ago(120) });
    const revived = await shop.proven(person, {}, { occurredAt: ago(90) });
    const plain = await shop.reported(other, {}, { occurredAt: ago(90) });
    expect(await shop.codes(person)).toEqual([]);
    await merged(shop, plain.subjectId, revived.subjectId);
    for (const each of [person, other]) expect(await shop.codes(each)).toContain("recipient_opted_out");
    await mergedHalfAMinuteAgo(shop);
    await shop.proven(person, {}, { occurredAt: ago(60) });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await shop.proven(person);
    for (const each of [person, other]) expect(await shop.codes(each)).toEqual([]);
  });

  it("keep both histories with everything that was sealed, under every id of theirs", async () => {
    const shop = await Shop.open(service);
    const first = await shop.reported(person, {}, { operator: "till 1" });
    const second = await shop.reported(other, {}, { operator: "till 2" });
    await merged(shop, first.subjectId, second.subjectId);
    const third = await shop.reported({ subjectId: second.subjectId }, {}, { operator: "till 3" });
    expect(third.subjectId).toBe(first.subjectId);
    for (const id of [first.subjectId, second.subjectId]) {
      const history = await historyOf(shop, id);
      expect(history.map((event) => [event.id, event.provenance.operator])).toEqual([
        [third.id, "till 3"],
        [second.id, "till 2"],
        [first.id, "till 1"],
      ]);
      const known = await shop.org.get(`/v1/subjects/${id}`);
      expect(known.body).toMatchObject({
        id: first.subjectId,
        mergedIds: [second.subjectId],
        identifiers: [
          { kind: "phone", value: person.phone },
          { kind: "phone", value: other.phone },
        ],
      });
    }
  });

  it("a no by the id of a record that is merged meanwhile holds for the whole person", async () => {
    const shop = await Shop.open(service);
    const first = await shop.proven(person);
    const second = await shop.proven(other);
    await merged(shop, first.subjectId, second.subjectId);
    // What a request that found the record before the merge writes after it.
    const ctx = await shop.org.context();
    const id = service.services.newId("opt");
    await insertOptOut(ctx, {
      events: [{ id, subjectId: parseId("sub", second.subjectId) ?? "" }],
      publicId: formatId("opt", id),
      scope: "all",
      purpose: undefined,
      channel: undefined,
      source: "api",
      occurredAt: ago(0),
      named: [],
    });
    for (const each of [person, other, { subjectId: first.subjectId }, { subjectId: second.subjectId }])
      expect(await shop.codes(each)).toContain("recipient_opted_out");
  });

  it("a capture token of theirs proves a yes under either id", async () => {
    const shop = await Shop.open(service);
    const first = await shop.reported(person);
    const captureToken = await shop.captureToken();
    const second = await shop.reported(other, {}, { captureToken });
    await merged(shop, first.subjectId, second.subjectId);
    const again = await shop.sendConsent({ subject: person, purpose: "support" }, { captureToken });
    expect(again.status, again.text).toBe(201);
  });

  it("cannot be one record twice, nor one that is not there", async () => {
    const shop = await Shop.open(service);
    const { subjectId } = await shop.reported(person);
    const merge = (id: string, other: string) =>
      shop.org.post(`/v1/subjects/${id}/merge`, { other, reason: "one person" });
    expect((await merge(subjectId, subjectId)).status).toBe(422);
    expect((await merge(subjectId, "sub_01kb0q8s5hf6xv3y1m2n4p5q6r")).status).toBe(404);
    expect((await merge("sub_01kb0q8s5hf6xv3y1m2n4p5q6r", subjectId)).status).toBe(404);
  });
});
