# `make` alone prints this list. Everything sets itself up in .venv on first use.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUST_SOURCES := $(shell find rust -name '*.rs' 2>/dev/null) Cargo.toml Cargo.lock

.PHONY: help demo serve test test-rust test-python check format build bench bench-records bench-growth bench-peers fuzz crash soak-store azure compat compat-update clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.built  ## build, start a broker, produce and consume 200,000 records, show figures
	$(BIN)/skylog demo

serve: $(VENV)/.built  ## build and leave a broker running on 127.0.0.1:9092
	$(BIN)/skylog serve

test: test-rust test-python  ## everything that must hold

test-rust:
	scripts/test-rust

test-python: $(VENV)/.built $(VENV)/.system
	$(BIN)/python -m pytest

check: $(VENV)/.built  ## format, lint, types, import contracts, clippy
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

format: $(VENV)/.ready  ## rewrite Python and Rust in the house format
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/format

build: $(VENV)/.built  ## the Rust core into the virtual environment

bench: $(VENV)/.built  ## the figures of docs/performance.md
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/bench

bench-records: $(VENV)/.built  ## the records library beside its peers, tables and charts of docs/performance.md
	$(BIN)/python -m pip install --quiet google-crc32c matplotlib
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/bench-records

bench-growth: $(VENV)/.built  ## what CPU, memory and time become as partitions, connections, segments, groups grow
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/bench-growth --docs

bench-peers: $(VENV)/.built $(VENV)/.system  ## skylog beside Apache Kafka on this machine, about 25 minutes
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/bench-peers

crash: $(VENV)/.built  ## 50 rounds of kill -9 under load
	SKYLOG_CRASH_ROUNDS=50 $(BIN)/python -m pytest -m soak tests/clients/test_crash.py

soak-store: $(VENV)/.built  ## a store that fails three requests in ten, in every way, for minutes
	SKYLOG_SOAK_SECONDS=60 SKYLOG_SOAK_SEEDS=5 $(BIN)/python -m pytest -m soak tests/clients/faulty

azure: $(VENV)/.built  ## the contract of stores on Azurite, Azure's emulator (from npm)
	npm install --silent --no-audit --no-fund --prefix $(VENV)/azurite azurite@3.37.0
	AZURITE=$(CURDIR)/$(VENV)/azurite/node_modules/.bin/azurite-blob \
		$(BIN)/python -m pytest tests/contract/test_object_store.py -k azurite

compat: $(VENV)/.compat  ## test suites of others against a broker: what passed once must pass; SUITES="kcat …" for some
	PYTHONPATH=tests $(BIN)/python -m compat $(SUITES)

compat-update: $(VENV)/.compat  ## the same with all that is known not to pass; takes in what passes now, writes the page
	PYTHONPATH=tests $(BIN)/python -m compat --update $(SUITES)

fuzz:  ## mutated frames, batches and segments against the Rust core, a few minutes
	PROPTEST_CASES=$${PROPTEST_CASES:-200000} FUZZ_RECORDS_CASES=$${FUZZ_RECORDS_CASES:-10000000} \
		cargo test --release --no-default-features --test fuzz --test fuzz_records --test fuzz_wire

clean:  ## remove everything that was built
	rm -rf $(VENV) target dist site

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	scripts/install-python-tools $(BIN)/python
	@touch $@

$(VENV)/.built: $(VENV)/.ready $(RUST_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release --locked
	@touch $@

$(VENV)/.system:
	scripts/install-system-tools
	@touch $@

$(VENV)/.compat: $(VENV)/.built $(VENV)/.system scripts/install-compat-tools
	scripts/install-compat-tools
	@touch $@
