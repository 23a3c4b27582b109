#!/bin/busybox sh
# First process of the VM, from the initramfs: mounts the host's root read-only over 9p, a tmpfs on top, and switches to it.
# switch_root (not chroot from a child) matters: the kernel's module autoloader then finds the host's /lib/modules.
/bin/busybox --install -s /bin
export PATH=/bin

fail() {
  echo "vm: $1"
  poweroff -f
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module" || fail "insmod $module failed"
done < /modules/order

share="trans=virtio,version=9p2000.L,msize=512000"
mount -t 9p -o "ro,cache=loose,$share" host0 /host || fail "cannot mount the host's root"
mount -t tmpfs -o size=60% tmpfs /top
mkdir /top/upper /top/work
mount -t overlay -o lowerdir=/host,upperdir=/top/upper,workdir=/top/work overlay /root || fail "no overlay"

mkdir -p /root/vm-out
mount -t 9p -o "rw,cache=none,$share" out0 /root/vm-out || fail "cannot mount the output folder"
mount -t tmpfs -o mode=755 tmpfs /root/run
mount -t tmpfs -o mode=1777 tmpfs /root/tmp
read -r folder < /root/vm-out/.vm/folder
case $folder in
  /tmp/*|/run/*)
    # A project that lies there would be hidden by what was just mounted. Mounted by "." since its path may hold a comma.
    mkdir -p "/root$folder" /top/folder/upper /top/folder/work
    cd "/host$folder" || fail "no folder $folder"
    mount -t overlay -o lowerdir=.,upperdir=/top/folder/upper,workdir=/top/folder/work overlay "/root$folder" ||
      fail "no overlay for $folder"
    cd /
    ;;
esac
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
exec switch_root /root /bin/busybox sh /vm-out/.vm/init
