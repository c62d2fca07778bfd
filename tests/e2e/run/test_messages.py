"""What why and alert say of small artifacts, written here by hand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import SCRIPTS, run

PRODUCTS = "model.classicmodels.dim_products"
UNIQUE = "test.classicmodels.unique_orders.f6a5"
PAID = "test.classicmodels.assert_paid"
LATE = "unit_test.classicmodels.late"
HOOK = "operation.classicmodels.on-run-end-0"
LIMITS = {
    "warn_after": {"count": 12, "period": "hour"},
    "error_after": {"count": 30, "period": "day"},
}


def node(unique_id: str, path: str, **more: Any) -> dict[str, dict]:
    kind, _, name = unique_id.split(".")[:3]
    common = {
        "unique_id": unique_id,
        "resource_type": kind,
        "package_name": "classicmodels",
        "name": name,
        "path": Path(path).name,
        "original_file_path": path,
        "depends_on": {"nodes": []},
        "config": {"enabled": True, "materialized": "table"},
    }
    return {unique_id: common | more}


MANIFEST = {
    "macros": {},
    "parent_map": {},
    "nodes": {
        **node(PRODUCTS, "models/dim_products.sql"),
        **node("model.classicmodels.dim_dates", "models/dim_dates.sql"),
        **node(UNIQUE, "models/orders.yml"),
        **node(PAID, "tests/singular/assert_paid.sql"),
    },
    "unit_tests": node(LATE, "models/orders.yml"),
    "sources": {
        f"source.classicmodels.shop.{name}": {
            "name": name,
            "original_file_path": "models/shop.yml",
            "source_name": "shop",
            "freshness": LIMITS if name != "offices" else None,
        }
        for name in ("orders", "payments", "products", "gone", "offices")
    },
}
MANIFEST["nodes"][PAID]["description"] = "Paid & owed <add up>. More of it."
MANIFEST["nodes"][UNIQUE] |= {
    "attached_node": "model.classicmodels.orders",
    "column_name": "order_id",
    "test_metadata": {"name": "unique", "kwargs": {"column_name": "order_id"}},
}


def result(
    unique_id: str, status: str, message: str | None = None, failures: int = 0
) -> dict[str, Any]:
    names = ("unique_id", "status", "message", "failures")
    return dict(zip(names, (unique_id, status, message, failures), strict=True))


GOOD = [
    result(HOOK, "success"),
    result(PRODUCTS, "success"),
    result(PAID, "pass"),
]
BROKEN = """Runtime Error in model dim_products (models/dim_products.sql)
  Binder Error: Referenced column "nope" not found

  LINE 1: x"""
DIFFERS = (
    "\n\n\x1b[32mactual\x1b[0m differs from \x1b[31mexpected\x1b[0m:\n\n@@"
)
BAD = [
    result(PRODUCTS, "error", BROKEN),
    result(UNIQUE, "fail", "Got 2 results, configured to fail if != 0", 2),
    result(LATE, "fail", DIFFERS, 1),
    result(PAID, "warn", "Got 1 result, configured to warn if != 0", 1),
    result("model.classicmodels.not_in_manifest", "skipped"),
]
FRESHNESS = [
    {
        "unique_id": f"source.classicmodels.shop.{name}",
        "status": status,
        "max_loaded_at_time_ago_in_s": seconds,
        "criteria": LIMITS,
    }
    for name, status, seconds in (
        ("orders", "pass", 3_600.5),
        ("payments", "warn", 169_200.9),
        ("products", "error", 34_560_014.8),
    )
]


@pytest.fixture
def artifacts(tmp_path: Path) -> Callable[..., Path]:
    """Writes what a run of dbt leaves, and an empty database beside it."""
    duckdb.connect(str(tmp_path / "classicmodels.duckdb")).close()

    def make(
        results: list[dict],
        freshness: list[dict] | None = None,
        which: str = "build",
    ) -> Path:
        metadata = {
            "generated_at": "2026-11-21T03:40:23.164053Z",
            "env": {"COMMIT": "abc1234"},
        }
        run = {"results": results, "args": {"which": which, "target": "dev"}}
        files = {"manifest": MANIFEST, "run_results": run}
        if freshness is not None:
            files["sources"] = {"results": freshness}
        for name, content in files.items():
            (tmp_path / f"{name}.json").write_text(
                json.dumps({"metadata": metadata} | content)
            )
        return tmp_path

    return make


def tell(target: Path, command: str) -> tuple[int, str]:
    """Run why or alert; return its exit code and all that it printed."""
    done = run(
        *SCRIPTS,
        command,
        *("--target-path", target),
        CLASSICMODELS_DB=str(target / "classicmodels.duckdb"),
        ALERT_WEBHOOK="",
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def alert(target: Path) -> list[str]:
    """Return the lines that alert sends."""
    code, said = tell(target, "alert")
    assert code == 0, said
    *lines, last = said.splitlines()
    assert last == "alert: ALERT_WEBHOOK is not set: nothing was sent"
    return lines


def test_what_an_alert_tells(artifacts):
    assert alert(artifacts(BAD + GOOD[:1], FRESHNESS)) == [
        "classicmodels: build failed: 1 error, 2 failed tests, 1 warning,"
        " 2 stale sources, 1 unchecked source, 1 skipped"
        " (target dev, commit abc1234)",
        "error: dim_products (models/dim_products.sql): Binder Error:"
        ' Referenced column "nope" not found',
        "failed test: unique on orders.order_id (models/orders.yml), 2 failing"
        " rows: No two rows have the same order_id.",
        "failed test: late (models/orders.yml): actual differs from expected",
        "warning: assert_paid (tests/singular/assert_paid.sql),"
        " 1 failing row: Paid & owed <add up>.",
        "stale source: shop.payments (models/shop.yml): 47 hours old,"
        " warn after 12 hours",
        "stale source: shop.products (models/shop.yml): 400 days old,"
        " error after 30 days",
        "unchecked source: shop.gone (models/shop.yml):"
        " its check failed or was left out",
        "It was the run of 2026-11-21 03:40 UTC."
        " The sources' freshness was checked 2026-11-21 03:40 UTC.",
    ]


def test_a_warning_and_an_old_source_do_not_fail_a_run(artifacts):
    broken = {
        "unique_id": "source.classicmodels.shop.gone",
        "status": "runtime error",
        "error": "Catalog Error: no table",
    }
    lines = alert(artifacts([*GOOD, BAD[3]], [*FRESHNESS, broken]))
    assert "build passed: 3 nodes, 1 warning, 2 stale sources," in lines[0]
    assert lines[-2].endswith("(models/shop.yml): Catalog Error: no table")


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (result("model.a.b", "partial success"), "failed: 1 error ("),
        (result("model.a.b", "never heard of"), "failed: 1 error ("),
        (result(HOOK, "error", "IO Error: no room"), "failed: 1 error ("),
        (result(HOOK, "skipped"), "passed: 2 nodes, no warning ("),
        (result("model.a.b", "no-op"), "passed: 3 nodes, no warning ("),
        # Only skipped nodes show that a run was stopped.
        (result("model.a.b", "skipped"), "failed: 1 skipped ("),
    ],
)
def test_every_status_counts(artifacts, odd: dict, told: str):
    assert f"classicmodels: build {told}" in alert(artifacts([*GOOD, odd]))[0]


def test_a_long_alert_is_cut(artifacts):
    many = [
        result(f"model.classicmodels.{kind}_{count}", kind, "oh no " * 99, 1)
        for kind in ("error", "fail", "warn")
        for count in range(15)
    ]
    lines = alert(artifacts(many))
    assert len(lines) == 1 + 3 * 11 + 1
    assert lines[11] == "and 5 more errors"
    assert max(map(len, lines)) <= 300


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select cast('King' as int)", "could not convert string '...' to"),
        # It repeats the value, without quotes, on a separate line.
        ("select strptime('King', '%Y')", "could not parse string '...'"),
        # It shows the line of the file, which here goes on in the next.
        ("copy seed from '{file}' (header)", "csv error on line: 2"),
        ("insert into people values ('King')", "duplicate key '...' violates"),
    ],
)
def test_an_error_shows_no_value_of_the_data(artifacts, query: str, told: str):
    target = artifacts([])
    file = target / "seed.csv"
    file.write_text('name,b\n"Jean\nKing",Paris\n')
    with duckdb.connect() as connection:
        connection.execute("create table seed (name varchar, b int)")
        connection.execute("create table people (name varchar primary key)")
        connection.execute("insert into people values ('King')")
        with pytest.raises(duckdb.Error) as error:
            connection.execute(query.format(file=file))
    message = str(error.value).replace("\n", "\n  ")
    assert "King" in message
    header = "Runtime Error in model dim_products (a.sql)\n  "
    artifacts([result(PRODUCTS, "error", header + message)])
    for command in ("why", "alert"):
        code, said = tell(target, command)
        assert code == 0
        assert told in said.lower()
        assert not re.search("Jean|King|Paris", said)


@pytest.mark.parametrize(
    "lost", [("run_results",), ("run_results", "manifest")]
)
def test_a_build_that_ran_no_node_failed(artifacts, lost: tuple[str, ...]):
    target = artifacts(GOOD, FRESHNESS)
    for name in lost:
        (target / f"{name}.json").unlink()
    reason = (
        f"{target}/run_results.json is missing: the last build did not get as"
        " far as running a node; see what it printed"
    )
    assert tell(target, "why") == (1, f"why: {reason}\n")
    assert alert(target)[0].startswith("classicmodels: build failed: ")


def test_a_database_that_cannot_be_read_is_bad_news(artifacts):
    target = artifacts(GOOD)
    (target / "classicmodels.duckdb").write_bytes(bytes(9_999))
    first, second, _ = alert(target)
    assert first.startswith("classicmodels: build failed: 1 error (target")
    assert re.match(r"error: .*classicmodels\.duckdb: damaged: ", second)
    # As a make build that found the damage leaves it.
    (target / "run_results.json").unlink()
    (only,) = alert(target)
    assert re.match(
        r"classicmodels: build failed: .*classicmodels\.duckdb: damaged: ", only
    )
    code, said = tell(target, "why")
    assert code == 1
    assert re.fullmatch(r"why: .*\.duckdb: damaged: .*\n", said)


def test_a_running_build_is_not_reported(artifacts):
    target = artifacts(GOOD)
    (target / "run_results.json").unlink()
    with duckdb.connect(str(target / "classicmodels.duckdb")):
        code, said = tell(target, "alert")
    assert code == 1
    assert re.fullmatch("alert: .* in use by .*\n", said)


def test_a_command_that_builds_nothing_is_not_good_news(artifacts):
    target = artifacts(GOOD, which="compile")
    reason = (
        "the last dbt command, compile, built and tested nothing, and"
        " overwrote what was known"
    )
    assert alert(target)[0] == f"classicmodels: {reason}"
    assert tell(target, "why") == (1, f"why: {reason}: run make build\n")
    assert (
        "compile failed: 1 error"
        in alert(artifacts(BAD[:1], None, "compile"))[0]
    )


def test_a_recorded_run_is_shown_after_compile(artifacts):
    target = artifacts([], which="compile")
    with duckdb.connect(str(target / "classicmodels.duckdb")) as connection:
        connection.execute(
            f"""
            create schema ops;
            create table ops.run_results as
            select * from (values
                ('a', timestamp '2026-11-20 03:40:00', '{PRODUCTS}', 'success'),
                ('b', timestamp '2026-11-21 03:40:00', '{PRODUCTS}', 'error'),
                ('b', timestamp '2026-11-21 03:40:00', '{LATE}', 'skipped')
            ) as results (invocation_id, started_at, node_id, status)
            cross join (
                select
                    'build' as command, 'dev' as target_name, 'c' as commit_id,
                    'n' as node_name, null::int as failure_count,
                    'IO Error: gone' as message
            )
            """
        )
    assert alert(target)[:2] == [
        "classicmodels: build failed: 1 error, 1 skipped"
        " (target dev, commit c)",
        "error: dim_products (models/dim_products.sql): IO Error: gone",
    ]
    code, said = tell(target, "why")
    assert code == 0
    assert said.startswith(
        "Of 2 nodes in the last run (dbt build, 2026-11-21 03:40 UTC):"
        " 1 errored.\n\n1. Errored: model dim_products\n"
    )


# A build of everything, and after it one without an end.
RUNS = """
    create schema ops;
    create table ops.runs as
    select * from (values
        ('a', timestamp '2026-11-21 03:00:00', now()::timestamp, 'build', true),
        ('b', timestamp '2026-11-21 03:39:00', null, 'run', false)
    ) as runs (invocation_id, started_at, ended_at, command, is_whole);
    create table ops.run_results as
    select 'a' as invocation_id, 'model' as node_kind, 'success' as status
"""
NEXT = "insert into ops.runs values ('c', '2026-11-22', {}, 'build', {})"


def test_what_an_interrupted_run_left_half_updated(artifacts):
    target = artifacts(BAD[1:2])
    # Its SQL is written when dbt begins a node.
    begun = target / "run/classicmodels/models/dim_products.sql"
    begun.parent.mkdir(parents=True)
    begun.touch()
    database = str(target / "classicmodels.duckdb")

    def ask(*statements: str) -> str:
        with duckdb.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)
        code, said = tell(target, "why")
        assert code == 0, said
        return " ".join(said.split())

    said = ask(RUNS)
    assert re.match(
        "The dbt run of 2026-11-21 03:39 UTC was interrupted: 1 of the"
        " project's 5 nodes had begun, with 1 of its 2 tables, ",
        said,
    )
    # After Ctrl-C dbt still writes the results that it has.
    assert "Failed: No two rows have the same order_id." in said
    assert re.match(
        r"classicmodels: run failed: interrupted, 1 of the project's 5 nodes"
        r" had begun, .*, 1 failed test",
        alert(target)[0],
    )
    # Only a build of everything that did not fail makes it good.
    assert "interrupted" in ask(NEXT.format("now()", "false"))
    assert "interrupted" in ask(
        "update ops.runs set is_whole = true where invocation_id = 'c';"
        "insert into ops.run_results values ('c', 'model', 'skipped')"
    )
    assert "interrupted" not in ask(
        "update ops.run_results set status = 'success'"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest", None),
        ("manifest", ""),
        ("manifest", "[]"),
        ("run_results", '{"results": [{}]}'),
        ("run_results", "a folder"),
        ("sources", '{"results": "x"}'),
    ],
)
def test_a_damaged_artifact_is_one_clear_line(
    artifacts, name: str, content: str | None
):
    target = artifacts(BAD, FRESHNESS)
    path = target / f"{name}.json"
    path.unlink()
    if content == "a folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    for command in ("alert", "why") if name != "sources" else ("alert",):
        code, said = tell(target, command)
        assert code == 1
        assert re.fullmatch(rf"{command}: .*{name}\.json.*\n", said)


def test_a_reader_that_stops_is_not_an_error(artifacts):
    """As in `make why | head`: nobody reads any more."""
    target = artifacts(BAD)
    done = run(
        *("bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "-"),
        *(*SCRIPTS, "why", "--target-path", target),
        CLASSICMODELS_DB=str(target / "classicmodels.duckdb"),
    )
    assert (done.returncode, done.stdout) == (1, "")
