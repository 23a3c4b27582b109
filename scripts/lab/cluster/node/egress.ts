/**
 * The API server's way to a kubelet, for logs, exec and port-forward. The node's address is one inside the VM, which no route of
 * this machine leads to, so the API server asks a proxy of ours (HTTP CONNECT on a Unix socket), which knows the port for it.
 */
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { KUBELET_PORT, VM_ADDRESS } from "../../vm/qemu.ts";

export const serveEgress = (socket: string, kubeletPort: number): Server => {
  const server = createServer();
  server.on("connect", (request, client) => {
    if (request.url !== `${VM_ADDRESS}:${KUBELET_PORT}`) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const kubelet = connect(kubeletPort, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      kubelet.pipe(client).pipe(kubelet);
    });
    kubelet.on("error", () => client.destroy());
    client.on("error", () => kubelet.destroy());
  });
  return server.listen(socket);
};

/** What the API server is told of it (pure). */
export const egressSelector = (socket: string): object => ({
  apiVersion: "apiserver.k8s.io/v1beta1",
  kind: "EgressSelectorConfiguration",
  egressSelections: [
    {
      name: "cluster",
      connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: socket } } },
    },
  ],
});
