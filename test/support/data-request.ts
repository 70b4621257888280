import { setTimeout as delay } from "node:timers/promises";
import { composeTasks } from "../../src/jobs/tasks.ts";
import { type BackgroundWorker, startWorker } from "../../src/jobs/worker.ts";
import {
  type Answer,
  type OrganizationClient,
  startTestService,
  type TestService,
  type TestServiceOptions,
} from "./service.ts";

/** A service whose background work is done. */
export interface WorkingService extends TestService {
  /** An organization that may answer data requests: in Ireland, with everything set that a due date needs. */
  shop(): Promise<OrganizationClient>;
}

/** Starts a service together with the worker that builds its archives. */
export async function startWorkingService(options: TestServiceOptions = {}): Promise<WorkingService> {
  const service = await startTestService(options);
  const worker: BackgroundWorker = await startWorker(service.composed, composeTasks(service.composed));
  return {
    ...service,
    shop: () => shopIn(service),
    close: async () => {
      await worker.stop();
      await service.close();
    },
  };
}

/** An organization in Ireland, with everything set that a due date needs. */
export async function shopIn(service: TestService): Promise<OrganizationClient> {
  const shop = await service.organization();
  const set = await shop.patch("/v1/organization", {
    name: "Harbour Tea",
    country: "IE",
    timeZone: "Europe/Dublin",
    dpo: { name: "Data protection desk", contact: "privacy@shop.example" },
    supervisoryAuthority: { name: "Data protection authority", url: "https://authority.example/complaints" },
  });
  if (set.status !== 200) throw new Error(`The organization could not be set up: ${set.text}`);
  return shop;
}

export interface OpenedRequest {
  readonly id: string;
  readonly subjectId: string;
  readonly status: string;
  readonly dueAt: string;
  readonly lastDay: string;
  readonly joined: boolean;
}

/** An access request under the GDPR, received now, of the person with this number. */
export function requestBody(changes: object = {}): object {
  return {
    subject: { phone: "+12025550123" },
    kind: "access",
    regime: "gdpr",
    receivedAt: new Date().toISOString(),
    channel: "staff",
    language: "en",
    ...changes,
  };
}

/** Opens a request and answers with it. */
export async function openRequestOf(shop: OrganizationClient, changes: object = {}): Promise<OpenedRequest> {
  const opened = await shop.post<OpenedRequest>("/v1/data-requests", requestBody(changes));
  if (opened.status !== 201) throw new Error(`The request was not opened: ${opened.text}`);
  return opened.body;
}

export interface ShownArchive {
  readonly id: string;
  readonly state: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly partial: boolean;
  readonly manifest: object;
  readonly readyAt: string;
  readonly expiresAt: string;
  readonly deletedAt: string | null;
  readonly downloads: number;
  readonly deliveries: readonly { id: string; expiresAt: string; triesLeft: number; downloads: number }[];
}

export interface ShownEvent {
  readonly event: string;
  readonly status: string;
  readonly reason: string | null;
  readonly actor: { readonly kind: string };
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ShownRequest extends OpenedRequest {
  readonly next: { readonly by: string; readonly event: string } | null;
  readonly approvals: { readonly needed: number; readonly given: number };
  readonly owner: string | null;
  readonly counting: readonly string[];
  readonly timeline: readonly ShownEvent[];
  readonly archive: ShownArchive;
}

/** A request as it stands. */
export async function look(shop: OrganizationClient, id: string): Promise<ShownRequest> {
  const { status, body, text } = await shop.get<ShownRequest>(`/v1/data-requests/${id}`);
  if (status !== 200) throw new Error(`The request cannot be seen: ${text}`);
  return body;
}

/** Looks again until something is so. The test's own time-out ends it when it never is. */
export async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    await delay(25);
  }
}

/** The request once its archive is ready. */
export function untilReady(shop: OrganizationClient, id: string): Promise<ShownRequest> {
  return until(
    () => look(shop, id),
    ({ status }) => status === "ready",
  );
}

/** Notes the identity and waits for the archive. */
export async function approveAndWait(shop: OrganizationClient, id: string): Promise<ShownRequest> {
  const approved = await shop.post(`/v1/data-requests/${id}/approve`, {
    identity: { method: "in_person", note: "Came to the counter." },
  });
  if (approved.status !== 202) throw new Error(`The request was not approved: ${approved.text}`);
  return untilReady(shop, id);
}

export interface MadeDelivery {
  readonly id: string;
  readonly url: string;
  readonly passcode: string;
  readonly expiresAt: string;
  /** The link's path, `/a/{token}`. */
  readonly path: string;
}

/** Makes a delivery and answers with it. */
export async function deliver(shop: OrganizationClient, id: string): Promise<MadeDelivery> {
  const made = await shop.post<Omit<MadeDelivery, "path">>(`/v1/data-requests/${id}/delivery`);
  if (made.status !== 201) throw new Error(`There is no delivery: ${made.text}`);
  return { ...made.body, path: new URL(made.body.url).pathname };
}

/** Posts a passcode to a delivery link, as the page's form does. */
export function postPasscode(service: TestService, path: string, passcode: string): Promise<Answer> {
  return service.anonymous.post(path, new URLSearchParams({ passcode }).toString(), {
    "content-type": "application/x-www-form-urlencoded",
  });
}
