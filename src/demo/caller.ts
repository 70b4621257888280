import { createHmac } from "node:crypto";
import type { z } from "zod";
import { StoryError } from "./story-error.ts";
import type { Teller } from "./teller.ts";
import type { Transcript } from "./transcript.ts";

/** Who asks: the shop with its API key, WhatsApp with its signature, or a person with a browser. */
export type Asker = "shop" | "whatsapp" | "person";

/** One request of the story. */
export interface Call<Schema extends z.ZodType> {
  /** What happens, in plain words. */
  readonly title: string;
  readonly by?: Asker;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH";
  readonly path: string;
  /** The path as it is told, where the real one is a secret. */
  readonly shownPath?: string;
  /** Sent as JSON, or as a form by a person. */
  readonly body?: object;
  /** What the transcript keeps of a long body. */
  readonly shownBody?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  /** What the answer must look like: JSON, or for `text` and `bytes` the body itself. */
  readonly answer: Schema;
  readonly as?: "json" | "text" | "bytes";
  /** What the transcript keeps of the answer; all of it when left out. */
  readonly summary?: (answer: z.output<Schema>) => unknown;
  /** Not told line by line; the transcript has it. */
  readonly silent?: boolean;
}

/** Sends the story's requests over HTTP, insists on the answers that it expects, and records both. */
export class Caller {
  private chapterTitle = "";
  private readonly url: string;
  private readonly apiKey: string;
  private readonly appSecret: string;
  private readonly teller: Teller;
  private readonly transcript: Transcript;

  constructor(to: {
    url: string;
    apiKey: string;
    appSecret: string;
    teller: Teller;
    transcript: Transcript;
  }) {
    this.url = to.url;
    this.apiKey = to.apiKey;
    this.appSecret = to.appSecret;
    this.teller = to.teller;
    this.transcript = to.transcript;
  }

  chapter(title: string): void {
    this.chapterTitle = sentence(title);
    this.teller.chapter(this.chapterTitle);
  }

  async call<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    const { by = "shop", path, shownPath = path, body, status = 200, answer, as = "json" } = call;
    const title = sentence(call.title);
    const method = call.method ?? (body === undefined ? "GET" : "POST");
    const response = await fetch(new URL(path, this.url), this.request(by, method, call));
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== status) {
      throw new StoryError(
        `“${title}” (${method} ${shownPath}) was answered with ${response.status}, not ${status}${problemIn(bytes)}`,
      );
    }
    const content = as === "bytes" ? bytes : as === "text" ? bytes.toString("utf8") : readJson(bytes);
    const parsed = answer.safeParse(content);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new StoryError(
        `“${title}” (${method} ${shownPath}) was answered otherwise than expected: /${issue?.path.join("/")} ${issue?.message}`,
      );
    }
    this.transcript.add({
      chapter: this.chapterTitle,
      title,
      by,
      request: { method, path: shownPath, ...(body === undefined ? {} : { body: call.shownBody ?? body }) },
      response: { status, body: call.summary?.(parsed.data) ?? content },
    });
    if (!call.silent) this.teller.step(title, `${method} ${shownPath} → ${status}`);
    return parsed.data;
  }

  /** Asks for something that is neither told nor recorded. */
  async look<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>> {
    const response = await fetch(new URL(path, this.url), this.request("shop", "GET", {}));
    const parsed = answer.safeParse(readJson(Buffer.from(await response.arrayBuffer())));
    if (!parsed.success)
      throw new StoryError(`GET ${path} was answered with ${response.status}, not as expected.`);
    return parsed.data;
  }

  /** Sends many requests of the shop, some at a time; the transcript has one step for all of them. */
  async callMany(title: string, path: string, bodies: readonly object[]): Promise<void> {
    const left = bodies.values();
    const sendSome = async () => {
      for (const body of left) {
        const response = await fetch(new URL(path, this.url), this.request("shop", "POST", { body }));
        const bytes = Buffer.from(await response.arrayBuffer());
        if (response.status !== 201) {
          throw new StoryError(`“${title}” (POST ${path}) got ${response.status}${problemIn(bytes)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, sendSome));
    this.transcript.add({
      chapter: this.chapterTitle,
      title,
      by: "shop",
      request: { method: "POST", path, body: { requests: bodies.length, first: bodies[0] } },
      response: { status: 201, body: { answers: bodies.length } },
    });
    this.teller.step(title, `${bodies.length} × POST ${path} → 201`);
  }

  private request(
    by: Asker,
    method: string,
    { body, headers = {} }: { body?: object; headers?: Readonly<Record<string, string>> },
  ): RequestInit {
    if (by === "person") {
      return body === undefined
        ? { method, headers }
        : { method, headers, body: new URLSearchParams(Object.entries(body)), redirect: "manual" };
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    const credentials: Record<string, string> =
      by === "shop"
        ? { authorization: `Bearer ${this.apiKey}` }
        : { "x-hub-signature-256": this.sign(text ?? "") };
    return {
      method,
      headers: {
        ...credentials,
        ...(text === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    };
  }

  private sign(text: string): string {
    return `sha256=${createHmac("sha256", this.appSecret).update(text).digest("hex")}`;
  }
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function problemIn(bytes: Buffer): string {
  const problem = readJson(bytes);
  return typeof problem === "object" && problem !== null && "detail" in problem
    ? `: ${String(problem.detail)}`
    : ".";
}
