import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { openNotice } from "./send-notice.ts";
import { recordReading, selectNotices } from "./store.ts";
import { writeCodeText } from "./write-notice.ts";

/**
 * The newest notices with what became of them. Of those that no configured way takes it tells what they say and to whom, as
 * long as they are good; that somebody read these is in the audit log.
 */
export async function readOutbox(ctx: Context) {
  const rows = await selectNotices(ctx);
  const read = rows.filter(({ sealed }) => sealed !== null);
  if (read.length > 0)
    await recordReading(
      ctx,
      read.map(({ id }) => id),
    );
  return rows.map(({ id, sealed, createdAt, expiresAt, ...row }) => {
    const notice = sealed === null ? undefined : openNotice(ctx, { id, sealed });
    return {
      id: formatId("ntf", id),
      ...row,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      to: notice?.to.value ?? null,
      text: notice === undefined ? null : writeCodeText(notice),
    };
  });
}
