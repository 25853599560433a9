# Seiton: what can be done here. `make` alone prints it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test bench crash format messages

export PYTHON
ARGS ?=

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install into .venv (first time only) and start Seiton; ARGS="--port 9000" are passed on
	@MAKE_TARGET=run scripts/setup.sh run && exec .venv/bin/seiton serve $(ARGS)

test: ## lint, format check, types, import rules and all tests, on SQLite and PostgreSQL
	@MAKE_TARGET=test scripts/setup.sh dev
	@scripts/system-packages.sh
	@scripts/test.sh

bench: ## measure and print ratios; JSON=1 for programs, ARGS="parsing" for one
	@MAKE_TARGET=bench scripts/setup.sh dev
	@.venv/bin/python -m benchmarks $(if $(JSON),--json) $(ARGS)

crash: ## kill real processes at every system call of a resync; SCENARIO=name, JSON=1, BREAK=journal|noreplace|order
	@MAKE_TARGET=crash scripts/setup.sh dev
	@scripts/system-packages.sh
	@.venv/bin/python -m tests.crash $(if $(SCENARIO),--scenario "$(SCENARIO)") $(if $(BREAK),--break $(BREAK)) \
	  $(if $(JSON),--json) $(ARGS)

format: ## put source text in order
	@MAKE_TARGET=format scripts/setup.sh dev
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format .

messages: ## bring the translations up to date with the source and list what is missing
	@MAKE_TARGET=messages scripts/setup.sh dev
	@scripts/messages.sh
