#!/bin/sh
# Becomes systemd, in control groups of its own. A host with cgroup v1, which systemd 257 refuses, has the hierarchy of v2 beside it: what DevicePolicy= and
# IPAddressDeny= need is there (BPF programs), while MemoryMax= and TasksMax= may find no controller.
set -e
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
group=/sys/fs/cgroup/${CGROUP:-homeguard-test}
mkdir -p "$group"
echo $$ >"$group/cgroup.procs"

# To HomeGuard this is a machine, and its advice that for systemd: Docker's own marks go.
for file in hosts hostname resolv.conf; do
  cp "/etc/$file" "/tmp/$file"
  umount "/etc/$file"
  cp "/tmp/$file" "/etc/$file"
done
rm -f /.dockerenv

exec unshare --cgroup /bin/sh -c 'umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec /lib/systemd/systemd'
