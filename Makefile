# Every command a person needs: `make help`. Each target installs what it needs first (scripts/setup).

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
# Stages share cores, ports and build directories: one at a time.
.NOTPARALLEL:

PYTHON ?= python3
export PYTHON
STAGES := lint scripts rust fuzz model sim c python node go reload vectors conformance live
RUN_STAGES := $(PYTHON) scripts/run_stages.py

.PHONY: help demo test bench bench-adapters soak fuzz miri free-threaded audit advisories clean build generate
.PHONY: setup-demo setup-test setup-bench build-c build-cli build-python build-node build-go
.PHONY: $(STAGES:%=test-%) test-lint

help: ## This list.
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16
	@echo "test-STAGE      One stage of the tests: $(STAGES:%=test-%)"

demo: setup-demo build ## A live migration on real memcached servers.
	@.venv/bin/python -m demo

test: setup-test build ## Every test in every language, linters and freshness checks.
	@$(RUN_STAGES) $(STAGES)

bench: setup-bench build ## Speed and balance beside the peers, written to docs/benchmarks.md.
	@.venv/bin/python tests/bench/run.py $(ARGS)

bench-adapters: setup-bench build ## What the adapters cost beside their bare clients, on real servers.
	@scripts/setup memcached redis
	@.venv/bin/python tests/bench/adapters/run.py

soak: build ## What takes longer: wide property tests, long runs under load, sanitizers, Miri (these need a nightly Rust).
	@scripts/setup c-tests memcached redis
	@$(RUN_STAGES) soak

fuzz: ## Hostile input by libFuzzer: FUZZ_SECONDS=60 for each of FUZZ_TARGETS, all without.
	@scripts/setup rust c
	@scripts/fuzz $(or $(FUZZ_SECONDS),60) $(FUZZ_TARGETS)

miri: ## Unsafe code under Miri, which needs a nightly Rust.
	@scripts/miri

free-threaded: ## The Python module under a Python without a lock of its own; one is built if there is none.
	@scripts/setup rust memcached redis
	@scripts/free_threaded

build: build-c build-cli build-python build-node build-go ## Release builds of the library for every language.

# ---- Set-up -------------------------------------------------------------------------------------------------------

setup-demo setup-test setup-bench: setup-%:
	@scripts/setup $*

# ---- Builds -------------------------------------------------------------------------------------------------------

build-c:
	@echo "==> building the C library"
	@scripts/setup rust c
	@cargo build --quiet --release -p ringshift-capi

build-cli:
	@echo "==> building the command line"
	@scripts/setup rust
	@cargo build --quiet --release -p ringshift-cli

build-python:
	@echo "==> building the Python module"
	@scripts/setup rust python
	@cd python && VIRTUAL_ENV=$(CURDIR)/.venv ../scripts/quietly ../.venv/bin/maturin develop --release

build-node:
	@echo "==> building the Node addon"
	@scripts/setup rust node
	@scripts/quietly npm run --silent --prefix node build

build-go: build-c
	@echo "==> building the Go package"
	@scripts/setup go
	@cd bindings/go && go build ./...
	@for each in gomemcache goredis; do (cd "bindings/go/adapters/$$each" && go build ./...); done
	@mkdir -p target/workers
	@cd tests/workers/go && go build -o ../../../target/workers/worker .

# ---- Tests by stage -----------------------------------------------------------------------------------------------

lint test-lint: setup-test build-python build-node build-c
	@$(RUN_STAGES) lint

test-rust test-fuzz test-model test-sim: test-%:
	@scripts/setup rust
	@$(RUN_STAGES) $*

test-scripts:
	@scripts/setup python
	@$(RUN_STAGES) scripts

test-c: build-c
	@scripts/setup c-tests
	@$(RUN_STAGES) c

test-python: build-python
	@scripts/setup memcached redis
	@$(RUN_STAGES) python

test-node: build-node
	@scripts/setup memcached redis
	@$(RUN_STAGES) node

test-go: build-go
	@scripts/setup memcached redis
	@$(RUN_STAGES) go

test-reload: build
	@$(RUN_STAGES) reload

test-vectors test-conformance test-live: test-%: build
	@scripts/setup memcached redis
	@$(RUN_STAGES) $*

# ---- The rest -----------------------------------------------------------------------------------------------------

generate: ## Makes the generated files again: the C header and the vectors.
	@scripts/setup rust python
	@echo "==> generating include/ringshift.h and tests/vectors"
	@RINGSHIFT_UPDATE=1 cargo test --quiet -p ringshift-capi --test header
	@.venv/bin/python tests/vectors/generate.py

audit: ## Licences, bans and sources of all Rust dependencies, of every lock file.
	@scripts/setup rust
	@scripts/audit

advisories: ## Known faults of what is pulled in; needs the databases of RustSec, npm, PyPI and Go.
	@scripts/setup rust python node go
	@scripts/audit --advisories

clean: ## Removes everything that a command made, installed tools of the tree included.
	@rm -rf target .venv node/node_modules tests/bench/node/node_modules tests/bench/rust/target tests/model/target tests/sim/target fuzz/target
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -f node/*.node python/ringshift/*.so
