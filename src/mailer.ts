import { createTransport } from "nodemailer";
import type { SendMail } from "./context.ts";
import { SaysoError } from "./kernel/errors.ts";
import { limits } from "./kernel/limits.ts";

/**
 * Sends mails by way of a mail server (`smtp://` with STARTTLS where it is offered, `smtps://`). Every mail is a
 * connection of its own: they are few, and nothing is left open when the service stops.
 */
export function createMailer({ url, from }: { url: string; from: string }): SendMail {
  const transport = createTransport(url, { from });
  const timeouts = {
    connectionTimeout: limits.mailTimeoutMs,
    greetingTimeout: limits.mailTimeoutMs,
    socketTimeout: limits.mailTimeoutMs,
  };
  Object.assign(transport.options, timeouts);
  const domain = /@([^\s>]+)/.exec(from)?.[1] ?? "localhost";
  return async ({ to, id, ...mail }) => {
    // Nobody answers a machine, and no machine should answer this one (RFC 3834).
    await transport
      // As an address and not as text, in which there may be several.
      .sendMail({
        ...mail,
        to: { name: "", address: to },
        headers: { "Auto-Submitted": "auto-generated" },
        ...(id === undefined ? {} : { messageId: `<${id}@${domain}>` }),
      })
      .catch(({ code, responseCode }: { code?: string; responseCode?: number }) => {
        // What the server says names the address, and errors of jobs are logged and kept.
        // A refused address or message (RFC 5321, 5yz) is refused again; a refused sign-in may be set right.
        const isFinal = (responseCode ?? 0) >= 500 && (code === "EENVELOPE" || code === "EMESSAGE");
        throw new SaysoError(
          isFinal ? "conflict" : "unavailable",
          `The mail server did not take the mail (${[code ?? "unknown", responseCode].filter(Boolean).join(" ")}).`,
        );
      });
  };
}
