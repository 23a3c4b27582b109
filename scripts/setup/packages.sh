# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
# Debian packages: the one list of them. Each line: package, then the file or program that tells whether it is there.

PACKAGES_LAB='
iproute2 ip
iproute2 tc
iptables iptables
ipset ipset
iperf3 iperf3
iputils-ping ping
tcpdump tcpdump
socat socat
util-linux nsenter
kmod modprobe
containernetworking-plugins /usr/lib/cni/bridge
openvswitch-switch ovs-vswitchd
'

# The arm64 build is started under emulation, and a containerd imports the image.
PACKAGES_BUILD='
binutils strip
qemu-user-static qemu-aarch64-static
containerd containerd
'

PACKAGES_CLUSTER='
openssl openssl
'

# Dashboards and alerts are evaluated by a real one.
PACKAGES_METRICS='
prometheus prometheus
prometheus promtool
'

# A stock kernel in QEMU, with a real containerd or a real OVN in it; scripts/lab/vm says what for.
PACKAGES_VM='
qemu-system-x86 qemu-system-x86_64
linux-image-amd64 /boot/vmlinuz-*-amd64
busybox-static /bin/busybox
cpio cpio
containerd containerd
runc runc
ovn-central ovn-northd
ovn-host ovn-controller
'

# setup_packages <list>...: installs what is missing of these lists, and nothing that would remove something else.
setup_packages() {
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  say "installing by apt: ${missing//$'\n'/ }"
  if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
    fail "root and apt-get are needed to install: ${missing//$'\n'/ }"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || say "apt-get update failed: trying with the lists that are here"
  # shellcheck disable=SC2086 # a list
  apt_install $missing && return
  # One by one, so that one package that cannot be had does not cost the others.
  local package
  for package in $missing; do
    say "  $package"
    apt_install "$package" || {
      tail -n 3 "$CACHE/apt.log" >&2
      not_had "the Debian package $package"
    }
  done
}

apt_install() { apt-get install -y -qq --no-install-recommends --no-remove "$@" >"$CACHE/apt.log" 2>&1; }

missing_packages() {
  local package sign
  printf '%s\n' "$@" | while read -r package sign; do
    [[ -z $package ]] || present "$sign" || printf '%s\n' "$package"
  done | sort -u
}

present() {
  case $1 in
  /*) compgen -G "$1" >/dev/null ;;
  *) command -v "$1" >/dev/null ;;
  esac
}
