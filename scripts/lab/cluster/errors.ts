/** A control plane could not be built, started or asked. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}
