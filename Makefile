# `make demo` and `make test` do all of it; `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CORES  ?= all
# uv, where it is installed, does the same as pip, faster. Bytecode, as pip does: without, and with
# PYTHONDONTWRITEBYTECODE set, each of the many short jobs would compile its imports for seconds.
UV     := uv pip install --compile-bytecode --python $(BIN)/python
PIP    := $(if $(shell command -v uv),$(UV),$(BIN)/python -m pip install)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo rehearse rehearse-slurm test test-slurm browser soak bench bench-quick lint docs lock setup container clean
.DEFAULT_GOAL := help

help: ## list the targets of make, and the tables and figures that snakemake makes
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20
	@echo; echo "snakemake --cores all TARGET (snakemake --list has all):"
	@sed -nE '/^<!-- targets/,/^<!-- end/s/^\| (`.*`) \| (.*) \|$$/\1\t\2/p' README.md | tr -d '`' | expand -t 20

setup: $(VENV)/installed ## make the virtual environment; a second call reinstalls nothing

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: $(PYTHON) is older than 3.11; try make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "error: $(PYTHON) cannot make virtual environments; apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# After every job Snakemake's scheduler wakes up once a second for ever, and would end up busy with
# nothing else: here once in ten seconds, which is also how long it takes to end.
RUN := snakemake all --cores $(CORES) --logger chapters --max-jobs-per-timespan 1000/10s

demo: setup ## run the mini study offline, print what it found and where the page is
	@$(RUN)
	@python -m pipeline_lib summarize --results results/mini

REHEARSAL := results/rehearsal/data_root

$(REHEARSAL): | setup
	python -m pipeline_lib rehearse_data --out $@

rehearse: setup $(REHEARSAL) ## the paper study on few images and random weights: every job of it, in 45 minutes
	@$(RUN) --config study=rehearsal
	@python -m pipeline_lib summarize --results results/rehearsal

test: demo ## the demo, then the tests
	pytest --ignore tests/slurm

test-slurm: setup ## 20 minutes on a SLURM cluster of this machine's own; without root it is skipped
	@if [ "$$(id -u)" = 0 ] && ! command -v slurmctld >/dev/null && command -v apt-get >/dev/null; \
	then apt-get install -qq -y --no-install-recommends slurm-wlm >/dev/null 2>&1 || true; fi
	pytest tests/slurm $(SLURM_TESTS)

browser: setup ## Chromium and axe-core, for the tests of the page; without them they are skipped
	@if [ "$$(id -u)" = 0 ] && ! command -v chromium >/dev/null && command -v apt-get >/dev/null; \
	then apt-get install -qq -y --no-install-recommends chromium chromium-driver >/dev/null 2>&1 || true; fi
	@! command -v npm >/dev/null || npm install --prefix tests --silent --no-audit --no-fund || true

soak: setup ## a fault at every rule of the tiny study, 100 trials, an hour; TRIALS="7 12" repeats those
	python -m tests.soak $(TRIALS)

rehearse-slurm: ## the rehearsal on such a cluster, with the profile as it is: an hour
	CAM_REHEARSE=1 $(MAKE) test-slurm SLURM_TESTS='-k rehearsal'

bench: setup ## timings against what else one would use, as one table: results/bench/bench.md
	python -m benchmarks.bench --out results/bench

bench-quick: setup ## the same on less, in three minutes
	python -m benchmarks.bench --out results/bench --quick

lint: setup ## ruff, snakefmt and Snakemake's own linter
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

docs: setup ## write docs/configuration.md, its schema and the targets in README.md from the code
	python docs/write.py

lock: setup ## renew the exact versions, of constraints.txt and of envs/
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	  --all-extras --output-file constraints.txt pyproject.toml
	python envs/write.py

container: ## build cam-reproduction.sif, for snakemake --software-deployment-method apptainer
	@for tool in podman apptainer; do command -v $$tool >/dev/null \
	  || { echo "error: $$tool is not installed; make container needs podman and apptainer"; exit 1; }; done
	podman build --tag cam-reproduction --file Containerfile .
	podman save --output cam-reproduction.tar cam-reproduction
	apptainer build --force cam-reproduction.sif docker-archive:cam-reproduction.tar
	rm cam-reproduction.tar

clean: ## remove the results of all studies; the environment stays
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	rm -rf .snakemake
