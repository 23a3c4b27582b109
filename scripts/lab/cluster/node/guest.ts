/** Runs in the VM: makes a node of it, with containerd and a kubelet, and then does what callers ask until the VM ends. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { startRuntime } from "../../../../test/vm/containerd/runtime.ts";
import { API_ADDRESS, API_PORT, GATEWAY_ADDRESS, VM_ADDRESS } from "../../vm/qemu.ts";
import { SERVICE_ADDRESS } from "../arguments.ts";
import { answerCalls } from "./calls.ts";
import {
  CONTAINERD_LOG,
  IN_VM,
  KUBECONFIG_FILE,
  KUBELET_CONFIG_FILE,
  KUBELET_LOG,
  NODE_FILE,
} from "./folder.ts";
import { PROGRESS_FILE, type NodePlan } from "./folder.ts";

const main = async (): Promise<void> => {
  const plan = JSON.parse(readFileSync(join(IN_VM, NODE_FILE), "utf8")) as NodePlan;
  say("the kernel runs");
  await makeNetwork();
  const { executable, conflist } = plan;
  await startRuntime({ executable, conflist, logFile: join(IN_VM, CONTAINERD_LOG) });
  say("containerd runs");
  const kubelet = startKubelet(plan);
  say("the kubelet runs");
  const ended = await Promise.race([kubelet, answerCalls(IN_VM)]);
  throw new Error(`the kubelet ended with ${ended.exitCode}`);
};

/** What a DaemonSet's mountPropagation wants of a node: shared mounts, as systemd makes them. */
const makeNetwork = async (): Promise<void> => {
  await run("mount --make-rshared /");
  await run("modprobe -a virtio_net veth bridge br_netfilter ifb ip6table_mangle");
  while (!existsSync("/sys/class/net/eth0")) await sleep(50);
  await run(`ip addr add ${VM_ADDRESS}/24 dev eth0`);
  await run("ip link set eth0 up");
  await run(`ip route add default via ${GATEWAY_ADDRESS}`);
  await run("sysctl -qw net.ipv4.ip_forward=1");
  // What kube-proxy does for the one service that pods of the node itself ask.
  const toService = `-d ${SERVICE_ADDRESS} -p tcp --dport 443`;
  await run(`iptables -t nat -A OUTPUT ${toService} -j DNAT --to-destination ${API_ADDRESS}:${API_PORT}`);
};

const startKubelet = ({ kubelet, name }: NodePlan) => {
  const log = { file: join(IN_VM, KUBELET_LOG), append: true };
  const args = [
    ["--config", join(IN_VM, KUBELET_CONFIG_FILE)],
    ["--kubeconfig", join(IN_VM, KUBECONFIG_FILE)],
    ["--hostname-override", name],
    ["--node-ip", VM_ADDRESS],
  ];
  return execa(kubelet, args.flat(), {
    stdin: "ignore",
    stdout: log,
    stderr: log,
    reject: false,
    buffer: false,
  });
};

const run = (line: string): Promise<unknown> => {
  const [file = "", ...args] = line.split(" ");
  return execa(file, args);
};

const say = (what: string): void => {
  const [uptime] = readFileSync("/proc/uptime", "utf8").split(" ");
  appendFileSync(join(IN_VM, PROGRESS_FILE), `${Number(uptime).toFixed(1)} s: ${what}\n`);
};

await main();
