#!/usr/bin/env bash
# The libraries have what the header declares, and nothing else that a program could collide with:
# symbols.sh LIBRARY_DIRECTORY HEADER
set -euo pipefail
directory=$1 header=$2

declared=$(grep -oE '\bringshift_[a-z_]+\(' "$header" | tr -d '(' | sort -u)
if [[ -e $directory/libringshift.dylib ]]; then
  exported=$(nm -gU "$directory/libringshift.dylib" | awk '{ sub(/^_/, "", $NF); print $NF }' | sort -u)
else
  exported=$(nm -D --defined-only "$directory/libringshift.so" | awk '{ print $NF }' | sort -u)
fi
all=$(nm -g --defined-only "$directory/libringshift.a" 2>/dev/null | awk 'NF == 3 { print $NF }' | sort -u)
if [[ -e $directory/libringshift.dylib ]]; then all=${all//$'\n'_/$'\n'} all=${all#_}; fi
archived=$(grep -E '^ringshift_' <<<"$all")
# A static library can hide nothing. The rest is Rust's own: names that C reserves, which begin with an underscore and a
# capital or two underscores, mangled ones (_R, _ZN) among them.
strange=$(grep -vE '^(ringshift_|_[A-Z_]|rust_eh_personality$|DW\.ref\.rust_eh_personality$)' <<<"$all" || true)

[[ -n $declared ]] || { echo "$header declares no function" >&2; exit 1; }
if ! diff <(echo "$declared") <(echo "$exported") >&2; then
  echo "< is declared, > is exported by the shared library" >&2
  exit 1
fi
if ! diff <(echo "$declared") <(echo "$archived") >&2; then
  echo "< is declared, > is in the static library" >&2
  exit 1
fi
if [[ -n $strange ]]; then
  printf 'the static library has names that belong to others:\n%s\n' "$strange" >&2
  exit 1
fi
echo "check: $(wc -l <<<"$declared") symbols ok"
