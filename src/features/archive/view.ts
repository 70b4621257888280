/**
 * What the report's templates are given: labels and values in the person's language, as plain text that the
 * templates escape. One member of a Value or Block is there; the templates ask which.
 */
export type Value =
  /** Says in words that there is nothing. */
  | { readonly none: string }
  | { readonly text: string }
  /** Ids, addresses, digests: set apart, broken anywhere. */
  | { readonly code: string }
  | { readonly badge: string; readonly tone: Tone }
  | { readonly instant: string; readonly shown: string }
  | { readonly items: readonly Value[] }
  | { readonly fields: readonly Field[] }
  | { readonly image: string; readonly alternative: string };

export interface Field {
  readonly label: string;
  readonly value: Value;
}

export interface Cell extends Field {
  /** Smaller facts below the value. */
  readonly extras: readonly Field[];
}

export interface Table {
  readonly caption: string;
  /** Only programs that read aloud need the caption: a heading says the same. */
  readonly isCaptionUnseen: boolean;
  /** Columns of one width, so that run after run lines up. */
  readonly isLog: boolean;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly cells: readonly Cell[] }[];
}

/** A wording as it was shown. */
export interface Quote {
  readonly text: string;
  readonly language: string;
  readonly caption: string;
  readonly sha256: string;
}

export interface Card {
  readonly title: string;
  readonly state?: Value;
  readonly quote?: Quote;
  readonly fields: readonly Field[];
  readonly table?: Table;
}

export type Tone = "yes" | "no" | "open";

export type Block = { readonly heading?: string } & (
  | { readonly fields: readonly Field[] }
  /** Short values beside each other. */
  | { readonly values: readonly Value[] }
  | { readonly table: Table }
  | { readonly cards: readonly Card[] }
);
