#!/bin/sh
# Takes out of node_modules what no program reads: half of it. Licences stay.
set -eu
cd "$1"
find . -type f \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.md' \) ! -iname 'licen[cs]e*' -delete
for package in ./* ./@*/*; do
  for folder in coverage test tests doc docs benchmarks examples; do rm -rf "${package:?}/$folder"; done
done
rm -rf ./@types
