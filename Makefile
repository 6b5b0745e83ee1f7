# Everything a newcomer needs; bare `make` lists it.
PYTHON ?= python3
PORT ?= 8000
ZEROTEN_DATA ?= ./var
export PORT ZEROTEN_DATA

VENV := .venv
BIN := $(VENV)/bin
# Errors are shown, warnings about how a machine reaches its packages are not.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
RUNTIME := $(VENV)/.runtime
TESTING := $(VENV)/.testing
WIDGET := widget/dist/manifest.json
WIDGET_SOURCES := $(shell find widget/src widget/npm widget/build.mjs widget/texts* -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo run worker test check bench e2e e2e-rounds fuzz format lock clean

help: ## list what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(TESTING) $(WIDGET) ## install everything that tests and checks need

demo: $(RUNTIME) $(WIDGET) ## set up and run the product with a demo project (PORT, ZEROTEN_DATA)
	@exec $(BIN)/python -m demo

run: $(RUNTIME) $(WIDGET) ## run the server on your own data (PORT, ZEROTEN_DATA, DATABASE_URL)
	@exec $(BIN)/python -m backend serve

worker: $(RUNTIME) ## run the background jobs (only needed with DATABASE_URL)
	@exec $(BIN)/python -m backend worker

test: $(TESTING) $(WIDGET) ## set up and run all tests
	@$(BIN)/python tools/browsers.py
	@$(BIN)/python tools/redis_server.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(MAKE) --no-print-directory widget-test
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q

check: $(TESTING) widget/node_modules/.installed ## format, lint, types, layers, widget types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd sdk_python && ../$(BIN)/mypy
	$(BIN)/lint-imports
	cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

bench: $(TESTING) $(WIDGET) ## print measured figures beside their floors (ONLY=decide, …)
	@$(BIN)/python -m bench $(ONLY)

e2e: $(TESTING) $(WIDGET) ## run only the tests in a browser
	@$(BIN)/python tools/browsers.py
	@$(BIN)/python -m pytest -q tests/e2e

e2e-rounds: $(TESTING) $(WIDGET) ## answer in closed tabs, lost networks, many tabs and pages gone back to (ROUNDS, MINUTES, LEDGER)
	@$(BIN)/python tools/browsers.py
	@$(BIN)/python -m tests.e2e.rounds $(or $(ROUNDS),300) $(or $(MINUTES),60) $(LEDGER)

fuzz: $(TESTING) $(WIDGET) ## try made-up requests for long: every operation, then broken bytes on every plane
	@$(BIN)/python -m tests.fuzz.promises 200
	@$(BIN)/python -m tests.fuzz.mutations

format: $(TESTING) ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(TESTING) ## renew the lock files
	$(BIN)/uv pip compile -q --universal --no-header --no-annotate pyproject.toml -o requirements/base.txt
	$(BIN)/uv pip compile -q --universal --no-header --no-annotate --all-extras -c requirements/base.txt pyproject.toml -o requirements/dev.txt

clean: ## remove what was built (not your data)
	rm -rf $(VENV) widget/node_modules widget/dist build

$(VENV)/bin/python:
	@$(PYTHON) tools/check_python.py
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(VENV)/bin/python requirements/base.txt pyproject.toml sdk_python/pyproject.toml
	@echo "Installing what Zeroten runs on (into $(VENV); once)"
	@$(PIP) -r requirements/base.txt
	@$(PIP) --no-deps -e . -e sdk_python
	@touch $@

$(TESTING): $(RUNTIME) requirements/dev.txt
	@echo "Installing what tests and checks need (into $(VENV); once)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

widget/node_modules/.installed: widget/package-lock.json $(RUNTIME)
	@$(BIN)/python tools/node.py
	@echo "Installing what builds the widget (once)"
	@cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WIDGET): $(WIDGET_SOURCES) widget/node_modules/.installed
	@cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build

.PHONY: widget-test
widget-test: widget/node_modules/.installed
	@cd widget && npm test --silent
