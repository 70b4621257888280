import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const pairsPerSecond = 1_000;
const tickMs = 5;
const mostTries = 200;

/**
 * Sends 1,000 checks a second, and redeems each permit, whether or not earlier ones were answered. Addresses take turns;
 * what is not answered, or with a 503, goes to the next one after a moment. A latency (ms) counts from when the request
 * was due, tries included.
 */
export function startSteadyLoad(
  urls: () => readonly string[],
  checkOf: (n: number) => string,
  headers: Record<string, string>,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let failures = 0;
  let sent = 0;
  let turn = 0;

  async function ask(path: string, body: string, due: number): Promise<string | undefined> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      turn += 1;
      const addresses = urls();
      const answer = await post(`${addresses[turn % addresses.length]}${path}`, body).catch(() => undefined);
      if (answer?.status === 200) {
        latencies.push(performance.now() - due);
        return answer.text;
      }
      if (answer !== undefined && answer.status !== 503) break;
      await delay(5);
    }
    failures += 1;
    return undefined;
  }

  function post(url: string, body: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const sending = request(url, { method: "POST", agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
        );
      });
      sending.on("error", reject);
      sending.end(body);
    });
  }

  async function checkAndRedeem(n: number, due: number): Promise<void> {
    const checked = await ask("/v1/checks", checkOf(n), due);
    const { permit } = JSON.parse(checked ?? "{}") as { permit?: { id: string } };
    // A permit whose redeeming was cut off is found used by the next try: an answer, too.
    if (permit !== undefined) await ask(`/v1/permits/${permit.id}/redeem`, "{}", performance.now());
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - began) * pairsPerSecond) / 1_000;
    for (; sent < due; sent += 1) {
      const pair = checkAndRedeem(sent, began + (sent * 1_000) / pairsPerSecond).finally(() =>
        underWay.delete(pair),
      );
      underWay.add(pair);
    }
  }, tickMs);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
      const elapsed = (performance.now() - began) / 1_000;
      return { answers: latencies.length, failures, latencies, elapsed };
    },
  };
}
