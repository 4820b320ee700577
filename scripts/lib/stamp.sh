# shellcheck shell=bash
# Makes the second set-up fast: a stamp holds the hash of what an installation was made from. Each stamp lies inside
# the directory that it vouches for, so that whoever deletes the directory deletes the stamp too.

# hash_of TEXT FILE...: one hash over a text (versions, say) and the contents of files.
hash_of() {
  local text=$1
  shift
  { printf '%s\n' "$text" && cat -- "$@"; } | sha256_stdin
}

sha256_stdin() {
  if command -v sha256sum >/dev/null; then sha256sum | cut -d ' ' -f 1; else shasum -a 256 | cut -d ' ' -f 1; fi
}

stamp_is() { [[ -f $1 && $(<"$1") == "$2" ]]; }

set_stamp() {
  mkdir -p "$(dirname "$1")"
  printf '%s\n' "$2" >"$1"
}
