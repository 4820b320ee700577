# shellcheck shell=bash
# A Python without a lock of the interpreter's ("free-threaded"): found, installed, or built into target/.

# The project's own builds of it.
FREE_THREADED_HOME=$PWD/target/free-threaded

# is_free_threaded PYTHON: whether it is one, and whole enough for an environment.
is_free_threaded() {
  "$1" -c 'import ensurepip, ssl, sysconfig, venv; raise SystemExit(not sysconfig.get_config_var("Py_GIL_DISABLED"))' 2>/dev/null
}

# free_threaded_python: prints which to use. FREE_THREADED_PYTHON names one; else the newest that is there; else one is made.
free_threaded_python() {
  if [[ -n ${FREE_THREADED_PYTHON:-} ]]; then
    is_free_threaded "$FREE_THREADED_PYTHON" ||
      fail "FREE_THREADED_PYTHON=$FREE_THREADED_PYTHON is no free-threaded Python with venv and ssl" "name one, such as python3.14t"
    command -v "$FREE_THREADED_PYTHON"
    return
  fi
  find_free_threaded || install_free_threaded || build_free_threaded || fail "there is no free-threaded Python, and none could be made" \
    "install python3.14t and put it on PATH, or name it: FREE_THREADED_PYTHON=/path/to/python3.14t"
}

find_free_threaded() {
  local version each
  for version in 3.14 3.13; do
    for each in "python${version}t" "$FREE_THREADED_HOME/python${version}t/bin/python${version}t" \
      "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*t/bin/python; do
      # A build that was broken off looks like one.
      [[ $each != "$FREE_THREADED_HOME"/* || -f $FREE_THREADED_HOME/python${version}t/complete ]] || continue
      if is_free_threaded "$each"; then
        command -v "$each"
        return
      fi
    done
  done
  return 1
}

# Newer Debians and Ubuntus may have it as a package.
install_free_threaded() {
  local version
  [[ $(id -u) == 0 ]] && command -v apt-cache >/dev/null || return 1
  for version in 3.14 3.13; do
    apt-cache show "python$version-nogil" >/dev/null 2>&1 || continue
    say "installing python$version-nogil with apt-get" >&2
    (install_with_apt "python$version-nogil" "python$version-venv") >&2 || continue
    find_free_threaded && return
  done
  return 1
}

build_free_threaded() {
  local of version suite prefix
  for of in 3.14:forky 3.13:trixie; do
    version=${of%:*} suite=${of#*:} prefix=$FREE_THREADED_HOME/python${of%:*}t
    if scripts/lib/python_from_debian.sh "$version" "$suite" "$prefix" >&2; then
      find_free_threaded
      return
    fi
    note "no Python $version from Debian's $suite" >&2
  done
  return 1
}
