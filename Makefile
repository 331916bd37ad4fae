# What people run is what CI runs. Needs python3 (3.11 or newer), make and git; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE := 1
export FLOWLIGHT_CONFIG ?= $(CURDIR)/config
export FLOWLIGHT_DATA ?= $(CURDIR)/data
SOURCES := ingestion orchestration sandbox tests

.PHONY: nightly test soak check format dev benchmark benchmark-flow benchmark-delivery benchmark-sentiment benchmark-outcomes venv clean
.DEFAULT_GOAL := nightly

nightly: $(READY) ## the whole night: extract, load, build, test, publish
	@$(BIN)/flowlight nightly

test: $(READY) ## every test
	$(BIN)/pytest -n auto --dist loadfile -m "not soak"

soak: $(READY) ## the slow tests: seeds of faults, kills, old clients
	$(BIN)/pytest -m soak

check: $(READY) ## format, lint, types, import rules, SQL lint
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ty check --python $(VENV) ingestion orchestration sandbox
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

format: $(READY) ## let ruff and sqlfluff put files into shape
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/sqlfluff fix --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

dev: $(READY) ## Dagster's page and daemon, on http://localhost:3000
	@$(BIN)/flowlight dev

benchmark: $(READY) ## extraction against dlt (its own environment), see docs/performance.md
	$(BIN)/python tests/benchmarks/extract.py

benchmark-flow: $(READY) ## the flow family over a million items: build, night, floor, queries
	$(BIN)/python tests/benchmarks/flow.py

benchmark-delivery: $(READY) ## delivery and quality over a hundred thousand pull requests: build, growth, night
	$(BIN)/python tests/benchmarks/delivery.py

benchmark-sentiment: $(READY) ## suppression and sentiment over ten million survey answers
	$(BIN)/python tests/benchmarks/sentiment.py

benchmark-outcomes: $(READY) ## outcomes over fifty thousand initiatives with a million changes
	$(BIN)/python tests/benchmarks/outcomes.py

venv: $(READY) ## only the environment

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Flowlight needs python3 (3.11 or newer) on the PATH; install it, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Flowlight needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Install a newer one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@echo "installing into $(VENV) (once; about two minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean: ## remove data/ (the simulated company's) and the caches; .venv and a FLOWLIGHT_DATA elsewhere stay
	rm -rf data .pytest_cache .ruff_cache .hypothesis .import_linter_cache dbt_project/target dbt_project/logs
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
