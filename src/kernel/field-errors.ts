import type { z } from "zod";
import type { FieldError } from "./errors.ts";

/** Appends a member's name to a JSON pointer (RFC 6901). */
export function pointerTo(parent: string, member: string | number): string {
  return `${parent}/${String(member).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** What a zod check found, with pointers below `base`. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], base = ""): FieldError[] {
  return issues.flatMap((issue) => {
    const pointer = issue.path.reduce<string>((parent, member) => pointerTo(parent, String(member)), base);
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ pointer: pointerTo(pointer, key), message: "There is no such field." }))
      : [{ pointer, message: issue.message }];
  });
}
