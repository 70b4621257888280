import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropUnclaimedAttachments } from "../../../src/features/consent/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { samples } from "../../support/attachments.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, askedFor, created, Shop } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

type Type = keyof typeof samples;

interface Stored {
  readonly id: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly consentId: string | null;
  readonly expiresAt: string | null;
}

interface History {
  readonly items: { id: string; provenance: { attachments: object[]; operator: string | null } }[];
}

const upload = (shop: Shop, type: Type, headers: Record<string, string> = {}) =>
  shop.org.post<Stored & { type: string; detail: string }>("/v1/attachments", samples[type], {
    "content-type": type,
    ...headers,
  });

const store = (shop: Shop, type: Type) => created<Stored>(upload(shop, type));

async function pointOf(shop: Shop, kind: string): Promise<string> {
  const { id } = await created<{ id: string }>(
    shop.org.post("/v1/collection-points", { key: kind, kind, name: kind, ...askedFor }),
  );
  return id;
}

let numbers = 100;
const somebody = () => {
  numbers += 1;
  return { phone: `+12025550${numbers}` };
};

/** A yes by a way, with what is given of its proof. */
const say = (shop: Shop, point: string, provenance: object, input: object = {}) =>
  shop.sendConsent(
    { subject: somebody(), ...input },
    { collectionPointId: point, version: 1, indication: "said", occurredAt: ago(-1), ...provenance },
  );

const pointers = (answer: { status: number; body: { errors?: { pointer: string }[] } }) => [
  answer.status,
  answer.body.errors?.map(({ pointer }) => pointer),
];

const people = (shop: Shop) =>
  shop.sql((sql, organization) => sql`select from subject where organization_id = ${organization}`);

describe("a yes without what its way needs", () => {
  it.each<[kind: string, missing: string]>([
    ["keyword", "/provenance/evidence/messageId"],
    ["inbound_message", "/provenance/evidence/messageId"],
    ["click_to_chat", "/provenance/evidence/messageId"],
    ["sms", "/provenance/evidence/messageId"],
    ["email", "/provenance/evidence/messageId"],
    ["voice", "/provenance/attachments"],
    ["paper", "/provenance/attachments"],
    ["in_person", "/provenance/operator"],
  ])("by %s is refused, and makes nobody known; a no is taken", async (kind, missing) => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, kind);
    expect(pointers(await say(shop, point, {}))).toEqual([422, [missing]]);
    expect(await people(shop)).toHaveLength(0);
    for (const state of ["withdrawn", "refused"])
      expect((await say(shop, point, {}, { state })).body).toMatchObject({ state });
  });

  it("is refused when the message that it quotes is another person's, or of another shop", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "keyword");
    const [person, other] = [somebody(), somebody()];
    await shop.inbound(person, { messageId: "wamid.theirs" });
    const stranger = await Shop.open(service);
    await stranger.inbound(person, { messageId: "wamid.strange" });
    const quote = (subject: object, messageId: string) =>
      say(shop, point, { evidence: { messageId }, indication: "wrote" }, { subject });
    const missing = [422, ["/provenance/evidence/messageId"]];
    expect(pointers(await quote(other, "wamid.theirs"))).toEqual(missing);
    expect(pointers(await quote(person, "wamid.strange"))).toEqual(missing);
    expect((await quote(person, "wamid.theirs")).body).toMatchObject({ state: "given" });
    expect(await shop.codes(person)).toEqual([]);
  });

  it.each(["sms", "email"])("by %s is taken with the message's id and words", async (kind) => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, kind);
    const answer = await say(shop, point, {
      indication: "wrote",
      evidence: { messageId: "SM1", text: "Yes" },
    });
    expect(answer.body).toMatchObject({ state: "given" });
  });

  it("in person is taken with who took it", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "in_person");
    const { body } = await say(shop, point, { operator: "till 3" });
    const history = await shop.org.get<History>(`/v1/subjects/${body.subjectId}/consents`);
    expect(history.body.items[0]?.provenance).toMatchObject({ operator: "till 3", attachments: [] });
  });
});

describe("a file", () => {
  it.each(Object.keys(samples) as Type[])("of %s comes back as it was, to be kept", async (type) => {
    const shop = await Shop.open(service);
    const stored = await store(shop, type);
    const sha256 = createHash("sha256").update(samples[type]).digest("hex");
    expect(stored).toMatchObject({ mediaType: type, bytes: samples[type].length, sha256, consentId: null });
    const file = await shop.org.get(`/v1/attachments/${stored.id}`);
    expect(file.bytes.equals(samples[type])).toBe(true);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      "content-type": type,
      "content-disposition": `attachment; filename="${stored.id}"`,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    const opened = await shop.sql(
      (sql) => sql`select from audit_entry where action = 'attachment.opened' and entity = ${stored.id}`,
    );
    expect(opened).toHaveLength(1);
  });

  it.each<[what: string, content: string | Uint8Array, type: string]>([
    ["a page", "<script>alert(1)</script>", "text/html"],
    ["a picture with scripts", "<svg/>", "image/svg+xml"],
    ["a page that says it is a PDF", "<script>alert(1)</script>", "application/pdf"],
    ["a PNG that says it is a JPEG", samples["image/png"], "image/jpeg"],
    ["a recording that says it is a scan", samples["audio/ogg"], "application/pdf"],
    ["nothing", "", "image/png"],
    ["JSON", "{}", "application/json"],
  ])("that is %s is refused and leaves nothing", async (_what, content, type) => {
    const shop = await Shop.open(service);
    const answer = await shop.org.post("/v1/attachments", content, { "content-type": type });
    expect([answer.status, answer.body.type]).toEqual([415, "urn:sayso:problem:unsupported_media_type"]);
    expect((await shop.org.get("/v1/attachments")).body.items).toEqual([]);
  });

  it("over the limit is refused, one at the limit is taken", async () => {
    const shop = await Shop.open(service);
    const file = (bytes: number) => Buffer.concat([samples["image/png"]], bytes);
    const headers = { "content-type": "image/png" };
    expect((await shop.org.post("/v1/attachments", file(limits.attachmentBytes + 1), headers)).status).toBe(
      413,
    );
    expect((await shop.org.post("/v1/attachments", file(limits.attachmentBytes), headers)).status).toBe(201);
  });

  it("sent again with its Idempotency-Key is one, another file with it is refused", async () => {
    const shop = await Shop.open(service);
    const key = { "idempotency-key": "scan-1" };
    const first = await upload(shop, "image/png", key);
    expect((await upload(shop, "image/png", key)).body).toEqual(first.body);
    // As text, both would be the same unreadable bytes.
    const other = Buffer.from(samples["image/png"]);
    other[other.length - 1] = 0xfe;
    expect(
      (await shop.org.post("/v1/attachments", other, { "content-type": "image/png", ...key })).status,
    ).toBe(422);
  });

  it("is for staff alone to open, and of its own organization", async () => {
    const shop = await Shop.open(service);
    const { id } = await store(shop, "image/png");
    const clerk = await shop.org.limitedTo("consents");
    expect((await clerk.get(`/v1/attachments/${id}`)).status).toBe(403);
    const stranger = await Shop.open(service);
    expect((await stranger.org.get(`/v1/attachments/${id}`)).status).toBe(404);
    expect((await shop.org.get("/v1/attachments/att_nonsense")).status).toBe(404);
  });

  it("stands in no column in clear", async () => {
    const shop = await Shop.open(service);
    const secret = Buffer.from("%PDF-1.4 signed by a person of test");
    await created(shop.org.post("/v1/attachments", secret, { "content-type": "application/pdf" }));
    const rows = await shop.sql(
      (sql) => sql<{ sealed: Buffer }[]>`select sealed from attachment order by created_at desc limit 1`,
    );
    expect(rows[0]?.sealed.includes("signed by")).toBe(false);
  });

  it("that no consent names is removed when its time is over; one that proves a consent is not", async () => {
    const shop = await Shop.open(service);
    const [waits, old, used] = [
      await store(shop, "image/png"),
      await store(shop, "image/png"),
      await store(shop, "image/png"),
    ];
    const point = await pointOf(shop, "paper");
    await created(say(shop, point, { attachments: [used.id] }));
    await shop.sql(
      (sql, organization) => sql`
        update attachment set created_at = created_at - interval '1 day' where organization_id = ${organization}
          and (sha256, created_at) not in (select sha256, created_at from attachment
            where organization_id = ${organization} and consent_event_id is null order by created_at limit 1)`,
    );
    await dropUnclaimedAttachments(service.services);
    const { items } = (await shop.org.get<{ items: Stored[] }>("/v1/attachments")).body;
    expect(items.map(({ id }) => id)).toEqual([used.id, waits.id]);
    expect(items.map(({ expiresAt }) => expiresAt)).toEqual([null, expect.any(String)]);
    expect(pointers(await say(shop, point, { attachments: [old.id] }))).toEqual([
      422,
      ["/provenance/attachments/0"],
    ]);
  });
});

describe("a consent that names files", () => {
  it("has them in its history, and they are opened by the person's key alone", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "paper");
    const [scan, second] = [await store(shop, "application/pdf"), await store(shop, "image/jpeg")];
    const keyOf = async () =>
      (
        await shop.sql(
          (sql, organization) => sql<{ key: Buffer; subject_id: string | null }[]>`
            select key, subject_id from attachment where organization_id = ${organization} and sha256 = ${scan.sha256}`,
        )
      )[0];
    const before = await keyOf();
    const consent = await created<{ id: string; subjectId: string }>(
      say(shop, point, { indication: "signed", attachments: [scan.id, second.id] }),
    );
    const after = await keyOf();
    expect(before?.subject_id).toBeNull();
    expect(after?.subject_id).not.toBeNull();
    expect(after?.key.equals(before?.key ?? Buffer.alloc(0))).toBe(false);
    const history = await shop.org.get<History>(`/v1/subjects/${consent.subjectId}/consents`);
    expect(history.body.items[0]?.provenance.attachments).toEqual(
      [scan, second].map(({ id, mediaType, bytes, sha256 }) => ({ id, mediaType, bytes, sha256 })),
    );
    const file = await shop.org.get(`/v1/attachments/${scan.id}`);
    expect(file.bytes.equals(samples["application/pdf"])).toBe(true);
    const listed = await shop.org.get<{ items: Stored[] }>("/v1/attachments");
    expect(listed.body.items.map(({ consentId }) => consentId)).toEqual([consent.id, consent.id]);
  });

  it("is refused for a file that proves another consent, one of another shop, one that is not there", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "paper");
    const [scan, fresh] = [await store(shop, "application/pdf"), await store(shop, "image/png")];
    const foreign = await store(await Shop.open(service), "application/pdf");
    await created(say(shop, point, { attachments: [scan.id] }));
    const known = (await people(shop)).length;
    for (const [attachments, place] of [
      [[scan.id], 0],
      [[fresh.id, scan.id], 1],
      [[foreign.id], 0],
      [["att_01kb0q8s5hf6xv3y1m2n4p5q6r"], 0],
    ] as const)
      expect(pointers(await say(shop, point, { attachments }))).toEqual([
        422,
        [`/provenance/attachments/${place}`],
      ]);
    for (const attachments of [[], ["cns_1"], [fresh.id, fresh.id]])
      expect((await say(shop, point, { attachments })).status).toBe(422);
    expect((await people(shop)).length).toBe(known);
    // What was refused used nothing up.
    expect((await say(shop, point, { attachments: [fresh.id] })).status).toBe(201);
  });

  it("is one of two that name the same file at the same time", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "paper");
    const other = await service.startProcess();
    for (let round = 0; round < 5; round += 1) {
      const { id } = await store(shop, "image/png");
      const ask = (org: typeof shop.org) =>
        org.post<{ errors?: { pointer: string }[] }>("/v1/consents", {
          subject: somebody(),
          purpose: "promotions",
          state: "given",
          provenance: {
            collectionPointId: point,
            version: 1,
            indication: "signed",
            occurredAt: ago(-1),
            attachments: [id],
          },
        });
      const answers = await Promise.all([shop.org, shop.org, shop.org.through(other)].map((org) => ask(org)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422]);
      for (const answer of answers.filter(({ status }) => status === 422))
        expect(pointers(answer)).toEqual([422, ["/provenance/attachments/0"]]);
    }
  });

  it("by voice needs a recording and by paper a scan", async () => {
    const shop = await Shop.open(service);
    const [voice, paper] = [await pointOf(shop, "voice"), await pointOf(shop, "paper")];
    const [scan, sound] = [await store(shop, "image/png"), await store(shop, "audio/ogg")];
    const missing = [422, ["/provenance/attachments"]];
    expect(pointers(await say(shop, voice, { attachments: [scan.id] }))).toEqual(missing);
    expect(pointers(await say(shop, paper, { attachments: [sound.id] }))).toEqual(missing);
    expect((await say(shop, voice, { attachments: [sound.id] })).status).toBe(201);
    expect((await say(shop, paper, { attachments: [scan.id] })).status).toBe(201);
  });

  it("that is a no may have some too", async () => {
    const shop = await Shop.open(service);
    const point = await pointOf(shop, "voice");
    const { id } = await store(shop, "audio/wav");
    const { status, body } = await say(shop, point, { attachments: [id] }, { state: "withdrawn" });
    expect([status, body.state]).toEqual([201, "withdrawn"]);
  });
});
