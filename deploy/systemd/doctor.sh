#!/bin/sh
# Runs the doctor in the place of the camera service: its user, groups, settings, devices and network. `sudo /opt/homeguard/doctor.sh`
set -eu
[ "$(id -u)" = 0 ] || { echo "HomeGuard: this needs root: run \"sudo $0\"." >&2; exit 2; }
pid=$(systemctl show --value --property=MainPID homeguard-camera.service)
if [ "${pid:-0}" = 0 ]; then
  echo 'HomeGuard: the camera service does not run; "journalctl -u homeguard-camera -n 20" says why.' >&2
  exit 1
fi
id_of() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/status"; }
groups=$(awk '$1 == "Groups:" { $1 = ""; print }' "/proc/$pid/status" | xargs | tr ' ' ,)
# Which devices may be opened goes by the control group.
echo $$ >"/sys/fs/cgroup$(systemctl show --value --property=ControlGroup homeguard-camera.service)/cgroup.procs"
# The service's environment, a word each; it may hold spaces. xargs has exit codes of its own.
xargs -0 -a "/proc/$pid/environ" nsenter --target "$pid" --mount --net --cgroup -- \
  setpriv --reuid "$(id_of Uid)" --regid "$(id_of Gid)" --groups "$groups" --no-new-privs --inh-caps=-all --bounding-set=-all \
  env -i "--chdir=/" -- sh -c 'exec env "$@" /opt/homeguard/bin/node /opt/homeguard/services/doctor/main.js' sh || exit 1
