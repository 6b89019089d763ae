# Two commands matter: `make demo` shows the product on a real app, `make test` proves it. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := lifecycle_py builder buildpacks tests benchmarks tools hatch_build.py

# What Offramp itself uses, and what only its tests use (program:package).
HOST_PROGRAMS := bwrap:bubblewrap mmdebstrap:mmdebstrap git:git
# Ordinary users make base images with a range of user ids; root needs none.
HOST_PROGRAMS += $(if $(filter 0,$(shell id -u)),,newuidmap:uidmap)
TEST_PROGRAMS := skopeo:skopeo docker:docker.io dockerd:docker.io docker-registry:docker-registry g++:g++ \
                 curl:curl pgrep:procps mount:mount openssl:openssl htpasswd:apache2-utils \
                 $(DATABASE)

DATABASE := pg_ctlcluster:postgresql
# The app that 'make demo' shows: django or rails.
APP ?= django

.DEFAULT_GOAL := help
.PHONY: help demo demo-django demo-rails test check fix setup setup-test bench clean

help:
	@echo 'make demo    build, run, stop and translate a Django app; with APP=rails a Rails app, with release phase and worker'
	@echo 'make test    run all tests; sets up Docker, a registry and base images itself'
	@echo 'make check   lint, types and the fast tests, in less than a minute'
	@echo 'make fix     format and apply safe fixes'
	@echo 'make bench   measure speed, side by side'

demo: setup demo-$(APP)

demo-django:
	tools/demo

demo-rails:
	tools/install-system-packages $(DATABASE)
	$(BIN)/python tools/demo-rails

test: setup-test
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadgroup --durations=25 tests

check: setup
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -q --numprocesses=2 -m 'not end_to_end' tests

fix: setup
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup
	$(BIN)/python -m benchmarks

setup: $(VENV)/.installed

setup-test: setup
	tools/install-system-packages $(TEST_PROGRAMS)
	tools/start-docker

# Installs this checkout; compiles the launcher on the way (most of a minute, once per machine).
$(VENV)/.installed: pyproject.toml hatch_build.py $(wildcard lifecycle_py/launcher/source/*) lifecycle_py/launcher/build.py
	tools/install-system-packages $(HOST_PROGRAMS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing Offramp and compiling its launcher (the first time takes a minute or two)'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache lifecycle_py/launcher/bin
