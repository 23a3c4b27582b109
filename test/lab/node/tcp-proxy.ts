/** A way to a server that a test can break for those who take it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpProxy = {
  readonly port: number;
  /** Resets what is open and whatever comes. */
  readonly cut: () => void;
  /** Nothing passes any more, and nobody is told: a half-open connection. */
  readonly stall: () => void;
  readonly restore: () => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export async function tcpProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let state: "open" | "cut" | "stalled" = "open";
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      if (state !== "stalled") other.destroy();
    });
    socket.on("error", () => undefined);
    // Half-open: what is read is thrown away.
    socket.on("data", (data) => void (state === "stalled" ? undefined : other.write(data)));
  };
  const server = createServer((client) => {
    if (state === "cut") return void client.resetAndDestroy();
    const upstream = connect(to, "127.0.0.1");
    keep(client, upstream);
    keep(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const end = (): void => sockets.forEach((socket) => void socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = "cut";
      sockets.forEach((socket) => void socket.resetAndDestroy());
    },
    stall: () => (state = "stalled"),
    restore: () => (state = "open"),
    [Symbol.asyncDispose]: async () => {
      state = "cut";
      end();
      server.close();
      await once(server, "close");
    },
  };
}
