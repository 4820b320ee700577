#!/usr/bin/env bash
# The programs of README.md compile, run and print what it says, as written: readme.sh LIBRARY_DIRECTORY
set -euo pipefail
library=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
readme=$here/../README.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# block LANGUAGE NUMBER: a fenced block of that language, counted from 1.
block() {
  awk -v fence="\`\`\`$1" -v number="$2" '
    /^```/ {
      if (!inside) take = ($0 == fence && ++found == number)
      inside = !inside
      next
    }
    inside && take' "$readme"
}

# The commands of README.md are for the root of a checkout.
mkdir -p "$scratch/target"
ln -s "$root/include" "$scratch/include"
ln -s "$library" "$scratch/target/release"
cd "$scratch"
block json 1 >cache.json
block c 1 >hello.c
block cpp 1 >hello.cpp
for file in cache.json hello.c hello.cpp; do
  [[ -s $file ]] || { echo "README.md has no block for $file" >&2; exit 1; }
done
mkdir bin
ln -s "$(command -v "${CC:-cc}")" bin/cc
ln -s "$(command -v "${CXX:-c++}")" bin/c++
number=0
for language in c cpp; do
  number=$((number + 1))
  block sh "$number" >"build-$language.sh"
  PATH=$scratch/bin:$PATH bash -euo pipefail "build-$language.sh" >"found-$language"
  block text "$number" >"wanted-$language"
  [[ -s wanted-$language ]] || { echo "README.md doesn't say what its $language program prints" >&2; exit 1; }
  diff "wanted-$language" "found-$language" >&2 || { echo "< README.md says, > was printed" >&2; exit 1; }
  echo "check: README program in $language ok"
done
