#!/bin/sh
# Takes v4l2-ctl out of Debian's v4l-utils into $1, with those of its libraries that the bare image has not.
set -eu
out=$1
export DEBIAN_FRONTEND=noninteractive
base=$(dpkg-query -W -f '${Package}\n')
apt-get update -qq
apt-get install -y -qq --no-install-recommends v4l-utils >/dev/null
install -D -m 755 /usr/bin/v4l2-ctl "$out/bin/v4l2-ctl"
ldd /usr/bin/v4l2-ctl | awk '$2 == "=>" { print $3 }' | while read -r library; do
  package=$(dpkg-query -S "*/$(basename "$library")" | head -n 1 | cut -d: -f1)
  echo "$base" | grep -qxF "$package" || install -D -m 644 "$library" "$out/lib/$(basename "$library")"
done
