#!/usr/bin/env bash
# The example answers what the vectors say, and fails as it should: place.sh PROGRAM VECTORS
set -euo pipefail
program=$1 vectors=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "place: $1" >&2
  exit 1
}

# A spec in mid-migration with keys that are lines of text, and what is wanted for each.
python3 - "$vectors/0020-stages-regions.json" "$scratch" <<'PYTHON'
import json, pathlib, sys
group = next(g for g in json.load(open(sys.argv[1]))["groups"] if any(c["fallback"] for c in g["cases"]))
out = pathlib.Path(sys.argv[2])
out.joinpath("spec.json").write_text(group["spec"])
out.joinpath("region").write_text(group["region"] or "")
keys, wanted = b"", ""
for case in group["cases"]:
    key = bytes.fromhex(case.get("key", "")) if "key" in case else b"\n"
    if b"\n" not in key:
        keys += key + b"\n"
        wanted += f"{case['read'][0]}|{(case['fallback'] or ['-'])[0]}|{int(case['moved'])}\n"
out.joinpath("keys").write_bytes(keys)
out.joinpath("wanted").write_text(wanted)
PYTHON

region=$(cat "$scratch/region")
for _ in 1 2; do
  "$program" "$scratch/spec.json" ${region:+"$region"} <"$scratch/keys" >"$scratch/found"
  diff "$scratch/wanted" "$scratch/found" >&2 || fail "< is wanted, > was printed"
done
[[ $(grep -c '|1$' "$scratch/wanted") -gt 0 ]] || fail "no key has moved: nothing was tested"

# A last line without an end, and no line at all.
printf 'a' | "$program" "$scratch/spec.json" | grep -q '|' || fail "a line without an end was not answered"
[[ -z $("$program" "$scratch/spec.json" </dev/null) ]] || fail "no keys got an answer"

if "$program" "$scratch/missing.json" </dev/null 2>"$scratch/error"; then fail "a missing spec was no error"; fi
grep -q 'missing.json' "$scratch/error" || fail "the error doesn't name the file"
if "$program" 2>/dev/null </dev/null; then fail "no arguments were no error"; fi
echo "check: example place ok"
