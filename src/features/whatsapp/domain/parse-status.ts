import { z } from "zod";
import { completed, readPerson } from "./person.ts";
import {
  anything,
  ignored,
  keptText,
  lenient,
  malformed,
  originOf,
  platformId,
  type Setting,
  stamp,
} from "./reading.ts";
import type { MessageStatus, PlatformError, Update } from "./update.ts";

const code = z.coerce.number<string | number>().int().min(0).max(2_147_483_647);
const errorSchema = z.object({
  code: z.union([z.number(), z.string().regex(/^\d{1,10}$/)]).pipe(code),
  title: lenient(keptText),
});

const statusSchema = z.object({
  id: platformId,
  status: z.string(),
  type: anything,
  timestamp: anything,
  recipient_type: anything,
  recipient_id: anything,
  recipient_user_id: anything,
  recipient_parent_user_id: anything,
  recipient_participant_id: anything,
  recipient_participant_user_id: anything,
  recipient_participant_parent_user_id: anything,
  errors: lenient(z.array(z.unknown())),
  biz_opaque_callback_data: lenient(keptText),
});

/**
 * Reads one element of `statuses`. Statuses of calls and words that are not in the list have no effect. Source:
 * Meta, "Status messages webhook reference".
 */
export function parseStatus(element: unknown, setting: Setting): Update {
  const read = statusSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const status = read.data;
  const word = statusWord(status.status);
  if (word === undefined || status.type === "call") return ignored(setting, "status_of_other_kind");
  const group = status.recipient_type === "group";
  const own = group
    ? readPerson(
        status.recipient_participant_id,
        status.recipient_participant_user_id,
        status.recipient_participant_parent_user_id,
      )
    : readPerson(status.recipient_id, status.recipient_user_id, status.recipient_parent_user_id);
  const opaque = status.biz_opaque_callback_data;
  return {
    ...originOf(setting),
    ...stamp(status.timestamp, setting.receivedAt),
    type: "message_status",
    messageId: status.id,
    status: word,
    recipient: completed(own, setting.contacts),
    group,
    errors: (status.errors ?? []).map(readError).filter((error) => error !== undefined),
    ...(opaque === undefined ? {} : { opaque }),
  };
}

const words: readonly MessageStatus["status"][] = ["sent", "delivered", "read", "played", "failed"];

function statusWord(text: string): MessageStatus["status"] | undefined {
  return words.find((word) => word === text.toLowerCase());
}

function readError(element: unknown): PlatformError | undefined {
  const read = errorSchema.safeParse(element);
  if (!read.success) return undefined;
  const { code, title } = read.data;
  return title === undefined ? { code } : { code, title };
}

/** Reads one element of the `errors` that a change carries beside its messages: about the app, account or number. */
export function parseErrorReport(element: unknown, setting: Setting): Update {
  const read = errorSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const { code, title } = read.data;
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    type: "platform_error",
    error: title === undefined ? { code } : { code, title },
  };
}
