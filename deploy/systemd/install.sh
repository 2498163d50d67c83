#!/usr/bin/env bash
# Installs HomeGuard as services of systemd from this checkout, or updates what is installed: `sudo deploy/systemd/install.sh`.
# Settings (/etc/homeguard), secrets and what was set on cameras (/var/lib/homeguard) stay as they are. README.md beside this says more.
set -euo pipefail
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
app=/opt/homeguard
units=/etc/systemd/system
ready_seconds=60

say() { printf 'HomeGuard: %s\n' "$*"; }
fail() {
  printf 'HomeGuard: %s\n' "$*" >&2
  exit 1
}

check_machine() {
  [[ $EUID == 0 ]] || fail "this needs root: run \"sudo $0\"."
  [[ -d /run/systemd/system ]] || fail 'systemd does not run here: start HomeGuard with "npm start", or in containers.'
}

install_npm() {
  if command -v npm >/dev/null && command -v node >/dev/null; then return; fi
  say 'installing npm (apt, a minute or two) …'
  local install=(apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends nodejs npm)
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${install[@]}" >/dev/null; } ||
    fail 'apt-get could not install npm; its words are above.'
}

# In a folder of its own, so that nothing of root's is left in the checkout. $1: the folder
build() {
  tar -C "$root" -c --exclude=./.git --exclude=./node_modules --exclude=./dist --exclude=./data --exclude=./test . | tar -C "$1" -x --no-same-owner
  cd "$1"
  # ffmpeg, v4l-utils, and node_modules as package-lock.json has them, with Node 24.
  node deploy/setup.mjs start
  say 'building …'
  PATH=$1/node_modules/.bin:$PATH npm run --silent build
  mkdir bin
  cp --dereference node_modules/.bin/node bin/node
  PATH=$1/bin:$PATH npm prune --omit=dev --omit=optional --silent --no-audit --no-fund
}

# All is there before anything is replaced. $1: the folder it was built in
put_in_place() {
  local new=$app.new old=$app.old
  rm -rf "$new" "$old"
  install -d -m 755 "$new"
  cp -R --no-preserve=ownership "$1"/{bin,node_modules,package.json} "$1"/dist/services "$here"/{README.md,watchdog.mjs,doctor.sh,forget.sh,login.sh,user.sh,uninstall.sh} "$new"
  chmod -R u=rwX,go=rX "$new"
  if [[ -d $app ]]; then mv "$app" "$old"; fi
  mv "$new" "$app"
  rm -rf "$old"
  cp -R --no-preserve=ownership "$here"/units/. "$units"
  install -d -m 755 /etc/homeguard
  if [[ ! -e /etc/homeguard/homeguard.env ]]; then install -m 640 "$here/homeguard.env" /etc/homeguard/homeguard.env; fi
}

start() {
  systemctl daemon-reload
  # On the first time only: one that the owner has disabled since stays so.
  if ! systemctl is-enabled --quiet homeguard.target 2>/dev/null; then
    systemctl enable --quiet homeguard-broker.service homeguard-camera.service homeguard-gateway.service homeguard.target
  fi
  systemctl restart homeguard-setup.service homeguard.target
  say 'starting …'
  wait_until_ready || fail "it is installed, but does not answer after $ready_seconds s. \"journalctl -u 'homeguard-*' -n 50\" says why."
}

# The gateway has its port, and the broker lets it in.
wait_until_ready() {
  systemd-run --quiet --wait --pipe --property=RuntimeMaxSec="$ready_seconds" --property=EnvironmentFile=-/etc/homeguard/homeguard.env \
    --setenv=DATA_DIR=/var/lib/homeguard/gateway --setenv=MQTT_URL=mqtt+unix:///run/homeguard/broker.sock \
    /bin/sh -c "until $app/bin/node $app/services/health/main.js gateway >/dev/null 2>&1; do sleep 0.5; done"
}

check_machine
install_npm
folder=$(mktemp -d /var/tmp/homeguard-build.XXXXXX)
trap 'rm -rf "$folder"' EXIT
build "$folder"
put_in_place "$folder"
start
"$app/login.sh"
say "what it says stands in \"journalctl -f -u 'homeguard-*'\", its settings in /etc/homeguard/homeguard.env."
