import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What the service counts, in Prometheus's text format. Labels are words of ours: never personal data. */
export interface Metrics {
  request(seen: { method: string; route: string; status: number; seconds: number }): void;
  decision(decision: "allow" | "deny", firstReason: string): void;
  webhookUpdate(type: string): void;
  /** Adds a gauge whose values are read whenever somebody looks. What cannot be read then is left out. */
  watch(
    gauge: { readonly name: string; readonly help: string; readonly labelNames: readonly string[] },
    read: () => Promise<readonly { readonly labels: Record<string, string>; readonly value: number }[]>,
  ): void;
  expose(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "sayso_http_request_seconds",
    help: "Time to answer a request, by route and status.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const decisions = new Counter({
    name: "sayso_decisions_total",
    help: "Decisions recorded, by answer and worst reason.",
    labelNames: ["decision", "reason"],
    registers: [registry],
  });
  const updates = new Counter({
    name: "sayso_webhook_updates_total",
    help: "Webhook updates taken, by type.",
    labelNames: ["type"],
    registers: [registry],
  });
  return {
    request: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    decision: (decision, reason) => decisions.inc({ decision, reason }),
    watch: (gauge, read) => {
      new Gauge({
        ...gauge,
        labelNames: [...gauge.labelNames],
        registers: [registry],
        async collect() {
          this.reset();
          for (const { labels, value } of await read().catch(() => [])) this.set(labels, value);
        },
      });
    },
    webhookUpdate: (type) => updates.inc({ type }),
    expose: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
