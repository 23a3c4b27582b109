/** `iptables-save -t mangle` text back into chains of ours, and what stands before them. Pure. */
import { isCommented, type MangleChain, type ObservedChain } from "./chain.ts";
import { ruleBefore, ruleBehind, type Setter } from "./mangle.ts";

/** In one pass: a chain for each limit of thousands, and each with its line. */
export function parseChains(output: string, chains: readonly MangleChain[]): readonly ObservedChain[] {
  const found = new Map(
    chains.map((chain) => [chain.name, { chain, exists: false, rules: [], hookRules: [] } as Found]),
  );
  const shared = [...found.values()].filter(({ chain }) => chain.shared !== undefined);
  for (const line of output.split("\n").map((text) => text.trim())) {
    if (line.startsWith(":")) {
      const chain = found.get(line.slice(1, line.indexOf(" ")));
      if (chain !== undefined) chain.exists = true;
    }
    if (!line.startsWith("-A ")) continue;
    const rule = line.slice("-A ".length);
    const holder = rule.split(" ", 1)[0] ?? "";
    const own = found.get(holder);
    if (own !== undefined) own.rules.push(rule.slice(holder.length + 1));
    else (found.get(targetOf(rule)) ?? shared.find((one) => carriesComment(one, rule)))?.hookRules.push(rule);
  }
  const atHooks = rulesAtHooks(output);
  const setters = settersOf(chains);
  return [...found.values()].map((one) => asObserved(one, atHooks, setters));
}

/** What any of them sets: one is called from another. */
function settersOf(chains: readonly MangleChain[]): readonly Setter[] {
  const rules = chains.flatMap((chain) => chain.rules);
  return (["DSCP", "CLASSIFY"] as const).filter((setter) =>
    rules.some((rule) => rule.includes(`-j ${setter} `)),
  );
}

type Found = {
  readonly chain: MangleChain;
  exists: boolean;
  readonly rules: string[];
  readonly hookRules: string[];
};

function carriesComment({ chain }: Found, rule: string): boolean {
  return chain.shared !== undefined && isCommented(unquoted(rule), chain.shared.comment);
}

function targetOf(rule: string): string {
  return / -[jg] (\S+)$/.exec(rule)?.[1] ?? "";
}

/** Chains of the kernel's own have names in capitals. */
function rulesAtHooks(output: string): readonly string[] {
  return output
    .split("\n")
    .flatMap((line) => (/^-A [A-Z]+ /.test(line) ? [line.trim().slice("-A ".length)] : []));
}

function asObserved(
  { chain, exists, rules, hookRules: found }: Found,
  atHooks: readonly string[],
  setters: readonly Setter[],
): ObservedChain {
  const { name, shared } = chain;
  const text = shared === undefined ? (rule: string): string => rule : unquoted;
  const jumps = found
    .filter((rule) => targetOf(rule) === name)
    .map((jump) => ({ jump, link: shared?.link ?? / -o (\S+)/.exec(jump)?.[1] }));
  const before = jumps
    .map(({ jump, link }) => ruleBefore(jump, link, atHooks))
    .find((rule) => rule !== undefined);
  const behind = jumps
    .map(({ jump, link }) => ruleBehind(jump, link, atHooks, setters))
    .find((rule) => rule !== undefined);
  return {
    name,
    exists,
    rules: rules.map(text),
    hookRules: found.map(text),
    before: before === undefined ? undefined : text(before),
    ...(behind !== undefined && { behind: text(behind) }),
  };
}

/** iptables-save puts a comment with anything but letters and digits in it between quotes. */
function unquoted(rule: string): string {
  return rule.replace(/ --comment "([^" ]*)"/, " --comment $1");
}
