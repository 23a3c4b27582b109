/** The lab could not do its work: something is missing, or the machine died before the command ended. */
export class VmError extends Error {
  override readonly name = "VmError";
}
