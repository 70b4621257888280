import { limits } from "../../../kernel/limits.ts";

/** By what a source can be asked about a person. */
export const personFields = ["phone", "email", "externalId"] as const;
export type PersonField = (typeof personFields)[number];

/** Everything that a person is known by, as sources understand it: numbers in E.164, addresses and ids as given. */
export type PersonValues = Readonly<Record<PersonField, readonly string[]>>;

/** What a person's identifiers come to; WhatsApp's id of a number is that number. */
export function personValues(
  identifiers: readonly { readonly kind: string; readonly value: string }[],
): PersonValues {
  const of = (...kinds: string[]) => identifiers.filter(({ kind }) => kinds.includes(kind));
  const numbers = of("phone", "wa_id").map(({ value }) => `+${value.replaceAll(/\D/g, "")}`);
  return {
    phone: [...new Set(numbers)],
    email: [...new Set(of("email").map(({ value }) => value))],
    externalId: [...new Set(of("external_id").map(({ value }) => value))],
  };
}

/** One way to fill a question's placeholders: null where the person has no such identifier. */
export type Binding = Readonly<Record<PersonField, string | null>>;

/**
 * Every way to fill the placeholders that a question names. None when the person has no identifier of any of them: then
 * there is nothing to ask. Undefined when there would be more than `limits.sourceQuestions`.
 */
export function bindingsOf(
  values: PersonValues,
  named: readonly PersonField[],
): readonly Binding[] | undefined {
  if (named.every((field) => values[field].length === 0)) return [];
  let bindings: Binding[] = [{ phone: null, email: null, externalId: null }];
  for (const field of named) {
    if (values[field].length === 0) continue;
    bindings = bindings.flatMap((binding) => values[field].map((value) => ({ ...binding, [field]: value })));
    if (bindings.length > limits.sourceQuestions) return undefined;
  }
  return bindings;
}
