import { type PolicyDocument, policySchema } from "./policy.ts";

/** The countries of the European Economic Area, with those parts of theirs whose numbers have a country of their own. */
const eea = [
  ..."AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split(" "),
  ..."AX GF GP MF MQ RE YT".split(" "),
];

/** As the platform does since April 2025: marketing templates to United States numbers fail (error 131049). */
const noMarketingToTheUnitedStates = {
  country: "US",
  categories: ["marketing"],
  reason: "WhatsApp delivers no marketing templates to United States numbers.",
} as const;

/** Policies to start from. Each is a starting point that staff look through, and no legal advice. */
export const presets: Readonly<
  Record<"whatsapp-platform" | "whatsapp-business-app" | "eu" | "ru" | "us", PolicyDocument>
> = {
  /** What the platform itself holds back anyway, so that it does not count against the sender. */
  "whatsapp-platform": policySchema.parse({ closedDestinations: [noMarketingToTheUnitedStates] }),
  /**
   * For a number that is used in the WhatsApp Business app. One of its broadcast lists holds 256 people and reaches those
   * who saved the number (WhatsApp Help Center). What the app lets out in a month differs by country and changes, and
   * beyond an allowance it costs; 15,000 is the bound taken here. Both are kept by one full list a day, to each person
   * once: 7,936 in 31 days.
   */
  "whatsapp-business-app": policySchema.parse({
    onlyToPeopleWhoWrote: true,
    senderCeilings: [{ people: 256 }],
    caps: [{ categories: ["marketing"], most: 1, hours: 24 }],
  }),
  /** No law of the Union sets hours or caps for messages that people agreed to; these are courtesy. */
  eu: policySchema.parse({
    allowedHours: [
      { categories: ["marketing"], countries: eea, days: [1, 2, 3, 4, 5, 6], from: "09:00", to: "20:00" },
    ],
    caps: [{ categories: ["marketing"], most: 4, hours: 7 * 24 }],
    closedDestinations: [noMarketingToTheUnitedStates],
  }),
  /**
   * Advertising on WhatsApp is contested in Russia since 2025, so it is closed until staff open it with their ground. The
   * hours are inside in all eleven zones at once.
   */
  ru: policySchema.parse({
    allowedHours: [{ categories: ["marketing"], countries: ["RU"], from: "08:00", to: "22:00" }],
    caps: [{ categories: ["marketing"], most: 4, hours: 7 * 24 }],
    closedDestinations: [
      {
        country: "RU",
        categories: ["marketing"],
        reason: "Whether WhatsApp may carry advertising in Russia is contested since 2025.",
      },
      noMarketingToTheUnitedStates,
    ],
  }),
  /** The hours are those of 47 CFR 64.1200(c)(1), for when the destination is opened. */
  us: policySchema.parse({
    allowedHours: [{ categories: ["marketing"], countries: ["US"], from: "08:00", to: "21:00" }],
    closedDestinations: [noMarketingToTheUnitedStates],
  }),
};
