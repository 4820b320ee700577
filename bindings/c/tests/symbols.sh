#!/usr/bin/env bash
# The shared library exports what the header declares, and nothing else: symbols.sh LIBRARY_DIRECTORY HEADER
set -euo pipefail
directory=$1 header=$2

declared=$(grep -oE '\bringshift_[a-z_]+\(' "$header" | tr -d '(' | sort -u)
if [[ -e $directory/libringshift.dylib ]]; then
  exported=$(nm -gU "$directory/libringshift.dylib" | awk '{ sub(/^_/, "", $NF); print $NF }' | sort -u)
else
  exported=$(nm -D --defined-only "$directory/libringshift.so" | awk '{ print $NF }' | sort -u)
fi
archived=$(nm -g --defined-only "$directory/libringshift.a" 2>/dev/null | awk '{ sub(/^_/, "", $NF); print $NF }' |
  grep -E '^ringshift_' | sort -u)

[[ -n $declared ]] || { echo "$header declares no function" >&2; exit 1; }
if ! diff <(echo "$declared") <(echo "$exported") >&2; then
  echo "< is declared, > is exported by the shared library" >&2
  exit 1
fi
if ! diff <(echo "$declared") <(echo "$archived") >&2; then
  echo "< is declared, > is in the static library" >&2
  exit 1
fi
echo "check: $(wc -l <<<"$declared") symbols ok"
