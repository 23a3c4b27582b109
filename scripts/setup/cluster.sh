# shellcheck shell=bash
# Programs of Kubernetes, built from Go at the version that scripts/lab/peers.json pins.

# setup_cluster <program>...: builds those that are not there; four minutes from nothing for an API server and etcd.
setup_cluster() {
  setup_packages "$PACKAGES_CLUSTER"
  build_cluster "$@"
}

build_cluster() {
  node "$ROOT/scripts/lab/cluster/build.ts" "$@" 9>&- || not_had "$* of Kubernetes: Go could not build them"
}
