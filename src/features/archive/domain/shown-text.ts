/** Control characters but line breaks and tabs, and the bidi controls that reorder what stands around them. */
const invisible = /(?![\n\r\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** More marks on one letter than any script writes; they would cover the lines above. */
const tower = /(\p{M}{8})(\p{M}+)/gu;

/** Most texts: nothing in them can be invisible. */
const plain = /^[ -~]*$/;

/**
 * A stored text fit to be looked at: what would not show, or would turn the text around, is named in brackets
 * (`[U+202E]`), and towers of marks are cut with their rest counted (`[+52]`). The JSON files hold the text as it is
 * stored.
 */
export function shownText(text: string): string {
  if (plain.test(text)) return text;
  return text
    .replace(invisible, (character) => {
      const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      return `[U+${code}]`;
    })
    .replace(tower, (_, kept: string, rest: string) => `${kept}[+${[...rest].length}]`);
}
