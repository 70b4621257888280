import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOutbox } from "../../../src/features/notifier/index.ts";
import { kindsOf } from "../../../src/features/privacy/claim.ts";
import { hashReference, isReference, referenceOf } from "../../../src/features/privacy/reference.ts";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { composeTasks } from "../../../src/jobs/tasks.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { contentsOf } from "../../support/contents.ts";
import { shopIn } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import {
  type Answer,
  type OrganizationClient,
  startTestService,
  type TestService,
  testConfig,
} from "../../support/service.ts";
import { ago, created } from "../../support/shop.ts";
import { tapStatements } from "../../support/wire.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const form = { "content-type": "application/x-www-form-urlencoded" };
const newPhone = () => `+1202${service.nextNumber().slice(-5)}23`;

/** Sends the form of an organization's page. */
function send(org: OrganizationClient, fields: Record<string, string>, query = "") {
  return service.anonymous.post(`/privacy/${org.id}${query}`, new URLSearchParams(fields).toString(), form);
}

const claimIn = ({ text }: Answer) => /name="claim" value="([^"]+)"/.exec(text)?.[1] ?? "";
const referenceIn = ({ text }: Answer) => /\/privacy\/([0-9a-z]{26})\?/.exec(text)?.[1] ?? "";
/** The statements that go out while something is done. */
async function statementsOf(run: () => Promise<unknown>): Promise<string[]> {
  const wire = tapStatements(service);
  try {
    await run();
    return [...wire.sent];
  } finally {
    wire.end();
  }
}
/** A code that is not this one. */
const not = (code: string) => `${(Number(code[0]) + 1) % 10}${code.slice(1)}`;

/** Does the jobs that wait for these keys, as the worker would. */
async function work(task: "send_notice" | "open_claimed_request"): Promise<number> {
  const jobs = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ payload: object }[]>`
      delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
      where t.id = j.task_id and t.identifier = ${task} returning j.payload`,
  );
  const { list } =
    task === "send_notice"
      ? composeOutgoingTasks(service.composed, testConfig)
      : composeTasks(service.composed);
  for (const { payload } of jobs) await list[task]?.(payload, new AbortController().signal);
  return jobs.length;
}

/** The newest code that went to an address. */
async function codeTo(org: OrganizationClient, address: string): Promise<string> {
  await work("send_notice");
  const notices = await readOutbox(await org.context());
  return /\d{6}/.exec(notices.find(({ to }) => to === address)?.text ?? "")?.[0] ?? "";
}

/** Asks at the page, and answers with the page for the code. */
async function begin(org: OrganizationClient, fields: Record<string, string> = {}) {
  const whom = fields.whom ?? newPhone();
  const answer = await send(org, { kind: "access", ...fields, whom });
  expect(answer.status, answer.text).toBe(200);
  return { whom, claim: claimIn(answer), answer };
}

/** Goes all the way, up to the request. */
async function ask(org: OrganizationClient, fields: Record<string, string> = {}) {
  const { whom, claim } = await begin(org, fields);
  const done = await send(org, { claim, code: await codeTo(org, whom) });
  expect(done.status, done.text).toBe(200);
  await work("open_claimed_request");
  return { whom, claim, done, reference: referenceIn(done) };
}

interface Listed {
  readonly items: readonly {
    id: string;
    kind: string;
    status: string;
    channel: string;
    receivedAt: string;
  }[];
}
const requestsOf = async (org: OrganizationClient) => (await org.get<Listed>("/v1/data-requests")).body.items;

async function timelineOf(org: OrganizationClient) {
  const [request] = await requestsOf(org);
  const { body } = await org.get<{ timeline: { event: string; actor: object }[] }>(
    `/v1/data-requests/${request?.id}`,
  );
  return body.timeline;
}

describe("a request by the page", () => {
  it("is opened by the code that went to the number, in the person's name, and has its status at an address", async () => {
    const org = await shopIn(service);
    const { claim, reference, done } = await ask(org, { kind: "access" });
    expect(isReference(reference)).toBe(true);
    expect(await requestsOf(org)).toMatchObject([{ kind: "access", channel: "web", status: "in_progress" }]);
    // A code shows who asks. It approves nothing: that is for staff.
    expect(await timelineOf(org)).toMatchObject([
      { event: "opened", actor: { kind: "person" } },
      { event: "identity_noted", actor: { kind: "person" } },
    ]);
    // Sent once more it is the same request with the same reference.
    const again = await send(org, { claim, code: "000000" });
    expect([again.status, referenceIn(again)]).toEqual([200, reference]);
    expect(await work("open_claimed_request")).toBe(0);
    expect(done.text).toContain("A copy of my data");

    const shown = await service.anonymous.get(`/privacy/${reference}`);
    expect(shown.status).toBe(200);
    for (const word of ["Your request is being worked on", "Requested", "Ready by", "Not yet"])
      expect(shown.text).toContain(word);
    expect((await service.anonymous.get(`/privacy/${reference}?lang=ru`)).text).toContain(
      "Ваш запрос в работе",
    );
  });

  it("that asks for no archive is told done when it is, and speaks of no link", async () => {
    const org = await shopIn(service);
    const objection = await ask(org, { kind: "objection" });
    const erasure = await ask(org, { kind: "erasure" });
    expect(await requestsOf(org)).toMatchObject([
      { kind: "erasure", status: "in_progress" },
      { kind: "objection", status: "ready" },
    ]);
    const [{ id } = { id: "" }] = await requestsOf(org);
    expect((await org.post(`/v1/data-requests/${id}/approve`, {})).status).toBe(202);
    expect((await org.post(`/v1/data-requests/${id}/erase`)).status).toBe(200);
    for (const { reference } of [objection, erasure]) {
      const shown = await service.anonymous.get(`/privacy/${reference}`);
      expect([shown.status, shown.text]).toEqual([200, expect.stringContaining("It has been done")]);
      expect(shown.text).not.toMatch(/passcode|Not yet/);
    }
  });

  it("is as old as what was typed, and e-mail addresses do as well", async () => {
    const org = await shopIn(service);
    const { whom } = await ask(org, { whom: `${service.nextNumber()}@mail.example`, kind: "portability" });
    const [request] = await requestsOf(org);
    expect(request).toMatchObject({ kind: "portability" });
    const [claim] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ created_at: Date; sealed: Buffer | null }[]>`
        select created_at, sealed from request_claim order by created_at desc limit 1`,
    );
    expect(request?.receivedAt).toBe(claim?.created_at.toISOString());
    // Whom it is about is known by the request now, and no more here.
    expect(claim?.sealed).toBeNull();
    expect((await org.post("/v1/subjects/lookup", { subject: { email: whom } })).status).toBe(200);
  });

  it("is not opened without the code: nobody becomes known, and nothing is left after a day", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    const code = await codeTo(org, whom);
    expect((await send(org, { claim, code: not(code) })).status).toBe(422);
    expect(await work("open_claimed_request")).toBe(0);
    expect(await requestsOf(org)).toEqual([]);
    expect((await org.post("/v1/subjects/lookup", { subject: { phone: whom } })).status).toBe(404);
    const ctx = await org.context();
    const left = () =>
      administer(
        service.database.ownerUrl,
        (sql) => sql`
          select (select count(*)::int from request_claim where organization_id = ${ctx.organizationId}) as claims,
            (select count(*)::int from identity_code where organization_id = ${ctx.organizationId}) as codes`,
      );
    const { list } = composeTasks(service.composed);
    await list.drop_past_claims?.({}, new AbortController().signal);
    expect(await left()).toEqual([{ claims: 1, codes: 1 }]);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`with c as (update identity_code set created_at = created_at - interval '25 hours')
        update request_claim set created_at = created_at - interval '25 hours'`,
    );
    await list.drop_past_claims?.({}, new AbortController().signal);
    expect(await left()).toEqual([{ claims: 0, codes: 0 }]);
    const over = await send(org, { claim, code });
    expect([over.status, over.text]).toEqual([422, expect.stringContaining("Please start again")]);
  });

  it("joins the person's open request, and a request that staff hold at the identity check goes on", async () => {
    const org = await shopIn(service);
    const phone = newPhone();
    const opened = await org.post<{ id: string }>("/v1/data-requests", {
      subject: { phone },
      kind: "access",
      regime: "gdpr",
      receivedAt: ago(3600),
      channel: "staff",
    });
    await ask(org, { whom: phone });
    expect(await requestsOf(org)).toMatchObject([{ id: opened.body.id, status: "in_progress" }]);
    // Once more, when it is past the check: it stays where it is.
    const { reference } = await ask(org, { whom: phone });
    expect(await requestsOf(org)).toMatchObject([{ id: opened.body.id, status: "in_progress" }]);
    expect((await service.anonymous.get(`/privacy/${reference}`)).status).toBe(200);
  });

  it("that a process left half-way is opened once, by whoever takes it up", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    await send(org, { claim, code: await codeTo(org, whom) });
    const ctx = await org.context();
    const claims = () =>
      administer(
        service.database.ownerUrl,
        (sql) => sql<{ id: string }[]>`
          select id from request_claim where organization_id = ${ctx.organizationId}`,
      );
    // Its job is gone with the process; before that it had opened the request, and not noted so.
    const [{ id = "" } = {}] = await claims();
    const run = async () => {
      const { list } = composeTasks(service.composed);
      await list.open_claimed_request?.(
        { organizationId: ctx.organizationId, claimId: id },
        new AbortController().signal,
      );
    };
    const sealed = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ sealed: Buffer }[]>`select sealed from request_claim where id = ${id}`,
    );
    await Promise.all([run(), run()]);
    await work("open_claimed_request");
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update request_claim set request_id = null, sealed = ${sealed[0]?.sealed ?? null},
        proven_at = now() - interval '2 minutes' where id = ${id}`,
    );
    const { list, schedule } = composeTasks(service.composed);
    expect(schedule).toContainEqual({ task: "resume_claims", match: "* * * * *" });
    await list.resume_claims?.({}, new AbortController().signal);
    expect(await work("open_claimed_request")).toBe(1);
    expect(await requestsOf(org)).toHaveLength(1);
    expect((await timelineOf(org)).map(({ event }) => event)).toEqual(["opened", "identity_noted"]);
  });

  it("cannot be made where no due date could be told; nothing is sent then, and the page names other ways", async () => {
    const org = await service.organization();
    const before = await contentsOf(service.database);
    for (const answer of [
      await service.anonymous.get(`/privacy/${org.id}`),
      await send(org, { kind: "access", whom: newPhone() }),
    ])
      expect([answer.status, answer.text]).toEqual([409, expect.stringContaining("cannot be made here yet")]);
    expect(await contentsOf(service.database)).toEqual(before);
  });
});

describe("a code", () => {
  it("is good for five tries, however many guess at the same time", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    const code = await codeTo(org, whom);
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => send(org, { claim, code: not(code) })),
    );
    expect(guesses.every(({ status }) => status === 422)).toBe(true);
    const left = await administer(
      service.database.ownerUrl,
      (sql) =>
        sql<
          { tries: number }[]
        >`select tries_left as tries from identity_code order by created_at desc limit 1`,
    );
    expect(left).toEqual([{ tries: 0 }]);
    const late = await send(org, { claim, code });
    expect([late.status, late.text]).toEqual([422, expect.stringContaining("not good any more")]);
    expect(await work("open_claimed_request")).toBe(0);
  });

  it("is good for ten minutes", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    const code = await codeTo(org, whom);
    const [row] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ seconds: number }[]>`
        with newest as (select id, expires_at - created_at as life from identity_code order by created_at desc limit 1),
        past as (update identity_code set expires_at = now() where id in (select id from newest))
        select extract(epoch from life)::int as seconds from newest`,
    );
    expect(row?.seconds).toBe(600);
    expect((await send(org, { claim, code })).status).toBe(422);
    expect(await work("open_claimed_request")).toBe(0);
  });

  it("is its own claim's: somebody else's claim for the same number does not take it, nor another organization's", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    const code = await codeTo(org, whom);
    const other = await begin(org, { whom });
    expect((await send(org, { claim: other.claim, code })).status).toBe(422);
    const elsewhere = await shopIn(service);
    expect((await send(elsewhere, { claim, code })).text).toContain("Please start again");
    expect((await send(org, { claim: `${claim.slice(0, -2)}AA`, code })).status).toBe(422);
    expect((await send(org, { claim, code })).status).toBe(200);
  });

  it("is good no more when a new one was asked for", async () => {
    const org = await shopIn(service);
    const { whom, claim } = await begin(org);
    const first = await codeTo(org, whom);
    expect((await send(org, { claim, again: "on" })).text).toContain("The old one works no more");
    const second = await codeTo(org, whom);
    expect(second).not.toBe(first);
    expect((await send(org, { claim, code: first })).status).toBe(422);
    expect((await send(org, { claim, code: second })).status).toBe(200);
  });

  it("comes three times an hour to one number, however it is asked for, and six times in 24 hours", async () => {
    const org = await shopIn(service);
    const whom = newPhone();
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => send(org, { kind: "access", whom: ` ${whom} ` })),
    );
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(limits.identityCodes);
    const refused = asked.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(8 - limits.identityCodes);
    expect(refused[0]?.text).toContain(`value="${whom}"`);
    const claim = claimIn(asked.find(({ status }) => status === 200) as Answer);
    expect((await send(org, { claim, again: "on" })).status).toBe(429);
    const age = () =>
      administer(
        service.database.ownerUrl,
        (sql) => sql`update identity_code set created_at = created_at - interval '61 minutes'`,
      );
    await age();
    for (let turn = 0; turn < limits.identityCodesPerDay - limits.identityCodes; turn += 1)
      expect((await send(org, { kind: "access", whom })).status).toBe(200);
    await age();
    expect((await send(org, { kind: "access", whom })).status).toBe(429);
    // Another number has its own.
    expect((await send(org, { kind: "access", whom: newPhone() })).status).toBe(200);
  });

  it("is stored nowhere, and no number is in the log, an address or a table", async () => {
    const org = await shopIn(service);
    const { whom, reference } = await ask(org);
    const ctx = await org.context();
    const everything = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ text: string }[]>`
        select (select coalesce(jsonb_agg(c), '[]') from identity_code c)::text
          || (select coalesce(jsonb_agg(c), '[]') from request_claim c)::text
          || (select coalesce(jsonb_agg(n), '[]') from notice n)::text
          || (select coalesce(jsonb_agg(a), '[]') from audit_entry a where organization_id = ${ctx.organizationId})::text as text`,
    );
    for (const secret of [whom.slice(1), reference])
      expect(`${everything[0]?.text}${service.log.join("")}`).not.toContain(secret);
  });
});

describe("what a stranger learns about a number", () => {
  it("is nothing: known and unknown ones get the same bytes after the same statements, at every step", async () => {
    const org = await shopIn(service);
    const known = newPhone();
    await created(
      org.post("/v1/opt-outs", {
        subject: { phone: known },
        scope: "all",
        source: "staff",
        occurredAt: ago(60),
      }),
    );
    const at = new Date();
    service.setNow(at);
    const plain = (answer: Answer, number: string) => ({
      status: answer.status,
      headers: [...answer.headers].filter(([name]) => name !== "x-request-id"),
      length: answer.bytes.length,
      text: answer.text
        .replaceAll(claimIn(answer) || "no claim here", "claim")
        .replaceAll(referenceIn(answer) || "no reference here", "reference")
        .replace(/(name="code"[^>]* value=")\d{6}"/, '$1typed"')
        .replaceAll(
          `${number.slice(0, 2)} ${number.slice(2, 5)} ${number.slice(5, 8)} ${number.slice(8)}`,
          "number",
        ),
    });
    const visit = async (kind: string, number: string) => {
      const steps: object[] = [];
      const step = async (fields: Record<string, string>) => {
        let last: Answer | undefined;
        const sent = await statementsOf(async () => {
          last = await send(org, fields);
        });
        steps.push({ ...plain(last as Answer, number), sent });
        return last as Answer;
      };
      const claim = claimIn(await step({ kind, whom: number }));
      await step({ claim, code: not(await codeTo(org, number)) });
      await step({ claim, again: "on" });
      await step({ claim, code: await codeTo(org, number) });
      return steps;
    };
    try {
      const unknown = newPhone();
      for (const kind of ["access", ...kindsOf().filter((each) => each === "objection")]) {
        const [first, ...others] = await visit(kind, known);
        expect(first).toMatchObject({
          status: 200,
          sent: expect.arrayContaining([expect.stringContaining("notice")]),
        });
        expect(others).toHaveLength(3);
        expect(await visit(kind, unknown)).toEqual([first, ...others]);
      }
      const refused = async (number: string) => {
        for (let turn = 0; turn < limits.identityCodes; turn += 1)
          await send(org, { kind: "access", whom: number });
        let answer: Answer | undefined;
        const sent = await statementsOf(async () => {
          answer = await send(org, { kind: "access", whom: number });
        });
        return { status: answer?.status, text: answer?.text.replaceAll(number, "number"), sent };
      };
      expect(await refused(known)).toEqual(await refused(unknown));
    } finally {
      service.setNow(undefined);
    }
  });
});

describe("the page", () => {
  it("that is looked at changes nothing, by whatever method", async () => {
    const org = await shopIn(service);
    const { reference } = await ask(org);
    const before = await contentsOf(service.database);
    for (const path of [`/privacy/${org.id}`, `/privacy/${reference}`])
      for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
        const answer = await service.anonymous.send(method, `${path}?kind=access&whom=%2B12025550123`, {
          headers: { "x-http-method-override": "POST" },
        });
        if (method === "GET" || method === "HEAD") expect(answer.status).toBe(200);
        expect(answer.status).toBeLessThan(500);
      }
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it.each([
    [{}, ["Choose what you want", "Enter your phone number or e-mail address"]],
    [{ kind: "access", whom: "0151" }, ["Enter a whole phone number"]],
    [{ kind: "everything", whom: "+12025550123" }, ["Choose what you want"]],
    [{ kind: "access", whom: "a@b" }, ["Enter a whole phone number"]],
    [{ kind: "access", whom: "<script>alert(1)</script>" }, ["Enter a whole phone number"]],
  ])(
    "gives %j back with a message at the field and on top, nothing lost, and changes nothing",
    async (fields, said) => {
      const org = await shopIn(service);
      const before = await contentsOf(service.database);
      const answer = await send(org, fields);
      expect(answer.status).toBe(422);
      expect(answer.text).toContain("<title>Error: your data and your rights</title>");
      for (const message of said) expect(answer.text.split(message).length - 1).toBe(2);
      const { kind, whom = "" } = fields as { kind?: string; whom?: string };
      expect(answer.text).not.toContain("<script>alert");
      if (!whom.includes("<")) expect(answer.text).toContain(`value="${whom}"`);
      if (kind === "access") expect(answer.text).toMatch(/value="access"[^>]* checked/);
      expect(await contentsOf(service.database)).toEqual(before);
    },
  );

  it("says what is wrong with a code, and keeps what was typed", async () => {
    const org = await shopIn(service);
    const { claim } = await begin(org);
    for (const [code, said] of [
      ["", "Enter the code of six digits"],
      ["12 34", "Enter six digits and nothing else"],
    ] as const) {
      const answer = await send(org, { claim, code });
      expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(said)]);
      expect(answer.text).toContain(`value="${code}"`);
    }
  });

  it("does not tell of a reference that is none, another one's, or not proven", async () => {
    const org = await shopIn(service);
    const { claim } = await begin(org);
    expect(claim).not.toBe("");
    const ctx = await org.context();
    const [row] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ id: string; hash: Buffer }[]>`
        select id, reference_sha256 as hash from request_claim where organization_id = ${ctx.organizationId}`,
    );
    const unproven = referenceOf(ctx, row?.id ?? "");
    expect(hashReference(unproven)).toEqual(row?.hash);
    const texts = await Promise.all(
      [unproven, "0".repeat(26)].map(async (reference) => {
        const answer = await service.anonymous.get(`/privacy/${reference}`);
        expect(answer.status).toBe(404);
        return answer.text;
      }),
    );
    expect(texts[0]).toBe(texts[1]);
    expect((await service.anonymous.get("/privacy/org_01kap8w3vtee2t0m4wa8cn7v6k")).status).toBe(404);
    expect((await service.anonymous.get("/privacy")).status).toBe(404);
  });

  it("takes so many posts from one address, and keeps what was typed", { timeout: 240_000 }, async () => {
    const org = await shopIn(service);
    const process = await service.startProcess();
    const post = (fields: Record<string, string>) =>
      process.transport(`/privacy/${org.id}`, {
        method: "POST",
        headers: form,
        body: new URLSearchParams(fields).toString(),
      });
    for (let turn = 1; turn <= limits.claimsPerAddress.points; turn += 1)
      expect((await post({ whom: "no number" })).status).toBe(422);
    const refused = await post({ kind: "access", whom: "+12025550123" });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await refused.text()).toContain('value="+12025550123"');
    await process.stop();
  });
});

describe("a reference", () => {
  it("is 26 letters and digits of one claim, and nobody's without the organization's key", async () => {
    const [one, two] = [await (await shopIn(service)).context(), await (await shopIn(service)).context()];
    const claimId = "01a20470-ae6e-7ddf-91d5-1f3f062e4810";
    expect(isReference(referenceOf(one, claimId))).toBe(true);
    expect(referenceOf(one, claimId)).toBe(referenceOf(one, claimId));
    expect(referenceOf(one, claimId)).not.toBe(referenceOf(two, claimId));
    expect(isReference(one.organizationId)).toBe(false);
    expect(isReference("org_01kap8w3vtee2t0m4wa8cn7v6k")).toBe(false);
  });
});
