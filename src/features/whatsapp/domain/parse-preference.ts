import { z } from "zod";
import { completed, nameCount, readPerson } from "./person.ts";
import {
  anything,
  ignored,
  lenient,
  malformed,
  originOf,
  type Setting,
  stamp,
  unreadable,
} from "./reading.ts";
import type { Update } from "./update.ts";

const preferenceSchema = z.object({
  value: z.string().transform((value) => value.toLowerCase()),
  category: lenient(z.string().transform((category) => category.toLowerCase())),
  wa_id: anything,
  user_id: anything,
  parent_user_id: anything,
  timestamp: anything,
});

/**
 * Reads one element of `user_preferences`. In doubt the no wins: a stop counts whatever its category and even
 * without a timestamp; a resume or signup counts for marketing messages only, and a resume without the platform's
 * timestamp is unreadable, for it could lift a later stop. Source: Meta, "user_preferences webhook reference".
 */
export function parsePreference(element: unknown, setting: Setting): Update {
  const read = preferenceSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const { value, category, ...preference } = read.data;
  if (value !== "stop" && value !== "resume" && value !== "signup") {
    return unreadable(setting, "unknown_value", ["value"]);
  }
  const isMarketing = category === "marketing_messages";
  if (value !== "stop" && !isMarketing) return ignored(setting, "preference_of_other_category");
  const own = readPerson(preference.wa_id, preference.user_id, preference.parent_user_id);
  const person = completed(own, setting.contacts);
  if (nameCount(person) === 0) return unreadable(setting, "nobody_named", ["wa_id"]);
  const at = stamp(preference.timestamp, setting.receivedAt);
  if (value === "resume" && at.atFrom === "received") {
    return unreadable(setting, "no_timestamp", ["timestamp"]);
  }
  return {
    ...originOf(setting),
    ...at,
    type: "user_preference",
    person,
    value,
    category: isMarketing ? "marketing_messages" : "other",
  };
}
