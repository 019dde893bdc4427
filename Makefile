# One command surface: `make demo`, `make test`, `make lint` on a fresh machine; all need only python3.
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTHON ?= python3
PIP    := PIP_NO_COLOR=1 $(BIN)/pip --quiet --quiet --disable-pip-version-check

.PHONY: setup demo test lint format lock ui bench-features bench-real clean

setup: $(STAMP)

# uv, taken from the lock with its hashes, installs the rest and compiles it to bytecode.
$(STAMP): requirements.lock pyproject.toml
	@echo "Installing the locked dependencies into $(VENV) (about a minute, once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	@$(PIP) install --require-hashes -r $(VENV)/uv.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --system-certs --quiet --require-hashes --no-deps --compile-bytecode -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --system-certs --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q leadml features training serving
	@touch $@

demo: setup
	@$(BIN)/leadml demo

test: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: setup
	@$(BIN)/uv pip compile --system-certs pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --all-extras --upgrade --quiet --custom-compile-command "make lock" -o requirements.lock

# The feature engine beside DuckDB, Polars and featuretools: figures to benchmarks/results.
bench-features: setup
	@$(BIN)/python benchmarks/feature_speed.py

bench-real: setup
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/real_sets.py

ui: setup
	@$(BIN)/leadml ui

clean:
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
