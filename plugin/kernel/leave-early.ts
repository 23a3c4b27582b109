/**
 * When a removal has done its work though its tool still runs: deleting an ifb takes 15 to 30 ms. After two it is gone for
 * everybody; the rest of the time the kernel waits until it may free the memory, and that needs no company.
 *
 * iptables waits as long, in the close of its netlink socket. That one is waited for: any such close waits while a removal of
 * the other family is pending, so from outside a tool that has committed looks like one that is yet to.
 */
import type { Program } from "../program/program.ts";
import { linksOf } from "../program/traits.ts";
import { nodeHasLink } from "./linux.ts";

/** Asked again and again. Only the node's links can be seen without starting a tool. */
export function workIsDone(program: Program): (() => boolean) | undefined {
  const links = linksOf([program]);
  return program.place === "node" && links.length > 0
    ? () => !links.some(({ name }) => nodeHasLink(name))
    : undefined;
}
