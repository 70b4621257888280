import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { look, type OpenedRequest, openRequestOf, requestBody, shopIn } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

// No worker runs here: what is approved stays in progress.
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const approval = { identity: { method: "in_person", note: "Came to the counter 🛍️" } };

const pointersOf = (body: Record<string, unknown>) =>
  ((body.errors ?? []) as { pointer: string }[]).map(({ pointer }) => pointer);

describe("opening a request", () => {
  it("answers with its due date in the organization's country and time zone, and how it was counted", async () => {
    service.setNow(new Date("2027-02-01T12:00:00Z"));
    const shop = await shopIn(service);
    // 23:30 UTC on 30 January is 31 January in Berlin; February has no 31st, and its 28th is a Sunday.
    await shop.patch("/v1/organization", { country: "DE", timeZone: "Europe/Berlin" });
    const { id, ...opened } = await openRequestOf(shop, { receivedAt: "2027-01-30T23:30:00Z" });
    service.setNow(undefined);
    expect(id).toMatch(/^req_/);
    expect(opened).toMatchObject({
      status: "received",
      kind: "access",
      regime: "gdpr",
      channel: "staff",
      language: "en",
      receivedAt: "2027-01-30T23:30:00.000Z",
      lastDay: "2027-03-01",
      dueAt: "2027-03-01T22:59:59.999Z",
      joined: false,
    });
    const seen = await look(shop, id);
    expect(seen.counting).toHaveLength(4);
    expect(seen.next).toEqual({ by: "staff", event: "identity_noted" });
    expect(seen.archive).toBeNull();
    expect(seen.timeline.map(({ event, status }) => [event, status])).toEqual([["opened", "received"]]);
    const inRussian = await shop.get<{ counting: string[] }>(`/v1/data-requests/${id}`, {
      "accept-language": "ru",
    });
    expect(inRussian.body.counting[0]).toContain("Запрос получен");
  });

  it("makes somebody unknown known, and tells nobody whether they were", async () => {
    const shop = await shopIn(service);
    const opened = await openRequestOf(shop, { subject: { email: "nobody@mail.example" } });
    expect(opened.subjectId).toMatch(/^sub_/);
  });

  it("speaks the organization's language when the person's is not said", async () => {
    const shop = await shopIn(service);
    await shop.patch("/v1/organization", { language: "ru" });
    expect(await openRequestOf(shop, { language: undefined })).toMatchObject({ language: "ru" });
  });

  it("takes a portability request beside an access request", async () => {
    const shop = await shopIn(service);
    const access = await openRequestOf(shop);
    const portability = await openRequestOf(shop, { kind: "portability" });
    expect(portability.id).not.toBe(access.id);
  });

  const refused: [string, object, string[]][] = [
    ["a kind that is not carried out yet", { kind: "restriction" }, ["/kind"]],
    ["a kind that does not exist", { kind: "everything" }, ["/kind"]],
    ["an unknown regime", { regime: "hammurabi" }, ["/regime"]],
    ["a receipt in the future", { receivedAt: "2099-01-01T00:00:00Z" }, ["/receivedAt"]],
    ["a receipt that is no instant", { receivedAt: "yesterday" }, ["/receivedAt"]],
    ["a receipt in a year without known holidays", { receivedAt: "1901-01-15T00:00:00Z" }, []],
    ["an unknown channel", { channel: "pigeon" }, ["/channel"]],
    ["a language that is none", { language: "!" }, ["/language"]],
    ["a number that cannot be", { subject: { phone: "12" } }, ["/subject/phone"]],
    ["nobody", { subject: {} }, ["/subject"]],
    ["an unknown field", { urgent: true }, ["/urgent"]],
  ];
  it.each(refused)("refuses %s with its place", async (_what, changes, pointers) => {
    const shop = await shopIn(service);
    const { status, body } = await shop.post("/v1/data-requests", requestBody(changes));
    expect(status).toBe(422);
    expect(pointersOf(body)).toEqual(pointers);
    expect((await shop.get("/v1/data-requests")).body).toMatchObject({ items: [] });
  });

  it("refuses two people named as one", async () => {
    const shop = await shopIn(service);
    await openRequestOf(shop);
    await openRequestOf(shop, { subject: { email: "customer@mail.example" } });
    const both = { phone: "+12025550123", email: "customer@mail.example" };
    expect((await shop.post("/v1/data-requests", requestBody({ subject: both }))).status).toBe(409);
  });

  it("refuses a due date that would be guessed, and says what to set", async () => {
    const shop = await service.organization();
    const without = await shop.post("/v1/data-requests", requestBody());
    expect(without.status).toBe(422);
    expect(without.body.detail).toContain("country and timeZone");
    await shop.patch("/v1/organization", { country: "AQ", timeZone: "Antarctica/Troll" });
    const unknown = await shop.post("/v1/data-requests", requestBody());
    expect(unknown.status).toBe(422);
    expect(unknown.body.detail).toContain("public holidays");
  });

  it("gives the first answer again to the same Idempotency-Key", async () => {
    const shop = await shopIn(service);
    const body = requestBody();
    const first = await shop.post("/v1/data-requests", body, { "idempotency-key": "a" });
    const second = await shop.post("/v1/data-requests", body, { "idempotency-key": "a" });
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect((await look(shop, String(first.body.id))).timeline).toHaveLength(1);
  });
});

describe("a second request of the same person and kind", () => {
  it("joins the open one, and the earlier due date counts", async () => {
    const shop = await shopIn(service);
    const now = new Date("2026-06-10T12:00:00Z");
    service.setNow(now);
    const first = await openRequestOf(shop, { receivedAt: now.toISOString() });
    const letter = await shop.post<OpenedRequest>(
      "/v1/data-requests",
      requestBody({ receivedAt: "2026-06-02T08:00:00Z" }),
    );
    service.setNow(undefined);
    expect(letter).toMatchObject({ status: 200, body: { id: first.id, joined: true } });
    expect(letter.body.dueAt < first.dueAt).toBe(true);
    const seen = await look(shop, first.id);
    expect(seen.dueAt).toBe(letter.body.dueAt);
    expect(seen.counting[0]).toContain("2 June 2026");
    expect(seen.timeline.map(({ event }) => event)).toEqual(["opened", "joined"]);
  });

  it("does not get past the identity check by asking twice", async () => {
    const shop = await shopIn(service);
    const first = await openRequestOf(shop);
    for (let time = 0; time < 3; time += 1) await shop.post("/v1/data-requests", requestBody());
    expect(await look(shop, first.id)).toMatchObject({ status: "received", archive: null });
  });

  it("joins whichever spelling of the number it names, and after the records were merged", async () => {
    const shop = await shopIn(service);
    const first = await openRequestOf(shop, { subject: { phone: "+5215512345678" } });
    const spelt = await shop.post("/v1/data-requests", requestBody({ subject: { phone: "+525512345678" } }));
    expect(spelt).toMatchObject({ status: 200, body: { id: first.id } });

    const other = await openRequestOf(shop, {
      subject: { email: "customer@mail.example" },
      kind: "portability",
    });
    await shop.post(`/v1/subjects/${first.subjectId}/merge`, {
      other: other.subjectId,
      reason: "One person",
    });
    const merged = await shop.post(
      "/v1/data-requests",
      requestBody({ subject: { email: "customer@mail.example" } }),
    );
    expect(merged).toMatchObject({ status: 200, body: { id: first.id } });
  });

  it("joins however close together they come: of twenty at once one opens", async () => {
    const shop = await shopIn(service);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => shop.post<OpenedRequest>("/v1/data-requests", requestBody())),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const seen = await look(shop, answers[0]?.body.id ?? "");
    expect(seen.timeline).toHaveLength(20);
  });
});

describe("approving a request", () => {
  it("moves it on, notes how the person was known under seal, and queues the archive, all in one", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const approved = await shop.post(`/v1/data-requests/${id}/approve`, approval);
    expect(approved).toMatchObject({
      status: 202,
      body: {
        id,
        status: "in_progress",
        approvals: { needed: 1, given: 1 },
        archive: { state: "building" },
      },
    });
    const seen = await look(shop, id);
    expect(seen.status).toBe("in_progress");
    expect(seen.archive.state).toBe("building");
    expect(seen.timeline.map(({ event }) => event)).toEqual(["opened", "identity_noted", "approved"]);
    expect(seen.timeline[1]?.details).toEqual({});

    const rows = await administer(service.database.ownerUrl, (sql) =>
      Promise.all([
        sql<{ sealed: Buffer }[]>`select sealed from request_event where event = 'identity_noted'`,
        sql<{ payload: { archiveId: string } }[]>`
          select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
          where t.identifier = 'build_archive'`,
      ]),
    );
    expect(rows[0].every(({ sealed }) => !sealed.includes("counter"))).toBe(true);
    expect(rows[1].length).toBeGreaterThan(0);
    expect(typeof rows[1][0]?.payload.archiveId).toBe("string");
  });

  it("happens once: a second approval is a conflict that says where the request stands", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => shop.post(`/v1/data-requests/${id}/approve`, approval)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409, 409, 409]);
    const again = await shop.post(`/v1/data-requests/${id}/approve`, approval);
    expect(again.body.detail).toContain("in_progress");
    expect((await look(shop, id)).timeline).toHaveLength(3);
  });

  it("gives the first answer again to the same Idempotency-Key", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const path = `/v1/data-requests/${id}/approve`;
    const first = await shop.post(path, approval, { "idempotency-key": "b" });
    expect(await shop.post(path, approval, { "idempotency-key": "b" })).toMatchObject({
      status: 202,
      body: first.body,
    });
  });

  it.each([
    ["nothing", {}, "/identity"],
    ["no method", { identity: { note: "I know them" } }, "/identity/method"],
    ["a copy of a document", { identity: { method: "document_seen", copy: "AAAA" } }, "/identity/copy"],
  ])("takes %s for no proof", async (_what, body, pointer) => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    const answer = await shop.post(`/v1/data-requests/${id}/approve`, body);
    expect(answer.status).toBe(422);
    expect(pointersOf(answer.body)).toEqual([pointer]);
    expect((await look(shop, id)).status).toBe("received");
  });
});

describe("before there is an archive", () => {
  it("nothing can be delivered or opened", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    expect((await shop.post(`/v1/data-requests/${id}/delivery`)).status).toBe(409);
    expect((await shop.get(`/v1/data-requests/${id}/archive`)).status).toBe(409);
    await shop.post(`/v1/data-requests/${id}/approve`, approval);
    expect((await shop.post(`/v1/data-requests/${id}/delivery`)).status).toBe(409);
    expect((await shop.get(`/v1/data-requests/${id}/archive`)).status).toBe(409);
  });
});

describe("the list of requests", () => {
  it("has the newest first, page by page", async () => {
    const shop = await shopIn(service);
    const ids: string[] = [];
    for (const phone of ["+12025550101", "+12025550102", "+12025550103"]) {
      ids.unshift((await openRequestOf(shop, { subject: { phone } })).id);
    }
    interface Page {
      items: { id: string }[];
      nextCursor: string | null;
    }
    const first = await shop.get<Page>("/v1/data-requests?limit=2");
    const second = await shop.get<Page>(`/v1/data-requests?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
  });
});

describe("who may", () => {
  const routes = (id: string) =>
    [
      ["POST", "/v1/data-requests", requestBody()],
      ["GET", "/v1/data-requests", undefined],
      ["GET", `/v1/data-requests/${id}`, undefined],
      ["POST", `/v1/data-requests/${id}/approve`, approval],
      ["POST", `/v1/data-requests/${id}/delivery`, undefined],
      ["GET", `/v1/data-requests/${id}/archive`, undefined],
    ] as const;
  const statuses = (client: OrganizationClient, id: string) =>
    Promise.all(
      routes(id).map(async ([method, path, body]) => (await client.send(method, path, { body })).status),
    );

  it("a key without the scope may do none of it, and one without staff may not open archives", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop);
    expect(await statuses(await shop.limitedTo("subjects", "staff"), id)).toEqual([
      403, 403, 403, 403, 403, 403,
    ]);
    const desk = await shop.limitedTo("data_requests");
    expect((await desk.get(`/v1/data-requests/${id}/archive`)).status).toBe(403);
    expect((await desk.get(`/v1/data-requests/${id}`)).status).toBe(200);
  });

  it("another organization's request is not there", async () => {
    const shop = await shopIn(service);
    const stranger = await shopIn(service);
    const { id } = await openRequestOf(shop);
    expect((await statuses(stranger, id)).slice(2)).toEqual([404, 404, 404, 404]);
    expect((await statuses(stranger, "req_nonsense")).slice(2)).toEqual([404, 404, 404, 404]);
    expect(await look(shop, id)).toMatchObject({ status: "received" });
  });

  it("another organization's person cannot be asked about", async () => {
    const shop = await shopIn(service);
    const stranger = await shopIn(service);
    const { subjectId } = await openRequestOf(shop);
    expect((await stranger.post("/v1/data-requests", requestBody({ subject: { subjectId } }))).status).toBe(
      404,
    );
  });
});
