/** One load in a process of its own, as every ADD is: prints the marks of the rules it found. */
import { loadPolicies } from "../../../plugin/state/policies.ts";

const [policyDir = "", stateDir = ""] = process.argv.slice(2);
const attachment = {
  pod: { namespace: "default", name: "pod", labels: {} },
  network: "podnet",
  ifname: "eth0",
};
const { networkQos } = await loadPolicies({ policyDir, stateDir }, attachment, "keep");
console.log(JSON.stringify(networkQos.map(({ dscp }) => dscp)));
