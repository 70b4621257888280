import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request that a receiver got. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  readonly path: string;
}

type Behaviour = (response: ServerResponse, received: Received, socket: Socket) => void;

/** A real server on this machine that webhooks are sent to. It answers 204 until it is told otherwise. */
export class Receiver {
  readonly received: Received[] = [];
  behave: Behaviour = (response) => void response.writeHead(204).end();
  private server: Server | undefined;
  private port = 0;

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await receiver.start();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`;
  }

  /** The bodies so far, read as JSON. */
  get bodies(): { type: string; timestamp: string; data: Record<string, unknown> }[] {
    return this.received.map(({ raw }) => JSON.parse(raw.toString("utf8")));
  }

  /** Comes (back) on the same port. */
  async start(): Promise<void> {
    const server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const received = {
        headers: request.headers,
        raw: Buffer.concat(pieces),
        path: request.url ?? "",
      };
      this.received.push(received);
      this.behave(response, received, request.socket);
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Disappears: connections break, and none are taken. */
  async stop(): Promise<void> {
    const closed = this.server && once(this.server, "close");
    this.server?.close();
    this.server?.closeAllConnections();
    await closed;
    this.server = undefined;
  }
}
