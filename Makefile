# Two commands matter: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Compiled modules are kept, whatever the environment says: without them each process compiles the program anew, and
# each worker of pytest spends ten seconds on the assertions of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test coverage torture lint format bench bench-paid docs pictures lock clean

help:
	@echo "make demo    run the quickstart campaign on the embedded sandbox: free, nothing leaves this machine"
	@echo "make test    lint, types, layers and the whole test suite"
	@echo "make coverage  every branch of the modules that money depends on, by their unit tests"
	@echo "make torture the proof at length: HISTORIES=2000000 simulated ones, KILLS=10000 of real runs; hours"
	@echo "make docs    refresh what the documentation quotes from the code: commands, tables, diagrams"
	@echo "make lint    ruff, mypy and import-linter only"
	@echo "make lock    refresh requirements/dev.txt from pyproject.toml"

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml
	@echo "Setting up $(VENV) from locked dependencies ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "seedpipe needs Python 3.11 or newer; say PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/seedpipe plan examples/pipelines/quickstart/campaign.yaml --proof
	@echo
	@$(BIN)/seedpipe run examples/pipelines/quickstart/campaign.yaml

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# These start processes and servers and wait for them; all others compute, and would only be slowed by a third worker.
WAITING := tests/e2e tests/faults tests/browser tests/providers tests/sandbox tests/test_examining.py tests/test_house.py

test: lint
	$(BIN)/pytest -n 2 --dist worksteal tests $(WAITING:%=--ignore=%)
	$(BIN)/pytest -n 6 --dist worksteal $(WAITING)

# Of the modules that money depends on (listed in pyproject.toml), by the tests of just these: every branch.
coverage: $(READY)
	$(BIN)/coverage run -m pytest -q -p no:xdist tests/core/test_lifecycle.py tests/core/test_paths.py tests/core/test_reconcile.py tests/ledger tests/stores tests/contracts/test_ledger.py tests/contracts/test_places.py tests/contracts/test_store.py tests/providers tests/contracts/test_provider.py tests/e2e/test_network.py
	$(BIN)/coverage report

bench: $(READY)
	$(BIN)/python bench/speed.py
	$(BIN)/python bench/pictures.py
	$(BIN)/python bench/checks.py

# Needs npm for one of the clients; without it that row is missing.
bench-paid: $(READY)
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix .bench @wavespeed/cli@0.2.2; fi
	$(BIN)/python bench/paid.py --jobs 100 --node .bench

HISTORIES ?= 2000000
KILLS     ?= 10000
torture: $(READY)
	$(BIN)/python -m tests.simulator --seeds 0:$(HISTORIES)
	SEEDPIPE_KILLS=$(KILLS) SEEDPIPE_FAULT_STEP=1 $(BIN)/pytest -n 2 tests/e2e/test_many_kills.py tests/e2e/test_io_faults.py

# What the documentation quotes from the code: commands, tables, diagrams.
docs: $(READY)
	SEEDPIPE_UPDATE_GOLDENS=1 $(BIN)/pytest -q tests/test_house.py -k docs_draw

pictures: $(READY)
	CI=1 $(BIN)/python docs/pictures/make.py
	$(BIN)/python docs/pictures/proofs.py
	$(BIN)/python docs/pictures/gallery.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
