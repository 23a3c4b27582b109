# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
# What every script here shares: where things are, how to speak, where to note what this machine cannot have.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=$ROOT/.cache
# What could not be had, one sentence per line; the summary of scripts/test ends with it.
NOT_HAD=$CACHE/not-had
export HOME=${HOME:-$CACHE/home}
# tc, iptables and others live in sbin, which a user's PATH may lack, and Go where its own instructions put it, which sudo's lacks.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

not_had() {
  printf 'not to be had: %s\n' "$*" >&2
  printf '%s\n' "$*" >>"$NOT_HAD"
}

# Only one script at a time sets this checkout up; the others wait, then find everything done.
lock_setup() {
  mkdir -p "$CACHE" "$HOME"
  exec 9>"$CACHE/setup.lock"
  flock -n 9 || {
    say "another run is setting this checkout up: waiting for it"
    flock 9
  }
  : >"$NOT_HAD"
}

unlock_setup() { flock -u 9; }
