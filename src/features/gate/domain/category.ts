import type { Category, Facts, Question } from "./facts.ts";

const strictestFirst: readonly string[] = [
  "marketing",
  "utility",
  "authentication",
  "service",
] satisfies Category[];

const coverage: ReadonlyMap<string, readonly Category[]> = new Map<Category, readonly Category[]>([
  ["marketing", ["marketing", "utility", "service"]],
  ["utility", ["utility", "service"]],
  ["authentication", ["authentication"]],
  ["service", ["service"]],
]);

/** Whether people who agreed to a purpose of one category agreed to messages of another. Unknown words: no. */
export function covers(purposeCategory: Category, category: Category): boolean {
  return coverage.get(purposeCategory)?.includes(category) ?? false;
}

/**
 * The category of a template: the registered one, because Meta reviews and changes it. The caller's word stands in
 * only for a template nobody registered (which the template rule denies). Null for free form, which has none.
 */
export function templateCategory(question: Question, facts: Facts): Category | null {
  if (question.message.kind !== "template") return null;
  return facts.template?.category ?? question.message.category;
}

/**
 * The category whose rules a message must meet: the strictest of what is known from the purpose and the template,
 * so that a promotion in a utility template, or as free text, is still marketing. Null when nothing is known.
 */
export function countedCategory(question: Question, facts: Facts): Category | null {
  const purpose = facts.purpose?.category ?? null;
  const template = templateCategory(question, facts);
  if (purpose === null || template === null) return purpose ?? template;
  // An unknown word has index -1 and so counts as the strictest; no purpose covers it.
  return strictestFirst.indexOf(purpose) <= strictestFirst.indexOf(template) ? purpose : template;
}
