import { type JSONVisitor, visit } from "jsonc-parser";
import { type FieldError, SaysoError } from "./errors.ts";
import { pointerTo } from "./field-errors.ts";
import { limits } from "./limits.ts";

/**
 * Reads a JSON text that has one meaning only. Throws `malformed` for broken JSON and `invalid`, with a pointer,
 * for a key that stands twice in one object or is `__proto__`, for text with NUL or half a surrogate pair and for numbers that would
 * silently become others: databases, hashes and other readers would each understand those in their own way (RFC 8259
 * sections 4 and 6, I-JSON RFC 7493). Nesting has a limit too, `jsonDepth`.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SaysoError("malformed", "The body is not JSON. Send one JSON document in UTF-8.", { cause });
  }
  const bad: FieldError[] = [];
  const members = inspect(value, undefined, bad, 0);
  if (bad.length > 0) throw refusal(bad);
  // A parsed object has each key once, so fewer members than colons in the text means that one stood twice.
  if (members !== structuralColons(text)) {
    throw refusal(
      duplicateKeys(text).map((pointer) => ({
        pointer,
        message: "This key stands twice in the same object.",
      })),
    );
  }
  return value;
}

function refusal(errors: readonly FieldError[]): SaysoError {
  return new SaysoError("invalid", "The body has content that cannot be taken; see errors.", { errors });
}

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

const badText = "Text must not contain NUL or half a surrogate pair.";
// Whoever copies objects member by member loses it or makes it the copy's prototype.
const badKey = "No member may have this name.";
const badNumber = "This number is too large to be read exactly. Write it as text.";

/** Where a value stands. A pointer is only made of it when there is something to say: most bodies have none. */
interface Place {
  readonly parent: Place | undefined;
  readonly member: string | number;
}

function pointerOf(place: Place | undefined): string {
  return place === undefined ? "" : pointerTo(pointerOf(place.parent), place.member);
}

/** Counts the members of all objects and collects what is wrong with texts and numbers. */
function inspect(value: unknown, place: Place | undefined, bad: FieldError[], depth: number): number {
  if (typeof value === "string") {
    if (!isPlainText(value)) bad.push({ pointer: pointerOf(place), message: badText });
    return 0;
  }
  if (typeof value === "number") {
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    if (!isExact) bad.push({ pointer: pointerOf(place), message: badNumber });
    return 0;
  }
  if (typeof value !== "object" || value === null) return 0;
  if (depth === limits.jsonDepth) {
    throw refusal([
      {
        pointer: pointerOf(place),
        message: `Objects and arrays may lie at most ${limits.jsonDepth} deep within each other.`,
      },
    ]);
  }
  let members = 0;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      members += inspect(item, { parent: place, member: index }, bad, depth + 1);
    return members;
  }
  for (const [key, item] of Object.entries(value)) {
    const here = { parent: place, member: key };
    if (!isPlainText(key)) bad.push({ pointer: pointerOf(place), message: badText });
    if (key === "__proto__") bad.push({ pointer: pointerOf(here), message: badKey });
    members += 1 + inspect(item, here, bad, depth + 1);
  }
  return members;
}

function structuralColons(json: string): number {
  let colons = 0;
  let inText = false;
  for (let i = 0; i < json.length; i += 1) {
    const character = json.charCodeAt(i);
    if (character === 0x22) inText = !inText;
    else if (character === 0x5c) i += 1;
    else if (character === 0x3a && !inText) colons += 1;
  }
  return colons;
}

function duplicateKeys(text: string): string[] {
  const open: Set<string>[] = [];
  const found: string[] = [];
  const visitor: JSONVisitor = {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty: (key, _offset, _length, _line, _character, path) => {
      const keys = open.at(-1);
      if (keys?.has(key))
        found.push(
          pointerTo(
            path().reduce<string>((p, m) => pointerTo(p, m), ""),
            key,
          ),
        );
      keys?.add(key);
    },
  };
  visit(text, visitor);
  return found;
}
