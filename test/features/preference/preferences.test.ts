import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { dropPastCodes } from "../../../src/features/preference/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { makeLinkToken } from "../../../src/kernel/link-token.ts";
import { makeNonce } from "../../../src/kernel/nonce.ts";
import { deriveKey } from "../../../src/kernel/seal.ts";
import { contentsOf } from "../../support/contents.ts";
import { administer } from "../../support/database.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, codes, created, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = { phone: "+12025550123" };
const parcel = { purpose: "order_updates", message: messages.parcel };
const form = { "content-type": "application/x-www-form-urlencoded" };
const day = 24 * 3_600_000;

async function linkOf(shop: Shop, subject: object = person): Promise<string> {
  const { url } = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", { subject }));
  return new URL(url).pathname;
}

/** A shop with a person who said yes to promotions and order updates, and the path of a link of theirs. */
async function open() {
  const shop = await Shop.open(service);
  for (const purpose of ["promotions", "order_updates"]) {
    await shop.proven(person, { purpose }, { occurredAt: ago(120) });
  }
  const path = await linkOf(shop);
  const { id } = (await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: person })).body;
  return { shop, path, id };
}

const post = (path: string, fields: Record<string, string>) =>
  service.anonymous.post(path, new URLSearchParams(fields).toString(), form);

/** Chooses on the link's page; what the page says of it, and how it is taken back. */
async function choose(path: string, fields: Record<string, string>, wanted = 200) {
  const answer = await post(`${path}/preferences`, fields);
  expect(answer.status, answer.text).toBe(wanted);
  return {
    text: answer.text,
    heading: heading(answer.text),
    reference: /prf_[0-9a-z]{26}/.exec(answer.text)?.[0],
    nonce: /name="nonce" value="([^"]+)"/.exec(answer.text)?.[1],
  };
}

const heading = (html: string) => /<h1[^>]*>([^<]*)<\/h1>/.exec(html)?.[1];

interface Shown {
  pause: { until: string; id: string } | null;
  frequency: { most: number; hours: number; id: string } | null;
  language: { value: string } | null;
  channel: { value: string } | null;
}

const preferencesOf = async (shop: Shop, id: string) =>
  (await shop.org.get<Shown>(`/v1/subjects/${id}/preferences`)).body;

async function redeem(shop: Shop, { permit }: Checked) {
  const answer = await shop.org.post<{ redeemed: boolean; reasons?: { code: string }[] }>(
    `/v1/permits/${permit?.id}/redeem`,
  );
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** Makes a code by the API and opens the page of all choices with it. */
async function openMine(shop: Shop, path: string, subject: object = person) {
  const { code } = await created<{ code: string }>(shop.org.post("/v1/preference-codes", { subject }));
  const answer = await post(`${path}/preferences/code`, { code });
  expect(answer.status, answer.text).toBe(200);
  return { text: answer.text, session: sessionIn(answer.text) };
}

const sessionIn = (html: string) => /name="session" value="([^"]+)"/.exec(html)?.[1] ?? "";

const mine = (path: string, session: string, fields: Record<string, string>) =>
  post(`${path}/preferences/mine`, { session, ...fields });

describe("the page of preferences", () => {
  it("that is looked at changes nothing, ever: not by scanners, previews, prefetching or other methods", async () => {
    const { path } = await open();
    const before = await contentsOf(service.database);
    const visitors: Record<string, string>[] = [
      { "user-agent": "WhatsApp/2.24.6 A" },
      { purpose: "prefetch", "sec-purpose": "prefetch;prerender" },
      { "x-http-method-override": "POST" },
    ];
    for (const headers of visitors) {
      for (const page of ["preferences", "preferences/code"]) {
        for (const query of ["", "?pause=on", "?frequency=month", "?code=000000", "?_method=POST"]) {
          for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
            const answer = await service.anonymous.send(method, `${path}/${page}${query}`, { headers });
            if (method === "GET" || method === "HEAD") expect(answer.status).toBe(200);
            expect(answer.status).toBeLessThan(500);
          }
        }
      }
      for (const page of ["preferences/undo", "preferences/mine"])
        expect((await service.anonymous.get(`${path}/${page}`, headers)).status).toBe(404);
    }
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("is led to from the page behind the link, before and after the no, and shows nothing of what was chosen", async () => {
    const { shop, path } = await open();
    for (const html of [
      (await service.anonymous.get(path)).text,
      (await post(path, { scope: "purpose", purpose: "promotions" })).text,
    ])
      expect(html).toContain(`href="${path}/preferences?lang&#x3D;en"`);
    await choose(path, { pause: "on" });
    await choose(path, { language: "de" });
    const { text } = await service.anonymous.get(`${path}/preferences`);
    expect(text).toContain("…23");
    expect(text).not.toMatch(/2025550|paused|selected>Deutsch|sub_|opt_|prf_/);
    expect(text.match(/<button name="purpose" value="(\w+)"/g)).toEqual(
      ["order_updates", "promotions", "support"].map((key) => `<button name="purpose" value="${key}"`),
    );
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  it("of a link that was altered, cut or is another shop's says so and names the way without it", async () => {
    const { path } = await open();
    const other = await open();
    const swapped = `/o/${other.path.slice(3, 20)}${path.slice(20)}`;
    for (const wrong of [path.slice(0, -3), `${path.slice(0, -1)}~`, swapped, "/o/nonsense"]) {
      for (const answer of [
        await service.anonymous.get(`${wrong}/preferences`),
        await service.anonymous.get(`${wrong}/preferences/code`),
        await post(`${wrong}/preferences`, { pause: "on" }),
        await post(`${wrong}/preferences/code`, {}),
        await post(`${wrong}/preferences/mine`, { session: "x", stop: "*" }),
        await post(`${wrong}/preferences/undo`, { nonce: "x" }),
      ]) {
        expect(answer.status).toBe(404);
        expect(heading(answer.text)).toBe("This link does not work");
        expect(answer.text).toMatch(/href="\/stop/);
      }
    }
  });

  it("asks again, with a summary on top, when no button was pressed, and takes nothing", async () => {
    const { shop, path, id } = await open();
    for (const fields of [
      {},
      { pause: "for ever" },
      { frequency: "constructor" },
      { language: "tlh" },
    ] as Record<string, string>[]) {
      const answer = await post(`${path}/preferences`, fields);
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('<div class="problem" role="alert" tabindex="-1" autofocus>');
    }
    expect(await preferencesOf(shop, id)).toEqual({
      pause: null,
      frequency: null,
      language: null,
      channel: null,
    });
  });
});

describe("hostile fields", () => {
  it("with a NUL, of another type or much too long do no harm, and a no that comes garbled is still one", async () => {
    const { shop, path } = await open();
    const { session } = await openMine(shop, path);
    const bad = ["\0", "promotions\0", "x".repeat(9_000), "__proto__", "\ud800", "'; drop table subject; --"];
    for (const value of bad) {
      for (const name of ["pause", "frequency", "language", "channel", "nonce", "code", "session", "stop"]) {
        for (const page of ["preferences", "preferences/undo", "preferences/mine"]) {
          const answer = await post(`${path}/${page}`, { [name]: value });
          expect(answer.status, `${page} ${name}`).toBeLessThan(500);
        }
      }
      const agreed = await mine(path, session, { agree: value, token: value, yes: "yes" });
      expect([200, 413, 422]).toContain(agreed.status);
    }
    expect(await shop.codes(person)).toEqual([]);
    expect((await post(path, { scope: "purpose", purpose: "promotions\0" })).status).toBe(200);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });
});

describe("a pause", () => {
  it("holds marketing back for thirty days, and nothing else", async () => {
    const { shop, path, id } = await open();
    const { heading: said, reference } = await choose(path, { pause: "on" });
    expect(said).toMatch(/^Done. No advertising until /);
    const denied = await shop.check(person);
    expect(codes(denied)).toEqual(["recipient_paused"]);
    const [reason] = denied.reasons;
    expect(reason).toMatchObject({ rule: "opt_out", evidence: [reference] });
    const left = Date.parse(reason?.retryAt ?? "") - Date.now();
    expect(left).toBeGreaterThan(30 * day - 60_000);
    expect(left).toBeLessThanOrEqual(30 * day);
    expect(await shop.codes(person, parcel)).toEqual([]);
    expect((await preferencesOf(shop, id)).pause).toMatchObject({ id: reference, until: reason?.retryAt });
  });

  it("pressed again, also many times at once, is one", async () => {
    const { path } = await open();
    const pressed = await Promise.all(Array.from({ length: 8 }, () => choose(path, { pause: "on" })));
    pressed.push(await choose(path, { pause: "on" }));
    expect(new Set(pressed.map(({ reference }) => reference)).size).toBe(1);
  });

  it("is good against a permit that was given before", async () => {
    const { shop, path } = await open();
    const allowed = await shop.check(person);
    await choose(path, { pause: "on" });
    expect(await redeem(shop, allowed)).toMatchObject({
      redeemed: false,
      reasons: [{ code: "recipient_paused" }],
    });
  });

  it("is ended by no later yes, and by no link", async () => {
    const { shop, path } = await open();
    await choose(path, { pause: "on" });
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
    expect((await choose(path, { pause: "off" }, 409)).heading).toBe("This link can only take away");
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
  });

  it("that is over holds nothing back", async () => {
    const { shop, path } = await open();
    await choose(path, { pause: "on" });
    await shop.sql(
      (sql, organization) =>
        sql`update preference set until = now() - interval '1 second' where organization_id = ${organization}`,
    );
    expect(await shop.codes(person)).toEqual([]);
  });

  it("of either record holds for both once they are one person's", async () => {
    const { shop, path, id } = await open();
    const other = { phone: "+12025550124" };
    const { subjectId } = await shop.proven(other);
    const otherPath = await linkOf(shop, other);
    await choose(otherPath, { pause: "on" });
    await choose(path, { frequency: "month" });
    await shop.org.post(`/v1/subjects/${id}/merge`, { other: subjectId, reason: "The same person." });
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
    expect(await preferencesOf(shop, subjectId)).toMatchObject({
      pause: { id: expect.stringMatching(/^prf_/) },
      frequency: { most: 1, hours: 720 },
    });
    const { session } = await openMine(shop, otherPath);
    await mine(otherPath, session, { pause: "off" });
    expect(await shop.codes(person)).toEqual([]);
  });
});

describe("a frequency of the person's own", () => {
  it("lets one advertisement a week through, and leaves everything else alone", async () => {
    const { shop, path } = await open();
    const { reference } = await choose(path, { frequency: "week" });
    const first = await shop.check(person);
    expect(first.decision).toBe("allow");
    expect(await redeem(shop, first)).toEqual({ redeemed: true });
    const second = await shop.check(person);
    expect(second.reasons).toMatchObject([
      { code: "frequency_cap_reached", rule: "frequency_cap", evidence: [reference, first.decisionId] },
    ]);
    const wait = Date.parse(second.reasons[0]?.retryAt ?? "") - Date.now();
    expect(Math.abs(wait - 7 * day)).toBeLessThan(60_000);
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  it("yields one permit to any number of simultaneous checks, and one redemption to permits from before", async () => {
    const { shop, path } = await open();
    const before = await Promise.all(Array.from({ length: 6 }, () => shop.check(person)));
    expect(before.every(({ decision }) => decision === "allow")).toBe(true);
    await choose(path, { frequency: "month" });
    const redeemed = await Promise.all(before.map((allowed) => redeem(shop, allowed)));
    expect(redeemed.filter((each) => each.redeemed)).toHaveLength(1);

    const next = await open();
    await choose(next.path, { frequency: "month" });
    const asked = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        next.shop.check(person, n % 2 === 0 ? {} : { messageRef: `message-${n}` }),
      ),
    );
    expect(asked.filter(({ decision }) => decision === "allow")).toHaveLength(1);
  });

  it("counts what the person had before they chose it", async () => {
    const { shop, path } = await open();
    expect(await redeem(shop, await shop.check(person))).toEqual({ redeemed: true });
    expect(await redeem(shop, await shop.check(person, parcel))).toEqual({ redeemed: true });
    expect(await shop.codes(person)).toEqual([]);
    await choose(path, { frequency: "week" });
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });

  it("counts what is redeemed while it is being chosen, whichever of the two is first", async () => {
    const first = await open();
    const allowed = await first.shop.check(person);
    const decision = parseId("dec", allowed.decisionId) ?? "";
    // As redeeming does that has not committed yet.
    await administer(service.database.ownerUrl, (owner) =>
      owner.begin(async (sql) => {
        await sql`insert into permit_redemption (organization_id, decision_id, subject_id, category)
          select organization_id, id, subject_id, 'marketing' from decision where id = ${decision}`;
        const chosen = choose(first.path, { frequency: "week" });
        await doneOrWaiting(chosen);
        return { chosen };
      }),
    ).then(({ chosen }) => chosen);
    expect(await first.shop.codes(person)).toEqual(["frequency_cap_reached"]);

    const second = await open();
    const permit = await second.shop.check(person);
    // As choosing does that has not committed yet.
    await administer(service.database.ownerUrl, (owner) =>
      owner.begin(async (sql) => {
        await sql`select change_preference(${parseId("org", second.shop.org.id) ?? ""}, ${parseId("sub", second.id) ?? ""},
          ${service.services.newId("prf")}, 'frequency', null, 1, 168, null, false, 600, 'link', 'person', null)`;
        const redeemed = redeem(second.shop, permit);
        await doneOrWaiting(redeemed);
        return { redeemed };
      }),
    ).then(({ redeemed }) => redeemed);
    expect(await second.shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });

  /** Until some work is done, or a transaction of this database waits for a lock of another. */
  async function doneOrWaiting(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const noteDone = () => {
      isDone = true;
    };
    work.then(noteDone, noteDone);
    await administer(service.database.ownerUrl, async (sql) => {
      for (;;) {
        const waiting = await sql`
          select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
          where not l.granted`;
        if (isDone || waiting.length > 0) return;
      }
    });
  }

  it("stands beside the policy's: the stricter one counts, whichever it is", async () => {
    const { shop, path } = await open();
    await shop.activatePolicy({ caps: [{ categories: ["marketing"], most: 2, hours: 24 }] });
    for (const _ of [1, 2]) expect((await redeem(shop, await shop.check(person))).redeemed).toBe(true);
    const [byPolicy] = (await shop.check(person)).reasons;
    expect(Date.parse(byPolicy?.retryAt ?? "") - Date.now()).toBeLessThan(day + 60_000);
    await choose(path, { frequency: "week" });
    const [byBoth] = (await shop.check(person)).reasons;
    expect(Date.parse(byBoth?.retryAt ?? "") - Date.now()).toBeGreaterThan(6 * day);

    const loose = await open();
    await loose.shop.activatePolicy({ caps: [{ categories: ["marketing"], most: 1, hours: 720 }] });
    await choose(loose.path, { frequency: "week" });
    expect((await redeem(loose.shop, await loose.shop.check(person))).redeemed).toBe(true);
    const [strict] = (await loose.shop.check(person)).reasons;
    expect(Date.parse(strict?.retryAt ?? "") - Date.now()).toBeGreaterThan(29 * day);
  });

  it("is enforced in monitor mode, where the policy's caps are only watched", async () => {
    const { shop, path } = await open();
    await shop.activatePolicy({ caps: [{ categories: ["marketing"], most: 1, hours: 24 }] });
    await created(
      shop.org.post("/v1/monitors", {
        sender: shop.sender.id,
        purpose: "promotions",
        until: ago(-3600),
        reason: "The first week.",
      }),
    );
    expect((await redeem(shop, await shop.check(person))).redeemed).toBe(true);
    const watched = await shop.check(person);
    expect([watched.decision, watched.reasons[0]?.enforced]).toEqual(["allow", false]);
    await choose(path, { frequency: "week" });
    expect(await shop.check(person)).toMatchObject({
      decision: "deny",
      reasons: [{ code: "frequency_cap_reached" }],
    });
  });

  it("can be made stricter by the link, never looser, and says so", async () => {
    const { shop, path, id } = await open();
    const weekly = await choose(path, { frequency: "week" });
    expect((await choose(path, { frequency: "week" })).reference).toBe(weekly.reference);
    await choose(path, { frequency: "month" });
    for (const frequency of ["week", "any"]) {
      const { heading: said, text } = await choose(path, { frequency }, 409);
      expect(said).toBe("This link can only take away");
      expect(text).toContain("at most one advertising message a month");
    }
    expect((await preferencesOf(shop, id)).frequency).toMatchObject({ most: 1, hours: 720 });
  });
});

describe("wishes", () => {
  it("for a language and a channel are kept for the business to see, and stop nothing", async () => {
    const { shop, path, id } = await open();
    expect((await choose(path, { language: "kk" })).heading).toBe("Noted: Қазақша");
    expect((await choose(path, { channel: "email" })).heading).toBe("Noted: E-mail");
    expect(await preferencesOf(shop, id)).toMatchObject({
      language: { value: "kk" },
      channel: { value: "email" },
    });
    expect(await shop.codes(person)).toEqual([]);
    const other = await Shop.open(service);
    expect((await other.org.get(`/v1/subjects/${id}/preferences`)).status).toBe(404);
  });

  it("may go to and fro for a while only, and hold up no pause", async () => {
    const { shop, path } = await open();
    const statuses = [];
    for (let time = 0; time < 31; time += 1)
      statuses.push((await post(`${path}/preferences`, { language: time % 2 === 0 ? "de" : "fr" })).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    expect(statuses.at(-1)).toBe(429);
    await choose(path, { pause: "on" });
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
  });

  it("are not ended by the link, where there is none either", async () => {
    const { path } = await open();
    for (const fields of [{ language: "any" }, { pause: "off" }, { frequency: "any" }] as Record<
      string,
      string
    >[])
      expect((await choose(path, fields, 409)).heading).toBe("This link can only take away");
  });
});

describe("an undo", () => {
  const undo = (path: string, nonce: string | undefined) =>
    post(`${path}/preferences/undo`, { nonce: nonce ?? "" });

  it("restores what held before, once and for ten minutes", async () => {
    const { shop, path, id } = await open();
    await choose(path, { frequency: "week" });
    const { nonce } = await choose(path, { frequency: "month" });
    const answers = await Promise.all(Array.from({ length: 4 }, () => undo(path, nonce)));
    for (const { text } of answers) expect(heading(text)).toBe("Undone. Everything is as before.");
    expect((await preferencesOf(shop, id)).frequency).toMatchObject({ most: 1, hours: 168 });
    const events = await shop.sql(
      (sql, organization) =>
        sql`select kind from preference_event where organization_id = ${organization} order by id`,
    );
    expect(events.map(({ kind }) => kind)).toEqual(["chosen", "chosen", "undone"]);

    const paused = await choose(path, { pause: "on" });
    await shop.sql(async (sql, organization) => {
      await sql`alter table preference_event disable trigger append_only`;
      await sql`update preference_event set recorded_at = now() - interval '601 seconds'
        where organization_id = ${organization}`;
      await sql`alter table preference_event enable trigger append_only`;
    });
    expect(heading((await undo(path, paused.nonce)).text)).toBe("It is too late to undo this here");
    expect(await shop.codes(person)).toContain("recipient_paused");
  });

  it("takes only the nonce of this very choice by this very person's link, and nothing newer back", async () => {
    const { shop, path, id } = await open();
    const other = await open();
    const first = await choose(path, { frequency: "week" });
    const [, proof] = (first.nonce ?? "").split(".");
    for (const nonce of [
      "",
      "nonsense",
      `${first.reference}.AAAA`,
      `prf_01kap8w3vtee2t0m4wa8cn7v6k.${proof}`,
    ])
      expect(heading((await undo(path, nonce)).text)).toBe("It is too late to undo this here");
    expect(heading((await undo(other.path, first.nonce)).text)).toBe("It is too late to undo this here");
    await choose(path, { frequency: "month" });
    expect(heading((await undo(path, first.nonce)).text)).toBe("Something else came in meanwhile");
    expect((await preferencesOf(shop, id)).frequency).toMatchObject({ hours: 720 });
  });

  it("is of what a link chose, never of what was chosen with a code", async () => {
    const { shop, path, id } = await open();
    const { session } = await openMine(shop, path);
    await mine(path, session, { frequency: "month" });
    const again = await choose(path, { frequency: "month" });
    expect(again.nonce).toBeUndefined();
    const { keys } = await shop.org.context();
    const made = makeNonce(keys.data, "preference_undo", again.reference ?? "");
    expect(heading((await undo(path, made)).text)).toBe("It is too late to undo this here");
    expect((await preferencesOf(shop, id)).frequency).toMatchObject({ hours: 720 });
    const paused = await choose(path, { pause: "on" });
    expect((await choose(path, { pause: "on" })).nonce).toBe(paused.nonce);
  });

  it("goes to and fro with choices for a while only, and what takes away holds then", async () => {
    const { shop, path } = await open();
    const { points } = limits.undosOfPerson;
    for (let time = 0; time < points; time += 1)
      expect((await undo(path, (await choose(path, { pause: "on" })).nonce)).status).toBe(200);
    const { nonce } = await choose(path, { pause: "on" });
    expect((await undo(path, nonce)).status).toBe(429);
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
    const other = await open();
    expect((await undo(other.path, (await choose(other.path, { pause: "on" })).nonce)).status).toBe(200);
  });
});

describe("a code", () => {
  it("that was asked for on the page is told of to other systems, fetched by them, and opens everything", async () => {
    const { shop, path, id } = await open();
    const endpoint = await created<{ id: string }>(
      shop.org.post("/v1/webhook-endpoints", {
        url: "https://notifier.shop.example/hook",
        eventTypes: ["preference_code.requested"],
      }),
    );
    const asked = await post(`${path}/preferences/code?lang=ru`, {});
    expect(asked.status).toBe(200);
    const [told] = await shop.sql(
      (sql, organization) => sql`
        select data from webhook_delivery where organization_id = ${organization}
          and endpoint_id = ${parseId("whe", endpoint.id) ?? ""}`,
    );
    expect(told?.data).toEqual({
      preferenceCodeId: expect.stringMatching(/^pcd_/),
      subjectId: id,
      language: "ru",
    });
    const revealed = await shop.org.post<{ code: string; subjectId: string }>(
      `/v1/preference-codes/${told?.data.preferenceCodeId}/reveal`,
    );
    expect(revealed.status).toBe(200);
    expect(revealed.body).toMatchObject({ code: expect.stringMatching(/^\d{6}$/), subjectId: id });
    expect(asked.text).not.toContain(revealed.body.code);
    const typed = `${revealed.body.code.slice(0, 3)} ${revealed.body.code.slice(3)}`;
    const opened = await post(`${path}/preferences/code`, { code: typed });
    expect(opened.status).toBe(200);
    expect(heading(opened.text)).toBe("Your choices");
  });

  it("is asked for by a message of the person's own, however it comes, and goes with the message's id", async () => {
    const { shop, path, id } = await open();
    const platform = new Platform(service.anonymous, shop.sender);
    const endpoint = await created<{ id: string }>(
      shop.org.post("/v1/webhook-endpoints", {
        url: "https://notifier.shop.example/hook",
        eventTypes: ["preference_code.requested"],
      }),
    );
    const report = {
      sender: shop.sender.id,
      from: person,
      messageId: "wamid.code",
      occurredAt: ago(0),
      text: "Код!",
    };
    const { preferenceCodeId } = await created<{ preferenceCodeId: string }>(
      shop.org.post("/v1/messages/inbound", report),
    );
    const again = await created<{ preferenceCodeId?: string }>(shop.org.post("/v1/messages/inbound", report));
    expect(again.preferenceCodeId).toBeUndefined();
    const message = platform.text("12025550123", "code");
    for (const _time of [1, 2]) await platform.deliver(platform.messages(message));
    await shop.inbound(person, { text: "My zip code is 10115" });
    const told = await shop.sql(
      (sql, organization) => sql`
        select data from webhook_delivery where organization_id = ${organization}
          and endpoint_id = ${parseId("whe", endpoint.id) ?? ""} order by event_id`,
    );
    const asked = { subjectId: id, senderId: shop.sender.id };
    expect(told.map(({ data }) => data)).toEqual([
      { ...asked, preferenceCodeId, messageId: "wamid.code" },
      { ...asked, preferenceCodeId: expect.stringMatching(/^pcd_/), messageId: message.id },
    ]);
    const { body } = await shop.org.post<{ code: string }>(
      `/v1/preference-codes/${told[1]?.data.preferenceCodeId}/reveal`,
    );
    expect(heading((await post(`${path}/preferences/code`, { code: body.code })).text)).toBe("Your choices");
  });

  it("can be tried five times, works once, and only the newest one does", async () => {
    const { shop, path } = await open();
    const make = async () =>
      (
        await created<{ code: string; id: string }>(
          shop.org.post("/v1/preference-codes", { subject: person }),
        )
      ).code;
    const attempt = async (code: string) => {
      const { status, text } = await post(`${path}/preferences/code`, { code });
      return status === 200 ? "open" : /id="code-error">([^<]*)</.exec(text)?.[1];
    };
    const wrong = (code: string) => (code === "123456" ? "654321" : "123456");
    expect(await attempt("123456")).toMatch(/not good any more/);
    const old = await make();
    const code = await make();
    if (old !== code) expect(await attempt(old)).toBe("The code is not right. 4 tries left.");
    expect(await attempt("12345")).toBe("Enter six digits and nothing else, such as 042 517");
    expect(await attempt(" ")).toBe("Enter the code of six digits");
    expect(await attempt(code)).toBe("open");
    expect(await attempt(code)).toMatch(/not good any more/);
    const last = await make();
    const guesses = await Promise.all(Array.from({ length: 8 }, () => attempt(wrong(last))));
    expect(guesses.filter((said) => said?.startsWith("The code is not right"))).toHaveLength(4);
    expect(await attempt(last)).toMatch(/not good any more/);
    const fourth = await shop.org.post("/v1/preference-codes", { subject: person });
    expect(fourth.status).toBe(429);
  });

  it("asked for with a link is one of three an hour and six a day, and takes none from the person and from staff", async () => {
    const { shop, path } = await open();
    const ask = async () => (await post(`${path}/preferences/code`, {})).status;
    const later = (time: string) =>
      shop.sql(
        (sql, organization) => sql`
          update preference_code set created_at = created_at - ${time}::interval where organization_id = ${organization}`,
      );
    for (const statuses of [
      [200, 200, 200, 429],
      [200, 200, 200, 429],
      [429, 429],
    ]) {
      for (const status of statuses) expect(await ask()).toBe(status);
      await later("61 minutes");
    }
    const messages = [1, 2, 3].map((time) => ({ messageId: `wamid.code-${time}`, text: "code" }));
    for (const message of messages) {
      const { preferenceCodeId } = (await shop.inbound(person, message)) as { preferenceCodeId?: string };
      expect(preferenceCodeId).toMatch(/^pcd_/);
    }
    expect((await shop.org.post("/v1/preference-codes", { subject: person })).status).toBe(429);
    await later("61 minutes");
    await openMine(shop, path);
    expect(await ask()).toBe(429);
    await later("21 hours");
    expect(await ask()).toBe(200);
  });

  it("of another person, of another shop, or that is too old opens nothing", async () => {
    const { shop, path } = await open();
    const other = { phone: "+12025550124" };
    await shop.proven(other);
    const stranger = await created<{ code: string; id: string }>(
      shop.org.post("/v1/preference-codes", { subject: other }),
    );
    expect((await post(`${path}/preferences/code`, { code: stranger.code })).status).toBe(422);
    const foreign = await Shop.open(service);
    expect((await foreign.org.post(`/v1/preference-codes/${stranger.id}/reveal`)).status).toBe(404);
    const own = await created<{ code: string; id: string }>(
      shop.org.post("/v1/preference-codes", { subject: person }),
    );
    await shop.sql(
      (sql, organization) =>
        sql`update preference_code set expires_at = now() where organization_id = ${organization}`,
    );
    expect((await post(`${path}/preferences/code`, { code: own.code })).text).toContain("not good any more");
    expect((await shop.org.post(`/v1/preference-codes/${own.id}/reveal`)).status).toBe(404);
  });
});

describe("whoever proved that the number is theirs", () => {
  it("sees how each yes was given, in the words that were shown, and what happened", async () => {
    const { shop, path } = await open();
    await choose(path, { pause: "on" });
    await post(path, { scope: "purpose", purpose: "order_updates" });
    const { text } = await openMine(shop, path);
    expect(text).toContain("You ticked a box · Checkbox of an order");
    expect(text).toContain('<blockquote lang="en"><bdi>Yes, write to me.</bdi></blockquote>');
    for (const line of ["You agreed: Offers and news", "Stopped: Order updates", "Advertising paused until"])
      expect(text).toContain(line);
    const of = (name: string) => text.slice(text.indexOf(`<h2><bdi>${name}`)).split("</section>")[0];
    expect(of("Offers and news")).toContain("You get these messages.");
    expect(of("Order updates")).toContain("You get none of these.");
    expect(of("Answers to questions")).toContain("You get these messages.");
    expect(text).not.toMatch(/2025550/);
  });

  it("ends a pause, raises the frequency, and stops with one press", async () => {
    const { shop, path, id } = await open();
    await choose(path, { pause: "on" });
    await choose(path, { frequency: "month" });
    const { session } = await openMine(shop, path);
    expect((await mine(path, session, { pause: "off" })).text).toContain("Saved. It holds at once.");
    expect(await shop.codes(person)).toEqual([]);
    await mine(path, session, { frequency: "week" });
    expect((await preferencesOf(shop, id)).frequency).toMatchObject({ hours: 168 });
    await mine(path, session, { frequency: "any" });
    await mine(path, session, { language: "de" });
    await mine(path, session, { language: "any" });
    expect(await preferencesOf(shop, id)).toMatchObject({ frequency: null, language: null });
    expect((await mine(path, session, { stop: "promotions" })).text).toContain(
      "Done. Stopped: Offers and news.",
    );
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await shop.codes(person, parcel)).toEqual([]);
    await mine(path, session, { stop: "*" });
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
  });

  it("stops for good: no link takes that back", async () => {
    const { shop, path } = await open();
    const { session } = await openMine(shop, path);
    for (const [stopped, pressed, message] of [
      ["promotions", { scope: "purpose", purpose: "promotions" }, {}],
      ["*", { scope: "all" }, parcel],
    ] as const) {
      await mine(path, session, { stop: stopped });
      const { text } = await post(path, pressed);
      const nonce = /name="nonce" value="([^"]+)"/.exec(text)?.[1] ?? "";
      await post(`${path}/undo`, { nonce });
      expect(await shop.codes(person, message)).toContain("recipient_opted_out");
    }
    const { body } = await shop.org.get<{ items: { source: string }[] }>("/v1/opt-outs");
    expect(body.items.map(({ source }) => source).filter((source) => source === "code")).toHaveLength(2);
  });

  it("stops what is not named rightly as well, rather more than less", async () => {
    const { shop, path } = await open();
    const { session } = await openMine(shop, path);
    await mine(path, session, { stop: "nonsense" });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("is shown the wording of the box that asks for the purpose, and that is what is proven", async () => {
    const { shop, path, id } = await open();
    for (const key of ["club", "news"]) await shop.purpose(key, {});
    await shop.sql(
      (sql, organization) => sql`
        insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
          language, wording, wording_sha256, boxes)
        select organization_id, collection_point_id, 9, '{whatsapp}', '{club,news}', 'en', 'The club.\nThe news.',
          encode(sha256('both'), 'hex'), jsonb_build_array(
            jsonb_build_object('wording', 'The club.', 'wordingSha256', encode(sha256('The club.'), 'hex'),
              'purposes', array['club'], 'required', false),
            jsonb_build_object('wording', 'The news.', 'wordingSha256', encode(sha256('The news.'), 'hex'),
              'purposes', array['news'], 'required', false))
        from collection_point_version where organization_id = ${organization} and version = 1`,
    );
    const { session, text } = await openMine(shop, path);
    const section = text.slice(text.indexOf("<h2><bdi>club")).split("</section>")[0] ?? "";
    expect(section).toContain("The club.");
    expect(section).not.toContain("The news.");
    const token = /name="token" value="([^"]+)"/.exec(section)?.[1] ?? "";
    expect((await mine(path, session, { agree: "club", token, yes: "yes" })).status).toBe(200);
    const history = await shop.org.get<{ items: object[] }>(`/v1/subjects/${id}/consents`);
    expect(history.body.items[0]).toMatchObject({ purpose: "club", provenance: { wording: "The club." } });
  });

  it("has confirmed by the code what is agreed to, where the purpose asks for that", async () => {
    const { shop, path, id } = await open();
    await shop.purpose("club", { doubleOptIn: true });
    const { session, text } = await openMine(shop, path);
    const section = text.slice(text.indexOf("<h2><bdi>club")).split("</section>")[0] ?? "";
    const token = /name="token" value="([^"]+)"/.exec(section)?.[1] ?? "";
    const agreed = await mine(path, session, { agree: "club", token, yes: "yes" });
    expect(agreed.text).toContain("Thank you. You get these messages again.");
    const history = await shop.org.get<{ items: object[] }>(`/v1/subjects/${id}/consents`);
    expect(history.body.items[0]).toMatchObject({ purpose: "club", state: "given" });
    expect(await shop.codes(person, { purpose: "club" })).toEqual([]);
  });

  it("agrees again by ticking what the page shows, which revives that purpose only", async () => {
    const { shop, path, id } = await open();
    await shop.optOut(person, { occurredAt: ago(5) });
    const { session, text } = await openMine(shop, path);
    const section = text.slice(text.indexOf("<h2><bdi>Offers and news")).split("</section>")[0] ?? "";
    expect(section).toContain("Yes, write to me.");
    const token = /name="token" value="([^"]+)"/.exec(section)?.[1] ?? "";

    const unticked = await mine(path, session, { agree: "promotions", token });
    expect(unticked.status).toBe(422);
    expect(unticked.text).toContain("Tick the box to agree");
    const altered = await mine(path, session, { agree: "promotions", token: `${token}x`, yes: "yes" });
    expect(altered.status).toBe(422);
    expect(await shop.codes(person)).toContain("recipient_opted_out");

    const ticked = { agree: "promotions", token, yes: "yes" };
    const answers = [await mine(path, session, ticked), await mine(path, session, ticked)];
    for (const answer of answers) {
      expect(answer.status, answer.text).toBe(200);
      expect(answer.text).toContain("Thank you. You get these messages again.");
    }
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    const history = await shop.org.get<{ items: { state: string; purpose: string; provenance: object }[] }>(
      `/v1/subjects/${id}/consents`,
    );
    expect(history.body.items.filter(({ purpose }) => purpose === "promotions")).toHaveLength(2);
    expect(history.body.items[0]).toMatchObject({
      purpose: "promotions",
      state: "given",
      provenance: { proof: "demonstrated", indication: "ticked", wording: "Yes, write to me." },
    });
  });

  it("is taken at their word for a quarter of an hour, by their own link only", async () => {
    const { shop, path, id } = await open();
    const { session } = await openMine(shop, path);
    const other = { phone: "+12025550124" };
    await shop.proven(other);
    const otherPath = await linkOf(shop, other);
    const { keys } = await shop.org.context();
    const organizationId = parseId("org", shop.org.id) ?? "";
    const made = (content: object, use = "preference_session") =>
      makeLinkToken(deriveKey(keys.data, use), use, organizationId, content);
    const later = Date.now() + 60_000;
    await choose(path, { pause: "on" });
    await choose(otherPath, { pause: "on" });
    for (const [at, token] of [
      [otherPath, session],
      [path, `${session.slice(0, -2)}AA`],
      [path, ""],
      [path, path.slice(3)],
      [path, made({ subjectId: id, until: Date.now() - 1 })],
      [path, made({ subjectId: id })],
      [path, made({ subjectId: id, until: later }, "opt_out_link")],
    ] as const) {
      const answer = await mine(at, token, { pause: "off" });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain("Your choices");
    }
    expect(await shop.codes(person)).toEqual(["recipient_paused"]);
    await mine(path, made({ subjectId: id, until: later }), { pause: "off" });
    expect(await shop.codes(person)).toEqual([]);
  });
});

test("that there was a code is forgotten a month after it was over", async () => {
  const { shop, id } = await open();
  for (const _time of [1, 2])
    await created(shop.org.post("/v1/preference-codes", { subject: { subjectId: id } }));
  await shop.sql(
    (sql, organization) => sql`
      update preference_code set expires_at = now() - interval '31 days' where id = (
        select id from preference_code where organization_id = ${organization} order by id limit 1)`,
  );
  await dropPastCodes(service.services);
  const left = await shop.sql(
    (sql, organization) => sql`select expires_at > now() as is_good from preference_code
      where organization_id = ${organization}`,
  );
  expect([...left]).toEqual([{ is_good: true }]);
});

test("keys without the scope get no code", async () => {
  const { shop } = await open();
  const limited = await shop.org.limitedTo("opt_outs", "subjects", "staff");
  expect((await limited.post("/v1/preference-codes", { subject: person })).status).toBe(403);
  const notifier = await shop.org.limitedTo("preference_codes");
  expect((await notifier.post("/v1/preference-codes", { subject: person })).status).toBe(201);
});
