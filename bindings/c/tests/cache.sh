#!/usr/bin/env bash
# The example with libmemcached does on a real server what its README says: cache.sh PROGRAM
set -euo pipefail
program=$1
readme=$(cd "$(dirname "$0")" && pwd)/../examples/libmemcached/README.md
scratch=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT

fail() {
  echo "cache: $1" >&2
  exit 1
}

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

block json 1 | sed "s|127.0.0.1:11211|$scratch/mc1|" >"$scratch/cache.json"
block text 1 >"$scratch/commands"
block text 2 >"$scratch/wanted"
[[ -s $scratch/commands && -s $scratch/wanted ]] || fail "README.md has no commands, or doesn't say what is printed"

as_root=()
[[ $(id -u) != 0 ]] || as_root=(-u root)
memcached ${as_root[@]+"${as_root[@]}"} -s "$scratch/mc1" &
server=$!
for _ in $(seq 500); do
  [[ ! -S $scratch/mc1 ]] || break
  sleep 0.02
done
"$program" "$scratch/cache.json" <"$scratch/commands" >"$scratch/found"
diff "$scratch/wanted" "$scratch/found" >&2 || fail "< README.md says, > was printed"

kill "$server"
wait "$server" || true
server=
echo "invalidate user:42" | "$program" "$scratch/cache.json" | grep -q 'blue/mc1' || fail "a lost invalidation isn't named"
if "$program" "$scratch/missing.json" </dev/null 2>"$scratch/error"; then fail "a missing spec was no error"; fi
grep -q 'missing.json' "$scratch/error" || fail "the error doesn't name the file"
echo "check: example cache ok"
