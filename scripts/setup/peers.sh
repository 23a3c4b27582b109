# shellcheck shell=bash
# Real CNI clients and plugins, built from Go at the versions that scripts/lab/peers.json pins, and a sender of our own.

PEERS=$CACHE/peers

# setup_peers all, or only the peers named.
setup_peers() {
  [[ -z ${POD_QOS_PEERS:-} ]] || return 0
  mkdir -p "$PEERS/bin"
  local name packages wanted=" $* "
  while read -r name packages; do
    [[ $wanted == " all " || $wanted == *" $name "* ]] || continue
    # What is ours may have changed; Go knows whether it has.
    [[ $packages != ./* && -x $PEERS/bin/$name && $(cat "$PEERS/$name.from" 2>/dev/null) == "$packages" ]] && continue
    # shellcheck disable=SC2086 # a list of packages
    if build_peer "$name" $packages; then printf '%s\n' "$packages" >"$PEERS/$name.from"; fi
  done < <(list_peers)
}

list_peers() {
  node -e '
    const { peers } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    for (const { name, packages } of peers) console.log(name, packages.join(" "));
  ' "$ROOT/scripts/lab/peers.json"
}

# build_peer <name> <package@version, or folder here>...: the first that can be had. `go install` names the file itself.
build_peer() {
  local name=$1 package build=$PEERS/build from
  shift
  if ! command -v go >/dev/null; then
    not_had "the CNI peer $name: there is no Go here"
    return 1
  fi
  for package in "$@"; do
    say "building $name from $package"
    rm -rf "$build"
    from=("$package")
    [[ $package != ./* ]] || from=(-C "$ROOT/$package" .)
    if GOBIN=$build CGO_ENABLED=0 go install "${from[@]}" </dev/null >"$CACHE/go.log" 2>&1; then
      mv "$build"/* "$PEERS/bin/$name"
      return
    fi
    grep -v '^go: downloading' "$CACHE/go.log" | tail -n 2 | cut -c 1-200 >&2
  done
  not_had "the CNI peer $name: $(go version | cut -d ' ' -f 3) could not build $*"
  return 1
}
