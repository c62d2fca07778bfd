"""A small dbt project, for commands that must not know a model by its name.

A build of it takes seconds.
"""

import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT, run

# With all that differs between two builds of one commit: the clock, snapshots
# and a table that the run itself writes.
FILES = {
    ".gitignore": "published/\ntarget/\nlogs/\n*.duckdb\n__pycache__/\n",
    "CHANGELOG.md": """
        # Changelog

        ## Unreleased

        - `fct_orders`, `fct_days` and column `quantity_ordered`, long ago.
        """,
    "dbt_project.yml": """
        name: shop
        version: 0.1.0
        profile: shop
        flags:
          send_anonymous_usage_stats: false
          state_modified_compare_more_unrendered_values: true
        on-run-start:
          - create schema if not exists ops
          - create table if not exists ops.runs (id varchar, at_ timestamptz)
        on-run-end:
          - insert into ops.runs values ('{{ invocation_id }}', now())
        vars: {limit: 1, other: 1, as_of_date: ""}
        models:
          shop:
            marts:
              +meta: {noun: mart}
              +materialized: table
              +schema: marts
              restricted:
                +tags: [restricted]
            raw:
              +meta: {internal: true}
            reporting:
              +schema: reporting
            staging:
              +meta: {internal: true}
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
          - name: customers
            columns:
              - {name: customerNumber, data_type: integer}
              - {name: customerName, data_type: varchar}
              - {name: contactName, data_type: varchar}
              - {name: phone, data_type: varchar}
              - {name: city, data_type: varchar}
          - name: orders
            columns:
              - name: orderNumber
                data_type: integer
                data_tests: [unique]
              - {name: customerNumber, data_type: integer}
              - {name: quantityOrdered, data_type: integer}
              - {name: orderedAmount, data_type: "decimal(10,2)"}
        """,
    "macros/cents.sql": "{% macro cents() %}100{% endmacro %}",
    "macros/unchanged.sql": "{% macro unchanged() %}{# why #}{% endmacro %}",
    "macros/is_even.sql": """
        {% test is_even(model, column_name) %}
        select * from {{ model }} where {{ column_name }} % 2 = 1
        {% endtest %}
        """,
    "models/models.yml": """
        models:
          - name: raw_customers
            columns: [{name: customerNumber, data_tests: [unique]}]
          - name: dim_customers
            columns: [{name: id, data_tests: [unique]}]
          - name: dim_contacts
            columns: [{name: customer_id, data_tests: [unique]}]
          - name: rpt_cities
            config: {meta: {not_additive: [average_amount]}}
          - name: fct_days
            config: {contract: {enforced: true}}
            columns:
              - {name: day, data_type: date}
              - {name: loaded_at, data_type: timestamptz}
              - {name: order_count, data_type: bigint}
          - name: fct_orders
            config: {contract: {enforced: true} }
            columns:
              - {name: order_key, data_type: varchar, data_tests: [unique]}
              - name: order_id
                data_type: integer
                constraints: [{type: not_null}]
                data_tests: [unique, not_null]
              - {name: buyer, data_type: integer}
              - name: quantity_ordered
                data_type: integer
                data_tests:
                  - accepted_values:
                      arguments: {values: [3, 5, 7, 9], quote: false}
              - {name: ordered_amount, data_type: "decimal(10,2)"}
        sources:
          - name: ops
            tables: [{name: runs}]
        snapshots:
          - name: snap_customers
            relation: ref('customers')
            config:
              unique_key: customerNumber
              strategy: check
              check_cols: [city]
        """,
    "models/raw/raw_customers.sql": "select * from {{ ref('customers') }}",
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
            customer_id as buyer,
            quantity_ordered,
            ordered_amount
        from {{ ref('stg_orders') }}
        """,
    "models/marts/fct_days.sql": """
        select current_date as day, now() as loaded_at, count(*) as order_count
        from {{ ref('stg_orders') }}
        """,
    "models/marts/restricted/dim_contacts.sql": """
        select "customerNumber" as customer_id, phone
        from {{ ref('customers') }}
        """,
    "models/marts/dim_customers.sql": """
        select
            "customerNumber" as id,
            "customerName" as name, '' as label, '' as code, '' as state
        from {{ ref('customers') }}
        """,
    "models/reporting/rpt_cities.sql": """
        select
            customers.city,
            sum(fct_orders.ordered_amount) as ordered_amount,
            avg(fct_orders.ordered_amount) as average_amount
        from {{ ref('fct_orders') }} as fct_orders
        inner join {{ ref('customers') }} as customers
            on fct_orders.buyer = customers."customerNumber"
        group by customers.city
        """,
    "models/reporting/ops_runs.sql": """
        select * from {{ source('ops', 'runs') }}
        """,
    "models/marts/dim_versions.sql": """
        select "customerNumber" as customer_id, city, dbt_valid_from, dbt_scd_id
        from {{ ref('snap_customers') }}
        """,
}


@dataclass
class Shop:
    """The project in a git repository."""

    folder: Path

    def create(self) -> None:
        """Write the files, and commit them."""
        for name, text in FILES.items():
            self.write(name, text)
        shutil.copytree(ROOT / "scripts", self.folder / "scripts")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        done = run("git", *identity, *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=more")
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")

    def change(self, edits: str) -> None:
        """Edit files: below a file's name its lines, each `old => new`."""
        for line in textwrap.dedent(edits).strip().splitlines():
            if not line.startswith(" "):
                path = self.folder / line
                continue
            old, _, new = line.strip().replace("\\n", "\n").partition(" =>")
            text = path.read_text(encoding="utf-8")
            assert old in text
            text = text.replace(old, new.removeprefix(" "))
            path.write_text(text, encoding="utf-8")
