#!/bin/sh
# Takes HomeGuard's services away: `sudo deploy/systemd/uninstall.sh`. Settings, secrets and what was set on cameras stay, unless it is told `--data`.
set -eu
[ "$(id -u)" = 0 ] || { echo "HomeGuard: this needs root: run \"sudo $0\"." >&2; exit 1; }
case ${1:-} in
  '' | --data) ;;
  *) echo "usage: $0 [--data]" >&2; exit 2 ;;
esac

services='homeguard-broker.service homeguard-camera.service homeguard-gateway.service'
# Not there, or only half: then what is there goes.
systemctl disable --quiet homeguard.target $services 2>/dev/null || true
systemctl stop homeguard.target $services homeguard-setup.service 2>/dev/null || true
cd /etc/systemd/system
rm -rf homeguard.target $services homeguard-setup.service homeguard-.service.d homeguard.target.wants
rm -rf /opt/homeguard /opt/homeguard.new /opt/homeguard.old
systemctl daemon-reload
systemctl reset-failed 'homeguard*' 2>/dev/null || true

if [ "${1:-}" = --data ]; then
  rm -rf /etc/homeguard /var/lib/homeguard /var/lib/private/homeguard
  rm -rf homeguard-broker.service.d homeguard-camera.service.d homeguard-gateway.service.d
  systemctl daemon-reload
  echo 'HomeGuard is gone, with its settings and secrets.'
else
  echo 'HomeGuard is gone. Its settings are left in /etc/homeguard, its secrets in /var/lib/homeguard; with --data they go, too.'
fi
