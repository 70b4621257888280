import type { Language } from "../../../kernel/language.ts";

/**
 * Everything that an archive is made from. The same model gives the same bytes, so it names the time, the version
 * and the key as well as the data. Texts are in the report's language; instants are ISO 8601 with an offset.
 */
export interface ReportModel {
  readonly requestId: string;
  readonly kind: "access" | "portability";
  /** The law it answers under, such as `gdpr`. */
  readonly regime: string;
  readonly language: Language;
  /** IANA zone that the readable report shows times in. */
  readonly timeZone: string;
  readonly receivedAt: string;
  readonly madeAt: string;
  /** Sayso's version. */
  readonly madeByVersion: string;
  /** Who answers. */
  readonly organization: { readonly name: string; readonly country: string | null };
  readonly dpo: { readonly name: string; readonly contact: string } | null;
  readonly supervisoryAuthority: { readonly name: string; readonly url: string | null } | null;
  /** Whose data: the identifiers as they were given. */
  readonly person: {
    readonly subjectId: string;
    readonly identifiers: readonly { readonly kind: string; readonly value: string }[];
  };
  readonly notice: Notice;
  readonly sources: readonly Source[];
  readonly sections: readonly Section[];
  readonly attachments: readonly Attachment[];
  /** The key that signs the manifest, and where its public half is published. */
  readonly signingKey: { readonly id: string; readonly url: string };
}

/** What Article 15(1) and (2) of the GDPR wants told beside the data, as far as it is not in the model already. */
export interface Notice {
  readonly purposes: readonly {
    readonly key: string;
    readonly name: string;
    readonly description: string;
    readonly category: string;
    readonly lawfulBasis: string;
  }[];
  readonly recipients: readonly {
    readonly name: string;
    readonly reason: string;
    /** ISO 3166-1 alpha-2, for transfers abroad. */
    readonly country: string | null;
    /** What protects the data there (Article 46). */
    readonly safeguards: string | null;
  }[];
  readonly retention: readonly {
    readonly data: string;
    /** Null: there is no fixed period, `starts` and `reason` say how it is determined. */
    readonly period: { readonly value: number; readonly unit: "days" | "months" | "years" } | null;
    readonly starts: string;
    readonly reason: string;
  }[];
  /** Where data came from that the person did not give. */
  readonly origins: readonly { readonly name: string; readonly description: string }[];
  /** Automated decisions beyond Sayso's own checks (Article 22); null when the organization names none. */
  readonly automatedDecisions: string | null;
}

/** A system that was asked for data. A failed one says what is missing from the report, in words for the person. */
export type Source =
  | { readonly name: string; readonly state: "read" }
  | {
      readonly name: string;
      readonly state: "failed";
      readonly missing: string;
      /** Why, for staff: it goes to the request's timeline, and into no file. */
      readonly trouble?: readonly SourceFailure[];
    };

/** What failed at a source for one section. `mayHeal`: without anybody's doing. */
export interface SourceFailure {
  readonly section: string;
  readonly reason: string;
  readonly mayHeal: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

interface NamedSection {
  /** Lower case, digits and underscores: it becomes a file name. */
  readonly name: string;
  /** Present for a section of the organization's own; the schema is JSON Schema, draft 2020-12. */
  readonly custom?: { readonly title: string; readonly schema: Readonly<Record<string, unknown>> };
}

/** A section that is one document, small enough to hold. */
export interface DocumentSection extends NamedSection {
  readonly state: "document";
  readonly document: Row;
}

/**
 * A section of any length. `rows` is called several times, once for every file that shows the section, and gives
 * the same `count` rows in the same order each time, in pages of any length: read what was there at `madeAt`.
 */
export interface RowsSection extends NamedSection {
  readonly state: "rows";
  readonly count: number;
  readonly rows: () => AsyncIterable<readonly Row[]>;
  /** The same rows in the same order, for a section that is too long for one page. */
  readonly stretches?: readonly Stretch[];
}

/** Rows of a long section that have files of their own: a month's, or as many of them as a page takes. */
export interface Stretch {
  /** In the report's time zone: `2026-11`. */
  readonly month: string;
  /** Its place among the month's, from 1. */
  readonly number: number;
  readonly count: number;
  /** Gives `count` rows, in pages of any length, the same each time. */
  readonly rows: () => AsyncIterable<readonly Row[]>;
}

/** A section of which nothing is stored. */
export interface EmptySection extends NamedSection {
  readonly state: "empty";
}

/** A section that could not be read, and what is therefore missing, in words for the person. */
export interface FailedSection extends NamedSection {
  readonly state: "failed";
  readonly source: string;
  readonly missing: string;
}

export type Section = DocumentSection | RowsSection | EmptySection | FailedSection;

/** A file that goes along, such as a scanned form or a photo. */
export interface Attachment {
  /** As `attachmentPath` made it. */
  readonly path: string;
  readonly originalName: string;
  readonly mediaType: string;
  /** The section it belongs to. */
  readonly section: string | null;
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

/** Whether something could not be read: the report says so, and staff decide whether it leaves. */
export function isPartial(model: ReportModel): boolean {
  return (
    model.sources.some((source) => source.state === "failed") ||
    model.sections.some((section) => section.state === "failed")
  );
}
