import type { SectionName } from "../../../src/features/accountdata/index.ts";

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const many = (count: number, item: unknown) => Array.from({ length: count }, () => item);

/** Documents that fit. */
export const accepted: readonly (readonly [SectionName, string, unknown])[] = [
  ["account", "an account of which nothing is known", {}],
  [
    "account",
    "an account with everything",
    {
      identifiers: [
        { kind: "phone", value: "+12025550100" },
        { kind: "bsuid", value: "US.13491208655302741918" },
      ],
      name: "Customer 1 🍵",
      platform: "iOS",
      registeredAt: "2024-02-29T12:00:00+03:00",
      status: "active",
    },
  ],
  [
    "account",
    "null for what there is none of",
    { name: null, platform: null, registeredAt: null, status: null },
  ],
  ["profile", "a photo whose bytes are what they say", { photo: { mediaType: "image/png", base64: png } }],
  [
    "profile",
    "an about text of several lines",
    { about: "One\n\tTwo\r\nThree", aboutSetAt: "2024-01-01T00:00:00Z" },
  ],
  ["profile", "no photo", { photo: null, photoSetAt: null }],
  ["devices", "no devices", { devices: [] }],
  [
    "devices",
    "a device with its sessions",
    {
      devices: [
        {
          id: "1",
          manufacturer: "Example",
          sessions: [{ kind: "desktop", lastActiveAt: "2026-01-01T00:00:00.123Z" }],
        },
      ],
    },
  ],
  ["connection", "addresses of both kinds", { currentIp: "203.0.113.7", previousIp: "2001:db8::1" }],
  ["contacts", "numbers", { numbers: ["+12025550100", "+447700900123"] }],
  ["groups", "names of groups", { current: ["Tea"], past: ["Move", "Party 🎉"] }],
  ["blocked", "as many numbers as can be", { numbers: many(50_000, "+447700900123") }],
  [
    "settings",
    "every setting",
    {
      lastSeenPrivacy: "everyone",
      photoPrivacy: "contacts",
      aboutPrivacy: "contacts_except",
      statusPrivacy: "nobody",
      readReceipts: false,
      language: "pt-BR",
    },
  ],
  [
    "terms",
    "documents and the opt-out of data sharing",
    {
      documents: [{ document: "Terms", version: "3", accepted: false, at: "2024-01-01T00:00:00Z" }],
      dataSharingOptOut: { optedOut: true, honoured: true },
    },
  ],
];

/** Documents that do not fit, and the place that is to blame. */
export const refused: readonly (readonly [SectionName, string, unknown, string])[] = [
  ["account", "an unknown field", { nickname: "x" }, ""],
  [
    "account",
    "an identifier of an unknown kind",
    { identifiers: [{ kind: "passport", value: "1" }] },
    "identifiers.0.kind",
  ],
  ["account", "NUL in a name", { name: "a\u0000b" }, "name"],
  ["account", "a line break in a name", { name: "a\nb" }, "name"],
  ["account", "a lone surrogate in a name", { name: "a\ud800" }, "name"],
  ["account", "an empty name", { name: "" }, "name"],
  ["account", "a name that is too long", { name: "x".repeat(201) }, "name"],
  ["account", "a date without a time", { registeredAt: "2024-01-01" }, "registeredAt"],
  ["account", "a time without an offset", { registeredAt: "2024-01-01T00:00:00" }, "registeredAt"],
  ["account", "a day that does not exist", { registeredAt: "2023-02-29T00:00:00Z" }, "registeredAt"],
  ["account", "a number for a time", { registeredAt: 1700000000 }, "registeredAt"],
  [
    "account",
    "too many identifiers",
    { identifiers: many(21, { kind: "phone", value: "+12025550100" }) },
    "identifiers",
  ],
  [
    "profile",
    "a photo of another type than it says",
    { photo: { mediaType: "image/jpeg", base64: png } },
    "photo.base64",
  ],
  [
    "profile",
    "a photo that could run",
    { photo: { mediaType: "image/svg+xml", base64: png } },
    "photo.mediaType",
  ],
  [
    "profile",
    "a photo that is not base64",
    { photo: { mediaType: "image/png", base64: "<svg/>" } },
    "photo.base64",
  ],
  [
    "profile",
    "a photo that is too large",
    { photo: { mediaType: "image/png", base64: png.slice(0, 92) + "A".repeat(700_000) } },
    "photo.base64",
  ],
  ["profile", "NUL in the about text", { about: "\u0000" }, "about"],
  ["profile", "an about text that is too long", { about: "x".repeat(1001) }, "about"],
  ["devices", "no list", {}, "devices"],
  ["devices", "too many devices", { devices: many(101, {}) }, "devices"],
  [
    "devices",
    "a session of another kind",
    { devices: [{ sessions: [{ kind: "phone" }] }] },
    "devices.0.sessions.0.kind",
  ],
  ["connection", "an address that cannot be", { currentIp: "203.0.113.700" }, "currentIp"],
  ["connection", "a host name for an address", { previousIp: "localhost" }, "previousIp"],
  ["contacts", "a contact with a name", { numbers: [{ name: "x", number: "+12025550100" }] }, "numbers.0"],
  ["contacts", "a number without a country code", { numbers: ["2025550100"] }, "numbers.0"],
  ["contacts", "too many numbers", { numbers: many(50_001, "+447700900123") }, "numbers"],
  ["groups", "members of a group", { current: [{ name: "Tea", members: [] }] }, "current.0"],
  ["blocked", "a number with spaces", { numbers: ["+1 202 555 0100"] }, "numbers.0"],
  ["settings", "an audience that is none", { photoPrivacy: "friends" }, "photoPrivacy"],
  ["settings", "a word for yes or no", { readReceipts: "yes" }, "readReceipts"],
  ["settings", "a language that is no tag", { language: "English, please" }, "language"],
  ["terms", "neither accepted nor declined", { documents: [{ document: "Terms" }] }, "documents.0.accepted"],
  [
    "terms",
    "an unknown field in an opt-out",
    { documents: [], dataSharingOptOut: { optedOut: true, why: "x" } },
    "dataSharingOptOut",
  ],
];
