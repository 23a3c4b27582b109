/** What is written into the Debian package. Pure. */

const maintainer = "The pod-qos authors <pod-qos@pod-qos.io>";

export type ControlFacts = {
  readonly version: string;
  readonly architecture: string;
  /** KiB. */
  readonly installed: number;
};

export const control = ({ version, architecture, installed }: ControlFacts): string => `Package: pod-qos
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${installed}
Depends: libc6 (>= 2.28), libgcc-s1 (>= 3.0), libstdc++6 (>= 5.2), iproute2
Recommends: iptables, ipset, kmod
Section: net
Priority: optional
Description: quality of service for the pods of a node, on any CNI plugin
 A chained CNI plugin that gives every pod bandwidth caps, DSCP marks, limits
 by destination and a share of the node's uplink.
 .
 The service keeps it in the chain of the node's container runtime. It is not
 started by itself: "systemctl enable --now pod-qos" does that.
`;

/** Of the package itself; what has changed in pod-qos is in a file beside it. */
export const packageChangelog = (
  version: string,
  epochSeconds: number,
): string => `pod-qos (${version}) unstable; urgency=medium

  * What has changed is in /usr/share/doc/pod-qos/CHANGELOG.md.gz.

 -- ${maintainer}  ${new Date(epochSeconds * 1000).toUTCString().replace("GMT", "+0000")}
`;

export const unit = `[Unit]
Description=pod-qos in the chain of the container runtime
Documentation=man:pod-qos(8)
After=containerd.service crio.service k3s.service k3s-agent.service

[Service]
ExecStart=/usr/bin/pod-qos install --watch
Restart=on-failure

[Install]
WantedBy=multi-user.target
`;

/** Not started by itself: whether this node's pods get limits is the operator's word. */
export const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
  if [ -n "$2" ]; then
    deb-systemd-invoke try-restart pod-qos.service >/dev/null || true
  fi
fi
`;

/** An upgrade changes nothing: pods that start meanwhile need what is there. */
export const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ]; then
  if [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop pod-qos.service >/dev/null || true
  fi
  pod-qos uninstall ||
    echo "pod-qos: something on this node needs the plugin yet; it stays in the runtime's directory" >&2
fi
`;

export const postrm = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
`;

export const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2026 The pod-qos authors
License: Apache-2.0
 On Debian systems, the full text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
Comment:
 The executable contains Node.js and libraries, each under its own licence:
 /usr/share/doc/pod-qos/THIRD_PARTY_NOTICES.gz has all of them.
`;

/** What an executable with Node inside is. */
export const overrides = (architecture: string): string => `# The executable is Node with a program inside.
pod-qos [${architecture}]: embedded-library
pod-qos [${architecture}]: hardening-no-pie
`;
