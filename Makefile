# Everything a newcomer needs; each target sets itself up. See README.md.
.DEFAULT_GOAL := help
BIN := .venv/bin
RUN := .venv/.installed-requirements.lock
DEV := .venv/.installed-requirements-dev.lock

.PHONY: help setup run demo demo-data test faults check bench docs lock wheels sbom advisories format clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 10

setup: $(RUN)  ## install what the service needs into .venv

$(RUN): requirements.lock requirements-build.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh requirements.lock

$(DEV): requirements-dev.lock requirements-build.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh requirements-dev.lock
	@touch $(RUN)

run: $(RUN)  ## serve on 127.0.0.1 (PORT, default 8000)
	@$(BIN)/mingjian serve

demo: $(RUN)  ## audit the sample encounters over HTTP and print every finding
	@$(BIN)/python -m demo

demo-data: $(RUN)  ## fill an empty database with a month of an invented hospital, to look around in at /console
	@$(BIN)/python -m demo.month

test: $(DEV)  ## run every test and every rule's examples
	@sh scripts/services.sh
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --ignore tests/faults tests rules; first=$$?; \
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/faults && exit $$first

faults: $(DEV)  ## kill the service a hundred times and look for lost records
	@sh scripts/services.sh
	@MINGJIAN_FAULTS=long $(BIN)/python -m pytest -q tests/faults

fuzz: $(DEV)  ## ten minutes (SECONDS) of fuzzing for each reader of what comes from outside; NAMES chooses
	@for name in $(or $(NAMES),$$($(BIN)/python -m tests.fuzz)); do \
		$(BIN)/python -m tests.fuzz $$name $(or $(SECONDS),600) || exit 1; done

check: $(DEV)  ## format, lint, types, layers, generated documents
	@sh scripts/check.sh

bench: $(DEV)  ## measure, side by side with what others do
	@$(BIN)/python -m benchmarks

docs: $(DEV)  ## write the generated documents anew
	@$(BIN)/mingjian docs
	@$(BIN)/python scripts/asvs.py

format: $(DEV)  ## format the code
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

lock: $(DEV)  ## renew the dependency locks; they hold hashes and name no host, so any mirror serves them
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --upgrade -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --upgrade --group dev -o requirements-dev.lock pyproject.toml
	@printf 'uv==0.13.9\nhatchling==1.33.0\neditables\n' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -o requirements-build.lock -

wheels: $(RUN)  ## fill the folder WHEELS for an installation without network
	@sh scripts/wheels.sh $(or $(WHEELS),var/wheels)

sbom: $(DEV)  ## write the bill of materials, var/sbom.cdx.json
	@$(BIN)/python scripts/sbom.py var/sbom.cdx.json

advisories: $(DEV)  ## look every locked package up among known vulnerabilities; needs the internet
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

clean:  ## remove what was installed and generated; data under var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis
