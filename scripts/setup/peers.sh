# shellcheck shell=bash
# Real CNI clients, plugins and suites of tests, built from Go at the versions that scripts/lab/peers.json pins, and a sender of our own.

PEERS=$CACHE/peers

# setup_peers all, or only the peers named. all: but those of the tier long alone; long: those too.
setup_peers() {
  [[ -z ${POD_QOS_PEERS:-} ]] || return 0
  mkdir -p "$PEERS/bin"
  local name packages wanted=" $* "
  while read -r name packages; do
    [[ $wanted == " all " || $wanted == " long " || $wanted == *" $name "* ]] || continue
    # What is ours may have changed; Go knows whether it has.
    [[ $packages != ./* && -x $PEERS/bin/$name && $(cat "$PEERS/$name.from" 2>/dev/null) == "$packages" ]] && continue
    # shellcheck disable=SC2086 # a list of packages
    if build_peer "$name" $packages; then printf '%s\n' "$packages" >"$PEERS/$name.from"; fi
  done < <(list_peers "$wanted")
  [[ $wanted != " all " && $wanted != " long " ]] || setup_suites
}

# Each suite is a copy of its module in $PEERS/suites/<name>, with the compiled tests beside their confs.
setup_suites() {
  local name module folder changes from suite
  while IFS=$'\t' read -r name module folder changes; do
    suite=$PEERS/suites/$name from="$module $folder $changes"
    [[ -x $suite/$folder/suite.test && $(cat "$suite.from" 2>/dev/null) == "$from" ]] && continue
    rm -rf "$suite" "$suite.from"
    if build_suite "$suite" "$module" "$folder" "$changes"; then printf '%s\n' "$from" >"$suite.from"; fi
  done < <(list_suites)
}

list_peers() {
  node -e '
    const { peers } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    for (const { name, packages, tier } of peers)
      if (process.argv[2] !== " all " || tier !== "long") console.log(name, packages.join(" "));
  ' "$ROOT/scripts/lab/peers.json" "$1"
}

# One a line, its parts between tabs; changes as one program of sed.
list_suites() {
  node -e '
    const { suites } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    for (const { name, module, folder, changes } of suites)
      console.log([name, module, folder, changes.join(";")].join("\t"));
  ' "$ROOT/scripts/lab/peers.json"
}

# build_peer <name> <package@version, module@version/folder, or folder here>...: the first that can be had. `go install` names the file itself.
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
    case $package in
      ./*) from=(-C "$ROOT/$package" .) ;;
      *@*/*) from=(-C "$(module_folder "$(module_of "$package")")" "./${package#*@*/}") ;;
      *) from=("$package") ;;
    esac
    if GOBIN=$build CGO_ENABLED=0 go install "${from[@]}" </dev/null >"$CACHE/go.log" 2>&1; then
      mv "$build"/* "$PEERS/bin/$name"
      return
    fi
    grep -v '^go: downloading' "$CACHE/go.log" | tail -n 2 | cut -c 1-200 >&2
  done
  not_had "the CNI peer $name: $(go version | cut -d ' ' -f 3) could not build $*"
  return 1
}

# build_suite <where to> <module@version> <folder> <changes>. What its tests build while they run finds all in Go's cache.
build_suite() {
  local suite=$1 module=$2 folder=$3 changes=$4 source
  if ! command -v go >/dev/null; then
    not_had "the suite of $module: there is no Go here"
    return 1
  fi
  say "building the suite $folder of $module"
  mkdir -p "$suite"
  if source=$(module_folder "$module" 2>"$CACHE/go.log") &&
    cp -r --no-preserve=mode "$source/." "$suite" &&
    find "$suite/$folder" -type f -exec sed -i -e "$changes" {} + &&
    (cd "$suite" && compile_suite "$folder") </dev/null >>"$CACHE/go.log" 2>&1; then
    return
  fi
  grep -v '^go: downloading' "$CACHE/go.log" | tail -n 2 | cut -c 1-200 >&2
  not_had "the suite of $module: $(go version | cut -d ' ' -f 3) could not build it"
  return 1
}

# module_of <module@version/folder>
module_of() {
  local version=${1#*@}
  printf '%s@%s\n' "${1%%@*}" "${version%%/*}"
}

module_folder() {
  go mod download -json "$1" | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).Dir'
}

compile_suite() {
  CGO_ENABLED=0 go test -c -o "$1/suite.test" "./$1" && CGO_ENABLED=0 go build ./pkg/testutils/echo/...
}
