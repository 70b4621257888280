import { type Regime, regimeSchema } from "./domain/regime.ts";
import gdpr from "./regimes/gdpr.json" with { type: "json" };

const regimes: readonly Regime[] = [regimeSchema.parse(gdpr)];

/** Keys of the regimes that a data request may be opened under. */
export const regimeKeys: readonly string[] = regimes.map((regime) => regime.key);

/** The regime of this key, or undefined when there is none. */
export function findRegime(key: string): Regime | undefined {
  return regimes.find((regime) => regime.key === key);
}
