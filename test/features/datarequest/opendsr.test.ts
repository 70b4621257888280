import { generateKeyPairSync, randomUUID, verify, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { requestStatuses } from "../../../src/features/datarequest/domain/life.ts";
import { opendsrStatuses } from "../../../src/features/datarequest/domain/opendsr.ts";
import {
  makeCertificate,
  type OpendsrSigner,
  readOpendsrSigner,
  trialOpendsrSigner,
} from "../../../src/features/datarequest/opendsr-certificate.ts";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { look, shopIn } from "../../support/data-request.ts";
import { Receiver } from "../../support/receiver.ts";
import {
  type Answer,
  type OrganizationClient,
  startTestService,
  type TestService,
  testConfig,
} from "../../support/service.ts";

const host = "consent.shop.example";
let folder: string;
let files: { certificateFile: string; keyFile: string };
let service: TestService;
let worker: BackgroundWorker;
let owner: postgres.Sql;
let receiver: Receiver;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-opendsr-"));
  files = await filesOf(host);
  service = await startTestService({
    config: { opendsr: files, targets: { hosts: undefined, privateHosts: ["127.0.0.1"] } },
  });
  worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, testConfig));
  owner = postgres(service.database.ownerUrl, { max: 1, onnotice: () => {} });
  receiver = await Receiver.open();
});
afterAll(async () => {
  await worker.stop();
  await owner.end();
  await receiver.stop();
  await service.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  receiver.behave = (response) => void response.writeHead(202).end();
  receiver.received.length = 0;
});

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A certificate of a host by an authority, and its key, as files. */
async function filesOf(
  host: string,
  by = "Test authority",
): Promise<{ certificateFile: string; keyFile: string }> {
  const { privateKey, publicKey } = keyPair();
  const issuer = { name: by, key: by === host ? privateKey : keyPair().privateKey };
  const written = {
    certificateFile: path.join(folder, `${randomUUID()}.pem`),
    keyFile: path.join(folder, `${randomUUID()}.key`),
  };
  await writeFile(written.certificateFile, makeCertificate({ host, publicKey, issuer, now: new Date() }));
  await writeFile(written.keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
  return written;
}

const requestOf = (changes: object = {}) => ({
  regulation: "gdpr",
  subject_request_id: randomUUID(),
  subject_request_type: "access",
  submitted_time: new Date(Date.now() - 60_000).toISOString(),
  subject_identities: [
    { identity_type: "email", identity_value: "johanna@mail.example", identity_format: "raw" },
  ],
  api_version: "2.0",
  ...changes,
});

/** Whether a signature over exactly these bytes is one of the published certificate. */
async function isSigned(body: Buffer, signature: string | null | undefined): Promise<boolean> {
  const { bytes } = await service.anonymous.get("/opendsr/certificate.pem");
  const { publicKey } = new X509Certificate(bytes);
  return verify("sha256", body, publicKey, Buffer.from(signature ?? "", "base64"));
}

async function expectSigned(answer: Answer<unknown>): Promise<void> {
  expect(answer.headers.get("x-opendsr-processor-domain")).toBe(host);
  expect(await isSigned(answer.bytes, answer.headers.get("x-opendsr-signature"))).toBe(true);
}

const until = async (isSo: () => boolean | Promise<boolean>) =>
  expect.poll(async () => isSo(), { timeout: 20_000, interval: 50 }).toBe(true);

const statusesFor = (id: string) =>
  receiver.received
    .map(({ raw }) => JSON.parse(raw.toString("utf8")))
    .filter((body) => body.subject_request_id === id)
    .map((body) => body.request_status);

describe("discovery", () => {
  it("says without a key what is understood, and where the certificate is", async () => {
    const answer = await service.anonymous.get("/opendsr/discovery");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      api_version: "2.0",
      supported_identities: [
        { identity_type: "email", identity_format: "raw" },
        { identity_type: "controller_customer_id", identity_format: "raw" },
      ],
      supported_subject_request_types: ["access", "portability", "erasure"],
      processor_certificate: `https://${host}/opendsr/certificate.pem`,
      extensions: {
        [host]: {
          supported_identities: ["phone", "wa_id", "bsuid"].map((identity_type) => ({
            identity_type,
            identity_format: "raw",
          })),
        },
      },
    });
    await expectSigned(answer);
  });

  it("has the version in its address, too", async () => {
    expect((await service.anonymous.get("/opendsr/v2/discovery")).status).toBe(200);
  });

  it("hands out a certificate for the domain, by the authority that issued it", async () => {
    const { bytes, headers } = await service.anonymous.get("/opendsr/certificate.pem");
    const certificate = new X509Certificate(bytes);
    expect(certificate.checkHost(host)).toBe(host);
    expect(certificate.issuer).toBe("CN=Test authority");
    expect(headers.get("content-type")).toBe("application/x-pem-file");
  });

  it("without a certificate refuses everything, and says what to set", async () => {
    const without = await startTestService();
    const { status, body } = await without.anonymous.get("/opendsr/discovery");
    await without.close();
    expect(status).toBe(503);
    expect(body.detail).toContain("OPENDSR_CERTIFICATE_FILE");
  });
});

describe("a request", () => {
  it("opens a data request that still waits for the identity check, and is answered signed", async () => {
    const shop = await shopIn(service);
    const request = requestOf();
    const answer = await shop.post("/opendsr/requests", request);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      controller_id: shop.id,
      subject_request_id: request.subject_request_id,
    });
    expect(JSON.parse(Buffer.from(String(answer.body.encoded_request), "base64").toString("utf8"))).toEqual(
      request,
    );
    await expectSigned(answer);

    const { items } = (await shop.get<{ items: { id: string }[] }>("/v1/data-requests")).body;
    expect(items).toMatchObject([
      {
        kind: "access",
        regime: "gdpr",
        channel: "opendsr",
        status: "received",
        dueAt: answer.body.expected_completion_time,
      },
    ]);
    const standing = await shop.get(`/opendsr/requests/${request.subject_request_id}`);
    expect(standing.body).toEqual({
      controller_id: shop.id,
      expected_completion_time: answer.body.expected_completion_time,
      subject_request_id: request.subject_request_id,
      request_status: "pending",
      api_version: "2.0",
    });
    await expectSigned(standing);
  });

  it("names a phone under the extension of our domain", async () => {
    const shop = await shopIn(service);
    const phone = { identity_type: "phone", identity_value: "+12025550123", identity_format: "raw" };
    const request = requestOf({
      subject_identities: [],
      extensions: { [host]: { identities: [phone] }, "other.example": { anything: [1] } },
    });
    expect((await shop.post("/opendsr/v2/requests", request)).status).toBe(201);
    const found = await shop.post("/v1/subjects/lookup", { subject: { phone: "+12025550123" } });
    expect(found.status).toBe(200);
  });

  it("sent twice is one; with another body its id is refused", async () => {
    const shop = await shopIn(service);
    const request = requestOf();
    const first = await shop.post("/opendsr/requests", request);
    expect((await shop.post("/opendsr/requests", request)).body).toEqual(first.body);
    const other = await shop.post("/opendsr/requests", { ...request, subject_request_type: "portability" });
    expect(other.status).toBe(400);
    expect((await shop.get<{ items: unknown[] }>("/v1/data-requests")).body.items).toHaveLength(1);
  });

  const refused: [what: string, changes: object, place: string][] = [
    ["a law that is none", { regulation: "hammurabi" }, "/regulation"],
    ["an id that is no UUID", { subject_request_id: "1" }, "/subject_request_id"],
    ["a kind that OpenDSR does not know", { subject_request_type: "objection" }, "/subject_request_type"],
    ["nobody", { subject_identities: [] }, "/subject_identities"],
    [
      "a hashed identity",
      {
        subject_identities: [
          { identity_type: "email", identity_value: "a".repeat(64), identity_format: "sha256" },
        ],
      },
      "/subject_identities/0/identity_format",
    ],
    [
      "an identity that is not ours",
      { subject_identities: [{ identity_type: "android_id", identity_value: "1", identity_format: "raw" }] },
      "/subject_identities/0/identity_type",
    ],
    ["a version that is another", { api_version: "1.0" }, "/api_version"],
    [
      "a callback without TLS",
      { status_callback_urls: ["http://shop.example/cb"] },
      "/status_callback_urls/0",
    ],
    ["a submission in the future", { submitted_time: "2099-01-01T00:00:00Z" }, "/receivedAt"],
    ["a field that nobody reads", { priority: "high" }, "/priority"],
  ];
  it.each(refused)("with %s is answered 400 in the specification's form", async (_what, changes, place) => {
    const shop = await shopIn(service);
    const answer = await shop.post<{ error: { code: number; errors: { domain: string }[] } }>(
      "/opendsr/requests",
      requestOf(changes),
    );
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe(400);
    expect(answer.body.error.errors.map(({ domain }) => domain)).toEqual([place]);
    expect(answer.text).not.toContain("johanna@mail.example");
    await expectSigned(answer);
    expect((await shop.get<{ items: unknown[] }>("/v1/data-requests")).body.items).toEqual([]);
  });

  it("needs a key with its scope, and another organization's is a plain 404", async () => {
    const shop = await shopIn(service);
    const request = requestOf();
    await shop.post("/opendsr/requests", request);
    const at = `/opendsr/requests/${request.subject_request_id}`;
    expect((await service.anonymous.get(at)).status).toBe(401);
    expect((await (await shop.limitedTo("checks")).get(at)).status).toBe(403);
    const stranger = await shopIn(service);
    expect((await stranger.get(at)).status).toBe(404);
    expect((await stranger.send("DELETE", at)).status).toBe(404);
  });
});

describe("cancelling", () => {
  const open = async (shop: OrganizationClient, changes: object = {}) => {
    const request = requestOf({ status_callback_urls: [receiver.url], ...changes });
    expect((await shop.post("/opendsr/requests", request)).status).toBe(201);
    return request.subject_request_id;
  };
  const only = async (shop: OrganizationClient) => {
    const [first] = (await shop.get<{ items: { id: string; status: string }[] }>("/v1/data-requests")).body
      .items;
    if (first === undefined) throw new Error("There is no request.");
    return first;
  };

  it("ends a pending request, with an entry that says why, and tells its address", async () => {
    const shop = await shopIn(service);
    const id = await open(shop);
    const answer = await shop.send("DELETE", `/opendsr/requests/${id}`);
    expect(answer).toMatchObject({ status: 202, body: { subject_request_id: id } });
    await expectSigned(answer);
    const { timeline } = await look(shop, (await only(shop)).id);
    expect(timeline.at(-1)).toMatchObject({
      event: "cancelled",
      status: "cancelled",
      reason: "Cancelled over OpenDSR by whoever submitted it.",
    });
    expect((await shop.get(`/opendsr/requests/${id}`)).body.request_status).toBe("cancelled");
    await until(() => statusesFor(id).includes("cancelled"));
    expect((await shop.send("DELETE", `/opendsr/requests/${id}`)).status).toBe(400);
  });

  it("ends only the own request when another joined it: the person's goes on", async () => {
    const shop = await shopIn(service);
    const [first, second] = [await open(shop), await open(shop)];
    expect((await shop.send("DELETE", `/opendsr/requests/${first}`)).status).toBe(202);
    expect((await only(shop)).status).toBe("received");
    expect((await shop.get(`/opendsr/requests/${first}`)).body.request_status).toBe("cancelled");
    expect((await shop.get(`/opendsr/requests/${second}`)).body.request_status).toBe("pending");
    await until(() => statusesFor(first).includes("cancelled"));
    expect(statusesFor(second)).toEqual([]);
  });

  it("is refused once work on it has begun", async () => {
    const shop = await shopIn(service);
    const id = await open(shop);
    await shop.post(`/v1/data-requests/${(await only(shop)).id}/approve`, {
      identity: { method: "in_person" },
    });
    expect((await shop.send("DELETE", `/opendsr/requests/${id}`)).status).toBe(400);
    expect((await only(shop)).status).toBe("in_progress");
  });
});

describe("callbacks", () => {
  const approve = async (shop: OrganizationClient) => {
    const [first] = (await shop.get<{ items: { id: string }[] }>("/v1/data-requests")).body.items;
    const answer = await shop.post(`/v1/data-requests/${first?.id}/approve`, {
      identity: { method: "in_person" },
    });
    expect(answer.status).toBe(202);
  };

  it("go out signed to every address when the status changes, and not when ours changes within one of theirs", async () => {
    const shop = await shopIn(service);
    const urls = [receiver.url, `${receiver.url}?second`];
    const request = requestOf({ status_callback_urls: urls });
    const { body } = await shop.post("/opendsr/requests", request);
    await approve(shop);
    await until(() => receiver.received.length >= 2);
    const told = receiver.received.map(({ raw }) => JSON.parse(raw.toString("utf8")));
    expect(told.map((callback) => callback.status_callback_url).sort()).toEqual(urls);
    for (const [n, { headers, raw }] of receiver.received.entries()) {
      expect(told[n]).toMatchObject({
        controller_id: shop.id,
        subject_request_id: request.subject_request_id,
        request_status: "in_progress",
        api_version: "2.0",
      });
      expect(Date.parse(told[n].expected_completion_time)).toBe(
        Math.floor(Date.parse(String(body.expected_completion_time)) / 1000) * 1000,
      );
      expect(headers["x-opendsr-processor-domain"]).toBe(host);
      expect(await isSigned(raw, String(headers["x-opendsr-signature"]))).toBe(true);
      expect(
        await isSigned(Buffer.concat([raw, Buffer.from(" ")]), String(headers["x-opendsr-signature"])),
      ).toBe(false);
      expect(raw.toString("utf8")).not.toContain("johanna");
    }
    // Ready is still in progress for them.
    await owner`update data_request set status = 'ready' where organization_id = (
      select organization_id from opendsr_request where subject_request_id = ${request.subject_request_id})`;
    const kept =
      await owner`select status from opendsr_callback where subject_request_id = ${request.subject_request_id}`;
    expect(kept).toHaveLength(2);
  });

  it("that fail are tried again, and a newer status waits for the older", async () => {
    const shop = await shopIn(service);
    const request = requestOf({ status_callback_urls: [receiver.url] });
    const id = request.subject_request_id;
    await shop.post("/opendsr/requests", request);
    receiver.behave = (response) => void response.writeHead(500).end();
    await approve(shop);
    await until(() => statusesFor(id).length === 1);
    await until(async () => {
      const [row] = await owner`select outcome from opendsr_callback where subject_request_id = ${id}`;
      return row?.outcome === "500";
    });
    receiver.behave = (response) => void response.writeHead(202).end();
    // The next step comes while the first callback waits for its second attempt.
    await owner`update data_request set status = 'delivered' where id = (
      select data_request_id from opendsr_request where subject_request_id = ${id})`;
    await owner`update opendsr_callback set due_at = now() where subject_request_id = ${id} and due_at is not null`;
    await owner`select queue_job('send_opendsr_callbacks', json_build_object('organizationId', organization_id), 'again')
      from opendsr_request where subject_request_id = ${id}`;
    await until(() => statusesFor(id).length === 3);
    expect(statusesFor(id)).toEqual(["in_progress", "in_progress", "completed"]);
    await until(async () => {
      const open =
        await owner`select 1 from opendsr_callback where subject_request_id = ${id} and due_at is not null`;
      return open.length === 0;
    });
  });

  it("go to no private address, even when a name of the public Internet points to one", async () => {
    const shop = await shopIn(service);
    // localtest-like names are looked up where the connection is made; localhost is one that every machine knows.
    const request = requestOf({ status_callback_urls: ["https://localhost:1/cb"] });
    await shop.post("/opendsr/requests", request);
    await approve(shop);
    await until(async () => {
      const [row] = await owner`
        select outcome from opendsr_callback where subject_request_id = ${request.subject_request_id}`;
      return row?.outcome === "private_address";
    });
  });
});

describe("the statuses", () => {
  it.each(requestStatuses)("of the database and of the code are the same: %s", async (status) => {
    const [row] = await owner`select opendsr_status(${status}) as told`;
    expect(row?.told).toBe(opendsrStatuses[status]);
  });
});

describe("the certificate", () => {
  it("must be for the host of PUBLIC_URL, by an authority, with its key", async () => {
    const read = (given: { certificateFile: string; keyFile: string }): Promise<OpendsrSigner> =>
      readOpendsrSigner(given, `https://${host}`);
    await expect(read(files)).resolves.toMatchObject({ domain: host });
    await expect(read({ ...files, keyFile: (await filesOf(host)).keyFile })).rejects.toThrow(
      "is not the key",
    );
    await expect(read(await filesOf("other.example"))).rejects.toThrow(`is not for ${host}`);
    await expect(read(await filesOf(host, host))).rejects.toThrow("its own issuer");
  });

  it.each(["https://consent.shop.example", "http://127.0.0.1:8080"])(
    "on a laptop is made for %s, and its signatures are good",
    (publicUrl) => {
      const signer = trialOpendsrSigner(publicUrl, new Date());
      const certificate = new X509Certificate(signer.certificate);
      expect(certificate.checkIssued(certificate)).toBe(true);
      expect(signer.domain).toBe(new URL(publicUrl).hostname);
      const signature = Buffer.from(signer.sign("{}"), "base64");
      expect(verify("sha256", Buffer.from("{}"), certificate.publicKey, signature)).toBe(true);
    },
  );

  it("can be read whatever its length", () => {
    const now = new Date();
    for (let length = 1; length <= 96; length += 1) {
      const name = `${"a".repeat(Math.ceil(length / 2))}.${"b".repeat(Math.floor(length / 2))}.example`;
      const { certificate } = trialOpendsrSigner(`https://${name}`, now);
      expect(new X509Certificate(certificate).subject, name).toBe(`CN=${name}`);
      expect(certificate).not.toContain("\n\n");
    }
  });
});
