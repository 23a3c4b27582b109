/** Who may speak to whom: an authority of the cluster's own and what it has signed, by openssl, in half a second. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

export type Certificates = {
  readonly authority: string;
  readonly server: Pair;
  readonly admin: Pair;
  /** Signs and proves the tokens of service accounts. */
  readonly accounts: { readonly key: string; readonly public: string };
  /** A certificate for somebody else. */
  readonly issue: (name: string, subject: string) => Promise<Pair>;
};

export type Pair = { readonly certificate: string; readonly key: string };

/** Files in a folder that is there and empty. `addresses`: where the API server may be found. */
export const makeCertificates = async (
  folder: string,
  addresses: readonly string[],
): Promise<Certificates> => {
  const file = (name: string): string => join(folder, name);
  const authority = { certificate: file("ca.crt"), key: file("ca.key") };
  const accounts = { key: file("sa.key"), public: file("sa.pub") };
  const names = ["DNS:localhost", ...addresses.map((address) => `IP:${address}`)].join(",");
  await Promise.all([makeAuthority(authority), makeAccountKeys(accounts)]);
  const issue = (name: string, subject: string, extension = "extendedKeyUsage=clientAuth"): Promise<Pair> =>
    sign(authority, { certificate: file(`${name}.crt`), key: file(`${name}.key`) }, subject, extension);
  const [server, admin] = await Promise.all([
    issue("server", "/CN=kube-apiserver", `subjectAltName=${names}`),
    issue("admin", "/O=system:masters/CN=admin"),
  ]);
  return { authority: authority.certificate, server, admin, accounts, issue };
};

const makeAuthority = ({ certificate, key }: Pair): Promise<unknown> =>
  openssl([
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    key,
    "-out",
    certificate,
    "-days",
    DAYS,
    "-subj",
    "/CN=cluster",
  ]);

const makeAccountKeys = async (accounts: Certificates["accounts"]): Promise<void> => {
  await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", accounts.key]);
  await openssl(["pkey", "-in", accounts.key, "-pubout", "-out", accounts.public]);
};

const sign = async (authority: Pair, pair: Pair, subject: string, extension: string): Promise<Pair> => {
  const [request, extensions] = [`${pair.certificate}.csr`, `${pair.certificate}.ext`];
  writeFileSync(extensions, `${extension}\n`);
  await openssl(["req", "-new", ...NEW_KEY, "-keyout", pair.key, "-out", request, "-subj", subject]);
  // A serial number of its own: certificates are made side by side, and a shared counter would be written by all.
  const serial = `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex")}`;
  await openssl(
    ["x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key].concat([
      "-set_serial",
      serial,
      "-days",
      DAYS,
      "-extfile",
      extensions,
      "-out",
      pair.certificate,
    ]),
  );
  return pair;
};

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;
const DAYS = "365";

const openssl = (args: readonly string[]): Promise<unknown> => execa("openssl", args, { stdin: "ignore" });
