.DEFAULT_GOAL := help
.PHONY: help demo dev test check chaos bench bench-compare soak wheel lock clean

#: The folder of the environment that every target uses.
VENV ?= .venv
#: The Python that the environment is made with: the first of these that is 3.11 to 3.14 and can make one.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$python && break; done)
#: The folder of the environment of `make bench`, which holds the systems that Headrace is measured beside.
BENCH_VENV ?= $(VENV)-bench
#: Only `make lock` needs uv.
UV ?= uv
#: Passed on to pytest: make test PYTEST_ARGS="tests/domain -k backoff"
PYTEST_ARGS ?=
#: Passed on to the benchmark.
BENCH_ARGS ?=
#: Passed on to the fault campaign: make chaos CHAOS_ARGS="--minutes 30 --seed 7 --faults F5,F9"
CHAOS_ARGS ?=

# Tests start hundreds of processes: without bytecode each of them would compile the whole package.
unexport PYTHONDONTWRITEBYTECODE

pip := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
# Most tests wait for a service: four processes fill two cores.
pytest := $(VENV)/bin/python -m pytest --numprocesses 4 --dist worksteal
runtime := $(VENV)/.runtime-installed
develop := $(VENV)/.develop-installed
comparing := $(BENCH_VENV)/.bench-installed
lock := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" --extra embedded --extra elasticsearch $(LOCK_ARGS)

help: ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(runtime) ## run the main job on 219 real webhooks, with a worker killed in the middle
	@$(VENV)/bin/headrace demo

dev: $(runtime) ## start Postgres, Valkey, the API and a worker for your own work, until Ctrl-C
	@$(VENV)/bin/headrace dev

test: $(develop) ## run all tests
	@$(pytest) $(PYTEST_ARGS)

check: $(develop) ## style, types, import contracts and the tests that need no service
	@$(VENV)/bin/ruff format --check --quiet
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(pytest) -m "not services and not slow" $(PYTEST_ARGS)

chaos: $(develop) ## break a running installation and look what is lost (CHAOS_ARGS="--minutes 30", BROKEN=1)
	@$(VENV)/bin/python -m chaos $(if $(BROKEN),--broken) $(CHAOS_ARGS)

bench: $(comparing) ## measure Headrace beside other systems and its goals (QUICK=1, BENCH_ARGS="--rows process")
	@$(BENCH_VENV)/bin/python -m bench $(if $(QUICK),--quick) $(BENCH_ARGS)

bench-compare: $(comparing) ## measure another commit and this checkout in turns, as ratios (REF=main)
	@$(BENCH_VENV)/bin/python -m bench.compare $(REF) $(BENCH_ARGS)

soak: $(comparing) ## work for twenty minutes at a steady rate and look what grows (BENCH_ARGS="--minutes 5")
	@$(BENCH_VENV)/bin/python -m bench.soak $(BENCH_ARGS)

wheel: $(develop) ## build the wheel and the sdist into dist/
	@$(VENV)/bin/python -m hatchling build

lock: ## compile requirements/*.txt anew, with uv (LOCK_ARGS=--upgrade takes newer versions)
	@$(lock) --group build --output-file requirements/runtime.txt
	@$(lock) --group dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	@$(lock) --group bench --constraints requirements/runtime.txt --output-file requirements/bench.txt

clean: ## remove the environment, the caches and what was built (.headrace, your data, stays)
	rm -rf $(VENV) $(BENCH_VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -exec rm -rf {} +

# pip is the last thing that venv installs: an environment whose making was cut short has none, and is completed.
$(VENV)/bin/pip $(BENCH_VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.14 with its venv module was found." \
		"Install one (on Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making the environment $(@D:/bin=) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(@D:/bin=)

$(runtime): requirements/runtime.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Installing what Headrace runs with (requirements/runtime.txt)"
	@$(pip) install --require-hashes --requirement requirements/runtime.txt
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

$(develop): requirements/dev.txt $(runtime)
	@echo "Installing what its tests and checks run with (requirements/dev.txt)"
	@$(pip) install --require-hashes --requirement requirements/dev.txt
	@touch $@

$(comparing): requirements/bench.txt pyproject.toml | $(BENCH_VENV)/bin/pip
	@echo "Installing what the benchmark compares with (requirements/bench.txt)"
	@$(BENCH_VENV)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements/bench.txt
	@$(BENCH_VENV)/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --editable .
	@touch $@
