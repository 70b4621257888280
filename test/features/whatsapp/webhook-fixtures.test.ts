import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { replayUnclaimed } from "../../../src/features/whatsapp/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { published } from "../../cases/whatsapp/published.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { signatureOf } from "../../support/webhook.ts";

/** Bodies that Meta and pywa publish; they lie beside the project and are never copied into it. */
const folder = fileURLToPath(new URL("../../../../shared/fixtures/whatsapp/", import.meta.url));

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** Every body by its name, with the exact text that is sent: Meta's one a file, pywa's many a file. */
function bodies(): [name: string, raw: string][] {
  const meta = readdirSync(join(folder, "meta/webhooks")).map((file): [string, string] => [
    `meta/webhooks/${file}`,
    readFileSync(join(folder, "meta/webhooks", file), "utf8"),
  ]);
  const pywa = readdirSync(join(folder, "pywa"))
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) =>
      Object.entries(JSON.parse(readFileSync(join(folder, "pywa", file), "utf8")) as object).map(
        ([name, body]): [string, string] => [`pywa/${file}#${name}`, JSON.stringify(body)],
      ),
    );
  return [...meta, ...pywa];
}

/** The first account and number that a body names. */
function namesIn(raw: string) {
  const [, wabaId = "0"] = /"entry"\s*:\s*\[\s*\{\s*"id"\s*:\s*"([^"]+)"/.exec(raw) ?? [];
  const [, phoneNumberId = "0"] = /"phone_number_id"\s*:\s*"([^"]+)"/.exec(raw) ?? [];
  return { wabaId, phoneNumberId };
}

/** What a body left of one organization. */
interface Effects {
  readonly messages: number;
  readonly windows: number;
  readonly noes: number;
  readonly statuses: number;
  readonly linked: number;
  readonly changes: number;
  readonly preference: string | null;
  readonly template: string | null;
  readonly state: string;
}

async function effectsOn(org: OrganizationClient, senderId: string): Promise<Effects | undefined> {
  const organization = parseId("org", org.id) ?? "";
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<Omit<Effects, "state">[]>`
      select (select count(*)::int from inbound_message where organization_id = ${organization}) as messages,
        (select count(*)::int from service_window where organization_id = ${organization}) as windows,
        (select count(*)::int from opt_out_event where organization_id = ${organization}) as noes,
        (select count(*)::int from message_status where organization_id = ${organization}) as statuses,
        (select count(*)::int from identifier where organization_id = ${organization} and linked_at is not null) as linked,
        (select count(*)::int from identity_change where organization_id = ${organization}) as changes,
        (select string_agg(distinct value, ' ') from platform_preference where organization_id = ${organization}) as preference,
        (select concat_ws(' ', status, category, quality) from template where organization_id = ${organization}) as template`,
  );
  const { state } = (await org.get<{ state: string }>(`/v1/senders/${senderId}`)).body;
  return rows[0] && { ...rows[0], state };
}

/** What the updates that a body is read as must leave; see `published`. */
function effectsOf(updates: readonly string[]): Effects {
  const all = updates.join("\n");
  const count = (pattern: RegExp) => updates.filter((update) => pattern.test(update)).length;
  const [, status, statusCategory] = /^template_status (\w+) (\w+)/m.exec(all) ?? [];
  const [, category = statusCategory] = /^template_category done (\w+)/m.exec(all) ?? [];
  const [, quality] = /^template_quality (\w+)/m.exec(all) ?? [];
  const isAboutTemplate = [status, category, quality].some((word) => word !== undefined);
  return {
    messages: count(/^inbound_message/),
    windows: count(/opens the window/),
    noes: count(/, a no$/),
    statuses: count(/^message_status/),
    linked: count(/^identity_link waId bsuid parentBsuid/) * 3,
    changes: count(/_changed/),
    preference: /^user_preference (stop|resume)/m.exec(all)?.[1] ?? null,
    template: isAboutTemplate
      ? [status ?? "unknown", category ?? "unknown", quality].filter((word) => word !== undefined).join(" ")
      : null,
    // Published long ago, so a restriction with an end has run out.
    state: /^account_restriction restricted \w+ both$/m.test(all) ? "restricted" : "active",
  };
}

async function post(raw: string) {
  const answer = await service.anonymous.post("/webhooks/whatsapp", raw, {
    "x-hub-signature-256": signatureOf(raw, "second-app-secret"),
  });
  expect(answer.status, answer.text).toBe(200);
}

if (existsSync(folder)) {
  describe("a body that others published is taken, kept for its sender, and has the right effect once", () => {
    test.each(bodies())("%s", async (name, raw) => {
      const updates = published[name];
      if (updates === undefined) throw new Error("Nobody says what this body means.");
      const names = namesIn(raw);
      await post(raw);
      const org = await service.organization();
      const sender = await org.sender();
      const rename = (to: typeof names) =>
        administer(
          service.database.ownerUrl,
          (sql) => sql`
            update sender set phone_number_id = ${to.phoneNumberId}, waba_id = ${to.wabaId}
            where id = ${parseId("snd", sender.id) ?? ""}`,
        );
      // Some bodies name accounts and numbers by placeholders that no sender is registered with.
      await rename(names);
      const intake = {
        services: service.services,
        organizationKeys: service.composed.organizationKeys,
        onComplaint: async () => {},
        ownKeywords: async () => [],
      };
      await replayUnclaimed(intake, names);
      const expected = effectsOf(updates);
      expect(await effectsOn(org, sender.id)).toEqual(expected);
      await post(raw);
      expect(await effectsOn(org, sender.id)).toEqual(expected);
      // The next body may be for the same number, of another organization.
      await rename(sender);
    });
  });

  it("and none of them is missing", () => {
    expect(bodies().length).toBeGreaterThan(30);
    expect(
      bodies()
        .map(([name]) => name)
        .sort(),
    ).toEqual(Object.keys(published).sort());
  });
} else {
  it("the published webhook bodies are not beside the project, so none was posted", () => {
    console.info(`No published webhook bodies in ${folder}: none was posted.`);
    expect(existsSync(folder)).toBe(false);
  });
}
