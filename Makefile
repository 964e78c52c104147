# Two commands on a fresh machine: `make run` and `make test`. They need python3 (3.10 or newer) with pip, and make.
# Another Python: `make PY=python3.13 V=.venv313 test`. Another file for the demonstration: `make run FILE=path`.
PY ?= python3
V := .venv
B := $(V)/bin/python
PIP := $(B) -m pip --disable-pip-version-check --no-input --quiet
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header
# Node and npm come as a wheel, so that they are the same everywhere. Install scripts are not run: some of them download,
# and nothing that they bring is needed.
WITH_NODE := PATH="$(abspath $(V))/bin:$$PATH"
QUIETLY := --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
NPM_CI := $(WITH_NODE) npm ci $(QUIETLY)
NPM_INSTALL := $(WITH_NODE) npm install $(QUIETLY) --omit=dev
CODE := build/editors/code
SERVED := $(CODE)/node_modules/code-server/lib/vscode
CHROMIUM ?= $(or $(SWITCHYARD_CHROMIUM),chromium)
# `make test` drives the Neovim that comes as a wheel; Debian's older suite has 0.10, its next one the newest.
NEOVIM ?= $(CURDIR)/build/editors/neovim/trixie/nvim $(CURDIR)/build/editors/neovim/testing/nvim
.DELETE_ON_ERROR:
.PHONY: run test test-editors test-neovim vsix check lint style types bench docs lock clean install develop help

run: install  ## install and show the main job
	@$(B) -I -m lsp demo $${FILE:+"$$FILE"}

test: develop  ## all tests; ARGS="-k words" chooses
	@$(B) -m pytest $(ARGS)

test-editors: develop test-neovim vsix $(CODE)/.installed  ## tests in more Neovims, VS Code, Emacs; needs chromium, emacs, eglot
	@command -v $(CHROMIUM) >/dev/null || { echo "There is no $(CHROMIUM); on Debian: apt install chromium" >&2; exit 1; }
	@command -v emacs >/dev/null || { echo "There is no emacs; on Debian: apt install emacs-nox elpa-eglot" >&2; exit 1; }
	@SWITCHYARD_EDITORS=$$(command -v $(CHROMIUM)) $(B) -m pytest tests/editors/vscode tests/editors/test_emacs.py $(ARGS)

test-neovim: develop $(NEOVIM)  ## tests in Neovim 0.10 and the newest; NEOVIM=/path/to/nvim chooses
	@for nvim in $(NEOVIM); do "$$nvim" --version | sed -n 1p && \
		SWITCHYARD_NVIM="$$nvim" $(B) -m pytest tests/editors/test_neovim*.py $(ARGS) || exit 1; done

$(CURDIR)/build/editors/neovim/%/nvim: tests/editors/get-neovim
	@echo "Fetching the Neovim of Debian's $* ..."
	@tests/editors/get-neovim $* $(@D) >/dev/null

vsix: editors/vscode/node_modules/.installed  ## the extension for VS Code, with the server in it: dist/switchyard.vsix
	@rm -rf editors/vscode/server && $(B) -m hatchling build -t wheel -d editors/vscode/server
	@cp LICENSE editors/vscode/LICENSE && mkdir -p dist
	@cd editors/vscode && for step in check test bundle package; do $(WITH_NODE) npm run -s $$step || exit 1; done

check: lint style types  ## lint, format and types

lint: develop
	@$(B) -m ruff check .

style: develop
	@$(B) -m ruff format --check .

types: develop
	@$(B) -m mypy

bench: develop  ## every measuring program, one after the other
	@$(B) -m bench $(ARGS)

docs: install  ## write the pages that are made from the code
	@$(B) docs/generate.py

lock:  ## pin all packages anew, needs uv; UPGRADE=--upgrade takes the newest
	@command -v $(UV) >/dev/null || { echo "make lock needs uv; get it with: pipx install uv" >&2; exit 1; }
	$(LOCK) $(UPGRADE) --extra embedded --extra nvidia --group build -o requirements.txt pyproject.toml
	$(LOCK) $(UPGRADE) --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) $(UPGRADE) --group editors -c requirements-dev.txt -o requirements-editors.txt

clean:  ## take away all that make has made
	rm -rf $(V) dist build editors/vscode/node_modules editors/vscode/dist editors/vscode/server
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 24

install: $(V)/.installed
develop: $(V)/.developing

# Debian's python3 has venv but not ensurepip, and its pip may not install outside an environment: so it puts a copy
# of itself inside, the one that requirements.txt pins by hash. The variables would turn `--target` down.
$(V)/.made:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Switchyard needs Python 3.10 or newer; name one that is here: make PY=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null || { \
		echo "$(PY) has no pip; on Debian and Ubuntu: apt install python3-pip" >&2; exit 1; }
	@echo "Making an environment in $(V) with $$($(PY) --version) ..."
	@$(PY) -m venv --without-pip $(V)
	@sed -n '/^pip==/,/[^\\]$$/p' requirements.txt > $(V)/pip.txt
	@PIP_REQUIRE_VIRTUALENV=0 PIP_USER=0 PIP_ROOT_USER_ACTION=ignore $(PY) -m pip install -q --disable-pip-version-check \
		--no-deps --require-hashes --upgrade --target "$$($(B) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" -r $(V)/pip.txt
	@touch $@

$(V)/.installed: requirements.txt pyproject.toml lsp/switchyard $(V)/.made
	@echo "Installing Switchyard and what it stands on ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(V)/.developing: requirements-dev.txt $(V)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(V)/.editors: requirements-editors.txt $(V)/.installed
	@echo "Installing Node and a browser's driver ..."
	@$(PIP) install --require-hashes -r requirements-editors.txt
	@touch $@

editors/vscode/node_modules/.installed: editors/vscode/package-lock.json $(V)/.editors
	@echo "Installing what the extension is made of ..."
	@cd editors/vscode && $(NPM_CI)
	@touch $@

$(CODE)/.installed: tests/editors/vscode/package-lock.json $(V)/.editors
	@echo "Installing VS Code ..."
	@mkdir -p $(CODE) && cp tests/editors/vscode/package*.json $(CODE)
	@cd $(CODE) && $(NPM_CI)
	@cd $(SERVED) && $(NPM_INSTALL) && ln -sfn node_modules node_modules.asar
	@cd $(SERVED)/extensions && $(NPM_INSTALL)
	@touch $@
