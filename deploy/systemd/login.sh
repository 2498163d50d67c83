#!/bin/sh
# Prints HomeGuard's address and logins, with the settings as systemd reads them: `sudo /opt/homeguard/login.sh`.
set -eu
exec systemd-run --quiet --wait --pipe --property=EnvironmentFile=-/etc/homeguard/homeguard.env --setenv=DATA_DIR=/var/lib/homeguard \
  /opt/homeguard/bin/node /opt/homeguard/services/setup/main.js
