import { z } from "zod";
import { limits } from "../../../kernel/limits.ts";
import { photoMediaType, photoMediaTypes } from "./photo.ts";

/**
 * The sections of account data that an organization pushes, each one JSON document of its own schema. Unknown
 * fields are refused. A field that is left out is not stored; null says that the organization knows there is none.
 */
export const sectionNames = [
  "account",
  "profile",
  "devices",
  "connection",
  "contacts",
  "groups",
  "blocked",
  "settings",
  "terms",
] as const;
export type SectionName = (typeof sectionNames)[number];

/** Whether a text names one of the typed sections. */
export function isSectionName(name: string): name is SectionName {
  return (sectionNames as readonly string[]).includes(name);
}

/** What a report fills from Sayso's own records; see archive/domain/sections.ts. */
const recordSections = [
  "consents",
  "opt_outs",
  "messages",
  "decisions",
  "requests",
  "disclosures",
  "sign_ins",
];

/** Whether a report has a section of this name whatever organizations register. */
export function isReservedSection(name: string): boolean {
  return isSectionName(name) || recordSections.includes(name);
}

/** One line: no control characters (NUL and line breaks among them), no lone surrogates. */
const line = (length: number) =>
  z
    .string()
    .min(1)
    .max(length)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "Control characters and lone surrogates cannot be stored here.");

/** A text with line breaks and tabs, but no other control characters and no lone surrogates. */
const paragraph = (length: number) =>
  z
    .string()
    .max(length)
    .regex(
      /^(?:[\n\r\t]|[^\p{Cc}\p{Cs}])*$/u,
      "Control characters and lone surrogates cannot be stored here.",
    );

/** ISO 8601 with an offset (`Z` or `+03:00`). */
const instant = z.iso.datetime({ offset: true });
const ipAddress = z.union([z.ipv4(), z.ipv6()]);
/** E.164. */
const phoneNumber = z.string().regex(/^\+[1-9]\d{4,14}$/, "Write numbers in E.164, such as +12025550100.");

const identifier = z.strictObject({
  kind: z.enum(["phone", "wa_id", "bsuid", "parent_bsuid", "email", "external_id"]),
  value: line(254),
});

const account = z.strictObject({
  identifiers: z.array(identifier).max(20).optional(),
  name: line(limits.nameLength).nullish(),
  platform: line(64).nullish(),
  registeredAt: instant.nullish(),
  status: line(64).nullish(),
});

/** Base64 (RFC 4648, section 4) of a photo whose first bytes say the same type as `mediaType`. */
const photo = z
  .strictObject({
    mediaType: z.enum(photoMediaTypes),
    base64: z
      .string()
      .max(Math.ceil(limits.photoBytes / 3) * 4)
      .regex(/^[A-Za-z0-9+/]+={0,2}$/, "Not base64."),
  })
  .refine(({ mediaType, base64 }) => photoMediaType(Buffer.from(base64, "base64")) === mediaType, {
    path: ["base64"],
    message: "The bytes are not a photo of this media type.",
  });

const profile = z.strictObject({
  photo: photo.nullish(),
  photoSetAt: instant.nullish(),
  about: paragraph(1_000).nullish(),
  aboutSetAt: instant.nullish(),
});

const devices = z.strictObject({
  devices: z
    .array(
      z.strictObject({
        id: line(200).nullish(),
        manufacturer: line(100).nullish(),
        model: line(100).nullish(),
        systemVersion: line(100).nullish(),
        appVersion: line(100).nullish(),
        buildNumber: line(100).nullish(),
        lastActiveAt: instant.nullish(),
        sessions: z
          .array(
            z.strictObject({
              kind: z.enum(["web", "desktop"]),
              name: line(200).nullish(),
              lastActiveAt: instant.nullish(),
            }),
          )
          .max(50)
          .optional(),
      }),
    )
    .max(100),
});

const connection = z.strictObject({
  onlineSince: instant.nullish(),
  offlineSince: instant.nullish(),
  inactiveSince: instant.nullish(),
  previousIp: ipAddress.nullish(),
  currentIp: ipAddress.nullish(),
});

/** Numbers only: names in a person's address book are other people's data. */
const contacts = z.strictObject({ numbers: z.array(phoneNumber).max(50_000) });

/** Names only: who else is in a group is other people's data. */
const groups = z.strictObject({
  current: z.array(line(limits.nameLength)).max(5_000).optional(),
  past: z.array(line(limits.nameLength)).max(5_000).optional(),
});

const blocked = z.strictObject({ numbers: z.array(phoneNumber).max(50_000) });

const audience = z.enum(["everyone", "contacts", "contacts_except", "nobody"]);

const settings = z.strictObject({
  lastSeenPrivacy: audience.nullish(),
  photoPrivacy: audience.nullish(),
  aboutPrivacy: audience.nullish(),
  statusPrivacy: audience.nullish(),
  readReceipts: z.boolean().nullish(),
  /** BCP 47. */
  language: z
    .string()
    .regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,6}$/, "Not a language tag.")
    .nullish(),
});

const terms = z.strictObject({
  documents: z
    .array(
      z.strictObject({
        document: line(limits.nameLength),
        version: line(100).nullish(),
        accepted: z.boolean(),
        at: instant.nullish(),
      }),
    )
    .max(500),
  dataSharingOptOut: z
    .strictObject({
      optedOut: z.boolean(),
      at: instant.nullish(),
      /** Whether the organization still keeps to it. */
      honoured: z.boolean().nullish(),
    })
    .nullish(),
});

/** The schema of every typed section. */
export const sectionSchemas = {
  account,
  profile,
  devices,
  connection,
  contacts,
  groups,
  blocked,
  settings,
  terms,
} satisfies Record<SectionName, z.ZodType>;

/** What each section's document holds. */
export type SectionDocuments = { [Name in SectionName]: z.infer<(typeof sectionSchemas)[Name]> };

/** The schema that a section's document must fit (`PUT …/account-data/{section}`). */
export function sectionSchema<Name extends SectionName>(name: Name): (typeof sectionSchemas)[Name] {
  return sectionSchemas[name];
}
