import makeCode from "qrcode-generator";
import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { findPoint } from "./manage-collection-points.ts";
import { chatOf } from "./open-collection-point.ts";

/** More bytes than this are in no QR code that repairs what is lost of it (ISO/IEC 18004, version 40, level M). */
const mostBytes = 2_331;

/**
 * The link that opens a collection point's chat with its words typed already, and the same as a QR code. `qrSvg` is null
 * where the link is too long for one. Throws `not_found`, and `conflict` for a point without a chat.
 */
export async function chatLinkOf(ctx: Context, id: string) {
  const point = await findPoint(ctx, id);
  const url = await chatOf(ctx, point);
  if (point.chat === null || url === undefined)
    throw new SaysoError("conflict", "This collection point has no chat to open. Give it one: `chat`.");
  return { url, text: point.chat.text, qrSvg: url.length > mostBytes ? null : drawCode(url) };
}

function drawCode(url: string): string {
  const code = makeCode(0, "M");
  code.addData(url, "Byte");
  code.make();
  return code.createSvgTag({ scalable: true, margin: 16, cellSize: 4 });
}
