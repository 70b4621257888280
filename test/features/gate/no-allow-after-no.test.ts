import { afterAll, beforeAll, expect, it } from "vitest";
import { Client, type ServiceProcess, startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, created, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

/** How long the race is run. Short by default; set it to 600 for a night's worth. */
const raceSeconds = Number(process.env.SAYSO_RACE_SECONDS ?? 5);

let service: TestService;
let shop: Shop;
let processes: readonly ServiceProcess[];
beforeAll(async () => {
  service = await startTestService();
  shop = await Shop.open(service);
  processes = await Promise.all([service.startProcess(), service.startProcess()]);
});
afterAll(() => service.close());

const anyOf = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to choose from.");
  return item;
};

/** The shop's key, answered by either process. */
const anyProcess = () => shop.org.through(anyOf(processes));
const anyPlatform = () => new Platform(new Client(anyOf(processes).transport), shop.sender);

interface Person {
  readonly waId: string;
  /** Every way to write their name that a caller may use. */
  readonly names: readonly object[];
  readonly subjectId: string;
  readonly link: string;
}

/** The ways to say no. Each is done when its answer has come. */
const noes: Readonly<Record<string, (person: Person) => Promise<unknown>>> = {
  "an opt-out from everything": ({ names }) =>
    created(anyProcess().post("/v1/opt-outs", optOut(anyOf(names), { scope: "all" }))),
  "an opt-out from the purpose": ({ names }) =>
    created(
      anyProcess().post("/v1/opt-outs", optOut(anyOf(names), { scope: "purpose", purpose: "promotions" })),
    ),
  "a withdrawal": ({ names }) =>
    created(anyProcess().post("/v1/consents", withdrawal(anyOf(names), "withdrawn"))),
  "a refusal": ({ names }) => created(anyProcess().post("/v1/consents", withdrawal(anyOf(names), "refused"))),
  "a block": ({ waId }) =>
    created(anyProcess().post("/v1/blocks", { identifier: { waId }, reason: "complaint" })),
  "a STOP in the chat": ({ waId }) => {
    const platform = anyPlatform();
    return platform.deliver(platform.messages({ ...platform.text(waId, "STOP"), id: `wamid.${waId}` }));
  },
  "a STOP that a caller reports": ({ waId, names }) =>
    created(
      anyProcess().post("/v1/messages/inbound", {
        sender: shop.sender.id,
        from: anyOf(names),
        messageId: `reported.${waId}`,
        occurredAt: ago(0),
        text: "STOP",
      }),
    ),
  "the platform's stop": ({ waId }) => {
    const platform = anyPlatform();
    return platform.deliver(platform.preferences(platform.preference("stop", waId)));
  },
  "an error that says so": ({ waId }) => {
    const platform = anyPlatform();
    return platform.deliver(platform.statuses({ ...platform.failure(131050, waId), id: `failed.${waId}` }));
  },
  "a press of the link's button": async ({ link }) => {
    const pressed = await new Client(anyOf(processes).transport).post(link, "List-Unsubscribe=One-Click", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(pressed.status).toBe(200);
  },
};

function optOut(subject: object, more: object) {
  return { subject, source: "api", occurredAt: ago(0), ...more };
}

function withdrawal(subject: object, state: string) {
  return {
    subject,
    purpose: "promotions",
    state,
    provenance: { collectionPointId: shop.point, version: 1, indication: "said", occurredAt: ago(0) },
  };
}

/** A person whom promotions may be sent to. Numbers are of the range reserved for drama. */
async function optIn(n: number): Promise<Person> {
  const waId = `4477009${String(n).padStart(5, "0")}`;
  const { subjectId } = await shop.proven({ waId }, {}, { occurredAt: ago(60) });
  const { url } = await created<{ url: string }>(
    shop.org.post("/v1/opt-out-links", { subject: { waId }, purpose: "promotions" }),
  );
  const names = [{ waId }, { phone: `+${waId}` }, { phone: `+44 (0)${waId.slice(2)}` }, { subjectId }];
  return { waId, names, subjectId, link: new URL(url).pathname };
}

/** Asks by one of the person's names, alone or in a batch. Gives the decision and what it was based on. */
async function ask(person: Person): Promise<Checked> {
  const question = { sender: shop.sender.id, purpose: "promotions", message: messages.sale };
  const recipient = anyOf(person.names);
  if (Math.random() < 0.7) {
    const answer = await anyProcess().post<Checked>("/v1/checks", { ...question, recipient });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  }
  const answer = await anyProcess().post<{ results: Checked[] }>("/v1/checks/batch", {
    defaults: question,
    recipients: [recipient],
  });
  const [result] = answer.body.results;
  if (answer.status !== 200 || result === undefined) throw new Error(`Not answered: ${answer.text}`);
  return result;
}

interface Tally {
  allowed: number;
  deniedAfter: number;
  refusedAfter: number;
  readonly broken: string[];
}

/** Several clients ask without pause while the person says no at some moment; then each asks some more. */
async function race(person: Person, kind: string, tally: Tally): Promise<void> {
  let answers = 0;
  let isAcknowledged = false;
  const sayNoAfter = Math.floor(Math.random() * 6);
  let said: Promise<unknown> | undefined;
  const permits: string[] = [];
  const client = async () => {
    for (let after = 0; after < 3; ) {
      const startedAfter = isAcknowledged;
      const { decision, decisionId, permit } = await ask(person);
      answers += 1;
      if (startedAfter) after += 1;
      if (decision === "allow") tally.allowed += 1;
      else if (startedAfter) tally.deniedAfter += 1;
      if (decision === "allow" && startedAfter) tally.broken.push(`${decisionId} after ${kind}`);
      if (permit !== undefined) permits.push(permit.id);
      const kept = startedAfter ? permits.pop() : undefined;
      if (kept !== undefined) {
        const answer = await anyProcess().post<{ redeemed: boolean }>(`/v1/permits/${kept}/redeem`);
        if (answer.body.redeemed !== false) tally.broken.push(`${kept} redeemed after ${kind}`);
        tally.refusedAfter += 1;
      }
      if (answers > sayNoAfter) {
        said ??= noes[kind]?.(person).then(() => {
          isAcknowledged = true;
        });
      }
      // A no that fails ends the race with its error.
      await Promise.race([said, Promise.resolve()]);
    }
  };
  await Promise.all([client(), client(), client()]);
}

it("once a no was acknowledged by either of two processes, no check that starts later on either allows, and no permit redeemed later is good", {
  timeout: (raceSeconds + 60) * 1000,
}, async () => {
  const tallies = Object.fromEntries(
    Object.keys(noes).map((kind): [string, Tally] => [
      kind,
      { allowed: 0, deniedAfter: 0, refusedAfter: 0, broken: [] },
    ]),
  );
  const end = performance.now() + raceSeconds * 1000;
  let people = 0;
  do {
    // The reserved range has a thousand numbers.
    if (people + Object.keys(noes).length > 1_000) {
      shop = await Shop.open(service);
      people = 0;
    }
    await Promise.all(
      Object.entries(tallies).map(async ([kind, tally]) => {
        people += 1;
        await race(await optIn(people - 1), kind, tally);
      }),
    );
  } while (performance.now() < end);
  expect(Object.values(tallies).flatMap(({ broken }) => broken)).toEqual([]);
  for (const [kind, { allowed, deniedAfter, refusedAfter }] of Object.entries(tallies)) {
    expect(allowed, `allows before ${kind}`).toBeGreaterThan(0);
    expect(deniedAfter, `denies after ${kind}`).toBeGreaterThan(0);
    expect(refusedAfter, `permits refused after ${kind}`).toBeGreaterThan(0);
  }
});
