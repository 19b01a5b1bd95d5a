# Everything happens in a virtual environment inside the checkout; nothing is installed system-wide.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test bench lint format clean help

help: ## show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(STAMP) ## from plug-in to an installed contract and a paid charge
	@$(BIN)/pnc run install-contract

test: $(STAMP) lint ## static checks and all tests
	@$(BIN)/python -m pytest

lint: $(STAMP) ## static checks only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP) ## format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(STAMP) ## measure speed; prints tables, or with BASE=REVISION the ratios to that build
	@$(BIN)/python -m bench $(BASE)

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "pncsim needs Python 3.11 or later as '$(PYTHON)' (on Debian: apt install python3; or PYTHON=python3.12 make ...)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "pncsim needs Python's venv module (on Debian: apt install python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' || \
	  { echo "Could not install the dependencies: is a Python package index reachable?" >&2; exit 1; }
	@touch $@
