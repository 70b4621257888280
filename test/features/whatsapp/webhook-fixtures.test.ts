import { createHmac } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";

const folder = join(import.meta.dirname, "../../../../shared/fixtures/whatsapp");

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** Every body that others published: Meta's one a file, pywa's many a file. */
function bodies(): [name: string, body: unknown][] {
  const meta = readdirSync(join(folder, "meta/webhooks")).map((file): [string, unknown] => [
    `meta/${file}`,
    JSON.parse(readFileSync(join(folder, "meta/webhooks", file), "utf8")),
  ]);
  const pywa = readdirSync(join(folder, "pywa"))
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) =>
      Object.entries(JSON.parse(readFileSync(join(folder, "pywa", file), "utf8")) as object).map(
        ([name, body]): [string, unknown] => [`pywa/${file}#${name}`, body],
      ),
    );
  return [...meta, ...pywa];
}

describe.runIf(existsSync(folder))("bodies that others published", () => {
  it("are all taken without an error, before and after their senders are registered", async () => {
    const published = bodies();
    const numbers = new Map<string, string>();
    for (const [, body] of published) {
      const text = JSON.stringify(body);
      const id = /"phone_number_id":"(\d+)"/.exec(text)?.[1];
      const waba = /"entry":\[\{"id":"(\d+)"/.exec(text)?.[1];
      if (id && waba) numbers.set(id, waba);
    }
    const send = async () => {
      for (const [name, body] of published) {
        const raw = JSON.stringify(body);
        const signature = createHmac("sha256", "second-app-secret").update(raw).digest("hex");
        const answer = await service.anonymous.post("/webhooks/whatsapp", raw, {
          "x-hub-signature-256": `sha256=${signature}`,
        });
        expect(answer.status, `${name}: ${answer.text}`).toBe(200);
      }
    };
    await send();
    const shop = await service.organization();
    for (const [phoneNumberId, wabaId] of numbers) await shop.sender({ phoneNumberId, wabaId });
    await send();
    expect(published.length).toBeGreaterThan(30);
  });
});
