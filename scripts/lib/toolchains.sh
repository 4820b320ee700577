# shellcheck shell=bash
# Toolchains are what the machine has: checked, never installed. Each check names what to install.

# at_least WANTED FOUND: compares dotted versions.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

# need NAME WANTED FOUND HINT: FOUND is empty when the tool is missing.
need() {
  [[ -n $3 ]] || fail "$1 is missing" "$4"
  at_least "$2" "$3" || fail "$1 $3 is too old; $2 or later is needed" "$4"
}

# first_version TEXT: the first dotted number in it.
first_version() { [[ $1 =~ [0-9]+(\.[0-9]+)+ ]] && printf '%s' "${BASH_REMATCH[0]}"; }

version_of() { first_version "$("$@" 2>/dev/null || true)" || true; }

# The Rust version that the workspace asks for, from the one place where it is written.
wanted_rust() { sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml; }

check_rust() {
  local wanted hint="install a stable toolchain from https://rustup.rs, with the components rustfmt and clippy"
  wanted=$(wanted_rust)
  [[ -n $wanted ]] || fail "Cargo.toml names no rust-version" "set rust-version under [workspace.package]"
  need "Rust" "$wanted" "$(version_of rustc --version)" "$hint"
  need "cargo" "$wanted" "$(version_of cargo --version)" "$hint"
}

check_rust_lints() {
  cargo fmt --version >/dev/null 2>&1 || fail "rustfmt is missing" "rustup component add rustfmt"
  cargo clippy --version >/dev/null 2>&1 || fail "clippy is missing" "rustup component add clippy"
}

# What Miri and the sanitizers need beside the stable Rust.
check_nightly() {
  local sysroot hint="rustup toolchain install nightly --component miri,rust-src"
  cargo +nightly miri --version >/dev/null 2>&1 || fail "Miri is missing" "$hint"
  sysroot=$(rustc +nightly --print sysroot)
  [[ -e $sysroot/lib/rustlib/src/rust/library/Cargo.lock ]] || fail "the sources of the nightly Rust are missing" "$hint"
}

check_python() {
  need "Python" 3.11 "$(version_of "$PYTHON" --version)" \
    "install Python 3.11 or later, or name one: PYTHON=/path/to/python3 make ..."
}

check_node() {
  need "Node.js" 20 "$(version_of node --version)" "install Node.js 20 or later, with npm"
  need "npm" 9 "$(version_of npm --version)" "install npm 9 or later; it comes with Node.js"
}

check_go() {
  need "Go" 1.24 "$(version_of go version)" "install Go 1.24 or later from https://go.dev/dl"
  [[ $(go env CGO_ENABLED) == 1 ]] || fail "cgo is switched off" "unset CGO_ENABLED: the Go package is built over the C library"
}

check_c() {
  command -v cc >/dev/null || fail "a C compiler (cc) is missing" "install gcc or clang"
  command -v c++ >/dev/null || fail "a C++ compiler (c++) is missing" "install g++ or clang++"
}
