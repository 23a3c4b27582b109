/** The API server reaches a kubelet whose address no route leads to: that is how `kubectl logs` and `exec` reach the VM. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveEgress } from "../../scripts/lab/cluster/node/egress.ts";
import { freePorts } from "../../scripts/lab/cluster/ports.ts";
import { VM_ADDRESS } from "../../scripts/lab/vm/qemu.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { nodeObject, NODES, podObject, podPath } from "../lab/cluster/objects.ts";
import { suite } from "../lab/node/needs.ts";

suite("the way to a kubelet", { kubernetes: ["kube-apiserver", "etcd"], tools: ["openssl"] }, () => {
  test("leads the API server from the node's address to the port that stands for it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pod-qos-egress-"));
    const socket = join(folder, "egress.sock");
    await using plane = await createCluster({ egressSocket: socket });
    const { certificate, key } = plane.certificates.server;
    const asked: (string | undefined)[] = [];
    const kubelet = createServer(
      { cert: readFileSync(certificate), key: readFileSync(key) },
      (request, response) => {
        asked.push(request.url);
        response.end("a line of the pod's log\n");
      },
    );
    const [port = 0] = await freePorts(1);
    await once(kubelet.listen(port, "127.0.0.1"), "listening");
    const egress = serveEgress(socket, port);
    try {
      await plane.api.create(NODES, nodeObject("node-1"));
      const addresses = [{ type: "InternalIP", address: VM_ADDRESS }];
      const daemonEndpoints = { kubeletEndpoint: { Port: 10_250 } };
      await plane.api.patch(`${NODES}/node-1/status`, { status: { addresses, daemonEndpoints } });
      await plane.api.create(podPath("default"), podObject({ name: "web", nodeName: "node-1" }));
      const { status, body } = await plane.api.ask("GET", `${podPath("default", "web")}/log`);
      expect({ status, message: body.message }).toEqual({
        status: 200,
        message: "a line of the pod's log\n",
      });
      expect(asked).toEqual(["/containerLogs/default/web/main"]);
    } finally {
      egress.close();
      kubelet.close();
      kubelet.closeAllConnections();
      rmSync(folder, { recursive: true });
    }
  });
});
