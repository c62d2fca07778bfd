# Every command of the project. The shell, dbt and the editor may use .venv
# directly as well: source .venv/bin/activate

PYTHON ?= python3
DB := $(or $(CLASSICMODELS_DB),classicmodels.duckdb)
SQL := models analyses tests/singular
PY := scripts tests

# `make test` builds from nothing in a database of its own: the real one may
# be in use, and holds the history of the snapshots.
TEST_TARGET := target/test
TEST_ENV := CLASSICMODELS_DB=$(TEST_TARGET)/classicmodels.duckdb \
	DBT_TARGET_PATH=$(TEST_TARGET) DBT_LOG_PATH=$(TEST_TARGET)/logs

# sqlfluff's templater opens the database, which needs no data for it.
SQLFLUFF := CLASSICMODELS_DB=:memory: DBT_TARGET_PATH=target/lint \
	DBT_LOG_PATH=target/lint .venv/bin/sqlfluff

# dbt's own warnings are errors. What a test calls odd but possible is not: it
# is shown, and the build goes on. `make test` allows neither.
STRICT := --warn-error-options '{"error": "all", "warn": ["LogTestResult"]}'

export DO_NOT_TRACK := 1
export PYTHONDONTWRITEBYTECODE := 1
# Some tools want a home, which a bare container may not have.
ifeq ($(HOME),)
export HOME := $(CURDIR)/target/home
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup deps build test lint format docs hooks clean \
	lint-sql lint-other docs-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

setup: ## Create .venv with the locked requirements
	@sh scripts/create_venv.sh "$(PYTHON)"

deps: setup ## Install the dbt packages, from the hub or else from vendor/
	@.venv/bin/python scripts/install_packages.py

build: deps ## Build and test the warehouse, then show what is in it
	.venv/bin/dbt $(STRICT) build
	@.venv/bin/python scripts/summary.py

test: lint ## Run everything that CI runs, in a database of its own
	@rm -rf "$(TEST_TARGET)"
	@mkdir -p "$(TEST_TARGET)"
	$(TEST_ENV) .venv/bin/dbt build --warn-error
	@$(MAKE) --no-print-directory docs-check
	CLASSICMODELS_TEST_TARGET="$(TEST_TARGET)" .venv/bin/pytest
	@echo "make test: all passed: lint (yamllint, ruff, dbt's YAML schema," \
		"sqlfluff), dbt build with unit and data tests, docs page," \
		"docs rules (dbt-bouncer), ERD, pytest"

docs-check:
	$(TEST_ENV) .venv/bin/dbt --quiet docs generate --static
	.venv/bin/python scripts/docs_page.py --target-path $(TEST_TARGET)
	COLUMNS=200 .venv/bin/dbt-bouncer run
	.venv/bin/python scripts/erd.py --check --target-path $(TEST_TARGET)

lint: lint-other lint-sql ## Check the style of SQL, YAML and Python, and the YAML's keys

lint-other: deps
	.venv/bin/yamllint --strict .
	.venv/bin/ruff check $(PY)
	.venv/bin/ruff format --check $(PY)
	.venv/bin/python scripts/check_yaml.py

lint-sql: deps
	$(SQLFLUFF) lint $(SQL)

format: deps ## Put SQL and Python into the project's style
	$(SQLFLUFF) fix $(SQL)
	.venv/bin/ruff check --fix $(PY)
	.venv/bin/ruff format $(PY)

docs: deps ## Write the docs page and redraw the ERD
	@test -f "$(DB)" || $(MAKE) build
	.venv/bin/dbt --quiet docs generate --static
	.venv/bin/python scripts/erd.py
	.venv/bin/python scripts/docs_page.py

hooks: setup ## Check each commit before it is made (pre-commit)
	.venv/bin/pre-commit install

clean: ## Remove what was generated; keep the database and .venv
	rm -rf target logs dbt_packages package-lock.yml .pytest_cache .ruff_cache
	@echo "Kept .venv, and $(DB) with the history of the snapshots." \
		"To delete that too: rm \"$(DB)\""
