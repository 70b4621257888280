import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { buildApp } from "../../../src/app.ts";
import type { Database } from "../../../src/db/database.ts";
import {
  judgeHistory,
  type Operation,
  optedIn,
  type PersonAnswer,
  type PersonCall,
  personModel,
} from "../../support/linearizability.ts";
import {
  type Answer,
  Client,
  type ServiceProcess,
  startTestService,
  type TestService,
  testConfig,
} from "../../support/service.ts";
import { type Checked, codes, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

/** How long the histories are made. Short by default; set it to 600 for a night's worth. */
const raceSeconds = Number(process.env.SAYSO_RACE_SECONDS ?? 5);
const timeout = (raceSeconds + 120) * 1000;
const peopleAtOnce = 6;
const clientsOfEach = 4;
const callsOfEachClient = 20;

type Place = Pick<ServiceProcess, "transport">;

let service: TestService;
let shop: Shop;
let people = 0;
/** Where clients ask; replaced when a process dies. */
let places: Place[] = [];
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
  people = 0;
});

const anyOf = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to choose from.");
  return item;
};

/**
 * Somebody with the history that clients see of them. Every yes and no is told with a second of its own, a few minutes
 * ago, so that the one told later counts, and what is told again with an earlier second does not.
 */
class Person {
  readonly history: Operation<PersonCall, PersonAnswer>[] = [];
  readonly permits: string[] = [];
  /** Blocks that are known to stand: our name of each and its id. */
  readonly blocks: { readonly name: string; readonly id: string }[] = [];
  /** The latest that any client was told. */
  decision: "allow" | "deny" = "allow";
  readonly shop: Shop;
  readonly waId: string;
  readonly names: readonly object[];
  readonly captureToken: string;
  private readonly firstSecond: number;
  private lastSecond = 1;

  private constructor(at: Shop, waId: string, captureToken: string) {
    this.shop = at;
    this.waId = waId;
    this.captureToken = captureToken;
    // As far back as a capture token proves.
    this.firstSecond = Math.floor(Date.now() / 1000) - 295;
    this.names = [{ waId }, { phone: `+${waId}` }, { phone: `+44 (0)${waId.slice(2)}` }];
  }

  static async optIn(): Promise<Person> {
    // The range reserved for drama has a thousand numbers.
    if (people === 1_000) {
      people = 0;
      shop = await Shop.open(service);
    }
    const waId = `4477009${String(people).padStart(5, "0")}`;
    people += 1;
    const person = new Person(shop, waId, await shop.captureToken());
    await person.consent(person.shop.org, 1, "given", person.captureToken);
    return person;
  }

  /** A second that nobody told before, or now and then one that somebody did. */
  second(): number {
    if (Math.random() < 0.2) return 1 + Math.floor(Math.random() * this.lastSecond);
    this.lastSecond += 1;
    return this.lastSecond;
  }

  /** The second as the platform writes it. */
  stamp(at: number): string {
    return String(this.firstSecond + at);
  }

  instant(at: number): string {
    return new Date((this.firstSecond + at) * 1000).toISOString();
  }

  async consent(org: Client, at: number, state: string, captureToken?: string): Promise<PersonAnswer> {
    const provenance = { collectionPointId: this.shop.point, version: 1, indication: "ticked", captureToken };
    return done(
      await org.post("/v1/consents", {
        subject: anyOf(this.names),
        purpose: "promotions",
        state,
        provenance: { ...provenance, occurredAt: this.instant(at) },
      }),
    );
  }

  /** Makes a call and keeps it with its times. An answer that was lost leaves open whether it happened. */
  async tell<Call extends PersonCall>(call: Call, ask: (call: Call) => Promise<PersonAnswer>): Promise<void> {
    const invokedAt = performance.now();
    try {
      const answer = await ask(call);
      this.history.push({ call, invokedAt, answered: { at: performance.now(), answer } });
    } catch (error) {
      // What fetch throws when the connection is refused or cut.
      const isLost = error instanceof Unavailable || error instanceof TypeError;
      if (!isLost) throw error;
      this.history.push({ call, invokedAt });
    }
  }
}

class Unavailable extends Error {}

/** The body of an answer with this status; a 503 is no answer. */
function bodyOf<Body>({ status, body, text }: Answer<Body>, wanted: number): Body {
  if (status === 503) throw new Unavailable(text);
  expect(status, text).toBe(wanted);
  return body;
}

function done<Body>(answer: Answer<Body>, wanted = 201): PersonAnswer {
  bodyOf(answer, wanted);
  return "done";
}

const noes = [
  "recipient_blocked",
  "recipient_opted_out",
  "consent_withdrawn",
  "consent_refused",
  "platform_marketing_stopped",
];

/** Takes a decision down. A deny is for one of the reasons that the model knows. */
function noted(person: Person, checked: Checked): PersonAnswer {
  if (checked.permit !== undefined) person.permits.push(checked.permit.id);
  expect(noes).toEqual(expect.arrayContaining(codes(checked)));
  person.decision = checked.decision;
  return checked.decision;
}

type Doing = (person: Person, org: Client, platform: Platform) => Promise<void>;

const checkOne: Doing = (person, org) =>
  person.tell({ kind: "check" }, async () => {
    const question = { sender: person.shop.sender.id, purpose: "promotions", message: messages.sale };
    const recipient = anyOf(person.names);
    return noted(person, bodyOf(await org.post<Checked>("/v1/checks", { ...question, recipient }), 200));
  });

const checkInBatch: Doing = (person, org) =>
  person.tell({ kind: "check" }, async () => {
    const defaults = { sender: person.shop.sender.id, purpose: "promotions", message: messages.sale };
    const answer = await org.post<{ results: Checked[] }>("/v1/checks/batch", {
      defaults,
      recipients: [anyOf(person.names)],
    });
    const [result] = bodyOf(answer, 200).results;
    if (result === undefined || "problem" in result) throw new Unavailable(answer.text);
    return noted(person, result);
  });

const redeem: Doing = async (person, org, platform) => {
  const [newest, ...older] = person.permits.slice(-3).reverse();
  if (newest === undefined) return checkOne(person, org, platform);
  const permit = anyOf([newest, ...older]);
  await person.tell({ kind: "redeem", permit }, async () => {
    const answer = await org.post<{ redeemed: boolean; reasons?: { code: string }[] }>(
      `/v1/permits/${permit}/redeem`,
    );
    const { redeemed, reasons = [] } = bodyOf(answer, 200);
    if (redeemed) return "redeemed";
    const refusals = reasons.map(({ code }) => code);
    if (refusals.includes("permit_used")) return "used";
    expect(noes).toEqual(expect.arrayContaining(refusals));
    return "refused";
  });
};

const optOut: Doing = (person, org, platform) =>
  person.tell({ kind: "opt_out", at: person.second() }, async ({ at }) => {
    if (Math.random() < 0.4) {
      const words = { ...platform.text(person.waId, "STOP"), timestamp: person.stamp(at) };
      return done(await platform.send(platform.messages({ ...words, id: `${person.waId}.${at}` })), 200);
    }
    const scope = anyOf([{ scope: "all" }, { scope: "purpose", purpose: "promotions" }]);
    const subject = anyOf(person.names);
    const input = { subject, ...scope, source: "api", occurredAt: person.instant(at) };
    return done(await org.post("/v1/opt-outs", input));
  });

const block: Doing = (person, org) =>
  person.tell({ kind: "block", block: `${person.history.length}.${Math.random()}` }, async (call) => {
    const input = { identifier: { waId: person.waId }, reason: "complaint" };
    const { id } = bodyOf(await org.post<{ id: string }>("/v1/blocks", input), 201);
    person.blocks.push({ name: call.block, id });
    return "done";
  });

const lift: Doing = (person, org, platform) => {
  const standing = person.blocks.pop();
  if (standing === undefined) return checkOne(person, org, platform);
  return person.tell({ kind: "lift", block: standing.name }, async () =>
    done(await org.post(`/v1/blocks/${standing.id}/lift`, { reason: "A mistake." }), 200),
  );
};

const prefer =
  (value: "stop" | "resume"): Doing =>
  (person, _org, platform) =>
    person.tell({ kind: `platform_${value}`, at: person.second() }, async ({ at }) => {
      const timestamp = Number(person.stamp(at));
      const said = platform.preference(value, person.waId, { timestamp });
      return done(await platform.send(platform.preferences(said)), 200);
    });

const consent =
  (kind: "proven_yes" | "reported_yes" | "withdrawal"): Doing =>
  (person, org) =>
    person.tell({ kind, at: person.second() }, ({ at }) => {
      const state = kind === "withdrawal" ? anyOf(["withdrawn", "refused"]) : "given";
      return person.consent(org, at, state, kind === "proven_yes" ? person.captureToken : undefined);
    });

const asking = [checkOne, checkOne, checkInBatch, redeem, redeem, redeem];
const changing: Readonly<Record<"allow" | "deny", readonly (readonly Doing[])[]>> = {
  allow: [[optOut], [optOut], [consent("withdrawal")], [block], [prefer("stop")]],
  deny: [
    [lift, prefer("resume"), consent("proven_yes")],
    [consent("proven_yes")],
    [prefer("resume")],
    [consent("reported_yes")],
  ],
};

/** What to do next: mostly what would turn the latest decision round, and then ask about it at once. */
function nextDoings({ decision }: Person): readonly Doing[] {
  if (Math.random() < 0.5) return [anyOf(asking)];
  const from = Math.random() < 0.9 ? decision : anyOf(["allow", "deny"] as const);
  return [...anyOf(changing[from]), checkOne];
}

/** Lets people live, several at a time and each through many clients, until the time is over. */
async function live(isOver: () => boolean, atOnce = peopleAtOnce): Promise<Person[]> {
  const lived = Array.from({ length: atOnce }, async () => {
    const one: Person[] = [];
    do {
      const person = await Person.optIn();
      const client = async () => {
        for (let call = 0; call < callsOfEachClient; call += 1) {
          for (const doing of nextDoings(person)) {
            const { transport } = anyOf(places);
            const platform = new Platform(new Client(transport), person.shop.sender);
            await doing(person, person.shop.org.through({ transport }), platform);
          }
        }
      };
      await Promise.all(Array.from({ length: clientsOfEach }, client));
      one.push(person);
    } while (!isOver());
    return one;
  });
  return (await Promise.all(lived)).flat();
}

const judge = ({ history }: Person) => judgeHistory(history, personModel(optedIn(1)));

/** What cannot be explained of each history that is not linearizable. */
function unexplained(lived: readonly Person[]): object[] {
  return lived.flatMap((person) => {
    const judgement = judge(person);
    if (judgement.isLinearizable) return [];
    return [{ after: judgement.inOrder.slice(-12), none: judgement.stuckAt }];
  });
}

function countOf(lived: readonly Person[], answer: PersonAnswer | undefined): number {
  return lived.flatMap(({ history }) => history).filter(({ answered }) => answered?.answer === answer).length;
}

function expectEveryAnswer(lived: readonly Person[]): void {
  for (const answer of ["done", "allow", "deny", "redeemed", "used", "refused"] as const)
    expect(countOf(lived, answer), answer).toBeGreaterThan(0);
}

const after = (seconds: number) => {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
};

it("what two processes answer about a person could have been answered by one, a call at a time: no allow after a no", {
  timeout,
}, async () => {
  places = await Promise.all([service.startProcess(), service.startProcess()]);
  const lived = await live(after(raceSeconds));
  expect(unexplained(lived)).toEqual([]);
  expectEveryAnswer(lived);
  expect(countOf(lived, undefined)).toBe(0);
});

it("also when one of them is killed in the midst of it, and started again", { timeout }, async () => {
  const [lasting, killed] = await Promise.all([service.startProcess(), service.startProcess()]);
  places = [lasting, killed];
  let isOver = () => false;
  const disturb = async () => {
    try {
      await delay(raceSeconds * 200);
      places = [lasting];
      await killed.kill();
      places = [lasting, await service.startProcess()];
    } finally {
      isOver = after(raceSeconds / 2);
    }
  };
  const [lived] = await Promise.all([live(() => isOver()), disturb()]);
  expect(unexplained(lived)).toEqual([]);
  expectEveryAnswer(lived);
  // Those that were under way to it.
  expect(countOf(lived, undefined)).toBeGreaterThan(0);
});

/** A database that remembers for a while what it was asked, facts among it: what a careless cache would do. */
function remembering(db: Database, ms: number): Database {
  const memory = new Map<string, { rows: unknown; at: number }>();
  return {
    ...db,
    statement: (run) =>
      db.statement(async (sql) => {
        // Not sent before somebody waits for it.
        const query = run(sql);
        const text = String(Reflect.get(query, "strings"));
        const asked = JSON.stringify([text, Reflect.get(query, "args")]);
        const isRead = /^\s*(with|select)\b/.test(text) && !/\b(insert|update|delete)\b/.test(text);
        const known = memory.get(asked);
        if (known !== undefined && performance.now() - known.at < ms)
          return known.rows as Awaited<typeof query>;
        const rows = await query;
        if (isRead) memory.set(asked, { rows, at: performance.now() });
        return rows;
      }),
  };
}

it("and a service that remembers what it read for 50 milliseconds is seen to break it", {
  timeout,
}, async () => {
  const rememberingFor = (ms: number): Place => {
    const services = { ...service.services, db: remembering(service.services.db, ms) };
    const app = buildApp({ ...service.composed, services }, testConfig);
    return { transport: async (path, init) => app.request(path, init) };
  };
  places = [rememberingFor(0), rememberingFor(0)];
  expect(unexplained(await live(() => true, 1))).toEqual([]);

  places = [rememberingFor(50), rememberingFor(0)];
  let broken: object[] = [];
  const isOver = after(60);
  while (broken.length === 0 && !isOver()) broken = unexplained(await live(() => true, 1));
  expect(broken).not.toEqual([]);
});
