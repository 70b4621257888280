import type { Context } from "../../context.ts";
import type { Language } from "../../kernel/language.ts";
import { getOrganization } from "../organization/index.ts";
import { regimes } from "./regimes.ts";

/** Every regime in one language, and whether the organization may use it. */
export async function listRegimes(ctx: Context, language: Language) {
  const { secondaryRegimes } = await getOrganization(ctx);
  return regimes.map((regime) => ({
    ...regime,
    name: regime.name[language],
    note: regime.note[language],
    isUsable: regime.basis === "primary" || secondaryRegimes.includes(regime.key),
    clocks: regime.clocks.map((clock) => ({ ...clock, duty: clock.duty[language] })),
    formalities: {
      mustContain: regime.formalities.mustContain.map((content) => content[language]),
      note: regime.formalities.note[language],
    },
  }));
}
