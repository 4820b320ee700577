#!/usr/bin/env bash
# Builds the library itself with a sanitizer and runs the tests in C and C++ with it: sanitize.sh thread|address REWRITES
# Rust's sanitizers need a nightly toolchain, and that of threads the sources of the standard library, which has to be
# instrumented too: rustup toolchain install nightly --component rust-src
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
sanitizer=$1 rewrites=$2
root=$PWD/../../..
# An absolute path, whatever cargo is told elsewhere.
target=$root/target/sanitize/$sanitizer

nightly=$(rustc +nightly --print sysroot 2>/dev/null) && [[ -e $nightly/lib/rustlib/src/rust/library/Cargo.lock ]] || {
  echo "the sanitizers need a nightly toolchain with its sources" >&2
  echo "install them with: rustup toolchain install nightly --component rust-src" >&2
  exit 1
}
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

echo "building the library with -Zsanitizer=$sanitizer"
(cd "$root" && RUSTFLAGS="-Zsanitizer=$sanitizer" CARGO_TARGET_DIR=$target CARGO_PROFILE_DEV_OPT_LEVEL=1 \
  cargo +nightly build --quiet -p ringshift-capi -Zbuild-std --target "$host")
library=$target/$host/debug/libringshift.a
# The instrumented library wants the runtime of its own compiler, of which there may be one in a program.
case $sanitizer in thread) runtime=tsan ;; address) runtime=asan ;; esac
runtime=$(echo "$nightly/lib/rustlib/$host/lib/"librustc*_rt."$runtime".a)

# program OUTPUT SOURCE FLAGS...
program() {
  local output=$1 source=$2 compiler=${CC:-cc} standard=-std=c11
  shift 2
  [[ $source != *.cpp ]] || compiler=${CXX:-c++} standard=-std=c++17
  "$compiler" $standard -O1 -g "-fsanitize=$sanitizer" "$@" -I"$root/include" -c "$source" -o "$output.o"
  "$compiler" "$output.o" "$library" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
    -lpthread -ldl -lm -lrt -lstdc++ -o "$output"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What finds nothing proves something only where there is something that it finds.
program "$scratch/fault" fault.c
if "$scratch/fault" >"$scratch/found" 2>&1 || ! grep -q "${sanitizer^}Sanitizer: " "$scratch/found"; then
  echo "the sanitizer has not found the fault in fault.c" >&2
  exit 1
fi

case $sanitizer in thread) programs=(threads.c) ;; address) programs=(threads.c fork.c api.c errors.c wrapper.cpp) ;; esac
for source in "${programs[@]}"; do
  program "$scratch/program" "$source"
  mkdir "$scratch/files"
  arguments=("$scratch/files")
  [[ $source != threads.c ]] || arguments+=("$rewrites")
  "$scratch/program" "${arguments[@]}"
  rm -rf "$scratch/files"
done
echo "check: ${#programs[@]} programs with the $sanitizer sanitizer in the library ok"
