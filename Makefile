# The verbs of this project. A fresh machine needs python3 (3.11 or newer), pip and make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Runs this source tree with the pinned packages; nothing of the project itself is installed.
PIP = $(PYTHON) .ci/pip $(PY)

# The suite starts the program a hundred times; without bytecode on disk each start compiles the sources anew.
SUITE = env -u PYTHONDONTWRITEBYTECODE
# Whoever is done takes over tests of the other: one long file at the end would leave a core idle.
SPREAD = -n 2 --dist worksteal

.PHONY: help setup run test test-services lint bench bench-edi bench-schedule demo soak fuzz screenshots messages lock clean
help: ## show the verbs
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## / - /'

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@echo "Making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) 2>/dev/null || $(PYTHON) -m venv --clear --without-pip $(VENV)

# A stamp a lock: a second call is instant, a changed lock is installed.
$(VENV)/.runtime: requirements.lock | $(PY)
	@echo "Installing the packages the plant runs on"
	@$(PIP) install -r requirements.lock && touch $@
$(VENV)/.test: requirements-test.lock $(VENV)/.runtime
	@echo "Installing the packages of the tests"
	@$(PIP) install -r requirements-test.lock && touch $@
$(VENV)/.lint: requirements-lint.lock $(VENV)/.runtime
	@echo "Installing the packages of lint"
	@$(PIP) install -r requirements-lint.lock && touch $@

setup: $(VENV)/.runtime ## make .venv and install what the plant runs on

run: $(VENV)/.runtime ## start the demo plant on 127.0.0.1:8000; Ctrl-C stops it
	@$(PY) manage.py run_plant

test: $(VENV)/.test ## the whole suite on SQLite
	@$(SUITE) -u DATABASE_URL -u REDIS_URL -u CELERY_BROKER_URL $(PY) -m pytest $(SPREAD) $(ARGS)

# tests/pure touches no server (its conftest sees to that), and no picture hangs on the engine: once, in `make test`,
# is enough.
test-services: $(VENV)/.test ## what of the suite touches an engine, on PostgreSQL and Redis (DATABASE_URL, REDIS_URL)
	@$(SUITE) .ci/services $(PY) -m pytest $(SPREAD) --ignore=tests/pure -m 'not engine_free' $(ARGS)

lint: $(VENV)/.lint ## ruff, mypy, import contracts, migrations complete
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@PATH="$(VENV)/bin:$$PATH" lint-imports --no-logo
	@$(PY) manage.py makemigrations --check --dry-run

bench: $(VENV)/.test ## the figures of the README, measured here
	@$(PY) -m bench

bench-edi: $(VENV)/.test ## the gateway: reading against other libraries, 500 MB in flat memory, 14,400 calls beside 20 stations
	@$(PY) -m bench.edi_formats
	@$(PY) -m bench.edi_intake

bench-schedule: $(VENV)/.runtime ## the search beside other solvers (ARGS="--seconds 1 FILE..."), three plants by three rules, up to 50,000 operations
	@$(PY) -m bench.schedule $(ARGS)
	@$(PY) -m bench.schedule_plants
	@$(PY) -m bench.schedule_size

demo: $(VENV)/.runtime ## a scored shift: 200 vehicles with every fault, nothing may be lost
	@$(PY) manage.py simulate_shift --vehicles 200 --rate max --seed 7 --faults all --json

soak: $(VENV)/.test ## long runs: 10,000 generated histories of a plant, 800 kills, 10,000 vehicles with every fault
	@$(PY) -m tests.histories --count 10000
	@JIS_SOAK=1 $(PY) -m pytest tests/pure tests/crash tests/sequencer/test_dock_histories.py \
	  tests/sequencer/test_printer_faults.py tests/sequencer/test_trace.py tests/edi/test_asn_figures.py
	@$(PY) manage.py simulate_shift --vehicles 10000 --rate max --seed 7 --faults all --json

fuzz: $(VENV)/.test ## 100,000 damaged files of every format and partner, none may throw or hang
	@$(PY) -m tests.pure.edi.fuzzing --inputs 100000

screenshots: $(VENV)/.test ## the README's pictures, from the running program
	@$(PY) -m bench.screenshots $(ARGS)

messages: $(VENV)/.runtime ## extract marked sentences and compile the catalogues (needs gettext)
	@$(PY) manage.py messages

lock: $(VENV)/.runtime ## resolve the ranges of pyproject.toml again
	@$(PY) .ci/lock

clean: ## remove the virtual environment; the plant's data in var/ stays
	rm -rf $(VENV)
