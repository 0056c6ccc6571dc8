# The whole workflow. Each target makes .venv first if need be; any Python from 3.11 on will do:
#   make run PYTHON=python3.12
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

# Hundreds of servers are started by tests: none of them should compile the same modules anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install run test check format bench faults fuzz soak simulate clean

help: ## what there is to do
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: $(VENV)/.installed ## .venv, with everything that developing needs

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lastseen needs Python 3.11 or later, and $(PYTHON) is older: make PYTHON=python3.x …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "no venv could be made: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV): about a minute, once"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

run: install ## start the server with config.toml
	@exec $(BIN)/lastseen-server --config config.toml

# Most tests wait for processes that they started, so there are more workers than cores. Each takes a
# file at a time, in the order that tests/conftest.py makes.
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(8, os.cpu_count() + 2))')

test: install ## all tests, side by side: WORKERS=4
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: install ## lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## figures beside the peers (docs/performance.md)
	$(BIN)/python -m benchmarks

MINUTES ?= 30
CLIENTS ?= 5000

faults: install ## all faults on real processes, also those that take long
	FAULTS=all $(BIN)/python -m pytest tests/faults

fuzz: install ## fuzz every door: make fuzz MINUTES=60
	$(BIN)/python -m tests.faults.fuzz $(MINUTES)

soak: install ## does anything grow? make soak MINUTES=30 CLIENTS=5000 (docs/soak.md)
	$(BIN)/python -m benchmarks.soak $(MINUTES) --clients $(CLIENTS)

simulate: install ## a world of troubles in simulated time: SEED=1 DAYS=7 CLIENTS=1000 (docs/guarantees.md)
	@PYTHONPATH=. $(BIN)/python -m tests.simulation --seed $(or $(SEED),1) --days $(or $(DAYS),1) --clients $(or $(CLIENTS),1000) $(MORE)

clean: ## remove what was made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
