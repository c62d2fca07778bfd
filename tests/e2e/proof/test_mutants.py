"""The mutants of our SQL are made, judged and listed."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from conftest import SCRIPTS, Project, run

# The one mistake in this model that its data cannot show is the lost left
# join, as every order has a customer.
MODEL = """
with

orders as (

    select * from "classicmodels"."main"."orders"

),

customers as (

    select * from "classicmodels"."main"."customers"

),

final as (

    select
        orders.order_id,
        coalesce(customers.name, 'Unknown') as name
    from orders
    left join customers
        on orders.customer_id = customers.customer_id

)

select * from final
"""
FIXTURES = """with __dbt__cte__orders as (
    select 1 as order_id, 10 as customer_id
    union all select 2 as order_id, null as customer_id
),  __dbt__cte__customers as (
    select 10 as customer_id, 'Ann' as name
), """
UNIT_TEST = """
with dbt_internal_unit_test_actual as (
  select "order_id", "name", 'actual' as "actual_or_expected"
  from (
    {model}
  ) _dbt_internal_unit_test_actual
),
dbt_internal_unit_test_expected as (
  select "order_id", "name", 'expected' as "actual_or_expected"
  from (
    select 1 as "order_id", 'Ann' as "name"
    union all select 2 as "order_id", 'Unknown' as "name"
  ) _dbt_internal_unit_test_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
"""
LEFT_JOIN = (
    "sales | join | LEFT JOIN customers ON orders.customer_id"
    " -> INNER JOIN customers ON orders.customer_id"
)


@dataclass
class Sales:
    """What dbt would leave of a build of one model, and the runner on it."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def build(
        self,
        model: str = MODEL,
        *,
        unit_test: bool = True,
        data_test: bool = True,
    ) -> None:
        """Write a target folder with a database."""
        common = {
            "package_name": "shop",
            "description": "",
            "relation_name": '"classicmodels"."main"."sales"',
            "columns": {},
        }
        nodes = {
            "model.shop.sales": common
            | {
                "resource_type": "model",
                "name": "sales",
                "alias": "sales",
                "original_file_path": "models/sales.sql",
                "path": "sales.sql",
                "config": {"materialized": "table"},
                "depends_on": {"nodes": []},
            },
            "test.shop.every_order_once": common
            | {
                "resource_type": "test",
                "name": "every_order_once",
                "alias": "every_order_once",
                "original_file_path": "tests/every_order_once.sql",
                "path": "every_order_once.sql",
                "config": {
                    "materialized": "test",
                    "severity": "error",
                    "fail_calc": "count(*)",
                },
                "depends_on": {"nodes": ["model.shop.sales"]},
            },
        }
        if not data_test:
            del nodes["test.shop.every_order_once"]
        test = {
            "name": "lost_customer",
            "model": "sales",
            "original_file_path": "models/sales.yml",
        }
        manifest = {
            "metadata": {"project_name": "shop"},
            "nodes": nodes,
            "unit_tests": {"unit_test.shop.sales": test} if unit_test else {},
        }
        self.write("manifest.json", json.dumps(manifest))
        statement = f'create table "classicmodels"."main"."sales" as ({model})'
        self.write("compiled/shop/models/sales.sql", model)
        self.write("run/shop/models/sales.sql", statement)
        self.write(
            "compiled/shop/tests/every_order_once.sql",
            'select order_id from "classicmodels"."main"."sales"'
            " group by order_id having count(*) > 1",
        )
        tested = FIXTURES + model.strip().removeprefix("with")
        for name in ("orders", "customers"):
            tested = tested.replace(
                f'"classicmodels"."main"."{name}"', f"__dbt__cte__{name}"
            )
        self.write(
            "run/shop/models/sales.yml/models/lost_customer.sql",
            UNIT_TEST.format(model=tested),
        )
        database = self.folder / "classicmodels.duckdb"
        database.unlink(missing_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute(
                "create table orders as"
                " select 1 as order_id, 10 as customer_id"
                " union all select 2, 20;"
                "create table customers as"
                " select 10 as customer_id, 'Ann' as name"
                " union all select 20, 'Bea'"
            )
            connection.execute(statement)

    def mutants(
        self, *arguments: str, equivalent: str = ""
    ) -> tuple[int, str, dict[str, str]]:
        """Return exit code, output, and the outcome of each mutant."""
        self.write("equivalent.yml", equivalent)
        written = self.folder / "mutants.json"
        written.unlink(missing_ok=True)
        done = run(
            *SCRIPTS,
            "mutants",
            "--target-path",
            self.folder,
            "--equivalent",
            self.folder / "equivalent.yml",
            *arguments,
        )
        results = {}
        if written.exists():
            results = {
                result["id"]: result["outcome"]
                for result in json.loads(written.read_text())["results"]
            }
        return done.returncode, done.stdout, results


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    return Sales(tmp_path / "target")


def entry(mutant: str) -> str:
    return json.dumps([{"mutant": mutant, "reason": "No order is lost."}])


def test_each_mistake_is_noticed_by_the_first_that_can(sales: Sales):
    sales.build()
    code, output, outcomes = sales.mutants()
    assert code == 0, output
    assert outcomes[LEFT_JOIN] == "unit test"
    assert set(outcomes.values()) == {"unit test"}
    assert "Unnoticed:" not in output


def test_data_tests_see_what_unit_tests_leave(sales: Sales):
    sales.build(unit_test=False)
    code, output, outcomes = sales.mutants()
    assert code == 1
    assert outcomes[LEFT_JOIN] == "unnoticed"
    assert f"\n  {LEFT_JOIN}\n" in output
    assert "under 95 %: sales" in output
    lost_condition = [id for id in outcomes if id.endswith("ON TRUE")]
    assert [outcomes[id] for id in lost_condition] == ["data test"]

    sales.build(unit_test=False, data_test=False)
    _, _, outcomes = sales.mutants()
    assert set(outcomes.values()) == {"unnoticed"}


def test_a_mutant_that_takes_too_long_is_named(sales: Sales):
    sales.build(unit_test=False)
    path = sales.folder / "classicmodels.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "insert into orders select range, range from range(100, 200000);"
            "insert into customers from (select range, 'x' from"
            " range(100, 200000));"
            f"create or replace table sales as ({MODEL})"
        )
    _, output, outcomes = sales.mutants("--time-limit", "2")
    (slow,) = (id for id in outcomes if id.endswith("ON TRUE"))
    assert outcomes[slow] == "timed out"
    _, _, unnoticed = output.partition("\nUnnoticed:")
    _, _, timed_out = output.partition("\nTimed out:")
    assert f"\n  {slow}\n" in timed_out
    assert slow not in unnoticed
    heading, line = output.partition("Model ")[2].splitlines()[:2]
    assert "Timed out" in heading
    score = json.loads((sales.folder / "mutants.json").read_text())
    assert score["timed_out"] == list(outcomes.values()).count("timed out")
    assert score["noticed"] == len(outcomes) - score["unnoticed"]
    assert f"{score['timed_out']:>11}" in line


def test_a_limit_too_short_for_the_build_is_one_line(sales: Sales):
    sales.build()
    code, output, _ = sales.mutants("--time-limit", "0")
    assert code == 1
    assert output == (
        "mutants: more than 0 s go by before anything is edited: give more"
        " with --time-limit\n"
    )


def test_threshold_is_per_model_and_can_be_set(sales: Sales):
    sales.build(unit_test=False)
    assert sales.mutants("--at-least", "0")[0] == 0


def test_listed_equivalent_is_left_out_of_the_score(sales: Sales):
    sales.build(unit_test=False, data_test=False)
    _, _, outcomes = sales.mutants()
    listed = json.dumps(
        [{"mutant": id, "reason": "Nobody looks."} for id in outcomes]
    )
    code, output, _ = sales.mutants(equivalent=listed)
    assert code == 0, output


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (entry(LEFT_JOIN), f"noticed (unit test): {LEFT_JOIN}"),
        (entry("sales | join | x -> y"), "no such mutant: sales | join | x"),
        (entry("gone | join | x -> y"), "no such mutant: gone | join | x"),
        ("- mutant: x", "an entry needs the texts mutant and reason"),
    ],
)
def test_untrue_list_of_equivalents_is_an_error(
    sales: Sales, listed: str, message: str
):
    sales.build()
    code, output, _ = sales.mutants(equivalent=listed)
    assert code == 1
    assert message in output
    assert "Traceback" not in output


def test_names_of_mutants_stay_when_the_model_grows(sales: Sales):
    sales.build(unit_test=False)
    _, _, before = sales.mutants()
    sales.build(
        MODEL.replace(
            "orders.order_id,",
            "orders.order_id, orders.order_id > 0 as is_positive,",
        ).replace("customers as (", "extra as (select 1 + 1), customers as ("),
        unit_test=False,
    )
    _, _, after = sales.mutants()
    assert set(before) < set(after)


def test_show_prints_the_difference(sales: Sales):
    sales.build()
    code, output, _ = sales.mutants("--show", LEFT_JOIN)
    assert code == 0
    assert "-  LEFT JOIN customers" in output
    assert "+  INNER JOIN customers" in output
    code, output, _ = sales.mutants("--show", "sales | join | x -> y")
    assert (code, output) == (
        1,
        "mutants: no such mutant: sales | join | x -> y\n",
    )


def test_build_that_is_red_already_is_an_error(sales: Sales):
    sales.build()
    with duckdb.connect(str(sales.folder / "classicmodels.duckdb")) as db:
        db.execute("insert into orders select * from orders")
    code, output, _ = sales.mutants()
    assert code == 1
    assert "every_order_once: fail before anything is edited" in output


def test_unknown_model_is_one_line(sales: Sales):
    sales.build()
    code, output, _ = sales.mutants("--models", "fct_nothing")
    assert (code, output) == (1, "mutants: no model is called fct_nothing\n")


def test_own_unit_tests_take_the_edits(warehouse: Project, tmp_path: Path):
    """The SQL that dbt makes of unit tests can still be taken apart."""
    # The runner writes beside the manifest; the warehouse stays as it is.
    for name in ("manifest.json", "compiled", "run", warehouse.database.name):
        (tmp_path / name).symlink_to(warehouse.target / name)
    done = run(
        *SCRIPTS,
        "mutants",
        "--target-path",
        tmp_path,
        "--models",
        "bridge_employee_managers",
    )
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "mutants.json").read_text())
    assert report["mutants"] == report["noticed"] > 0
    assert report["unit_test"] > 0
    assert not any(r["unit_tests_left_out"] for r in report["results"])
