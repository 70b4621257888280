import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** A mail as it came over the wire, its parts decoded. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A real mail server that keeps what it is handed. */
export interface Inbox {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** How many mails it refused for the moment. */
  readonly refused: number;
  /** Refuses so many of the next mails, as a server that is busy does. */
  refuse(count: number): void;
  /** Waits until so many mails have come to an address, and answers with the last of them. */
  next(to: string, count?: number): Promise<ReceivedMail>;
  close(): Promise<void>;
}

/** Starts a mail server on a free port. It refuses every address at refused.example for good. */
export async function receiveMail(): Promise<Inbox> {
  const received: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  let toRefuse = 0;
  let refused = 0;
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onRcptTo: ({ address }, _session, done) =>
      done(
        address.endsWith("@refused.example")
          ? Object.assign(new Error("No such mailbox here"), { responseCode: 550 })
          : undefined,
      ),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (toRefuse > 0) {
          toRefuse -= 1;
          refused += 1;
          done(Object.assign(new Error("Busy just now"), { responseCode: 451 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo[0]?.address ?? "",
          ...read(Buffer.concat(chunks).toString("utf8")),
        });
        done();
        for (const look of waiting) look();
      });
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    get refused() {
      return refused;
    },
    refuse: (count) => {
      toRefuse = count;
    },
    next: (to, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const mails = received.filter((mail) => mail.to === to);
          const last = mails[count - 1];
          if (last === undefined) return;
          waiting.delete(look);
          resolve(last);
        };
        waiting.add(look);
        look();
      }),
    close: () => new Promise<void>((resolve) => void server.close(resolve)),
  };
}

/** Subject and parts of a message (RFC 5322, 2045, 2047), as far as ours go. */
function read(raw: string): Pick<ReceivedMail, "subject" | "text" | "html"> {
  const [head = ""] = raw.split("\r\n\r\n");
  const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(head)?.[1]?.replace(/\r\n[ \t]+/g, " ") ?? "";
  const boundary = /boundary="?([^"\r\n;]+)/i.exec(head)?.[1] ?? "";
  const parts = raw.split(`--${boundary}`).map((part) => {
    const end = part.indexOf("\r\n\r\n");
    const encoding = /^Content-Transfer-Encoding: (\S+)/im.exec(part.slice(0, end))?.[1]?.toLowerCase();
    return { type: part.slice(0, end), content: decode(part.slice(end + 4), encoding) };
  });
  const of = (type: string) => parts.find((part) => part.type.includes(type))?.content ?? "";
  return { subject: words(subject), text: of("text/plain"), html: of("text/html") };
}

function decode(content: string, encoding: string | undefined): string {
  if (encoding === "base64") return Buffer.from(content, "base64").toString("utf8");
  if (encoding !== "quoted-printable") return content;
  const bytes = content
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function words(header: string): string {
  return header.replace(/=\?utf-8\?([bq])\?([^?]*)\?=\s*/gi, (_, kind: string, text: string) =>
    decode(text.replaceAll("_", " "), kind.toLowerCase() === "b" ? "base64" : "quoted-printable"),
  );
}
