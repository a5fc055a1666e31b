# `make demo` and `make test` do all the set-up they need on a Debian or Ubuntu machine with python3 and git.
#
#   demo    the story of an intruder in the terminal, with a broker of its own
#   test    every test; installs what they need (mosquitto, promtool, ...) where it is missing
#   check   what CI does: style, types, architecture, tests
#   bench   the benchmarks
#   simulation  stories of faults by seeds, and a day of them: make simulation SEEDS=5000
#   kills   broker, daemon and links killed and cut for hours: make kills BROKER=200 DAEMON=1000
#   golden  rewrites the expected messages of the golden stories; review the difference before committing it
#
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
SEEDS ?= 5000
BROKER ?= 200
DAEMON ?= 1000
PURE := $(addprefix tests/,airspace commands geometry incidents outlines picture real rules simulation stories tracks) \
	$(addprefix tests/test_,pipeline.py reconfigure.py snapshot.py straight_paths.py)  # no clock, no real parts: many at once
BIN := .venv/bin
READY := .venv/.ready
export PATH := $(PATH):/usr/sbin
SHELL := /bin/bash

.PHONY: help demo test check static bench simulation kills golden tools
.NOTPARALLEL:

help:
	@sed -n 's/^#   /make /p' Makefile

demo: $(READY)
	@$(BIN)/incursiond demo

test: $(READY) tools
	$(BIN)/pytest -rs -n auto $(PURE)
	$(BIN)/pytest -rs $(PURE:%=--ignore=%)

check: static test

static: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	@for each in $(filter-out %/postgis.py,$(wildcard benchmarks/*.py)); do echo "== $$each"; $(BIN)/python $$each || exit; done

simulation: $(READY)
	INCURSIOND_SEEDS=$(SEEDS) INCURSIOND_WHOLE=$$(($(SEEDS) / 20)) INCURSIOND_DAY=1 $(BIN)/pytest -s tests/simulation

kills: $(READY) tools
	INCURSIOND_BROKER_KILLS=$(BROKER) INCURSIOND_KILLS=$(DAEMON) INCURSIOND_PARTITION_S=60 \
	$(BIN)/pytest -rs -s -k 'killed or cut' tests/room/test_confirming.py tests/recovery

golden: $(READY)
	$(BIN)/python tests/stories/regenerate.py

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is not: name one, such as make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install $(notdir $(PYTHON))-venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

tools:
	@missing=; \
	command -v mosquitto > /dev/null || missing+=" mosquitto"; \
	command -v mosquitto_sub > /dev/null || missing+=" mosquitto-clients"; \
	command -v promtool > /dev/null || missing+=" prometheus"; \
	command -v ip > /dev/null || missing+=" iproute2"; \
	command -v nft > /dev/null || missing+=" nftables"; \
	command -v strace > /dev/null || missing+=" strace"; \
	[ -z "$$missing" ] || .ci/install $$missing
