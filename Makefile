# make demo   set up and run a backtest of real prices into runs/demo, with a page about it
# make test   set up and run the tests
#
# The only things needed are make and CPython 3.11 or newer. PYTHON=/path/to/python chooses one;
# VENV=/some/dir chooses where the virtual environment goes.

VENV ?= .venv
ifndef PYTHON
  PYTHON := $(shell for each in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && command -v "$$each" && break; done)
endif

ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
JOBS ?= 2
SECONDS ?= 3600
RATE ?= 5000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test explore mutants lint docs bench soak clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo 'make lint   ruff and mypy'
	@echo 'make docs   build the documentation into build/docs'
	@echo 'make bench  measure, see benchmarks/'
	@echo 'make soak   an hour of trading at a loopback exchange that fails in every way it knows; SECONDS=60 for less'
	@echo 'make explore  the tests with new random examples, where make test draws the same each time'
	@echo 'make mutants  see whether the tests notice wrong changes of the package, see tests/mutants/'
	@echo 'make clean  delete the virtual environment, caches and the demo'

setup: $(READY)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo 'No CPython 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is older than Python 3.11' >&2; exit 1; }
	@echo 'Setting up $(VENV) with $(PYTHON); this is done once'
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch "$(READY)"

demo: $(READY)
	"$(BIN)/barter-bt" backtest docs/examples/demo.toml --out runs/demo
	"$(BIN)/barter-bt" report runs/demo --out runs/demo.html

test: $(READY)
	"$(BIN)/python" -m pytest -q -n auto

explore: $(READY)
	HYPOTHESIS_PROFILE=explore "$(BIN)/python" -m pytest -q -n auto

mutants: $(READY)
	"$(BIN)/python" -m tests.mutants --jobs $(JOBS)

lint: $(READY)
	"$(BIN)/ruff" check .
	"$(BIN)/mypy"

docs: $(READY)
	"$(BIN)/python" -m docs

bench: $(READY)
	"$(BIN)/python" -m benchmarks

soak: $(READY)
	"$(BIN)/python" -m benchmarks.soak --seconds $(SECONDS) --rate $(RATE) --seed $(SEED)

clean:
	rm -rf "$(VENV)" .pytest_cache .ruff_cache .mypy_cache .hypothesis runs/demo runs/demo.html build/docs docs/reference .cache
