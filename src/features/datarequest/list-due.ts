import type { Context, Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { requestKinds } from "./domain/kind.ts";
import { countRequests, selectDue } from "./due-store.ts";

/**
 * What is due of the organization until so many days from now, the most urgent first; without days what is overdue: answers
 * to requests, and letters that a step of a request rests on, also after the request's end.
 */
export async function listDue(
  ctx: Context,
  page: { readonly withinDays: number; readonly unassigned: boolean; readonly limit: number },
) {
  return (await selectDue(ctx, page)).map(
    ({ requestId, kind, regime, status, about, dueAt, owner, isOverdue }) => ({
      requestId: formatId("req", requestId),
      kind,
      regime,
      status,
      about,
      dueAt: dueAt.toISOString(),
      owner,
      overdue: isOverdue,
    }),
  );
}

/** Measures how many requests wait for an answer, and how many for too long, by kind: numbers, and nobody's data. */
export function watchRequests(services: Services): void {
  services.metrics.watch(
    {
      name: "sayso_data_requests",
      help: "Data requests without an answer, by state (open: all; overdue: too late; unassigned: nobody answers for it) and kind.",
      labelNames: ["state", "kind"],
    },
    async () => {
      const counts = new Map((await countRequests(services)).map((each) => [each.kind, each]));
      return requestKinds.flatMap((kind) =>
        (["open", "overdue", "unassigned"] as const).map((state) => ({
          labels: { state, kind },
          value: counts.get(kind)?.[state] ?? 0,
        })),
      );
    },
  );
}
