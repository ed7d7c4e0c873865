# `make help` lists what there is. PYTHON=... chooses the interpreter, ARGS=... goes to the command that runs.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help run install check test bench lock postgres chromium apache packages peer wrk

PIP := $(if $(shell command -v uv 2>/dev/null),uv pip install --python .venv/bin/python,.venv/bin/python -m pip install --disable-pip-version-check --no-compile)

# A worker for each core, each with a database server and a browser of its own; ARGS=-n0 for one after the other.
PYTEST := .venv/bin/pytest -n auto --maxprocesses 8 --dist loadfile

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

run: .venv/.runtime ## start the demo: the identity provider and both portals, seeded, on loopback
	@.venv/bin/idp demo $(ARGS)

install: .venv/.runtime .venv/.development ## make .venv with everything that running and developing needs

check: install ## format, lint, types, layer rule and the fast tests, in under a minute
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	$(PYTEST) -m "not slow and not browser" --durations=5 --durations-min=1 $(ARGS)

test: install postgres chromium apache packages ## all tests, on SQLite, PostgreSQL and in Chromium; installs what is missing
	$(PYTEST) $(ARGS)

bench: install postgres wrk peer ## the benchmarks: a table and the raw numbers; ARGS=--quick for a first look
	@tests/bench/run $(ARGS)

lock: ## write requirements.lock anew with the newest versions that pyproject.toml allows
	@.ci/lock

# The environment is made once, and each part of the lock installed again only when the lock or the project's metadata
# changes. `make run` does not wait for the development tools.
.venv/bin/python:
	.ci/make-venv

.venv/.runtime: .venv/bin/python requirements.lock pyproject.toml
	sed '/^# Development/,$$d' requirements.lock > .venv/runtime.txt
	$(PIP) --quiet --no-deps --requirement .venv/runtime.txt
	$(PIP) --quiet --no-deps --editable .
	@touch $@

.venv/.development: .venv/.runtime
	$(PIP) --quiet --no-deps --requirement requirements.lock
	@touch $@

postgres: install
	@.venv/bin/python -m tests.support.postgres >/dev/null 2>&1 || .ci/install-packages "the tests" postgresql

# libatomic1: Playwright brings its own Node, which needs it, and a bare Debian has it not.
chromium: install
	@.venv/bin/python -m tests.support.browser >/dev/null 2>&1 || .ci/install-packages "the tests" chromium libatomic1

apache: install
	@.venv/bin/python -m tests.support.apache >/dev/null 2>&1 || .ci/install-packages "the tests" apache2-bin libapache2-mod-auth-openidc

# The JavaScript clients of the tests, and the provider that the benchmarks compare with.
packages: install
	@.venv/bin/python -m tests.support.node tests/clients

peer: install
	@.venv/bin/python -m tests.support.node tests/bench/peer

wrk: install
	@command -v wrk >/dev/null 2>&1 || .ci/install-packages "the benchmarks" wrk
