# What a developer types daily. `make demo` and `make test` need nothing installed by hand.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
STAMP := .make

.PHONY: help install demo test lint types unit e2e bench-counting bench-insights bench-pages texts lock clean package-bundle package-smoke package package-check package-results train-env train train-test ultralytics-env ultralytics-test server-check container-check sbom audit

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)/installed  ## .venv in the project's root, with everything

$(STAMP)/installed: pyproject.toml constraints.txt installer/linux/install_venv.sh
	@mkdir -p $(STAMP)
	bash installer/linux/install_venv.sh $(VENV)
	touch $@

demo: install  ## cloud, four virtual cameras and the desktop; ARGS="--headless --seconds 120 --json"
	@bash installer/linux/system_packages.sh --soft window >&2
	exec $(BIN)/python -m desktop_app.cli demo $(ARGS)

$(STAMP)/test-packages: installer/linux/system_packages.sh
	@mkdir -p $(STAMP)
	bash installer/linux/system_packages.sh window test
	touch $@

test: install $(STAMP)/test-packages  ## everything: style, types, arrows, tests, real servers, browser, windows
	@bash tests/run_all.sh $(ARGS)

lint: install  ## style and import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: install  ## mypy --strict
	$(BIN)/mypy

unit: install  ## the fast part of the tests
	$(BIN)/pytest -m "not e2e and not integration and not slow" $(ARGS)

bench-counting: install  ## counting, ours against its peers; writes tests/benchmarks/counting/RESULTS.md
	nice $(BIN)/python -m tests.benchmarks.counting $(ARGS)

bench-insights: install  ## forecast and unusual days on series with known truth; writes tests/benchmarks/insights/RESULTS.md
	$(BIN)/python -m tests.benchmarks.insights --write

bench-pages: install  ## bytes, first paint and layout shift of the pages of the demo
	nice $(BIN)/python -m tests.benchmarks.pages

texts: install  ## the template that translations of the pages begin with
	$(BIN)/python -m cloud_api.web.catalogue

lock: install  ## pin every package again, by hash
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra desktop --extra cloud --extra dev pyproject.toml -o constraints.txt

TRAIN_VENV := .train-venv
TRAIN ?=

$(STAMP)/train-env: installer/models/requirements.txt
	@mkdir -p $(STAMP)
	python3 -m venv $(TRAIN_VENV)
	$(TRAIN_VENV)/bin/pip install -q -r installer/models/requirements.txt
	touch $@

train-env: $(STAMP)/train-env  ## an environment with PyTorch, apart from the product's

train: train-env  ## the detector's weights; TRAIN="--start FILE --photographs FOLDER --minutes 60"
	nice $(TRAIN_VENV)/bin/python -m installer.models.train --out build/model $(TRAIN)

train-test: train-env  ## the tests of the training code that need PyTorch
	$(TRAIN_VENV)/bin/python -m pytest -q -c installer/models/checks/pytest.ini installer/models/checks

$(STAMP)/server-packages: installer/linux/system_packages.sh
	@mkdir -p $(STAMP)
	bash installer/linux/system_packages.sh server
	touch $@

server-check: install $(STAMP)/server-packages  ## the bare-server script for real: a Debian root, PostgreSQL, nginx, TLS, upgrade, restore
	bash installer/server/check_in_root.sh

container-check: install $(STAMP)/server-packages  ## both Dockerfiles, step by step, in Debian roots without an engine
	bash installer/check_containers.sh

sbom: install  ## bills of materials of edge and cloud (CycloneDX), into build/sbom
	$(BIN)/python -m installer.supply_chain.sbom $(ARGS)

audit: install  ## known weaknesses of what ships, less the written exceptions; ARGS=--require-online
	$(BIN)/python -m installer.supply_chain.licences
	$(BIN)/python -m installer.supply_chain.audit $(ARGS)

PACKAGE := build/package

package-bundle: install $(STAMP)/package-packages  ## the programs without Python, the Debian package, the archive
	$(BIN)/python -m installer.build --out $(PACKAGE)

package-smoke: install  ## what was built, tried: window, counting, sync, kill, SIGTERM
	@test -d $(PACKAGE)/wink-analytics || { echo "run make package-bundle first" >&2; exit 1; }
	$(BIN)/python -m installer.smoke --artefact $(PACKAGE)/wink-analytics --report $(PACKAGE)/smoke.json

package:  ## the programs without Python, the Debian package, the archive; all tried
	@$(MAKE) package-bundle
	$(MAKE) package-smoke

$(STAMP)/package-packages: installer/linux/system_packages.sh
	@mkdir -p $(STAMP)
	bash installer/linux/system_packages.sh window package
	touch $@

package-check:  ## the Debian package in a clean Debian (root): installed, upgraded, removed, purged; and lintian
	@test -d $(PACKAGE)/wink-analytics || { echo "run make package first" >&2; exit 1; }
	bash installer/linux/check_package.sh $(PACKAGE)

package-results: install  ## the bundle against running from source; writes installer/RESULTS.md
	$(BIN)/python -m installer.smoke --artefact $(PACKAGE)/wink-analytics --against-source --results installer/RESULTS.md $(ARGS)

clean:  ## what was built; the environment and your data stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

ULTRALYTICS_VENV := .ultralytics-venv
PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))

$(STAMP)/ultralytics-env: tests/ultralytics/requirements.txt
	@mkdir -p $(STAMP)
	echo "making $(ULTRALYTICS_VENV): 6.3 GB, about four minutes ..." >&2
	$(PYTHON) -m venv --clear $(ULTRALYTICS_VENV)
	$(ULTRALYTICS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/ultralytics/requirements.txt
	touch $@

ultralytics-env: $(STAMP)/ultralytics-env

ultralytics-test: $(STAMP)/ultralytics-env  ## the Ultralytics extra with the real package, in an environment of its own
	$(ULTRALYTICS_VENV)/bin/python -m pytest -q -c tests/ultralytics/pytest.ini tests/ultralytics $(ARGS)
