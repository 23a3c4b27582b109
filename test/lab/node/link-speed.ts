import type { LabNode } from "./node.ts";

/** A link of the node that says how fast it is, and may be told: a tap's speed is whatever `ethtool -s` says. */
export const addPacedLink = async (node: LabNode, name: string, mbit: number): Promise<void> => {
  await node.exec("sh", ["-ec", 'ip tuntap add "$1" mode tap; ip link set "$1" up', "sh", name]);
  await setSpeed(node, name, mbit);
};

export const setSpeed = async (node: LabNode, name: string, mbit: number): Promise<void> => {
  await node.exec("perl", ["-e", SET, name, String(mbit)]);
};

/** What `ethtool -s NAME speed MBIT` does, by the tool that every Debian has: ETHTOOL_GSET, the speed's two halves, ETHTOOL_SSET. */
const SET = String.raw`
my ($name, $mbit) = @ARGV;
socket(my $socket, 2, 2, 0) or die "socket: $!";
my $settings = pack("L", 1) . "\0" x 40;
my $request = pack("a16 P x16", $name, $settings);
ioctl($socket, 0x8946, $request) or die "get: $!";
substr($settings, 0, 4) = pack("L", 2);
substr($settings, 12, 2) = pack("S", $mbit & 0xffff);
substr($settings, 28, 2) = pack("S", $mbit >> 16);
$request = pack("a16 P x16", $name, $settings);
ioctl($socket, 0x8946, $request) or die "set: $!";
`;
