# One word per deed. `make` alone lists them; each sets up what it needs first.
PYTHON ?= python3
BIN = .venv/bin
SETUP = $(PYTHON) -m tools.setup
# By file: what a file's tests share, such as a whole demo, is started once.
PYTEST = $(BIN)/python -m pytest -q --dist loadfile

# Dozens of processes start in a run: without its files each would compile all of it anew.
export PYTHONDONTWRITEBYTECODE =

ROWS =
MINUTES ?= 20
SPEED ?= 30
PACE ?= 1

.DEFAULT_GOAL = help
.PHONY: help setup demo run bench soak test check lint fix lock messages clean

help:  ## list the words
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup:  ## get everything that demo, run, test and check need, and start nothing
	@$(SETUP) check

demo:  ## Remosa with two platforms, 200 simulated players and a real Prometheus; PACE=6: quicker
	@$(SETUP) run
	@$(BIN)/python manage.py run_demo --speed $(PACE)

run:  ## Remosa by itself: SQLite, Prometheus and the exporter on this machine
	@$(SETUP) run
	@$(BIN)/python manage.py run_local

bench:  ## what is promised of speed and memory, measured; ROWS="polling whole" for some
	@$(SETUP) test
	@$(BIN)/python -m bench $(ROWS)

soak:  ## exporters against failing vendors, 30 times as fast as life, for MINUTES=20
	@$(SETUP) run
	@$(BIN)/python -m bench.soak --minutes $(MINUTES) --speed $(SPEED)

test:  ## the tests: a part on SQLite, then all of them on PostgreSQL
	@$(SETUP) test
	@echo "Tests on SQLite"
	@REMOSA_TEST_DATABASE=sqlite $(PYTEST) -n 3 -m both_databases
	@echo "Tests on PostgreSQL"
	@# Two of the four mostly wait, for processes that poll: see tests/sharing_out.py.
	@$(PYTEST) -n 4

check:  ## every static check, then the tests
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test

lint:  ## the static checks alone
	@$(SETUP) check
	@$(BIN)/python -m tools.lint

fix:  ## format, and repair what ruff can repair
	@$(SETUP) test
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

lock:  ## write the lock files anew from pyproject.toml
	@$(SETUP) test
	@$(BIN)/python -m tools.lock

messages:  ## collect the words to translate, and compile the translations
	@$(SETUP) run
	@$(BIN)/python -m tools.messages

clean:  ## remove what the other words made, the state of demo and run too
	rm -rf .venv .tools .demo .remosa .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete
