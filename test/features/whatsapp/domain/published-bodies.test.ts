import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { effectsOf } from "../../../../src/features/whatsapp/domain/effects.ts";
import { isOptOutKeyword } from "../../../../src/features/whatsapp/domain/keywords.ts";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import type { Update } from "../../../../src/features/whatsapp/domain/update.ts";
import { receivedAt } from "../../../cases/whatsapp/bodies.ts";
import { everyPlace, withPlaceChanged } from "../../../cases/whatsapp/mutations.ts";
import { published } from "../../../cases/whatsapp/published.ts";

/** Bodies that Meta and pywa publish; they lie beside the project and are never copied into it. */
const folder = fileURLToPath(new URL("../../../../../shared/fixtures/whatsapp/", import.meta.url));

function jsonFiles(under: string): readonly string[] {
  return readdirSync(join(folder, under), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .map((path) => join(under, path));
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}

/** Every body of a webhook: a file of its own (Meta), or one of the named ones in a file (pywa). */
function webhooks(): ReadonlyMap<string, unknown> {
  const own = jsonFiles("meta/webhooks").map((path) => [path, read(path)] as const);
  const named = jsonFiles("pywa").flatMap((path) =>
    Object.entries(read(path) ?? {}).map(([name, webhook]) => [`${path}#${name}`, webhook] as const),
  );
  return new Map([...own, ...named]);
}

function describeUpdate(update: Update): string {
  switch (update.type) {
    case "inbound_message":
      return [
        `inbound_message ${update.kind}`,
        ...(update.opensWindow ? ["opens the window"] : []),
        ...(update.referral ? ["from an ad"] : []),
        ...(update.texts.some((text) => isOptOutKeyword(text)) ? ["a no"] : []),
      ].join(", ");
    case "message_status":
      return [
        `message_status ${update.status}`,
        ...(update.group ? ["in a group"] : []),
        ...(update.opaque === undefined ? [] : ["with callback data"]),
        ...update.errors.map((error) => `${error.code}: ${effectsOf([error]).map(({ type }) => type)}`),
      ].join(" ");
    case "account_restriction":
      return [
        `account_restriction ${update.state} ${update.cause}`,
        ...(update.directions.length === 2 ? ["both"] : update.directions),
        ...(update.until === null ? [] : [`until ${update.until}`]),
      ].join(" ");
    case "identity_link":
      return `identity_link ${Object.keys(update.person).join(" ")}`;
    case "user_preference":
      return `user_preference ${update.value} ${Object.keys(update.person).join(" ")}`;
    case "number_changed":
      return `number_changed ${Object.keys(update.previous)} to ${Object.keys(update.current)}`;
    case "template_status":
      return `template_status ${update.status} ${update.category}`;
    case "template_category":
      return `template_category ${update.phase} ${update.category}`;
    case "template_quality":
      return `template_quality ${update.quality}`;
    case "ignored":
    case "unreadable":
      return `${update.type} ${update.reason}`;
    default:
      return update.type;
  }
}

if (existsSync(folder)) {
  const bodies = webhooks();

  describe("every published webhook body is taken without an error and has the right effect", () => {
    test.each([...bodies])("%s", (name, webhook) => {
      expect(parseWebhook(webhook, receivedAt).updates.map(describeUpdate)).toEqual(published[name]);
    });

    it("and none was overlooked", () => {
      expect([...bodies.keys()].sort()).toEqual(Object.keys(published).sort());
    });

    test.each([...bodies])("%s keeps its own instants", (_name, webhook) => {
      for (const update of parseWebhook(webhook, receivedAt).updates) {
        if ("at" in update) expect(update.atFrom).toBe("platform");
      }
    });
  });

  it("every published webhook body is answered without an error with any one place in it gone or odd", () => {
    let tried = 0;
    for (const webhook of bodies.values()) {
      for (const place of everyPlace(webhook)) {
        for (const odd of [undefined, null, "text-string", -1]) {
          const { updates } = parseWebhook(withPlaceChanged(webhook, place, odd), receivedAt);
          for (const update of updates) {
            if ("at" in update) expect(Date.parse(update.at)).toBeLessThanOrEqual(receivedAt.getTime());
          }
          tried += 1;
        }
      }
    }
    expect(tried).toBeGreaterThan(1_000);
  });

  it("published requests and answers, which are no webhooks, have no effect", () => {
    const others = jsonFiles(".").filter((path) => !/^(meta\/webhooks|pywa)\//.test(path));
    expect(others.length).toBeGreaterThan(50);
    for (const path of others) {
      expect(parseWebhook(read(path), receivedAt).updates.map(({ type }) => type)).toEqual(["unreadable"]);
    }
  });
} else {
  it("the published webhook bodies are not beside the project, so none was compared", () => {
    console.info(`No published webhook bodies in ${folder}: none was compared.`);
    expect(existsSync(folder)).toBe(false);
  });
}
