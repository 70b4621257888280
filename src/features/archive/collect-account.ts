import { z } from "zod";
import {
  askSources,
  listCustomSections,
  readAccountData,
  type SectionDocuments,
  type SectionName,
  type SourcedSection,
  type StoredSection,
  sectionNames,
  sectionSchema,
} from "../accountdata/index.ts";
import type { Reported } from "./collect-records.ts";
import type { Attachment, EmptySection, FailedSection, Section, Source } from "./domain/report-model.ts";
import { detachPhoto } from "./profile-photo.ts";
import { reportedAccount, reportedProfile } from "./report-schema.ts";
import { readSources, whatIsMissing } from "./sources-read.ts";

interface AccountSections {
  readonly typed: readonly Section[];
  readonly custom: readonly Section[];
  readonly attachments: readonly Attachment[];
  /** The systems that were asked, each once. */
  readonly sources: readonly Source[];
}

/**
 * What the organization stores about the person, pushed to Sayso or read at its sources now: every typed section, and those
 * of its own. When several brought one of the same name, one stands first (what a source has now, then the newest) and the
 * others follow under names of their own. A source that fails holds up nothing: the section says so where nobody else has it.
 */
export async function accountSections(reported: Reported): Promise<AccountSections> {
  const sourced = await askSources(reported.ctx, reported.identifiers);
  const stored: Pick<StoredSection, "section" | "document">[] = [
    ...sourced.flatMap(({ section, document }) => (document === undefined ? [] : [{ section, document }])),
    ...(await readAccountData(reported.ctx, reported.subjectId)),
  ];
  const own = await listCustomSections(reported.ctx);
  const attachments: Attachment[] = [];
  const names = new Set<string>([...sectionNames, ...own.map(({ section }) => section)]);

  const shown = (name: SectionName, document: StoredSection["document"]) => {
    if (name === "account") return withRecord(document, reported);
    if (name !== "profile") return document;
    // It was checked against this schema when it was stored.
    const detached = detachPhoto(document as SectionDocuments["profile"], attachments.length + 1);
    attachments.push(...detached.attachments);
    return { ...detached.document };
  };

  const typed = sectionNames.map((name): Section => {
    const newest = stored.find(({ section }) => section === name);
    if (newest === undefined && name !== "account") return emptyOrFailed(name, sourced, reported);
    return { name, state: "document", document: shown(name, newest?.document ?? {}) };
  });

  const custom: Section[] = [];
  for (const { section, title, schema } of own) {
    const documents = stored.filter((each) => each.section === section);
    const [newest, ...others] = documents;
    custom.push(
      newest === undefined
        ? { ...emptyOrFailed(section, sourced, reported), custom: { title, schema } }
        : { name: section, state: "document", document: newest.document, custom: { title, schema } },
      ...others.map(
        ({ document }, index): Section => ({
          name: freeName(names, section),
          state: "document",
          document,
          custom: { title: `${title} (${index + 2})`, schema },
        }),
      ),
    );
  }
  for (const name of sectionNames) {
    const [, ...others] = stored.filter(({ section }) => section === name);
    custom.push(
      ...others.map(({ document }, index): Section => {
        const schema = z.toJSONSchema(reportedSchemaOf(name));
        return {
          name: freeName(names, name),
          state: "document",
          document: shown(name, document),
          custom: { title: `${name} (${index + 2})`, schema },
        };
      }),
    );
  }
  return { typed, custom, attachments, sources: readSources(sourced, reported.language) };
}

/** A section that nobody has: because there is nothing, or because it could not be read. */
function emptyOrFailed(
  name: string,
  sourced: readonly SourcedSection[],
  { language }: Reported,
): EmptySection | FailedSection {
  const failed = sourced.find(({ section, trouble }) => section === name && trouble !== undefined);
  return failed?.trouble === undefined
    ? { name, state: "empty" }
    : { name, state: "failed", source: failed.title, missing: whatIsMissing(failed.trouble, language) };
}

/** The account as it is stored, with every identifier that Sayso knows the person by, and what else it recorded. */
function withRecord(
  document: StoredSection["document"],
  { identifiers, timeZones, savedNumbers, heldSince }: Reported,
): StoredSection["document"] {
  const { identifiers: stored = [] } = document as SectionDocuments["account"];
  const others = identifiers.filter(
    (identifier) => !stored.some(({ kind, value }) => kind === identifier.kind && value === identifier.value),
  );
  return {
    ...document,
    identifiers: [...stored, ...others],
    ...(timeZones.length > 0 && { timeZones: [...timeZones] }),
    ...(savedNumbers.length > 0 && { savedNumbers: [...savedNumbers] }),
    ...(heldSince.length > 0 && { heldSince: [...heldSince] }),
  };
}

function reportedSchemaOf(name: SectionName): z.ZodType {
  if (name === "account") return reportedAccount;
  return name === "profile" ? reportedProfile : sectionSchema(name);
}

function freeName(taken: Set<string>, name: string): string {
  for (let number = 2; ; number += 1) {
    const suffix = `_${number}`;
    const free = `${name.slice(0, 64 - suffix.length)}${suffix}`;
    if (taken.has(free)) continue;
    taken.add(free);
    return free;
  }
}
