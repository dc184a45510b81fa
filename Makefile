# Heddle's developer commands. `make check` is exactly what CI runs.
#
# Python 3.11 or newer, git and make are enough: everything else is installed into .venv, pinned and
# checked by its hash. A stamp file in .venv says what is installed, so nothing is installed twice.

PYTHON ?=
UPGRADE ?=
ARGS ?=
WORKERS ?= 3

export PYTHON UPGRADE
unexport PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK = 1

bin := .venv/bin
pip := $(bin)/python -m pip install -qq --no-input

.DEFAULT_GOAL := help
.PHONY: help run test check format-check lint types contracts format lock wheel snapshots pictures bench clean

help:  ## Say what each target does
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do \
	    printf '  make %-13s %s\n' "$$name" "$$text"; done

run: .venv/run.stamp  ## Open Heddle (without a terminal: play the first scenario and print it)
	@$(bin)/heddle $(ARGS)

test: .venv/dev.stamp  ## Install what the tests need and run the whole suite
	@$(bin)/python -m pytest -n $(WORKERS) $(ARGS)

check: format-check lint types contracts test  ## What CI runs: format, lint, types, import contracts, tests

format-check: .venv/dev.stamp
	@$(bin)/ruff format --check .

lint: .venv/dev.stamp
	@$(bin)/ruff check .

types: .venv/dev.stamp
	@$(bin)/basedpyright

contracts: .venv/dev.stamp
	@$(bin)/lint-imports

format: .venv/dev.stamp  ## Format the source and mend what can be mended
	@$(bin)/ruff check --fix . && $(bin)/ruff format .

lock: .venv/dev.stamp  ## Compile both locks again (UPGRADE=--upgrade takes the newest)
	@scripts/lock

wheel: .venv/dev.stamp  ## Build the wheel into dist/
	@rm -rf build
	@$(bin)/python -m build --wheel --no-isolation --outdir dist .

snapshots: .venv/dev.stamp  ## Accept the screen's pictures as they are now; look at each one
	@$(bin)/python -m pytest -n $(WORKERS) --snapshot-update tests/tui $(ARGS)

pictures: .venv/dev.stamp  ## Draw the pictures of README and docs again
	@$(bin)/python scripts/pictures.py $(ARGS)

bench: .venv/dev.stamp  ## Measure, and print ratios to this machine's own floor
	@for each in bench/[a-z]*.py; do echo "== $$each"; $(bin)/python "$$each" $(ARGS) || exit 1; done

clean:  ## Remove everything that was made here, .venv too
	@rm -rf .venv build dist heddle.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/run.stamp: requirements.lock pyproject.toml scripts/venv
	@scripts/venv
	@echo "Installing Heddle into .venv (a minute or two, once) ..."
	@$(pip) --require-hashes -r requirements.lock
	@$(pip) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@echo "Installing what the tests and checks need into .venv ..."
	@$(pip) --require-hashes -r requirements-dev.lock
	@touch $@
