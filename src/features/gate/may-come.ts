import type { Context } from "../../context.ts";
import { parseId } from "../../kernel/ids.ts";
import { consentStanding } from "./domain/consent.ts";
import type { Question } from "./domain/facts.ts";
import { objections } from "./domain/rules/consent.ts";
import { factsQuery } from "./prepare-check.ts";
import { readFacts } from "./read-facts.ts";

/**
 * For which purposes a person (`sub_…`) may be written to on WhatsApp, as far as their own yeses and noes go: what their
 * page shows is what the rules see. A purpose on consent needs a yes that stands; another one, that no no does.
 */
export async function mayCome(
  ctx: Context,
  subjectId: string,
  purposes: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const asked = purposes.map((purpose) => {
    const question: Question = { sender: "", channel: "whatsapp", purpose, message: { kind: "free_form" } };
    const query = factsQuery(question, {
      organizationId: ctx.organizationId,
      hashes: [],
      subjectId: parseId("sub", subjectId) ?? null,
      messageRef: null,
      redeeming: null,
    });
    return { question, query, unreadable: [], countries: [], sandbox: null, isDryRun: true };
  });
  const seen = asked.length === 0 ? [] : await readFacts(ctx.services, asked);
  return new Map(
    purposes.map((key, place) => {
      const facts = seen[place]?.facts;
      if (facts === undefined || facts.purpose === null) return [key, false];
      const { category, lawfulBasis } = facts.purpose;
      const standing = consentStanding(key, facts, { proofNeeded: category === "marketing" });
      if (standing.given) return [key, true];
      const isRefused = standing.nos.some(({ kind }) => kind === "opted_out" || objections.includes(kind));
      return [key, lawfulBasis !== "consent" && !isRefused];
    }),
  );
}
