/** The languages that Sayso speaks to people. */
export const languages = ["en", "ru"] as const;
export type Language = (typeof languages)[number];

/** What a BCP 47 language tag looks like, as far as Sayso looks. */
export const languageTag = /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$/;
