#!/bin/sh
# Lets apt-get fetch source packages from wherever this image fetches its packages.
set -eu
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  case $file in
    *.sources) sed -i 's/^Types: deb$/Types: deb deb-src/' "$file" ;;
    *) [ ! -f "$file" ] || sed -i 's/^deb \(.*\)/&\ndeb-src \1/' "$file" ;;
  esac
done
