import { vi } from "vitest";
import type { TestService } from "./service.ts";

/** The statements that the service sends from now on, as they go out, and a way to hear no more of them. */
export function tapStatements({ services: { db } }: TestService) {
  const sent: string[] = [];
  const spies = (["statement", "look", "read"] as const).map((name) => {
    const real = db[name].bind(db);
    return vi.spyOn(db, name).mockImplementation(((run: (client: unknown) => unknown) =>
      real(((client: never) => {
        const query = run(client) as { strings?: readonly string[]; toSQL?: () => { sql: string } };
        sent.push(`${name}: ${query.toSQL?.().sql ?? query.strings?.join("?") ?? ""}`);
        return query;
      }) as never)) as never);
  });
  return {
    sent,
    end: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
