"""The command mutants edits SQL, and says what no test notices."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import SCRIPTS, Project, run

# The one mistake in this model that its data cannot show is the lost left
# join, as every order has a customer.
MODEL = """
with

orders as (select * from "classicmodels"."main"."orders"),

customers as (select * from "classicmodels"."main"."customers"),

final as (
    select orders.order_id, coalesce(customers.name, 'Unknown') as name
    from orders
    left join customers on orders.customer_id = customers.customer_id
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
select "order_id", "name", 'actual' as "actual_or_expected"
from (
    {model}
) _dbt_internal_unit_test_actual
union all select 1, 'Ann', 'expected'
union all select 2, 'Unknown', 'expected'
"""
DATABASE = """
create table orders as
select 1 as order_id, 10 as customer_id union all select 2, 20;
create table customers as
select 10 as customer_id, 'Ann' as name union all select 20, 'Bea';
"""
LEFT_JOIN = (
    "sales | join | LEFT JOIN customers ON orders.customer_id"
    " -> INNER JOIN customers ON orders.customer_id"
)


def node(kind: str, name: str, *parents: str) -> dict[str, object]:
    """Return a model or a test as the manifest describes it."""
    return {
        "resource_type": kind,
        "package_name": "shop",
        "name": name,
        "alias": name,
        "original_file_path": f"{kind}s/{name}.sql",
        "relation_name": f'"classicmodels"."main"."{name}"',
        "config": {"materialized": "table", "fail_calc": "count(*)"},
        "depends_on": {"nodes": parents},
    }


@dataclass
class Sales:
    """What dbt would leave of a build of one model, and the command on it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "classicmodels.duckdb"

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def build(self, model: str = MODEL, *, unit_test: bool = True) -> None:
        """Write a target folder with a database."""
        nodes = {
            "model.shop.sales": node("model", "sales"),
            "test.shop.every_order_once": node(
                "test", "every_order_once", "model.shop.sales"
            ),
        }
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
        statement = f'create table "classicmodels"."main"."sales" as ({model})'
        tested = FIXTURES + model.strip().removeprefix("with")
        for name in ("orders", "customers"):
            tested = tested.replace(
                f'"classicmodels"."main"."{name}"', f"__dbt__cte__{name}"
            )
        self.write("manifest.json", json.dumps(manifest))
        self.write("compiled/shop/models/sales.sql", model)
        self.write("run/shop/models/sales.sql", statement)
        self.write(
            "compiled/shop/tests/every_order_once.sql",
            'select order_id from "classicmodels"."main"."sales"'
            " group by order_id having count(*) > 1",
        )
        self.write(
            "run/shop/models/sales.yml/models/lost_customer.sql",
            UNIT_TEST.format(model=tested),
        )
        self.database.unlink(missing_ok=True)
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(DATABASE)
            connection.execute(statement)

    def mutants(
        self, *arguments: str, equivalent: str = ""
    ) -> tuple[int, str, dict[str, Any]]:
        """Return exit code, output, and the outcome of each mutant."""
        self.write("equivalent.yml", equivalent)
        written = self.folder / "mutants.json"
        written.unlink(missing_ok=True)
        done = run(
            *(*SCRIPTS, "mutants", "--target-path", self.folder),
            *("--equivalent", self.folder / "equivalent.yml", *arguments),
        )
        results = {}
        if written.exists():
            found = json.loads(written.read_text())["results"]
            results = {result["id"]: result for result in found}
        return done.returncode, done.stdout, results


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    return Sales(tmp_path / "target")


def outcomes(results: dict[str, Any]) -> set[str]:
    return {result["outcome"] for result in results.values()}


def test_the_first_that_notices_is_named_or_all_that_do(sales: Sales):
    sales.build()
    code, output, results = sales.mutants()
    assert code == 0, output
    assert LEFT_JOIN in results
    assert outcomes(results) == {"unit test"}
    assert "Unnoticed:" not in output

    _, _, results = sales.mutants("--all-catchers")
    (lost_condition,) = (id for id in results if id.endswith("ON TRUE"))
    assert results[lost_condition]["catchers"] == [
        ["unit test", "lost_customer"],
        ["data test", "test.shop.every_order_once"],
    ]
    assert len(results[LEFT_JOIN]["catchers"]) == 1


def test_what_nothing_notices_is_listed_unless_it_is_equivalent(sales: Sales):
    sales.build(unit_test=False)
    code, output, results = sales.mutants()
    assert code == 1
    assert results[LEFT_JOIN]["outcome"] == "unnoticed"
    assert f"\n  {LEFT_JOIN}\n" in output
    assert "under 95 %: sales" in output
    (lost_condition,) = (id for id in results if id.endswith("ON TRUE"))
    assert results[lost_condition]["outcome"] == "data test"

    unnoticed = [
        {"mutant": id, "reason": "Nobody looks."}
        for id, result in results.items()
        if result["outcome"] == "unnoticed"
    ]
    code, output, _ = sales.mutants(equivalent=json.dumps(unnoticed))
    assert code == 0, output


def test_a_mutant_that_takes_too_long_is_named(sales: Sales):
    sales.build(unit_test=False)
    with duckdb.connect(str(sales.database)) as connection:
        connection.execute(
            "insert into orders select range, range from range(100, 200000);"
            "insert into customers from (select range, 'x' from"
            " range(100, 200000));"
            f"create or replace table sales as ({MODEL})"
        )
    _, output, results = sales.mutants("--time-limit", "2")
    (slow,) = (id for id in results if id.endswith("ON TRUE"))
    assert results[slow]["outcome"] == "timed out"
    _, _, unnoticed = output.partition("\nUnnoticed:")
    _, _, timed_out = output.partition("\nTimed out:")
    assert f"\n  {slow}\n" in timed_out
    assert slow not in unnoticed

    code, output, _ = sales.mutants("--time-limit", "0")
    assert code == 1
    assert output.startswith("mutants: the build takes more than 0 s before")
    assert output.count("\n") == 1


def test_untrue_list_of_equivalents_is_an_error(sales: Sales):
    sales.build()
    ids = (LEFT_JOIN, "sales | join | x -> y", "gone | join | x -> y")
    listed = [{"mutant": id, "reason": "No order is lost."} for id in ids]
    code, output, _ = sales.mutants(equivalent=json.dumps(listed))
    assert code == 1
    assert f"noticed (unit test): {LEFT_JOIN}" in output
    for id in ids[1:]:
        assert f"no such mutant: {id}" in output


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


def test_one_mutant_is_shown_and_what_cannot_be_is_one_line(sales: Sales):
    sales.build()
    code, output, _ = sales.mutants("--show", LEFT_JOIN)
    assert code == 0
    assert "-  LEFT JOIN customers" in output
    assert "+  INNER JOIN customers" in output
    for arguments, message in (
        (("--show", "sales | join | x -> y"), "no such mutant: sales | join |"),
        (("--models", "fct_nothing"), "no model is called fct_nothing"),
    ):
        code, output, _ = sales.mutants(*arguments)
        assert code == 1
        assert output.startswith(f"mutants: {message}")
        assert output.count("\n") == 1
    with duckdb.connect(str(sales.database)) as connection:
        connection.execute("insert into orders from orders")
    code, output, _ = sales.mutants()
    assert (code, output) == (
        1,
        "mutants: every_order_once: fail before anything is changed:"
        " run make test-build\n",
    )


def test_own_unit_tests_take_the_edits(warehouse: Project, tmp_path: Path):
    """The SQL that dbt makes of unit tests can still be taken apart."""
    # The runner writes beside the manifest; the warehouse stays as it is.
    for name in ("manifest.json", "compiled", "run", warehouse.database.name):
        (tmp_path / name).symlink_to(warehouse.target / name)
    done = run(
        *(*SCRIPTS, "mutants", "--target-path", tmp_path),
        *("--models", "bridge_employee_managers"),
    )
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "mutants.json").read_text())
    assert report["mutants"] == report["noticed"] > 0
    assert report["unit_test"] > 0
    assert not any(r["unit_tests_left_out"] for r in report["results"])
