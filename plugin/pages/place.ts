/** Where pages are served: the option --listen. Pure. */
import { value, type Option } from "../command-line/option.ts";

export type Listen = { readonly host: string; readonly port: number };

export function listenOption(pages: string, usual: string): Option<Listen | "off" | undefined> {
  return value(
    "HOST:PORT",
    `of ${pages}; default ${usual}; "off": nowhere`,
    `HOST:PORT, such as ${usual} or [::1]:${usual.split(":")[1]}, or off`,
    (given) => (given === "off" ? given : listenOf(given)),
  );
}

export function listenOf(text: string): Listen | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  return host === undefined || number > 65_535 ? undefined : { host, port: number };
}
