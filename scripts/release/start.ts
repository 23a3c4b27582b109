/** An artefact is started before it counts: another machine's under emulation. */
import { execa } from "execa";
import { arm64Sysroot } from "../build/arm64-sysroot.ts";
import { BuildError } from "../build/errors.ts";
import type { Arch } from "../build/project.ts";

export async function assertStarts(arch: Arch, file: string, version: string): Promise<void> {
  const stdout = await outputOf(arch, file, "--version");
  if (stdout !== version) throw new BuildError(`${file} --version says: ${stdout}`);
}

export async function outputOf(arch: Arch, file: string, option: string): Promise<string> {
  const [program = "", ...before] =
    arch === process.arch ? [file] : ["qemu-aarch64-static", "-L", await arm64Sysroot(), file];
  return (await execa(program, [...before, option])).stdout;
}
