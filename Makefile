# Two commands are enough: `make run` and `make test`. The others are for those who change the code; `make help` lists them all.

PORT ?= 8000
PYTHON ?=
export PORT PYTHON
# Many containers set this; compiling every module anew would double the time that each process needs to start.
unexport PYTHONDONTWRITEBYTECODE

# The environment belongs to what it was made from: when one of these files changes, it is brought up to date.
SOURCES := requirements.lock pyproject.toml clients/kit/pyproject.toml .ci/make-environment
INSTALLED := .venv/.installed-$(shell cat $(SOURCES) 2>/dev/null | cksum | cut -d ' ' -f 1)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal -q

.DEFAULT_GOAL := help
.PHONY: help run test check coverage bench docs reset lock install

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(INSTALLED) ## the provider, its console and the department sites on http://localhost:8000 to 8004 (PORT=9000 moves them)
	@exec $(BIN)/python clients/demonstration.py

test: $(INSTALLED) ## everything: lint, types, imports, then all tests on SQLite, PostgreSQL and in a browser
	@.ci/install-packages
	@.ci/install-node-packages
	@status=0; .ci/quality || status=1; $(PYTEST) || status=1; exit $$status

check: $(INSTALLED) ## the quick part, under a minute: lint, types, imports, tests that need no database
	@status=0; .ci/quality || status=1; $(PYTEST) -m unit || status=1; exit $$status

coverage: $(INSTALLED) ## all tests again, with the branches that none of them takes
	@$(PYTEST) --cov --cov-report=term

bench: $(INSTALLED) ## measure against a peer on this machine and print the ratios
	@exec $(BIN)/python -m tests.bench

docs: $(INSTALLED) ## write the pages that are generated from the code
	@$(BIN)/python .ci/documents.py

reset: ## forget what runs made here: databases, demonstration secrets, development keys
	rm -rf var
	find keys -mindepth 1 ! -name README.md ! -name .gitignore -delete

lock: $(INSTALLED) ## write requirements.lock from both pyproject.toml files (UPGRADE=1 takes the newest of everything)
	@printf 'hatchling>=1.27\neditables\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes $(if $(UPGRADE),--upgrade) \
	  --python-version 3.11 --all-extras --no-emit-index-url --no-header \
	  pyproject.toml clients/kit/pyproject.toml - -o requirements.lock
	@git --no-pager diff --stat -- requirements.lock

install: $(INSTALLED) ## only make the environment

$(INSTALLED):
	@.ci/make-environment
	@rm -f .venv/.installed-*
	@touch $@
