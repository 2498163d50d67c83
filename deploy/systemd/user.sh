#!/bin/sh
# Makes, lists, changes and removes the users of the broker and the web page: `sudo /opt/homeguard/user.sh add NAME --may read:front`
set -eu
[ "$(id -u)" = 0 ] || { echo "HomeGuard: this needs root: run \"sudo $0 $*\"." >&2; exit 2; }
exec systemd-run --quiet --pipe --wait --collect --property=EnvironmentFile=-/etc/homeguard/homeguard.env --setenv=DATA_DIR=/var/lib/homeguard \
  /opt/homeguard/bin/node /opt/homeguard/services/user/main.js "$@"
