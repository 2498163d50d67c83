#!/bin/sh
# Forgets a camera that was removed for good, with the camera service's settings and logins: `sudo /opt/homeguard/forget.sh {id}`
set -eu
[ "$(id -u)" = 0 ] || { echo "HomeGuard: this needs root: run \"sudo $0 $*\"." >&2; exit 2; }
exec systemd-run --quiet --pipe --wait --collect \
  --property=EnvironmentFile=-/etc/homeguard/homeguard.env \
  --property='Environment=DATA_DIR=/var/lib/homeguard/camera MQTT_URL=mqtt+unix:///run/homeguard/broker.sock' \
  /opt/homeguard/bin/node /opt/homeguard/services/forget/main.js "$@"
