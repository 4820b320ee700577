# shellcheck shell=bash
# How the scripts speak: one header line a step, and errors that say what would be right.

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }

# Ends the script. The first argument is what is wrong, the others what would be right.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# Runs a command quietly: its output is shown only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    printf 'error: this failed with status %d: %s\n' "$status" "$*" >&2
    cat "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}
