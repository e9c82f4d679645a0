# `make demo` shows the live map, `make test` runs every test; both set up what they need in .venv first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test check test-timescale assets clean

VENV := .venv
BIN := $(VENV)/bin
INSTALL := .ci/pip_install $(VENV)
# Set-up talks on standard error: standard output is the program's, JSON among it.
SAY := >&2 echo '[set-up]'

# An environment knows its folder by its full path: where the clone was moved or copied, it is made anew.
ifneq ($(shell sed -n 's/^command = .* -m venv --clear //p' $(VENV)/pyvenv.cfg 2>/dev/null),$(CURDIR)/$(VENV))
$(shell rm -f $(VENV)/.installed $(VENV)/.installed-dev $(VENV)/pyvenv.cfg)
endif

help:
	@echo 'make demo            the August 2020 flood on a live map (ARGS="--speed 600 --port 8800 …", see shijing demo --help)'
	echo 'make test            every test, a real browser, broker and database included (PYTEST_ARGS="-k words" for some)'
	echo 'make check           linters, types, import layers, known vulnerabilities and licences, docker-compose.yml'
	echo 'make test-timescale  the storage tests against a TimescaleDB server'
	echo 'make assets          the scripts, styles and fonts of the pages'
	echo 'make clean           removes .venv, caches and assets; data folders stay'

# exec: make hands a SIGTERM to its child, and that child must be the program itself.
demo: $(VENV)/.installed assets
	@exec $(BIN)/shijing demo $(ARGS)

test: $(VENV)/.installed-dev assets
	@chromium=$$(tests/tools/find_program chromium)
	mosquitto=$$(tests/tools/find_program mosquitto)
	certutil=$$(tests/tools/find_program certutil)
	gdal=$$(tests/tools/find_program gdal)
	echo "testing with $$($(BIN)/python --version), $$chromium and $$mosquitto"
	export SHIJING_TEST_CHROMIUM=$$chromium SHIJING_TEST_MOSQUITTO=$$mosquitto SHIJING_TEST_CERTUTIL=$$certutil
	export SHIJING_TEST_GDAL=$$gdal
	# In the order of the folders, not by the number of tests: the few that take long come first.
	exec $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	tests/tools/check_no_other_host
	$(BIN)/python tests/tools/audit_dependencies.py
	if docker compose version >/dev/null 2>&1; then
		docker compose --env-file .env.example config --quiet
		echo 'docker-compose.yml holds together'
	else
		echo 'docker-compose.yml was not checked: there is no docker compose on this machine'
	fi

test-timescale: $(VENV)/.installed-dev
	@exec tests/timescale/run.sh

assets: $(VENV)/.installed
	@$(BIN)/python -m web.assets >&2

clean:
	rm -rf $(VENV) dist web/vendor web/built web/tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.txt pyproject.toml
	@.ci/make_venv $(VENV)
	$(SAY) 'installing what the product runs on (83 packages, about 170 MB to fetch the first time)'
	$(INSTALL) --require-hashes --requirement requirements.txt
	$(INSTALL) --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(SAY) 'installing what the tests and checks need'
	$(INSTALL) --require-hashes --requirement requirements-dev.txt
	touch $@
