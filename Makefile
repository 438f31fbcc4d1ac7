# recto. Every target sets up its own environment first; Python >= 3.11 (with venv) and make are all that
# is assumed. `make` alone lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

# Where pip finds torch without several GB of CUDA, when there is no NVIDIA GPU and this answers.
# Empty (`make setup TORCH_CPU_INDEX=`) leaves the choice to pip's own indexes.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu

DEMO ?= demo
DEMO_DOCUMENTS ?= 100
SMOKE ?= smoke
LONG_PDF_PAGES ?= 100

.DEFAULT_GOAL := help
.PHONY: help setup demo smoke test test-slow test-all lint bench docs clean

help: ## list the targets
	@echo 'recto: document reading that gets better from its own corrections'
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/.ready ## make the environment in .venv (again only when pyproject.toml or constraints.txt change)

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "recto needs Python 3.11 or newer; \`$(PYTHON)\` is: $$($(PYTHON) --version 2>&1)"; \
	  echo "  hint: apt-get install python3 python3-venv, or: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "this Python can't make environments (no venv or ensurepip)"; \
	  echo "  hint: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo 'setting up $(VENV): a few minutes the first time'
	@set -e; index=; \
	if [ -n '$(TORCH_CPU_INDEX)' ] && ! command -v nvidia-smi >/dev/null 2>&1 && $(PYTHON) -c \
	  'import urllib.request as u; u.urlopen("$(TORCH_CPU_INDEX)/torch/", timeout=5)' 2>/dev/null; \
	then index='--extra-index-url $(TORCH_CPU_INDEX)'; fi; \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $$index torch
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,vlm,data,service,baselines,dev]'
	@touch $@

demo: setup ## make documents, read one, fine-tune on the rest, show before and after (a few minutes)
	@BIN=$(BIN) DEMO=$(DEMO) DOCUMENTS=$(DEMO_DOCUMENTS) bash demo.sh

smoke: setup ## fine-tune a vision-language model end to end, in small (tiny, random, on any machine)
	@BIN=$(BIN) SMOKE=$(SMOKE) bash smoke.sh

test: setup ## the fast tests
	$(PYTEST)

test-slow: setup ## the long proofs alone
	$(PYTEST) -m slow || [ $$? -eq 5 ]

test-all: setup ## every test, long proofs too
	$(PYTEST) -m 'slow or not slow'

lint: setup ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## every benchmark: tables of ratios against peers, measured in one run
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/long_pdf.py --pages $(LONG_PDF_PAGES)
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/read_vlm.py
	$(BIN)/python benchmarks/observability.py
	$(BIN)/python benchmarks/serve_load.py
	$(BIN)/python benchmarks/review_keys.py
	$(BIN)/python benchmarks/train_vlm.py
	$(BIN)/python benchmarks/long_job.py --pages $(LONG_PDF_PAGES)

docs: setup ## write docs/cli.md and docs/modules.md again from the code
	$(BIN)/python docs/generate.py

clean: ## remove what demo, tests and linters left (the environment stays: rm -r .venv)
	rm -rf $(DEMO) $(SMOKE) out dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
