"""What a reviewer is told about the data, on pairs of commits made here.

The project is a small one of its own, so nothing in the script may know a
model by name; the last test takes the real one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from conftest import BIN, ROOT, SCRIPTS, clean_environment, run

# With all that differs between two builds of one commit: the clock, snapshots
# and a table that the run itself writes.
FILES = {
    ".gitignore": "target/\nlogs/\n*.duckdb\n__pycache__/\n",
    "CHANGELOG.md": """
        # Changelog

        ## Unreleased

        - `fct_orders`, `fct_days` and column `quantity_ordered`, long ago.

        ## 0.1.0

        - First.
        """,
    "dbt_project.yml": """
        name: shop
        version: 0.1.0
        profile: shop
        flags:
          send_anonymous_usage_stats: false
          state_modified_compare_more_unrendered_values: true
        on-run-start:
          - create table if not exists main.runs (id varchar, at_ timestamptz)
        on-run-end:
          - insert into main.runs values ('{{ invocation_id }}', now())
        vars: {limit: 1, other: 1}
        models:
          shop:
            marts:
              +materialized: table
              +schema: marts
            reporting:
              +schema: reporting
            staging:
              +schema: staging
        """,
    # Target `slim` is that of profiles.yml, with this project's names.
    "profiles.yml": """
        shop:
          target: dev
          outputs:
            dev:
              type: duckdb
              path: "{{ env_var('CLASSICMODELS_DB', '') or 'shop.duckdb' }}"
            slim:
              type: duckdb
              path: "{{ env_var('CLASSICMODELS_DB', '') or 'slim.duckdb' }}"
              attach:
                - path: "{{ env_var('CLASSICMODELS_STATE_DB', '') }}"
                  read_only: true
        """,
    "seeds/customers.csv": """
        customerNumber,customerName,contactName,phone,city
        1,Atelier,Lee,40.32.2555,Nantes
        2,Signal,Jean King,7025551838,Las|Vegas<br>
        3,Rail & Lee,Ada Byron,03 9520 4555,Melbourne
        """,
    "seeds/orders.csv": """
        orderNumber,customerNumber,quantityOrdered,orderedAmount
        10,1,3,10.10
        11,1,5,20.20
        12,2,7,30.30
        13,3,9,40.40
        """,
    "seeds/_seeds.yml": """
        seeds:
          - name: orders
            columns: [{name: orderNumber, data_tests: [unique]}]
        """,
    "macros/cents.sql": "{% macro cents() %}100{% endmacro %}",
    "macros/unchanged.sql": "{% macro unchanged() %}{# why #}{% endmacro %}",
    "macros/is_even.sql": """
        {% test is_even(model, column_name) %}
        select * from {{ model }} where {{ column_name }} % 2 = 1
        {% endtest %}
        """,
    "models/raw/raw_customers.sql": "select * from {{ ref('customers') }}",
    "models/raw/raw_customers.yml": """
        models:
          - name: raw_customers
            columns: [{name: customerNumber, data_tests: [unique]}]
        """,
    "models/staging/stg_orders.sql": """
        select
            "orderNumber" as order_id,
            "customerNumber" as customer_id,
            "quantityOrdered" as quantity_ordered,
            cast("orderedAmount" as decimal(10, 2)) as ordered_amount
        from {{ ref('orders') }}
        """,
    "models/marts/fct_orders.sql": """
        select
            md5(cast(order_id as varchar)) as order_key,
            order_id,
            customer_id,
            quantity_ordered,
            ordered_amount
        from {{ ref('stg_orders') }}
        """,
    "models/marts/fct_orders.yml": """
        models:
          - name: fct_orders
            config: {contract: {enforced: true}}
            columns:
              - name: order_key
                data_type: varchar
                data_tests: [unique]
              - name: order_id
                data_type: integer
                constraints: [{type: not_null}]
                data_tests:
                  - unique
                  - not_null
              - {name: customer_id, data_type: integer}
              - name: quantity_ordered
                data_type: integer
                data_tests:
                  - accepted_values:
                      arguments: {values: [3, 5, 7, 9], quote: false}
              - {name: ordered_amount, data_type: "decimal(10,2)"}
        """,
    "models/marts/fct_days.sql": """
        select current_date as day, now() as loaded_at, count(*) as order_count
        from {{ ref('stg_orders') }}
        """,
    "models/marts/fct_days.yml": """
        models:
          - name: fct_days
            config: {contract: {enforced: true}}
            columns:
              - {name: day, data_type: date}
              - {name: loaded_at, data_type: timestamptz}
              - {name: order_count, data_type: bigint}
        """,
    "models/marts/restricted/dim_contacts.sql": """
        select "customerNumber" as customer_id, phone
        from {{ ref('customers') }}
        """,
    "models/marts/restricted/dim_contacts.yml": """
        models:
          - name: dim_contacts
            columns: [{name: customer_id, data_tests: [unique]}]
        """,
    "models/marts/dim_customers.sql": """
        select id, name, '' as label, '' as code, '' as state
        from (
            select
                *,
                "customerNumber" as id,
                "customerName" as name
            from {{ ref('customers') }}
        )
        """,
    "models/marts/dim_customers.yml": """
        models:
          - name: dim_customers
            columns: [{name: id, data_tests: [unique]}]
        """,
    "models/reporting/rpt_cities.sql": """
        select
            customers.city,
            sum(fct_orders.ordered_amount) as ordered_amount,
            avg(fct_orders.ordered_amount) as average_amount
        from {{ ref('fct_orders') }} as fct_orders
        inner join {{ ref('customers') }} as customers
            on fct_orders.customer_id = customers."customerNumber"
        group by customers.city
        """,
    "models/reporting/ops_runs.sql": """
        select * from {{ source('ops', 'runs') }}
        """,
    "models/reporting/_sources.yml": """
        sources:
          - name: ops
            schema: main
            tables: [{name: runs}]
        """,
    "models/snapshots/snap_customers.yml": """
        snapshots:
          - name: snap_customers
            relation: ref('customers')
            config:
              unique_key: customerNumber
              strategy: check
              check_cols: [city]
        """,
    "models/marts/dim_versions.sql": """
        select "customerNumber" as customer_id, city, dbt_valid_from, dbt_scd_id
        from {{ ref('snap_customers') }}
        """,
}


ADDED = "    cast(ordered_amount + 1 as decimal(10, 2)) as ordered_amount\n"


@dataclass
class Shop:
    """A dbt project in a git repository; tag `base` is its first commit."""

    folder: Path

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = run("git", *identity, *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def diff(
        self, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the script; stdout is the report, stderr what it said."""
        return subprocess.run(
            [
                *SCRIPTS,
                "diff",
                *(arguments or ("base",)),
            ],
            cwd=self.folder,
            env=clean_environment(**environment),
            capture_output=True,
            text=True,
            timeout=600,
        )

    def start(self, base: str, until: str) -> tuple[subprocess.Popen, str]:
        """Start the script; return it once it says a text, and that line."""
        process = subprocess.Popen(
            [*SCRIPTS, "diff", base],
            cwd=self.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return process, next(line for line in process.stderr if until in line)

    @property
    def unfinished(self) -> list[Path]:
        """What a broken off run left in the cache."""
        return [*(self.folder / "target/diff").glob(".building-*")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("diff") / "shop")
    for name, text in FILES.items():
        shop.write(name, text)
    shutil.copytree(ROOT / "scripts", shop.folder / "scripts")
    shop.git("init", "--quiet", "--initial-branch=main")
    shop.git("add", "--all")
    shop.git("commit", "--quiet", "--message=base")
    shop.git("tag", "base")
    return shop


@pytest.fixture
def shop(repository: Shop) -> Iterator[Shop]:
    """The repository, which is as in commit `base` again after the test."""
    yield repository
    repository.git("checkout", "--quiet", "--force", "main")
    repository.git("reset", "--quiet", "--hard", "base")
    repository.git("clean", "--quiet", "--force", "-d")


def rows_of(report: str, heading: str) -> dict[str, list[str]]:
    """Return a table of the report, by the name in its first column."""
    section = report.split(f"### {heading}\n")[1].split("\n\n##")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = ([one.strip() for one in line[1:-1].split("|")] for line in lines)
    found: dict[str, list[str]] = {}
    for name, *rest in cells:
        found.setdefault(name.strip("`"), []).extend(rest)
    return found


def test_two_builds_of_one_commit_differ_in_nothing(shop):
    done = shop.diff("HEAD")
    assert done.returncode == 0, done.stderr
    commit = shop.git("rev-parse", "--short=7", "HEAD")
    assert done.stdout == (
        f"## No data changed\n\nBase `HEAD ({commit})` against the work tree.\n"
    )
    assert "dbt build: " in done.stderr


def test_comments_order_of_rows_and_noise_of_floats_are_no_change(shop):
    shop.edit("models/staging/stg_orders.sql", "select", "-- why\nselect")
    shop.edit(
        "seeds/orders.csv",
        "10,1,3,10.10\n11,1,5,20.20\n12,2,7,30.30\n",
        "12,2,7,30.30\n11,1,5,20.20\n10,1,3,10.10\n",
    )
    shop.edit(
        "models/reporting/rpt_cities.sql",
        "avg(fct_orders.ordered_amount)",
        "avg(fct_orders.ordered_amount) * (1 + 1e-12)",
    )
    done = shop.diff()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## No data changed\n")
    assert "`stg_orders` (comments or layout only)" in done.stdout
    assert "### " not in done.stdout
    assert "built before" in done.stderr


BROKEN = (
    "`fct_days` no longer enforces its contract",
    "`fct_orders`: column `order_id` lost its not_null",
    "`fct_orders`: column `customer_id` was renamed to `buyer_id`",
    "`fct_orders`: column `quantity_ordered` changed its type from INTEGER to"
    " BIGINT",
)


def break_contracts(shop: Shop) -> None:
    for name in ("fct_orders.sql", "fct_orders.yml"):
        path = f"models/marts/{name}"
        new = "customer_id as buyer_id" if name.endswith("sql") else "buyer_id"
        shop.edit(path, "customer_id", new)
    shop.edit(
        "models/reporting/rpt_cities.sql",
        "fct_orders.customer_id",
        "fct_orders.buyer_id",
    )
    shop.edit(
        "models/marts/fct_orders.sql",
        "    quantity_ordered,",
        "    cast(quantity_ordered as bigint) as quantity_ordered,",
    )
    yaml = "models/marts/fct_orders.yml"
    shop.edit(
        yaml,
        "quantity_ordered\n        data_type: integer",
        "quantity_ordered\n        data_type: bigint",
    )
    shop.edit(yaml, "        constraints: [{type: not_null}]\n", "")
    # dbt does not take a wider decimal for a break either.
    shop.edit(yaml, "decimal(10,2)", "decimal(12,2)")
    shop.edit(
        "models/marts/fct_orders.sql",
        "    ordered_amount\n",
        "    cast(ordered_amount as decimal(12, 2)) as ordered_amount\n",
    )
    shop.edit("models/marts/fct_days.yml", "enforced: true", "enforced: false")


def test_a_break_wants_a_new_line_in_the_changelog(shop):
    """Of a contract, and of what only few may read."""
    break_contracts(shop)
    for name in ("dim_contacts.sql", "dim_contacts.yml"):
        old = shop.folder / "models/marts/restricted" / name
        old.rename(shop.folder / "models/marts" / name)
    # The entry of base names them as well, but it is not new; of the new ones
    # the third names another model, and the last does not say what phones are.
    shop.edit(
        "CHANGELOG.md",
        "## Unreleased\n\n",
        "## [Unreleased]\n\n"
        "- fct_orders has no not_null on order_id.\n"
        "- `fct_orders`: customer_id is\n  now buyer_id.\n"
        "- `fct_orderss`: quantity_ordered is a bigint.\n"
        "- `dim_contacts` has the phone.\n\n",
    )
    done = shop.diff()
    assert done.returncode == 1
    assert done.stdout.startswith("## No data changed; columns did\n")
    for line in BROKEN:
        assert f"- {line}" in done.stdout
    assert done.stdout.count("not announced") == 3
    shown = "- `dim_contacts`: column `phone` shows personal data"
    silent = ": not announced in CHANGELOG.md"
    assert readable(done) == [f"{shown} in 3 rows{silent}"]
    assert "changed its type from DECIMAL(10,2) to DECIMAL(12,2)" in done.stdout
    asked = done.stderr.split("add under Unreleased:\n")[1]
    breaks = [f"- {BROKEN[0]}.", f"- {BROKEN[3]}."]
    assert asked.splitlines() == [f"{shown}.", *breaks]

    shop.edit("CHANGELOG.md", "`fct_orderss`", "`fct_days` and `fct_orders`")
    shop.edit("CHANGELOG.md", "- `dim_contacts` has the phone", shown)
    done = shop.diff()
    assert done.returncode == 0, done.stderr
    assert "**Breaks contracts:**" in done.stdout
    assert readable(done) == [f"{shown} in 3 rows"]
    assert "not announced" not in done.stdout


@pytest.fixture(scope="module")
def edited(repository: Shop) -> subprocess.CompletedProcess[str]:
    """The report on one head in which a bit of everything was changed."""
    shop = repository
    shop.edit(
        "models/marts/fct_orders.sql",
        "    ordered_amount\n",
        "    cast(case when order_id = 12 then 35.55 else ordered_amount end"
        " as decimal(10, 2)) as ordered_amount\n",
    )
    shop.write("models/marts/dim_new.sql", "select 1 as new_id")
    shop.write(
        "models/marts/dim_keyed.sql",
        'select "customerNumber" as id, city, phone as label'
        " from {{ ref('customers') }}",
    )
    shop.write(
        "models/marts/dim_keyed.yml",
        """
        models:
          - name: dim_keyed
            columns: [{name: id, data_tests: [unique]}]
        """,
    )
    (shop.folder / "models/marts/fct_days.sql").unlink()
    (shop.folder / "models/marts/fct_days.yml").unlink()
    shop.edit("seeds/orders.csv", "10,1,3,10.10\n", "")
    shop.edit("seeds/orders.csv", "11,1,5,", "11,1,6,")
    shop.edit("seeds/orders.csv", "13,3,9,40.40\n", "13,3,9,40.40\n14,3,9,1\n")
    shop.edit("seeds/customers.csv", "Jean King,7025551838", "John Kong,123456")
    # A name under which nobody looks for a phone.
    shop.edit(
        "models/reporting/rpt_cities.sql",
        "customers.city,",
        "case when customers.city = 'Nantes' then max(customers.phone)"
        " else customers.city end as city,",
    )
    yaml = "models/marts/fct_orders.yml"
    shop.edit(yaml, "[unique]", "[not_null]")
    shop.edit(yaml, "[3, 5, 7, 9]", "[3, 5, 6, 7, 9]")
    shop.edit(
        yaml,
        "          - not_null\n",
        "          - not_null: {config: {severity: warn}}\n",
    )
    summary = shop.folder / "target/summary.md"
    summary.parent.mkdir(exist_ok=True)
    summary.write_text("before\n", encoding="utf-8")
    done = shop.diff(GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text("utf-8") == f"before\n{done.stdout}"
    shop.git("reset", "--quiet", "--hard", "base")
    shop.git("clean", "--quiet", "--force", "-d")
    return done


def test_the_first_line_says_what_changes(edited):
    assert edited.stdout.splitlines()[0] == (
        "## 2 marts, 1 report, 2 seeds and 1 snapshot change; `dim_keyed` and"
        " `dim_new` added;"
        " `fct_days` removed; ordered -3.85"
    )


def test_personal_data_are_told_in_added_and_changed_tables(edited):
    assert [line.partition(": not")[0] for line in readable(edited)] == [
        "- `dim_keyed`: column `label` shows personal data in 3 rows",
        "- `rpt_cities`: column `city` shows personal data in 1 row",
    ]


def test_nodes_are_told(edited):
    lines = edited.stdout.splitlines()
    assert (
        "- Added: `dim_new`: 1 row; columns `new_id`; no test of its grain"
    ) in lines
    assert (
        "- Added: `dim_keyed`: 3 rows; columns `id`, `city`, `label`; key `id`"
    ) in lines
    assert "- Removed: `fct_days`" in lines
    modified = next(line for line in lines if line.startswith("- Modified: "))
    for word in ("`orders` (file)", "`fct_orders` (SQL)", "`rpt_cities` (SQL)"):
        assert word in modified
    downstream = next(one for one in lines if one.startswith("- Downstream: "))
    # Only what was compared: of the other layers no row is kept.
    assert downstream.endswith(
        "no row changed in `dim_customers`, `dim_versions`"
    )
    assert "ops_runs" not in edited.stdout


def test_a_removed_model_with_a_contract_is_a_break(edited):
    assert edited.returncode == 1
    assert edited.stderr.endswith("\n- `fct_days` was removed.\n")


def test_rows_are_counted(edited):
    rows = rows_of(edited.stdout, "Rows")
    assert rows == {
        "orders": ["1", "1", "1", "`quantityOrdered` 1"],
        "customers": ["0", "0", "1", "`contactName` 1, `phone` 1"],
        "snap_customers": ["0", "0", "1", "`contactName` 1, `phone` 1"],
        "fct_orders": [
            "1", "1", "2", "`quantity_ordered` 1, `ordered_amount` 1",
        ],
        "rpt_cities": ["3", "3", "0", "no key: whole rows compared"],
        "dim_contacts": ["0", "0", "1", "`phone` 1"],
    }  # fmt: skip


def test_totals_are_exact(edited):
    totals = edited.stdout.split("### Totals\n")[1].split("\n\n###")[0]
    assert totals.splitlines()[3:] == [
        "| `quantityOrdered` | 24 | 31 | +7 | `orders` |",
        "| `quantity_ordered` | 24 | 31 | +7 | `fct_orders` |",
        "| `ordered_amount` | 101.00 | 97.15 | -3.85 |"
        " `fct_orders`, `rpt_cities` |",
    ]


def test_samples_show_natural_keys_and_no_person(edited):
    samples = edited.stdout.split("Samples")[1]
    assert "| order_id | Base → head |" in samples
    assert "| 12 | `ordered_amount` 30.30 → 35.55 |" in samples
    assert "| 11 | `quantityOrdered` 5 → 6 |" in samples
    assert "| 2 | `contactName` (hidden) → (hidden); `phone`" in samples
    assert "| 10 | only in base |" in samples
    assert "| Las\\|Vegas&lt;br> | 30.30 |" in samples
    assert "| 14 | only in head |" in samples
    assert re.search(r"\| \(hidden\) \| .* only in head \|", samples)
    assert "order_key" not in samples
    assert "**`dim_contacts`**: personal data, not shown" in samples
    for value in ("King", "Kong", "702555", "123456", "40.32", "Curie"):
        assert value not in edited.stdout


LEAKING = ("label", "code", "state")


def test_no_text_holds_a_person(shop):
    """Nor part of one; that a customer's name does by chance shows no one."""
    shop.edit(
        "models/marts/dim_customers.sql",
        "name, '' as label, '' as code, '' as state",
        "case when id = 2 then 'Signal!' else name end as name,"
        " name || ' (' || \"contactName\" || ')' as label,"
        " regexp_replace(phone, '\\D', '', 'g') as code,"
        ' left("contactName", 7) as state',
    )
    shop.edit("seeds/customers.csv", "Rail & Lee", "Lee & Rail")
    done = shop.diff()
    samples = done.stdout.split("Samples")[1].split("\n**`dim_customers`**")
    names, table = samples[0], samples[1].split("\n\n**")[0]
    assert "`customerName` Rail & Lee → Lee & Rail" in names.replace("amp;", "")
    assert "`name` Signal → Signal!" in table
    for name in LEAKING:
        assert table.count(f"`{name}`  → (hidden)") >= 1, table
    assert "Atelier (" not in table
    assert "40322555" not in table
    assert "7025551838" not in table
    assert "Ada Byr" not in table
    assert readable(done) == [
        f"- `dim_customers`: column `{name}` shows personal data in 3 rows:"
        " not announced in CHANGELOG.md"
        for name in LEAKING
    ]


def readable(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the report says of personal data, right below the title."""
    heading, *lines = done.stdout.split("\n\n")[1].splitlines()
    assert heading == "**Personal data now readable:**"
    return lines


def test_the_cause_of_a_change_is_named(shop):
    """A macro, a hook, a variable or a generic test, which many nodes read."""
    shop.edit("macros/cents.sql", "100", "10")
    shop.edit("macros/is_even.sql", "% 2", "% 4")
    shop.edit("macros/unchanged.sql", "why", "why not")
    shop.edit("dbt_project.yml", "limit: 1", "limit: 2")
    shop.edit("dbt_project.yml", "on-run-end:", "on-run-end:\n  - select 1")
    lines = shop.diff().stdout.splitlines()
    assert "- Macros: `cents`" in lines
    assert "- Hooks: `on-run-end`" in lines
    assert "- Variables: `limit`" in lines
    assert "- changed: generic test `is_even`" in lines
    assert "unchanged" not in "".join(lines)


def test_changed_tests_are_told(edited):
    lines = edited.stdout.split("### Tests\n\n")[1].split("\n\n")[0]
    place = "on `fct_orders."
    assert lines.splitlines() == [
        f"- removed: `unique` {place}order_key`",
        f"- changed: `not_null` {place}order_id`: severity `ERROR` → `warn`",
        f"- changed: `accepted_values` {place}quantity_ordered`"
        " ({'values': [3, 5, 6, 7, 9], 'quote': False}):"
        " values `[3, 5, 7, 9]` → `[3, 5, 6, 7, 9]`",
        f"- added: `not_null` {place}order_key`",
        "- added: `unique` on `dim_keyed.id`",
    ]


def test_a_change_of_all_tests_hides_no_other(shop):
    shop.edit(
        "dbt_project.yml",
        "models:\n",
        "data_tests: {+severity: warn}\nmodels:\n",
    )
    shop.edit(
        "models/marts/fct_orders.yml",
        "quote: false}",
        "quote: false}\n              config: {error_if: '>5'}",
    )
    shop.edit(
        "models/marts/dim_customers.yml",
        "[unique]",
        "[{unique: {config: {enabled: false}}}]",
    )
    shop.edit("models/raw/raw_customers.yml", "[unique]", "[]")
    # A move breaks the contract as well.
    shop.edit(
        "models/marts/fct_days.yml", "{contract:", "{schema: other, contract:"
    )
    done = shop.diff()
    lines = done.stdout.split("### Tests\n\n")[1].strip().splitlines()
    severity = "severity `ERROR` → `warn`"
    assert lines[0] == "- removed: `unique` on `raw_customers.customerNumber`"
    assert lines[1] == "- disabled: `unique` on `dim_customers.id`"
    assert lines[2:] == [
        f"- changed: 5 tests: {severity}",
        "- changed: `accepted_values` on `fct_orders.quantity_ordered`"
        " ({'values': [3, 5, 7, 9], 'quote': False}):"
        f" {severity}; error_if `!= 0` → `>5`",
    ]
    assert done.returncode == 1
    moved = (
        "`fct_days` moved from `main_marts.fct_days` to `main_other.fct_days`"
    )
    assert done.stderr.endswith(f"\n- {moved}.\n")


def test_a_head_that_does_not_build_is_named(shop):
    shop.edit("models/marts/fct_orders.sql", "quantity_ordered,", "no_such,")
    done = shop.diff()
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "diff: work tree does not build: model fct_orders: Binder Error:"
        ' Referenced column "no_such" not found'
    )


def test_a_base_that_does_not_build_is_not_cached(shop):
    shop.write("models/marts/bad.sql", "select {{ no_such_macro() }}")
    shop.git("add", "--all")
    shop.git("commit", "--quiet", "--message=bad")
    commit = shop.git("rev-parse", "HEAD")
    done = shop.diff("HEAD")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"diff: HEAD ({commit[:7]}) does not build: ")
    assert "'no_such_macro' is undefined" in last
    assert not (shop.folder / "target/diff" / commit).exists()


def test_a_base_that_cannot_be_read_is_one_line(shop, tmp_path):
    done = shop.diff("origin/main")
    assert (done.returncode, done.stderr) == (
        1,
        "diff: BASE origin/main is no commit here: git fetch origin main, or"
        " give another with BASE=<git ref>\n",
    )
    example = "give a git ref, e.g. make diff BASE=origin/main"
    for base, said in (
        ("", "BASE is empty"),
        ("CHANGELOG.md", "BASE CHANGELOG.md is a path, no commit"),
    ):
        done = shop.diff(base)
        assert (done.returncode, done.stderr) == (
            1,
            f"diff: {said}: {example}\n",
        )
    shop.git("checkout", "--quiet", "--orphan", "old")
    shop.git("rm", "--quiet", "--cached", "dbt_project.yml")
    shop.git("commit", "--quiet", "--message=old")
    done = shop.diff("old")
    assert done.returncode == 1
    assert done.stderr.endswith(
        " has no dbt_project.yml: give a later commit\n"
    )
    done = shop.diff("base", PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (
        1,
        "diff: git is not installed, and BASE is one of its commits\n",
    )
    clone = Shop(tmp_path / "clone")
    shop.git("clone", "--quiet", "--depth=1", f"file://{shop.folder}",
             str(clone.folder))  # fmt: skip
    done = clone.diff("origin/other")
    assert "no commit of this shallow clone: git fetch origin other" in (
        done.stderr
    )
    shutil.rmtree(clone.folder / ".git")
    done = clone.diff("base")
    assert done.returncode == 1
    assert "not a git repository" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_cache_is_built_again(shop, tmp_path):
    """Whichever of its files it is."""
    shop.diff()
    folder = shop.folder / "target/diff" / shop.git("rev-parse", "base")
    (shop.folder / "CHANGELOG.md").write_bytes(b"caf\xe9\n")

    def first_step() -> str:
        process, line = shop.start("base", until="base (")
        process.terminate()
        process.communicate(timeout=60)
        return line

    assert "built before" in first_step()
    for name in ("built.json", "manifest.json", "frozen.duckdb"):
        path = folder / name
        kept = shutil.copy(path, tmp_path)
        os.truncate(path, path.stat().st_size // 2)
        assert "check out" in first_step()
        shutil.copy(kept, path)
    (folder / "manifest.json").unlink()
    done = shop.diff()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## No data changed\n")
    assert "built before" not in done.stderr
    assert "built before" in first_step()


def test_a_second_run_waits_for_the_first(shop):
    """Even for one that is killed and cannot clean up."""
    first, _ = shop.start("base", until="dbt build")
    second, said = shop.start("base", until="diff: ")
    assert said == (
        f"diff: waiting for another make diff, process {first.pid}, to end\n"
    )
    assert shop.unfinished
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    report, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert report.startswith("## No data changed\n")
    assert not shop.unfinished


def test_a_cache_that_cannot_be_is_one_line(shop):
    folder = shop.folder / "target/diff"
    kept = folder.with_name("kept")
    folder.parent.mkdir(exist_ok=True)
    if folder.exists():
        folder.rename(kept)
    folder.write_text("")
    done = shop.diff()
    folder.unlink()
    if kept.exists():
        kept.rename(folder)
    assert (done.returncode, done.stderr) == (
        1,
        "diff: target/diff cannot be a folder: File exists\n",
    )


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_half_base(shop, sent):
    shop.write("models/marts/slow.sql", "select 1 as slow_id")
    shop.git("add", "--all")
    shop.git("commit", "--quiet", "--message=slow")
    process, _ = shop.start("HEAD", until="dbt build")
    time.sleep(1)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == "diff: interrupted\n"
    commit = shop.git("rev-parse", "HEAD")
    # Nor dbt, which is in its process group.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not (shop.folder / "target/diff" / commit).exists()
    assert not shop.unfinished


def test_slim_builds_what_was_modified_and_defers_the_rest(shop):
    """The commands of the README, with the base that was built before."""
    state = shop.folder / "target/diff" / shop.git("rev-parse", "base")
    if not state.exists():
        shop.diff()
    target = shop.folder / "target/slim"

    def slim() -> set[str]:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        done = run(
            BIN / "dbt",
            *("build", "--target", "slim", "--select", "state:modified+"),
            *("--defer", "--state", state),
            cwd=shop.folder,
            CLASSICMODELS_DB=str(target / "slim.duckdb"),
            CLASSICMODELS_STATE_DB=str(state / "classicmodels.duckdb"),
            DBT_TARGET_PATH=str(target),
        )
        assert done.returncode == 0, done.stdout
        results = json.loads((target / "run_results.json").read_text("utf-8"))
        return {one["unique_id"] for one in results["results"]}

    assert {one for one in slim() if not one.startswith("operation.")} == set()

    shop.edit("models/marts/fct_orders.sql", "    ordered_amount\n", ADDED)
    built = slim()
    assert {one for one in built if one.startswith(("model.", "seed."))} == {
        "model.shop.fct_orders",
        "model.shop.rpt_cities",
    }
    assert any(one.startswith("test.shop.unique_fct_orders") for one in built)
    with duckdb.connect(str(target / "slim.duckdb")) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() union"
            " select view_name from duckdb_views() where not internal"
        ).fetchall()
        assert {name for (name,) in tables} == {
            "fct_orders",
            "rpt_cities",
            "runs",
        }
        # The view reads a seed of the other build.
        connection.execute(f"attach '{state}/classicmodels.duckdb' (read_only)")
        totals = connection.execute(
            "select city, ordered_amount from main_reporting.rpt_cities"
            " order by city"
        ).fetchall()
    assert totals == [
        ("Las|Vegas<br>", Decimal("31.30")),
        ("Melbourne", Decimal("41.40")),
        ("Nantes", Decimal("32.30")),
    ]
