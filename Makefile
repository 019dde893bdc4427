# One command surface: `make demo`, `make test`, `make lint` on a fresh machine; all need only python3.
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTHON ?= python3
PIP    := PIP_NO_COLOR=1 $(BIN)/pip --quiet --quiet --disable-pip-version-check

.PHONY: setup demo browser test fuzz lint format lock ui bench-features bench-explain bench-training bench-real bench-automl bench-serving bench-batch clean

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

# Debian's Chromium, in which the tests open our pages and `leadml report --pdf` prints; skipped where there is one.
browser:
	@command -v chromium > /dev/null || command -v google-chrome > /dev/null || { \
	  test "$$(id -u)" = 0 && SUDO= || SUDO=sudo; \
	  $$SUDO apt-get update -qq && $$SUDO apt-get install -qq -y --no-install-recommends chromium; }

# Thousands of requests by the API's own description, and thousands of bent bodies.
fuzz: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m thorough tests/serving/web/test_fuzz.py

# Two files at a time.
test: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

COMPILE := $(BIN)/uv pip compile --system-certs pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --upgrade --quiet --custom-compile-command "make lock"

# The locks of the images hold what their extras need, at the versions of the lock of everything.
lock: setup
	@$(COMPILE) --all-extras -o requirements.lock
	@$(COMPILE) --constraint requirements.lock --extra serve -o deploy/requirements-serve.lock
	@$(COMPILE) --constraint requirements.lock --extra serve --extra train --extra registry -o deploy/requirements-train.lock

# The feature engine beside DuckDB, Polars and featuretools: figures to benchmarks/results.
bench-features: setup
	@$(BIN)/python benchmarks/feature_speed.py

# Contributions of many rows beside LightGBM's pred_contrib, in one process, in turn.
bench-explain: setup
	@$(BIN)/python benchmarks/explain_speed.py

# A training with its backtest: 50,000 leads, 2 M events, 200 features.
bench-training: setup
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train_speed.py

bench-real: setup
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/real_sets.py

# leadml beside FLAML, retrained on the same days: figures to benchmarks/results.
bench-automl: setup
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/automl_blocks.py

# Scoring over HTTP beside MLflow's server and a bare route, each with one worker on one core.
bench-serving: setup
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/serving_speed.py

# `leadml score` over a million leads with 20 M events, beside bare predicting.
bench-batch: setup
	@$(BIN)/python benchmarks/batch_speed.py

ui: setup
	@$(BIN)/leadml ui

clean:
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
