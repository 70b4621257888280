import { type Regime, regimeSchema } from "./domain/regime.ts";
import ccpa from "./regimes/ccpa.json" with { type: "json" };
import chFadp from "./regimes/ch-fadp.json" with { type: "json" };
import gdpr from "./regimes/gdpr.json" with { type: "json" };
import kvkk from "./regimes/kvkk.json" with { type: "json" };
import lgpd from "./regimes/lgpd.json" with { type: "json" };
import pipeda from "./regimes/pipeda.json" with { type: "json" };
import ru152fz from "./regimes/ru-152fz.json" with { type: "json" };
import ua2297 from "./regimes/ua-2297.json" with { type: "json" };
import ukGdpr from "./regimes/uk-gdpr.json" with { type: "json" };
import zaPopia from "./regimes/za-popia.json" with { type: "json" };

/** All regimes, those that were compared with the law itself first. */
export const regimes: readonly Regime[] = [
  gdpr,
  ukGdpr,
  ru152fz,
  ccpa,
  lgpd,
  pipeda,
  kvkk,
  chFadp,
  zaPopia,
  ua2297,
].map((file) => regimeSchema.parse(file));

/** Keys of the regimes that a data request may be opened under. */
export const regimeKeys: readonly string[] = regimes.map((regime) => regime.key);

/** Keys of those that are counted only for an organization that has switched them on. */
export const secondaryRegimeKeys: readonly string[] = regimes
  .filter((regime) => regime.basis === "secondary")
  .map((regime) => regime.key);

/** The regime of this key, or undefined when there is none. */
export function findRegime(key: string): Regime | undefined {
  return regimes.find((regime) => regime.key === key);
}
