/** Options of commands, as data. Pure. */
import { UsageError } from "../errors.ts";

export type Option<Value> = {
  /** What stands for its value in the help, as "DIR"; a flag has none. */
  readonly placeholder: string | undefined;
  readonly about: string;
  /** Above it and those that follow, in the help. */
  readonly heading?: string;
  /** What was given for it, in the order it was given; `name` is how it is written: "--state-dir". */
  readonly read: (texts: readonly string[], name: string) => Value;
};

export type Options = Readonly<Record<string, Option<unknown>>>;

export type Values<Table extends Options> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

export function flag(about: string): Option<boolean> {
  return { placeholder: undefined, about, read: (texts) => texts.length > 0 };
}

/** Of an option that is given twice the last counts. */
export function word(placeholder: string, about: string): Option<string | undefined> {
  return { placeholder, about, read: (texts) => texts.at(-1) };
}

export function words(placeholder: string, about: string): Option<readonly string[] | undefined> {
  return { placeholder, about, read: (given) => (given.length === 0 ? undefined : given) };
}

/** `parse` gives undefined for what is not `allowed`; "--round takes a time from 1s to 24h, not …". */
export function value<Value>(
  placeholder: string,
  about: string,
  allowed: string,
  parse: (text: string) => Value | undefined,
): Option<Value | undefined> {
  return {
    placeholder,
    about,
    read: (given, name) => {
      const last = given.at(-1);
      if (last === undefined) return undefined;
      const read = parse(last);
      if (read === undefined) throw new UsageError(`${name} takes ${allowed}, not ${JSON.stringify(last)}`);
      return read;
    },
  };
}

export function choice<const Choice extends string>(
  choices: readonly Choice[],
  about: string,
): Option<Choice | undefined> {
  const allowed = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`;
  return value(choices.join("|"), about, allowed, (given) => choices.find((known) => known === given));
}

export function wholeNumber(
  about: string,
  lowest: number,
  highest: number,
  placeholder = "NUMBER",
): Option<number | undefined> {
  return value(placeholder, about, `${lowest} to ${highest}`, (given) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : -1;
    return number < lowest || number > highest ? undefined : number;
  });
}

export function absolutePath(placeholder: string, about: string): Option<string | undefined> {
  return value(placeholder, about, "an absolute path", (given) =>
    given.startsWith("/") ? given : undefined,
  );
}

export function under<Value>(heading: string, option: Option<Value>): Option<Value> {
  return { ...option, heading };
}
