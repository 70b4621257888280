/**
 * How one-dimensional arrays of the types that Sayso uses travel as text (PostgreSQL manual 8.15.6). Elements that
 * are read or written as text: text, varchar, uuid; and bytea.
 */
export const arrayTypes = {
  text: arrayType(1009, String, (text) => text),
  varchar: arrayType(1015, String, (text) => text),
  uuid: arrayType(2951, String, (text) => text),
  bytea: arrayType(
    1001,
    (bytes: Buffer) => `\\x${bytes.toString("hex")}`,
    (text) => Buffer.from(text.slice(2), "hex"),
  ),
};

function arrayType<Element>(
  oid: number,
  write: (element: Element) => string,
  read: (text: string) => Element,
) {
  return {
    to: oid,
    from: [oid],
    // drizzle hands over arrays that are text already.
    serialize: (elements: readonly (Element | null)[] | string) =>
      typeof elements === "string" ? elements : `{${elements.map((e) => quoted(e, write)).join(",")}}`,
    parse: (text: string): (Element | null)[] =>
      [...text.matchAll(/"((?:[^"\\]|\\.)*)"|[^{},]+/gs)].map(([plain, quoted]) => {
        if (quoted !== undefined) return read(quoted.replace(/\\(.)/gs, "$1"));
        return plain === "NULL" ? null : read(plain);
      }),
  };
}

function quoted<Element>(element: Element | null, write: (element: Element) => string): string {
  return element === null ? "NULL" : `"${write(element).replace(/["\\]/g, "\\$&")}"`;
}
