/** Labels and names as Kubernetes lets them be. Pure. The faults say what is allowed. */

export function labelKeyFault(key: string): string | undefined {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const fine = isWord(key.slice(slash + 1)) && (prefix === undefined || isSubdomain(prefix));
  return fine
    ? undefined
    : 'a label\'s key: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both ends, with or without ' +
        'a DNS name and "/" before it';
}

export function labelValueFault(value: string): string | undefined {
  return value === "" || isWord(value)
    ? undefined
    : 'a label\'s value: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both ends';
}

/** The name of an object. */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part));
}

/** The name of a namespace. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && !text.includes(".") && isSubdomain(text);
}

function isWord(text: string): boolean {
  return text.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);
}
