import { fromString, fromUUID, toUUID } from "typeid-js";

/** Prefixes of public ids (TypeID: prefix + UUIDv7). In the database an id is its uuid. */
export type IdPrefix =
  | "org"
  | "key"
  | "snd"
  | "sub"
  | "cpt"
  | "pub"
  | "cns"
  | "att"
  | "imp"
  | "opt"
  | "sus"
  | "prf"
  | "pcd"
  | "blk"
  | "dec"
  | "prm"
  | "cau"
  | "swi"
  | "brk"
  | "mon"
  | "tpl"
  | "inb"
  | "whk"
  | "whe"
  | "ntf"
  | "clm"
  | "idc"
  | "req"
  | "arc"
  | "dlv"
  | "hld"
  | "let"
  | "evt"
  | "aud";

/** The public form of a stored uuid, such as `sub_01h…`. */
export function formatId(prefix: IdPrefix, uuid: string): string {
  return fromUUID(uuid, prefix);
}

/** The uuid of a public id, or undefined when the text is no id of this kind. */
export function parseId(prefix: IdPrefix, id: string): string | undefined {
  if (!id.startsWith(`${prefix}_`)) return undefined;
  try {
    return toUUID(fromString(id, prefix));
  } catch {
    return undefined;
  }
}

/** The least uuid that an id made at this instant can have: ids begin with their time (UUIDv7, RFC 9562). */
export function firstUuidOf(instant: Date): string {
  const hex = instant.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
