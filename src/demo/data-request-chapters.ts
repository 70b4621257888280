import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import JSZip from "jszip";
import { z } from "zod";
import { readPublicKeys, verifyArchive } from "../features/archive/index.ts";
import { accountData, ownDocument, ownSection } from "./account-data.ts";
import { byForm } from "./people.ts";
import { headingOf, page, type Shop } from "./scene.ts";
import { StoryError } from "./story-error.ts";

const buildPatienceMs = 120_000;

/** The shop's other systems push what they hold about the first customer. */
export async function pushAccountData({ caller }: Shop, subjectId: string): Promise<void> {
  caller.chapter("The shop's systems push what they store about a person");
  await caller.call({
    title: `The shop describes a section of its own, “${ownSection.title}”`,
    path: "/v1/account-sections",
    body: ownSection,
    status: 201,
    answer: z.object({ section: z.literal(ownSection.section) }),
  });
  for (const [section, document] of Object.entries({ ...accountData, [ownSection.section]: ownDocument })) {
    await caller.call({
      title: `${byForm.name}: ${section}`,
      method: "PUT",
      path: `/v1/subjects/${subjectId}/account-data/${section}`,
      shownPath: `/v1/subjects/sub_…/account-data/${section}`,
      body: document,
      answer: z.object({ updatedAt: z.string() }),
    });
  }
}

/** The archive that the person got. */
export interface DeliveredArchive {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** The first customer asks for their data and gets them. */
export async function answerDataRequest(shop: Shop): Promise<DeliveredArchive> {
  const { caller, teller, transcript } = shop;
  caller.chapter(`${byForm.name} asks for their data`);
  const request = await caller.call({
    title: "The shop records the request; the law sets the date",
    path: "/v1/data-requests",
    body: {
      subject: { phone: byForm.phone },
      kind: "access",
      regime: "gdpr",
      receivedAt: new Date().toISOString(),
      channel: "web",
      language: "en",
    },
    status: 201,
    answer: z.object({ id: z.string(), status: z.string(), lastDay: z.string() }),
  });
  teller.detail(`The last day to answer is ${request.lastDay}.`);
  await caller.call({
    title: "Staff note how they made sure who asks, and approve",
    path: `/v1/data-requests/${request.id}/approve`,
    shownPath: "/v1/data-requests/req_…/approve",
    body: { identity: { method: "account_login", note: "Asked from the signed-in account." } },
    status: 202,
    answer: z.object({}),
  });
  await waitForArchive(shop, request.id);
  const delivery = await caller.call({
    title: "The shop makes a link, and a passcode that travels another way",
    path: `/v1/data-requests/${request.id}/delivery`,
    shownPath: "/v1/data-requests/req_…/delivery",
    body: {},
    status: 201,
    answer: z.object({ url: z.url(), passcode: z.string(), expiresAt: z.string() }),
  });
  const { pathname } = new URL(delivery.url);
  transcript.hide(pathname.split("/").at(-1) ?? pathname);
  transcript.hide(delivery.passcode);
  const link = { by: "person", path: pathname, shownPath: "/a/…" } as const;
  const shown = await caller.call({ title: `${byForm.name} opens the link`, ...link, ...page });
  teller.detail(`The page: “${headingOf(shown)}”`);
  await caller.call({
    title: "A wrong passcode does not open it, and five of them lock it",
    ...link,
    ...page,
    body: { passcode: "0000-0000" },
    status: 403,
  });
  const bytes = await caller.call({
    title: "The right passcode opens it",
    ...link,
    body: { passcode: delivery.passcode },
    as: "bytes",
    answer: z.instanceof(Buffer),
    summary: (zip) => ({ contentType: "application/zip", bytes: zip.length, sha256: sha256(zip) }),
  });
  return openArchive(shop, bytes);
}

async function waitForArchive({ caller }: Shop, requestId: string): Promise<void> {
  const giveUpAt = performance.now() + buildPatienceMs;
  for (;;) {
    const { status } = await caller.look(`/v1/data-requests/${requestId}`, z.object({ status: z.string() }));
    if (status === "ready") break;
    if (performance.now() > giveUpAt) {
      throw new StoryError(
        `The archive is not ready after ${buildPatienceMs / 1000} s; the request is ${status}.`,
      );
    }
    await delay(100);
  }
  await caller.call({
    title: "A job has built the archive in the background",
    path: `/v1/data-requests/${requestId}`,
    shownPath: "/v1/data-requests/req_…",
    answer: z.object({ status: z.literal("ready") }),
  });
}

/** Checks the archive against the key that the service shows, opens it and lists what is in it. */
async function openArchive({ caller, teller }: Shop, bytes: Buffer): Promise<DeliveredArchive> {
  const keys = await caller.call({
    title: "The key that signs archives is public",
    by: "person",
    path: "/.well-known/sayso-keys.json",
    as: "text",
    answer: z.string().includes("Ed25519"),
    summary: (text) => JSON.parse(text),
  });
  const { intact, signer, problems, manifest } = await verifyArchive(bytes, readPublicKeys(keys));
  if (!intact || signer !== "proven" || manifest === null) {
    throw new StoryError(`The archive does not verify: signer ${signer}. ${problems.join(" ")}`);
  }
  teller.say(`The archive is intact and the signer is proven. It has ${manifest.files.length} files:`);
  for (const { path, bytes } of manifest.files) teller.detail(`${String(bytes).padStart(8)}  ${path}`);

  const zip = await JSZip.loadAsync(bytes);
  const report = (await zip.file("index.html")?.async("string")) ?? "";
  teller.say(`index.html opens with “${headingOf(report)}”. In it:`);
  for (const { name, state, count } of manifest.sections) {
    teller.detail(`${name}: ${count === null ? state : count}`);
  }
  const missing = Object.keys(accountData).filter(
    (section) => !manifest.sections.some(({ name, state }) => name === section && state === "complete"),
  );
  if (missing.length > 0) throw new StoryError(`The archive lacks what was pushed: ${missing.join(", ")}.`);
  return { bytes, sha256: sha256(bytes), files: manifest.files.map(({ path, bytes }) => ({ path, bytes })) };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
