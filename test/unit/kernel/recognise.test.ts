/** What procfs says of a namespace's addresses, in its own words. */
import { expect, test } from "vitest";
import { inet6Of, localIn } from "../../../plugin/kernel/recognise.ts";

const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.88.0.0/16 2 0 2
        |-- 10.88.0.0
           /16 link UNICAST
        |-- 10.88.0.2
           /32 host LOCAL
        |-- 10.88.255.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
`;

test("of IPv4 the local addresses are read, and no network or broadcast", () => {
  expect(localIn(trie)).toEqual(["10.88.0.2", "127.0.0.1"]);
});

test("of IPv6 those of the interface are read", () => {
  const text = [
    "00000000000000000000000000000001 01 80 10 80       lo",
    "20010db8000000000000000000000002 02 40 00 80     eth0",
    "fe800000000000000858fffffe000001 02 40 20 80     eth1",
  ].join("\n");
  expect(inet6Of(text, "eth0")).toEqual(["2001:db8::2"]);
});
