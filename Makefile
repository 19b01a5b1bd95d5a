# Everything happens in a virtual environment inside the checkout; nothing is installed system-wide.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UNFINISHED := $(VENV)/.unfinished

.PHONY: demo test conformance matrix rules bench lint format clean help

help: ## show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(STAMP) ## from plug-in to an installed contract and a paid charge
	@$(BIN)/pnc run install-contract

test: $(STAMP) lint ## static checks and all tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

conformance: $(STAMP) ## whole conformance suites against our own devices, and the mutants that they have to find
	@$(BIN)/pnc conformance secc
	@$(BIN)/pnc conformance secc --mutants
	@$(BIN)/pnc conformance evcc
	@$(BIN)/pnc conformance evcc --mutants
	@$(BIN)/pnc conformance csms
	@$(BIN)/pnc conformance csms --mutants
	@$(BIN)/pnc conformance station
	@$(BIN)/pnc conformance station --mutants
	@$(BIN)/pnc conformance pki
	@$(BIN)/pnc conformance pki --mutants
	@$(BIN)/pnc conformance pools
	@$(BIN)/pnc conformance pools --mutants

matrix: $(STAMP) ## each wrong device of every suite against every case of its suite (an hour)
	@$(BIN)/pnc conformance secc --matrix
	@$(BIN)/pnc conformance evcc --matrix
	@$(BIN)/pnc conformance csms --matrix
	@$(BIN)/pnc conformance station --matrix
	@$(BIN)/pnc conformance pki --matrix
	@$(BIN)/pnc conformance pools --matrix

lint: $(STAMP) ## static checks only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP) ## format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

rules: $(STAMP) ## run the tests that prove a requirement and write their table
	@$(BIN)/python -m pytest -m rule --write-rules

bench: $(STAMP) ## measure speed; prints tables, or with BASE=REVISION the ratios to that build
	@$(BIN)/python -m bench $(BASE)

pictures: $(STAMP) ## draw the README's pictures of the dashboard anew
	@$(BIN)/python tests/dashboard/pictures.py

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "pncsim needs Python 3.11 or later as '$(PYTHON)' (on Debian: apt install python3; or PYTHON=python3.12 make ...)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "pncsim needs Python's venv module (on Debian: apt install python3-venv)." >&2; exit 1; }
	@# Whatever was broken off (a half-made environment, a half-installed package) is not built upon.
	@if test -e $(UNFINISHED) || { test -e $(VENV) && ! $(BIN)/python -m pip --version >/dev/null 2>&1; }; then \
	  echo "An earlier set-up of $(VENV) was not finished: it is made anew." >&2; rm -rf $(VENV); fi
	@echo "Setting up $(VENV): about 280 MB, a minute or two (once) ..." >&2
	@mkdir -p $(VENV) && touch $(UNFINISHED)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@began=$$(date +%s); \
	{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[dev]' && rm $(UNFINISHED); } \
	  | sed -un 's/^ *Collecting \([A-Za-z0-9._-]*\).*/  \1/p; s/^Installing collected packages.*/  installing .../p' >&2; \
	test ! -e $(UNFINISHED) || \
	  { echo "Could not install the dependencies: is a Python package index reachable?" >&2; exit 1; }; \
	echo "$(VENV) is ready: $$(du -sm $(VENV) | cut -f1) MB, $$(( $$(date +%s) - began )) s." >&2
	@touch $@
