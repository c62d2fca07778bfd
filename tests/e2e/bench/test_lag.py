"""Orders that are entered while `watch` runs, on the whole project."""

import re
from collections.abc import Callable

import duckdb

from conftest import SCRIPTS, Project, run


def test_every_order_is_read_and_its_wait_is_measured(
    copy_project: Callable[[], Project],
):
    project = copy_project()
    done = run(
        *(*SCRIPTS, "lag", "--seconds", "5", "--order-every", "1"),
        *("--", "--warn-error"),
        cwd=project.folder,
    )
    assert done.returncode == 0, done.stdout
    found = re.search(
        r"^(\d+) orders, .*: p50 ([\d.]+) s, p95 ([\d.]+) s, at most ([\d.]+)",
        done.stdout,
        re.MULTILINE,
    )
    waits = [float(found[number]) for number in (2, 3, 4)]
    assert waits[0] > 0 and waits == sorted(waits)
    version = (project.folder / "target/lag/run/published/current").resolve()
    with duckdb.connect(str(version / "classicmodels.duckdb")) as connection:
        ((entered, balanced, passed),) = connection.sql(
            """
            select
                (select count(*) from marts.fct_orders) - 326,
                (
                    select count(distinct order_id)
                    from reporting.rpt_sales
                    where order_id > 10425
                ),
                (select passed_test_count from ops.publications)
            """
        ).fetchall()
    assert entered == balanced == int(found[1]) > 0
    # Those of what changed, without unit tests.
    assert 100 < passed < 250
    pages = {
        name: [
            (folder / "site" / name).read_text("utf-8")
            for folder in (version, version / "before")
        ]
        for name in ("dashboard.html", "index.html")
    }
    assert pages["index.html"][0] == pages["index.html"][1]
    assert pages["dashboard.html"][0] != pages["dashboard.html"][1]
