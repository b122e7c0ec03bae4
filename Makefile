# `make` alone lists what there is. Everything a target needs is set up by it, once.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3.11
BIN := .venv/bin
PACKAGES := .venv/.packages-installed
PROJECT := .venv/.project-installed
WORLD := world/node_modules/.package-lock.json
LOCK := requirements/dev.txt
EXAMINERS := .venv-contracts/.packages-installed
PEERS := .venv-peers/.packages-installed
STARTED := $(shell date +%s)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip --quiet --require-virtualenv

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: setup
setup: $(PROJECT) $(WORLD) ## Make .venv and world/node_modules, as locked; a second time does nothing

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
	  echo "trimtab needs Python 3.11 or 3.12 with its venv module, and $(PYTHON) is not one:"; \
	  echo "on Debian 'apt-get install python3.11-venv', or name another: make PYTHON=python3.12"; \
	  exit 2; }
	$(PYTHON) -m venv .venv

$(PACKAGES): $(LOCK) | .venv/bin/python
	$(PIP) install --no-compile --no-deps --only-binary :all: --require-hashes -r $(LOCK)
	@touch $@

$(PROJECT): pyproject.toml $(PACKAGES)
	$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(WORLD): world/package-lock.json world/package.json | $(PACKAGES)
	$(BIN)/python world/npm.py ci --ignore-scripts --no-audit --no-fund --no-update-notifier
	@touch $@

.PHONY: demo
demo: setup ## Run the example mandate in a local world of real contracts, and write its report
	@TRIMTAB_SETUP_SECONDS=$$(($$(date +%s) - $(STARTED))) $(BIN)/trimtab demo

.PHONY: test
test: setup ## Run the whole suite on two cores, but for what `make contracts` runs
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/contracts

.PHONY: check
check: lint types imports test ## Format, lint, types, imports and tests: what a change must pass

.PHONY: format
format: setup ## Format the code, and mend what the linter can
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: lint
lint: setup ## Say what is not formatted, or against the lint rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check

.PHONY: types
types: setup ## Check types, strictly
	$(BIN)/mypy

.PHONY: imports
imports: setup ## Check that imports point downwards
	$(BIN)/lint-imports --no-logo

.PHONY: mutants
mutants: setup ## Flip each rounding and each one-off of the models in turn; every flip must fail a law
	$(BIN)/python -m tests.mutants

.PHONY: contracts
contracts: setup $(EXAMINERS) ## Examine contracts/ with forge, halmos and slither, none of which may be missing
	TRIMTAB_CONTRACT_TOOLS=required $(BIN)/pytest -n 2 --dist worksteal tests/contracts

# Programs that are run and never imported, apart from everything that the project itself needs.
$(EXAMINERS): requirements/contracts.txt | .venv/bin/python
	$(PYTHON) -m venv .venv-contracts
	.venv-contracts/bin/python -m pip --quiet --require-virtualenv install --no-compile --no-deps \
	  --only-binary :all: --require-hashes -r requirements/contracts.txt
	@touch $@

.PHONY: soak
soak: setup ## Long runs: against plain policies, models against contracts, and survival
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.soak equality
	$(BIN)/python -m tests.soak survival
	$(BIN)/python -m tests.soak kernels
	$(BIN)/python -m tests.soak laws

.PHONY: bench
bench: setup $(PEERS) ## Measure ours against a peer and against bounds; writes build/bench.json
	$(BIN)/python -m tests.bench

# What the quotes are measured against: run in a process of its own, and never imported.
$(PEERS): requirements/peers.txt | .venv/bin/python
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip --quiet --require-virtualenv install --no-compile --no-deps \
	  --only-binary :all: --require-hashes -r requirements/peers.txt
	@touch $@

.PHONY: lock
lock: setup ## Renew all locks to the newest versions that what they are made of allows
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --upgrade --all-extras \
	  --generate-hashes --allow-unsafe --strip-extras --no-build-isolation \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file $(LOCK) pyproject.toml
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --upgrade \
	  --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file requirements/contracts.txt requirements/contracts.in
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --upgrade \
	  --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file requirements/peers.txt requirements/peers.in
	$(BIN)/python world/lock.py

.PHONY: clean
clean: ## Remove what set-up and runs leave behind
	rm -rf .venv .venv-contracts .venv-peers world/node_modules world/.cache build dist .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find src tests world -name __pycache__ -type d -prune -exec rm -rf {} +
