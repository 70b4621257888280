/** One box on a screen: its own wording, and what ticking it agrees to. */
export interface Box {
  readonly wording: string;
  /** SHA-256 of the wording in UTF-8, in hex. */
  readonly wordingSha256: string;
  readonly purposes: readonly string[];
  /** The form cannot be sent without it. */
  readonly required: boolean;
}

/** What a version shows, as far as its boxes go; `boxes` is null for a version of one box. */
export interface ShownBoxes {
  readonly wording: string;
  readonly wordingSha256: string;
  readonly purposes: readonly string[];
  readonly boxes: readonly Box[] | null;
}

/** The boxes that a version shows, in their order. A version that names none is one box. */
export function boxesOf({ boxes, wording, wordingSha256, purposes }: ShownBoxes): readonly Box[] {
  return boxes ?? [{ wording, wordingSha256, purposes, required: true }];
}

/** The box that asks for a purpose: its wording is what proves the consent. No purpose is in two boxes. */
export function boxFor(version: ShownBoxes, purpose: string): Box | undefined {
  return boxesOf(version).find(({ purposes }) => purposes.includes(purpose));
}
