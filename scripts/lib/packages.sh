# shellcheck shell=bash
# System packages: installed as root on Debian and its children, named everywhere else.

# present NAME: whether what the package NAME is needed for works already, wherever it came from.
present() {
  case $1 in
  memcached | valgrind | make) command -v "$1" >/dev/null ;;
  gcc) command -v cc >/dev/null ;;
  xz-utils) command -v xz >/dev/null ;;
  redis-server) command -v redis-server >/dev/null || command -v valkey-server >/dev/null ;;
  libmemcached-dev) cc -E -include libmemcached-1.0/memcached.h -x c /dev/null >/dev/null 2>&1 ;;
  libjansson-dev) cc -E -include jansson.h -x c /dev/null >/dev/null 2>&1 ;;
  libssl-dev) cc -E -include openssl/ssl.h -x c /dev/null >/dev/null 2>&1 ;;
  libffi-dev) cc -E -include ffi.h -x c /dev/null >/dev/null 2>&1 ;;
  zlib1g-dev) cc -E -include zlib.h -x c /dev/null >/dev/null 2>&1 ;;
  debian-archive-keyring) [[ -f /usr/share/keyrings/debian-archive-keyring.gpg ]] ;;
  nlohmann-json3-dev) c++ -E -include nlohmann/json.hpp -x c++ /dev/null >/dev/null 2>&1 ;;
  python3-venv) "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ;;
  *) fail "scripts/lib/packages.sh doesn't know the package $1" "add its check to present()" ;;
  esac
}

# need_packages NAME...: Debian's names.
need_packages() {
  local name missing=()
  for name in "$@"; do present "$name" || missing+=("$name"); done
  ((${#missing[@]})) || return 0
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]} with apt-get"
    install_with_apt "${missing[@]}"
  else
    tell_what_to_install "${missing[@]}"
  fi
  for name in "${missing[@]}"; do
    present "$name" || fail "$name was installed, but what it is needed for still doesn't work"
  done
}

install_with_apt() {
  # A subshell, so that its trap can't replace one of the caller's.
  (
    # Some of these packages start a server when they are installed. Nothing may listen that we didn't start ourselves.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
      trap 'rm -f "$policy"' EXIT
      trap 'exit 130' INT TERM
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # With a list of packages that is missing or old, the first try fails.
    if ! apt_install "$@" >/dev/null 2>&1; then
      quietly apt-get -qq -o DPkg::Lock::Timeout=300 update
      quietly apt_install "$@"
    fi
    # Nor may it start with the next boot.
    if command -v systemctl >/dev/null; then
      for name in "$@"; do
        case $name in memcached | redis-server) systemctl disable "$name.service" >/dev/null 2>&1 || true ;; esac
      done
    fi
  )
}

apt_install() {
  apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@" </dev/null
}

tell_what_to_install() {
  if command -v apt-get >/dev/null; then
    fail "these system packages are missing: $*" "sudo apt-get install --no-install-recommends $*" \
      "(memcached and redis-server start a server each; stop them with: sudo systemctl disable --now memcached redis-server)"
  elif command -v brew >/dev/null; then
    fail "these are missing: $*" "brew install ${*//-dev/}"
  else
    fail "these are missing (by their names in Debian): $*" "install them with this system's package manager"
  fi
}
