import { BlockList, isIP, isIPv4 } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../../../../plugin/policy/address/address.ts";
import { contains, formatCidr, netOf, parseCidr } from "../../../../plugin/policy/address/cidr.ts";
import { repetitions } from "../../../lab/measure/repetitions.ts";
import { v4Text, v6Text } from "../../support/network.ts";
import { refusal } from "../../support/refusal.ts";

const field = "egress[0].classifier.to[0].ipBlock.cidr";

describe("parseCidr", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["255.255.255.255/32", "255.255.255.255/32"],
    ["172.31.255.255/12", "172.16.0.0/12"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["::/0", "::/0"],
    ["2001:0db8:85a3:0000:0000:8a2e:0370:7330/124", "2001:db8:85a3::8a2e:370:7330/124"],
    ["2001:DB8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1/128"],
    ["2001:db8:0:1:1:1:1:1/127", "2001:db8:0:1:1:1:1:0/127"],
    ["2001:db8::192.0.2.1/128", "2001:db8::c000:201/128"],
    ["fe80::ffff/10", "fe80::/10"],
    ["::ffff:0:0/95", "::fffe:0:0/95"],
  ])("001-12 001-13 reads %s as %s", (text, canonical) => {
    expect(formatCidr(parseCidr(field, text))).toBe(canonical);
  });

  it.each([
    "1.2.3.256/32",
    "1.2.3.4/42",
    "abc&!ABC/24",
    "2001:::::::7334/158",
    "192.0.2.0",
    "2001:db8::1",
    "010.0.0.0/8",
    "10.0.0.08/8",
    "10.0.0/8",
    "10.0.0.0.0/8",
    "10.0.0.0/08",
    "10.0.0.0/+8",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/33",
    "2001:db8::/129",
    "2001:db8:::/32",
    "2001:db8::1::/32",
    "1:2:3:4:5:6:7:8:9/64",
    "1:2:3:4:5:6:7::8:9/64",
    "1:2:3:4:5:6:7/64",
    ":1:2:3:4:5:6:7:8/64",
    "12345::/16",
    "fe80::1%eth0/64",
    "::192.0.2.1:1/128",
    "192.0.2.1::/128",
    " 10.0.0.0/8",
    "10.0.0.0/8\n",
    "",
    "/",
    "/8",
    10,
    null,
    ["10.0.0.0/8"],
  ])("001-13 refuses %j as upstream's e2e wants, naming field and value", (value) => {
    const { message } = refusal(() => parseCidr(field, value));
    expect(message).toContain(`${field}: ${JSON.stringify(value)} is not valid: a CIDR`);
  });

  it("says how one address is written", () => {
    expect(refusal(() => parseCidr(field, "192.0.2.7")).message).toContain('write "192.0.2.7/32"');
    expect(refusal(() => parseCidr(field, "2001:db8::7")).message).toContain('write "2001:db8::7/128"');
  });

  it.each(["::ffff:192.0.2.0/120", "::ffff:0:0/96"])(
    "refuses %s: the kernel compares an IPv4 packet with no IPv6 block",
    (text) => {
      expect(refusal(() => parseCidr(field, text)).message).toContain("write the IPv4 block");
    },
  );
});

it.each([
  ["::c000:200/120", "::192.0.2.0"],
  ["::192.0.2.1/128", "::192.0.2.1"],
  ["::1:0/128", "::0.1.0.0"],
  ["::1/128", "::1"],
  ["0:0:0:0:0:1::/96", "::1:0:0"],
  ["::ffff:0:1:2/128", "::ffff:0:1:2"],
])("%s is printed as iptables and ipset print it, or CHECK would not know it again: %s", (text, printed) => {
  expect(parseCidr(field, text).address).toBe(printed);
});

/** Behind six groups of zeros, or five and ffff, the C library prints an IPv4 address, and a URL does not. */
const inHex = (address: string): string => {
  const [, head = "", ...octets] = /^(::(?:ffff:)?)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address) ?? [];
  if (head === "") return address;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
};

/** As the URL standard writes it. */
const canonical = (text: string): string =>
  isIPv4(text) ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);

describe("against Node's own reading", () => {
  it.each([
    [4, v4Text],
    [6, v6Text],
  ] as const)("an IPv%d address is the same one and comes back in the same text", (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const ours = parseAddress(text);
        expect(ours === undefined ? text : inHex(formatAddress(ours))).toBe(canonical(text));
      }),
      { numRuns: repetitions(10_000) },
    );
  });

  it.each([
    [4, "ipv4", v4Text, 32],
    [6, "ipv6", v6Text, 128],
  ] as const)("an IPv%d block has the same members", (_, family, texts, longest) => {
    fc.assert(
      fc.property(texts, texts, fc.nat(longest), (text, other, prefix) => {
        fc.pre(!(mapped(text) && prefix >= 96));
        const theirs = new BlockList();
        theirs.addSubnet(text, prefix, family);
        const block = parseCidr(field, `${text}/${prefix}`);
        for (const member of [text, other, block.address]) {
          const address = parseAddress(member);
          expect(address !== undefined && contains(netOf(block), address)).toBe(theirs.check(member, family));
        }
      }),
      { numRuns: repetitions(10_000) },
    );
  });

  const letters = fc.string({ unit: fc.constantFrom(..."0123456789abcf:.x%/ "), maxLength: 24 });
  const pieces = fc
    .array(fc.constantFrom("::", ":", ".", "0", "1", "ffff", "12345", "192.0.2.1", "01", "256", "%", "0x1"), {
      maxLength: 9,
    })
    .map((some) => some.join(""));

  it("text is an address to both or to neither; a zone is none of an address", () => {
    fc.assert(
      fc.property(fc.oneof(letters, pieces), (text) => {
        const valid = isIP(text) !== 0 && !text.includes("%");
        expect([text, parseAddress(text) !== undefined]).toEqual([text, valid]);
      }),
      { numRuns: repetitions(30_000) },
    );
  });
});

function mapped(text: string): boolean {
  return canonical(text).startsWith("::ffff:") && canonical(text).split(":").length === 5;
}
