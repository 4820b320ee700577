# shellcheck shell=bash
# What each language's own package manager installs, pinned by a file in the tree, into the tree.

# python_tools: .venv with the pinned tools; the ringshift module itself is put there by `make build-python`.
python_tools() { environment "$PYTHON" .venv scripts/requirements.txt; }

# bench_environment: the Python peers, apart from the tools, perhaps under another Python.
bench_environment() { environment "$(bench_python)" target/bench/venv tests/bench/python/requirements.txt; }

# bench_python: what BENCH_PYTHON says; else a Python that one of the peers needs, if there is one (pyenv keeps several);
# else the project's.
bench_python() {
  local each candidates=("$PYTHON" python3.13 python3.14 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[34].*/bin/python)
  if [[ -z ${BENCH_PYTHON:-} ]]; then
    for each in "${candidates[@]}"; do
      if "$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
        printf '%s' "$each"
        return
      fi
    done
  fi
  printf '%s' "${BENCH_PYTHON:-$PYTHON}"
}

# environment PYTHON DIRECTORY REQUIREMENTS
environment() {
  local key
  PYTHON=$1 need_packages python3-venv
  key=$(hash_of "$("$1" -VV)" "$3")
  if stamp_is "$2/.stamp" "$key" && "$2/bin/python" -c '' 2>/dev/null; then return 0; fi
  say "installing Python packages into $2"
  quietly "$1" -m venv --clear "$2"
  quietly "$2/bin/python" -m pip install --disable-pip-version-check -r "$3"
  set_stamp "$2/.stamp" "$key"
}

# npm_packages DIRECTORY: exactly what its lockfile says, without running anything of theirs: that is for a build to do.
npm_packages() {
  local key lock=$1/package-lock.json
  [[ -f $lock ]] || fail "$lock is missing" "make it with: npm install --package-lock-only --prefix $1"
  key=$(hash_of "$(node --version) $(npm --version)" "$1/package.json" "$lock")
  if stamp_is "$1/node_modules/.stamp" "$key"; then return 0; fi
  say "installing npm packages of $1"
  # Not `npm ci`: it refuses a lockfile without the packages of other platforms, which not every registry has.
  quietly npm install --no-save --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
  set_stamp "$1/node_modules/.stamp" "$key"
}

# go_modules DIRECTORY: into Go's own module cache.
go_modules() {
  local key stamp files=("$1/go.mod")
  [[ -f $1/go.mod ]] || fail "$1/go.mod is missing"
  # A module without dependencies has no go.sum.
  [[ ! -f $1/go.sum ]] || files+=("$1/go.sum")
  key=$(hash_of "$(go version) $(go env GOMODCACHE)" "${files[@]}")
  stamp=target/setup/go-${1//\//-}
  if stamp_is "$stamp" "$key"; then return 0; fi
  say "downloading Go modules of $1"
  (cd "$1" && quietly go mod download)
  set_stamp "$stamp" "$key"
}
