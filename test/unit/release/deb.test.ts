/** The Debian package as dpkg-deb reads it. Its executable is a text here: the whole one is for the tier long. */
import { Buffer } from "node:buffer";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { debName, debOf, type DebRequest } from "../../../scripts/release/deb.ts";
import { postinst, postrm, prerm, unit } from "../../../scripts/release/deb-texts.ts";
import { manualOf } from "../../../scripts/release/manual.ts";

const request: DebRequest = {
  arch: "arm64",
  version: "1.2.3",
  executable: Buffer.from("x".repeat(2048)),
  notices: "notices\n",
  changelog: "what has changed\n",
  manual: manualOf("pod-qos 1.2.3: a plugin\n\n.conf and -h\n", "1.2.3"),
  epochSeconds: 1_577_836_800,
};

const folder = mkdtempSync(join(tmpdir(), "pod-qos-deb-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, debName(request));
writeFileSync(path, debOf(request));
const dpkg = (...args: readonly string[]): string =>
  execaSync("dpkg-deb", args, { env: { TZ: "UTC" } }).stdout;

describe("the Debian package", () => {
  it("is named and described as dpkg wants it", () => {
    expect(debName(request)).toBe("pod-qos_1.2.3_arm64.deb");
    expect(dpkg("-f", path, "Package", "Version", "Architecture", "Installed-Size")).toBe(
      "Package: pod-qos\nVersion: 1.2.3\nArchitecture: arm64\nInstalled-Size: 4",
    );
  });

  it("has the executable, the unit and the documents, all root's and of one moment", () => {
    const lines = dpkg("-c", path).split("\n");
    const files = lines.filter((line) => !line.startsWith("d")).map((line) => line.split(/ +/));
    expect(files.map(([mode, owner, , day, , name]) => [mode, owner, day, name])).toEqual(
      [
        ["-rw-r--r--", "./lib/systemd/system/pod-qos.service"],
        ["-rwxr-xr-x", "./usr/bin/pod-qos"],
        ["-rw-r--r--", "./usr/share/doc/pod-qos/CHANGELOG.md.gz"],
        ["-rw-r--r--", "./usr/share/doc/pod-qos/THIRD_PARTY_NOTICES.gz"],
        ["-rw-r--r--", "./usr/share/doc/pod-qos/changelog.gz"],
        ["-rw-r--r--", "./usr/share/doc/pod-qos/copyright"],
        ["-rw-r--r--", "./usr/share/lintian/overrides/pod-qos"],
        ["-rw-r--r--", "./usr/share/man/man8/pod-qos.8.gz"],
      ].map(([mode, name]) => [mode, "0/0", "2020-01-01", name]),
    );
  });

  it("has sums that hold", () => {
    dpkg("-x", path, join(folder, "files"));
    dpkg("-e", path, join(folder, "meta"));
    const { stdout } = execaSync("md5sum", ["-c", "../meta/md5sums"], { cwd: join(folder, "files") });
    expect(stdout.split("\n").filter((line) => !line.endsWith(": OK"))).toEqual([]);
    expect(readdirSync(join(folder, "meta")).toSorted()).toEqual([
      "control",
      "md5sums",
      "postinst",
      "postrm",
      "prerm",
    ]);
  });

  it("is made the same twice", () => {
    expect(debOf(request).equals(debOf(request))).toBe(true);
  });

  it.each([
    ["postinst", postinst],
    ["prerm", prerm],
    ["postrm", postrm],
  ])("%s is a script that a shell reads", (_, script) => {
    expect(execaSync("sh", ["-n"], { input: script }).exitCode).toBe(0);
  });

  it("starts and enables nothing by itself, and an upgrade uninstalls nothing", () => {
    expect(postinst).not.toMatch(/enable|invoke start/);
    expect(unit).toContain("ExecStart=/usr/bin/pod-qos install --watch");
    expect(prerm).toMatch(/= remove \]; then[^]*pod-qos uninstall/);
  });
});
