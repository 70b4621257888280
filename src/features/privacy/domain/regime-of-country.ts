/** Regimes of countries that have one of their own which we count by; those of the EEA share `gdpr`. */
const regimes: Readonly<Record<string, string>> = { GB: "uk-gdpr", RU: "ru-152fz", US: "ccpa" };

/**
 * The regime that a request at an organization's page is opened under: that of the organization's country (ISO 3166-1
 * alpha-2). Who asks is not asked where they live; staff who know of a second law open a request under it, too.
 */
export function regimeOfCountry(country: string): string {
  return regimes[country] ?? "gdpr";
}
