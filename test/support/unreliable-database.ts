import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** A way to a database that can be lost and found again. */
export interface UnreliableDatabase {
  /** The database's URL by this way. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  lose(): Promise<void>;
  /** Lets connections through again. */
  find(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a way to the database of `url` through a port of this process. */
export async function openUnreliableDatabase(url: string): Promise<UnreliableDatabase> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = dial({ host: target.hostname, port: Number(target.port || 5432) });
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const lose = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await listen(0);
  const byThisWay = new URL(url);
  byThisWay.host = `127.0.0.1:${port}`;
  return {
    url: byThisWay.href,
    lose,
    find: async () => void (await listen(port)),
    close: lose,
  };
}
