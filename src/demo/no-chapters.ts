import { z } from "zod";
import { reportedYes } from "./opt-in-chapters.ts";
import { byCheckbox, campaign, complaining } from "./people.ts";
import { ask, checkAnswer, headingOf, messages, page, type Shop, withId } from "./scene.ts";
import { StoryError } from "./story-error.ts";

type Point = Parameters<typeof reportedYes>[1];

/** The third customer opens the link, then presses the button. */
export async function followOptOutLink(shop: Shop): Promise<void> {
  const { caller, teller, transcript } = shop;
  caller.chapter("A person takes their yes back by a link");
  const { url } = await caller.call({
    title: `The shop's message to ${byCheckbox.name} carries an opt-out link`,
    path: "/v1/opt-out-links",
    body: { subject: { phone: byCheckbox.phone }, purpose: "promotions" },
    status: 201,
    answer: z.object({ url: z.url() }),
  });
  const { pathname } = new URL(url);
  transcript.hide(pathname.split("/").at(-1) ?? pathname);
  const link = { by: "person", path: pathname, shownPath: "/o/…", ...page } as const;

  const shown = await caller.call({ title: `${byCheckbox.name} opens it; opening does nothing`, ...link });
  teller.detail(`The page: “${headingOf(shown)}”`);
  await ask(shop, { title: "the summer sale", to: byCheckbox, ...messages.sale }, "allow");
  const done = await caller.call({
    title: `${byCheckbox.name} presses the button`,
    ...link,
    body: { scope: "purpose" },
  });
  teller.detail(`The page: “${headingOf(done)}”`);
  await ask(shop, { title: "the summer sale", to: byCheckbox, ...messages.sale }, "recipient_opted_out");
  await ask(shop, { title: "“your order is on its way”", to: byCheckbox, ...messages.orderSent }, "allow");
}

/** The fourth customer complains and is blocked; no new opt-in lifts that. */
export async function blockNumber(shop: Shop, point: Point): Promise<void> {
  const { caller } = shop;
  caller.chapter("A number is blocked");
  await caller.call({
    title: `${complaining.name} complains, and staff block the number`,
    path: "/v1/blocks",
    body: { identifier: { phone: complaining.phone }, reason: "complaint", note: "Called us twice." },
    status: 201,
    answer: withId,
  });
  await ask(shop, { title: "the summer sale", to: complaining, ...messages.sale }, "recipient_blocked");
  await caller.call({
    title: "An opt-in that staff report afterwards is noted, and changes nothing",
    path: "/v1/consents",
    body: reportedYes(complaining.phone, point),
    status: 201,
    answer: withId,
  });
  await ask(shop, { title: "the summer sale", to: complaining, ...messages.sale }, "recipient_blocked");
}

/** A campaign to 1,000 people is checked in one request. */
export async function checkCampaign(shop: Shop, point: Point): Promise<void> {
  const { caller, teller } = shop;
  const { people, optedIn, optedOut, blocked, mistyped } = campaign;
  caller.chapter("A campaign to 1,000 people is checked at once");
  await caller.callMany(
    `${optedIn} people opted in by the form`,
    "/v1/consents",
    people.slice(0, optedIn).map(({ phone }) => reportedYes(phone, point)),
  );
  const occurredAt = new Date().toISOString();
  await caller.callMany(
    `${optedOut} of them opted out`,
    "/v1/opt-outs",
    people.slice(0, optedOut).map((subject) => ({ subject, scope: "all", source: "api", occurredAt })),
  );
  await caller.callMany(
    `${blocked} more are blocked`,
    "/v1/blocks",
    people.slice(optedOut, optedOut + blocked).map((identifier) => ({ identifier, reason: "manual" })),
  );

  const defaults = { sender: shop.senderId, channel: "whatsapp", ...messages.sale };
  const started = performance.now();
  const { results } = await caller.call({
    title: "May the summer sale go out to these 1,000 people?",
    path: "/v1/checks/batch",
    body: { defaults, recipients: people },
    shownBody: { defaults, recipients: [people[0], `… ${people.length} in all`] },
    answer: z.object({ results: z.array(checkAnswer).length(people.length) }),
    summary: ({ results }) => countByAnswer(results),
  });
  const seconds = (performance.now() - started) / 1000;
  const counts = countByAnswer(results);
  for (const [answer, count] of Object.entries(counts)) teller.say(`${String(count).padStart(7)}  ${answer}`);
  teller.detail(`${people.length} checks, each with its own decision on record, in ${seconds.toFixed(2)} s`);

  const expected = {
    allow: optedIn - optedOut - blocked,
    recipient_opted_out: optedOut,
    recipient_blocked: blocked,
    consent_missing: people.length - optedIn - mistyped,
    recipient_invalid: mistyped,
  };
  for (const [answer, count] of Object.entries(expected)) {
    if (counts[answer] !== count) {
      throw new StoryError(`The campaign has ${counts[answer] ?? 0} × ${answer}, the story says ${count}.`);
    }
  }
}

function countByAnswer(results: readonly z.infer<typeof checkAnswer>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { decision, reasons } of results) {
    const answer = decision === "allow" ? "allow" : (reasons[0]?.code ?? "deny");
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}
