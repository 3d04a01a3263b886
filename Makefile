# Two commands are enough: `make run` and `make test`. They need python3 (3.11 or later), and set up the rest in .venv.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV = $(shell command -v uv || ls -t .tools/uv-* 2>/dev/null | head -n 1)
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup run test fmt lint types house check bench coverage lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## get everything that running, testing and checking needs
	@$(PYTHON) scripts/setup.py dev

run:  ## set up what is needed and serve on 127.0.0.1:8080 (ARGS="--port 9000" goes to `headworks serve`)
	@$(PYTHON) scripts/setup.py run
	@exec $(BIN)/headworks serve $(ARGS)

test: setup  ## run all tests (ARGS="tests/unit -k stream" goes to pytest)
	@$(BIN)/python scripts/test.py $(ARGS)

fmt: setup  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lint: setup  ## ruff, layers of imports, unused or undeclared dependencies
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache > /dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/deptry --no-ansi .

types: setup  ## mypy, strict
	@$(BIN)/mypy --no-error-summary

house: setup  ## the house tests: sizes, names, directions, locks
	@$(BIN)/python -m pytest tests/house

check: lint types house  ## every gate but the tests

bench: setup  ## the gateway beside nginx and no gateway at all (ARGS="--json", ARGS="--soak 1000000")
	@$(BIN)/python -m benchmarks $(ARGS)

coverage: setup  ## the tests again, with the lines they reach
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage report --skip-covered

lock: setup  ## raise the locked versions as far as pyproject.toml allows
	@$(COMPILE) --upgrade pyproject.toml --all-extras --group dev --output-file requirements/dev.lock
	@$(COMPILE) --upgrade pyproject.toml --all-extras --constraint requirements/dev.lock --output-file requirements/run.lock
	@$(COMPILE) --upgrade requirements/build.in --constraint requirements/dev.lock --output-file requirements/build.lock
	@$(COMPILE) --upgrade --no-deps requirements/model.in --output-file requirements/model.lock
	@$(COMPILE) --upgrade --no-deps requirements/openmp.in --output-file requirements/openmp.lock
	@$(COMPILE) --upgrade requirements/uv.in --output-file requirements/uv.lock

clean:  ## remove what setting up and testing made (not headworks-data, which is yours)
	rm -rf .venv .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
