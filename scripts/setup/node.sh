# shellcheck shell=bash
# Node modules, and with them the Node that everything here runs under.

setup_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "Node 20 or newer and npm are needed"
  fi
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  ((major >= 20)) || fail "Node 20 or newer is needed to start; this is $(node --version)"
  if ! modules_fresh; then
    say "installing Node modules (npm ci)"
    (cd "$ROOT" && npm ci --no-audit --no-fund --loglevel=error) || fail "npm ci failed"
    sha256sum <"$ROOT/package-lock.json" >"$ROOT/node_modules/.pod-qos-lock"
  fi
  # From here on `node` is the pinned one.
  export PATH=$ROOT/node_modules/.bin:$PATH
}

# npm's own stamp tells as well, for modules that somebody installed by hand.
modules_fresh() {
  local modules=$ROOT/node_modules lock=$ROOT/package-lock.json
  [[ -x $modules/.bin/node ]] || return 1
  if [[ -e $modules/.pod-qos-lock ]]; then
    [[ $(sha256sum <"$lock") == "$(<"$modules/.pod-qos-lock")" ]]
  else
    [[ $modules/.package-lock.json -nt $lock || ! $lock -nt $modules/.package-lock.json ]]
  fi
}

# The executable, unless it is newer than everything it is made from or somebody brought one along.
setup_executable() {
  [[ -z ${POD_QOS_BIN:-} ]] || return 0
  local built=$ROOT/dist/pod-qos sources=("$ROOT/plugin" "$ROOT/scripts/build.ts" "$ROOT/package-lock.json")
  if [[ ! -x $built || -n $(find "${sources[@]}" -newer "$built" -print -quit 2>/dev/null) ]]; then
    say "building dist/pod-qos"
    (cd "$ROOT" && npm run --silent build) || fail "the build failed"
  fi
}
