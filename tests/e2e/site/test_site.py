"""The site from disk, in a browser, and what stops it from being written.

`make docs-check`, a part of `make test`, has written it from the same build.
"""

import json
import re
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from playwright.sync_api import Page, expect

from browser import scrolls_sideways, serious, visit
from conftest import ROOT, SCRIPTS, Project, run
from scripts.shared.tests_in_words import name_of
from scripts.site import state
from scripts.site.pages import environment
from scripts.site.questions import read_answers

PAGES = {
    "index.html": "The classicmodels warehouse",
    "dashboard.html": "Sales",
    "dictionary.html": "Data dictionary",
    "docs.html": "The classicmodels warehouse",
    "lineage.html": None,
    "notebook.html": "Sales of scale-model cars",
    "benchmarks.html": "Benchmarks",
    "guides.html": "Engines",
}
ARTIFACTS = (
    "manifest.json",
    "catalog.json",
    "semantic_manifest.json",
    "static_index.html",
)
# A page of 6 MB takes its time on a busy machine.
expect.set_options(timeout=30_000)
HARM = "</script><script>document.title = 'harm'</script>"


@pytest.fixture(scope="session")
def site(built: Path | None) -> Path:
    """The site that `make docs-check` wrote."""
    assert built and (built / "site").is_dir(), "run make docs-check"
    return built / "site"


@pytest.fixture(scope="session")
def make_target(site: Path) -> Callable[[Path], Path]:
    """Makes folders like dbt's target folder after `dbt docs generate`."""

    def make(folder: Path) -> Path:
        target = folder / "target"
        target.mkdir()
        for name in ARTIFACTS:
            shutil.copy(site.parent / name, target)
        return target

    return make


def write_site(
    target: Path, database: Path, root: Path = ROOT, **environment: str
) -> CompletedProcess[str]:
    """Write the site, and leave the project's own files as they are."""
    return run(
        *(*SCRIPTS, "site", "--check", "--target-path", target),
        cwd=root,
        CLASSICMODELS_DB=str(database),
        **environment,
    )


def edit_json(path: Path, edit: Callable[[dict], None]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


# The addresses outside the site's folder that a page leads to.
OUTSIDE = """
    (start) => [...document.querySelectorAll("a[href], form[action]")]
        .filter((one) => one.checkVisibility())
        .map((one) => one.href ?? one.action)
        .filter((one) => !one.startsWith(start))
"""


def hrefs(links) -> list[str]:
    return links.evaluate_all(
        "(all) => all.map((one) => one.getAttribute('href'))"
    )


@pytest.fixture(scope="module")
def freshness(warehouse) -> str:
    """What each page says of the data, read from the database."""
    ((day, built, commit),) = warehouse.query(
        """
        select
            (
                select strftime(max(order_date), '%-d %b %Y')
                from staging.stg_orders
            ),
            strftime(max(started_at), '%-d %b %Y %H:%M'),
            max_by(commit_id, started_at)
        from ops.runs where command = 'build'
        """
    )
    ((tests,),) = warehouse.query(
        "select count(*) from ops.run_results"
        " where command = 'build' and status = 'pass'"
    )
    return (
        f"Data as of {day} · built {built} UTC · commit {commit[:10]} ·"
        f" {tests} tests passed"
    )


@pytest.mark.parametrize("name", PAGES)
def test_page_is_one_of_the_site_and_contacts_nobody(
    browser, site, freshness, name
):
    start = site.as_uri() + "/"
    size = {"width": 1440, "height": 900}
    with visit(browser, start + name, viewport=size) as seen:
        if PAGES[name]:
            heading = seen.page.get_by_role("heading", name=PAGES[name])
            expect(heading.first).to_be_visible()
        else:
            # What the facts are made of, and no empty canvas.
            table = seen.page.locator(".react-flow").get_by_text("stg_orders")
            expect(table.first).to_be_in_viewport()
        seen.page.wait_for_load_state("networkidle")
        assert seen.errors == []
        assert seen.outside(start) == []
        assert seen.page.evaluate(OUTSIDE, start) == []
        header = seen.page.locator(".site-header")
        assert header.bounding_box()["height"] <= 64
        expect(header.locator(".freshness")).to_have_text(freshness)
        bar = seen.page.get_by_role("navigation", name="Site")
        assert hrefs(bar.get_by_role("link")) == list(PAGES)
        assert hrefs(bar.locator("[aria-current=page]")) == [name]


@pytest.mark.parametrize(
    ("place", "tab"),
    [
        ("lineage.html", "Model Info"),
        ("docs.html#!/model/model.classicmodels.rpt_sales", "Columns"),
    ],
    ids=["lineage", "docs"],
)
def test_details_of_a_table_lead_to_no_other_host(browser, site, place, tab):
    start = site.as_uri() + "/"
    with visit(browser, start + place) as seen:
        seen.page.get_by_text(tab, exact=True).first.click()
        expect(seen.page.get_by_text("net_margin_amount").first).to_be_visible()
        assert seen.page.evaluate(OUTSIDE, start) == []


def test_freshness_of_a_database_without_runs_is_that_of_the_data(tmp_path):
    said = {}
    for name in ("none", "dates"):
        database = tmp_path / f"{name}.duckdb"
        with closing(duckdb.connect(str(database))) as connection:
            connection.execute("create schema marts")
            if name == "dates":
                connection.execute(
                    "create table marts.dim_dates as select"
                    " date '2004-12-31' as date_day,"
                    " 0 as days_before_as_of_date"
                )
        page = environment().get_template("guides.html")
        found = state.freshness(database)
        said[name] = page.render(
            title="", current="", guides=[], freshness=found
        )
    assert ">31 Dec 2004</time>" in said["dates"]
    assert "tests passed" not in said["dates"]
    assert "Data as of" not in said["none"]


def leads_nowhere(site: Path, known: dict[str, set[str]], link: str) -> bool:
    """Whether a page's link leads to no page, node or anchor.

    Args:
        site: the folder.
        known: the columns of all nodes by unique id, in lower case.
        link: relative to the folder.
    """
    parts = urlsplit(link)
    path = site / parts.path
    if parts.scheme or parts.netloc or not path.is_file():
        return True
    if parts.path == "lineage.html":
        query = parse_qs(parts.query)
        models = query.get("model", [])
        columns = set().union(*(known.get(one, ()) for one in models))
        return not (
            known.keys() >= {*models} and columns >= {*query.get("column", ())}
        )
    if parts.path == "docs.html":
        places = {f"!/{one.partition('.')[0]}/{one}" for one in known}
        return parts.fragment not in places | {"", "!/overview"}
    # Of the dashboard the fragment is what it filters.
    return parts.path != "dashboard.html" and parts.fragment not in anchors(
        path
    )


@cache
def anchors(path: Path) -> set[str]:
    """Return the ids of a page; the empty one is its top."""
    return {"", *re.findall(r'\bid="([^"]+)"', path.read_text())}


def test_all_links_lead_somewhere(browser, site):
    manifest = json.loads((site.parent / "manifest.json").read_text())
    catalog = json.loads((site.parent / "catalog.json").read_text())
    known = {one: set() for one in [*manifest["nodes"], *manifest["exposures"]]}
    for one, node in [*catalog["nodes"].items(), *catalog["sources"].items()]:
        known[one] = {name.lower() for name in node["columns"]}
    # Those in dbt docs are Markdown in its manifest.
    docs = (site / "docs.html").read_text()
    links = re.findall(r"\]\(((?:lineage|dictionary)\.html[^)]+)\)", docs)
    assert len(links) > 700
    own = set(PAGES) - {"docs.html", "lineage.html"}
    for name in sorted(own):
        with visit(browser, site / name) as seen:
            found = hrefs(seen.page.locator("a[href]"))
        assert len(found) >= len(PAGES)
        links += [one if one[0] != "#" else f"{name}{one}" for one in found]
    wrong = [one for one in set(links) if leads_nowhere(site, known, one)]
    assert wrong == []


def test_one_table_is_linked_from_page_to_page(browser, site):
    with visit(browser, f"{site.as_uri()}/dictionary.html#fct_orders") as seen:
        page = seen.page
        page.get_by_role("link", name="dbt docs of fct_orders").click()
        expect(page.get_by_role("heading", name="fct_orders")).to_be_visible()
        page.get_by_role("link", name="Column lineage").last.click()
        # Two steps back, and itself.
        for name in ("stg_orders", "int_orders", "fct_orders"):
            shown = page.get_by_text(name, exact=True).locator("visible=true")
            expect(shown.first).to_be_visible()
        assert seen.errors == []


def test_margin_is_traced_in_two_clicks(browser, site, warehouse):
    """To its origin, to the tests that guard it and to the owner."""
    place = f"{site.as_uri()}/dictionary.html#rpt_sales.margin_amount"
    nodes = warehouse.manifest["nodes"]
    with visit(browser, place) as seen:
        page = seen.page
        row = page.locator("[id='rpt_sales.margin_amount']")
        row.get_by_role("link", name="products.buyPrice").click()
        expect(page.locator("[id='products.buyPrice']")).to_be_in_viewport()
        page.go_back()
        test = row.get_by_role("link", name="sum matches the sum of margin")
        test.click()
        (name,) = [
            node["name"]
            for one, node in nodes.items()
            if page.url.endswith(f"/{one}")
        ]
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        page.go_back()
        row.get_by_role("link", name="rpt_sales", exact=True).click()
        owner = page.locator("[id=rpt_sales]").get_by_text("owner: Analytics")
        expect(owner).to_be_in_viewport()
        page.go_back()
        row.get_by_role("link", name="lineage").click()
        # Column by column from the seeds, and no table that it skips.
        for column in ("buyprice", "priceeach", "quantityordered"):
            shown = page.locator(".react-flow").get_by_text(column)
            expect(shown.first).to_be_in_viewport()
        expect(
            page.locator(".react-flow").get_by_text("dim_dates")
        ).to_be_hidden()
        assert seen.errors == []


def test_dbt_docs_lead_to_the_lineage_of_a_column(browser, site):
    place = "docs.html#!/model/model.classicmodels.rpt_sales"
    with visit(browser, f"{site.as_uri()}/{place}") as seen:
        page = seen.page
        page.get_by_text("margin_amount", exact=True).first.click()
        page.get_by_role("link", name="lineage", exact=True).first.click()
        expect(
            page.locator(".react-flow").get_by_text("buyprice").first
        ).to_be_visible()


def outcomes(page: Page) -> dict[str, dict[str, int]]:
    """Return the numbers of the tiles by kind of node, then by outcome."""
    return page.evaluate(
        """() => Object.fromEntries(
            [...document.querySelectorAll("[data-kind]")].map((tile) => [
                tile.dataset.kind,
                Object.fromEntries(
                    [...tile.querySelectorAll("[data-outcome]")].map((one) => [
                        one.dataset.outcome, Number(one.textContent)]))]))"""
    )


def test_start_page_agrees_with_the_database(browser, site, warehouse):
    ((started_at,),) = warehouse.query(
        "select strftime(max(started_at), '%-d %b %Y %H:%M') from ops.runs"
        " where command = 'build'"
    )
    counted = warehouse.query(
        """
        select node_kind, count(*) from ops.run_results
        where command = 'build' group by 1
        """
    )
    (dates,) = warehouse.query(
        """
        select
            strftime(max(order_date), '%-d %b %Y'),
            (
                select strftime(max(payment_date), '%-d %b %Y')
                from staging.stg_payments
            )
        from staging.stg_orders
        """
    )
    scores = json.loads((ROOT / "assets/scores.json").read_text())
    with visit(browser, site / "index.html") as seen:
        page = seen.page
        passed = {kind: one["passed"] for kind, one in outcomes(page).items()}
        text = page.locator("main").inner_text()
        named = page.locator(".source a:not(.more)").all_inner_texts()
    assert passed == dict(counted)
    for said in (f"{started_at} UTC", *dates, "It went well"):
        assert said in text
    nodes = warehouse.manifest["nodes"].values()
    known = {name_of(node) for node in nodes} | {"check_seeds", "check-seeds"}
    for column in scores["columns"].values():
        assert set(column["tests"]) <= known
    assert {node["name"] for node in nodes} >= set(scores["mutants"])
    faults = scores["faults"]
    assert f"{faults['caught']} of {faults['faults']} caught" in text
    # Each report answers a question.
    assert set(named) == {
        node["name"]
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in ("reporting", "ml")
    }


def test_questions_lead_to_the_answer(browser, site, warehouse):
    """The dashboard shows it, or the start page itself."""
    (best,) = warehouse.query(
        """
        select product_name, format('{:,}', quantity_ordered)
        from ml.ml_popular_products
        where scope = 'overall' and popularity_rank = 1
        """
    )
    with visit(browser, site / "index.html") as seen:
        page = seen.page
        row = page.get_by_role("row").filter(has_text=best[0])
        expect(row.first).to_contain_text(best[1])
        links = hrefs(page.locator(".questions h3 a[href*='dashboard.html']"))
        assert len(links) > 5
        for link in links:
            name = parse_qs(urlsplit(link).fragment)["show"][0]
            page.goto(f"{site.as_uri()}/{link}")
            panel = page.locator(f"[data-panel={name}]")
            expect(panel).to_be_in_viewport()
            expect(panel.locator("tbody tr").first).to_be_visible()
            expect(page.get_by_role("alert")).to_be_hidden()
        assert seen.errors == []


def test_an_answer_leaves_blank_what_nobody_knows(warehouse, tmp_path):
    database = Path(shutil.copy(warehouse.database, tmp_path))
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute(
            "update reporting.rpt_office_sales_yearly set net_margin_pct = null"
        )
    (offices,) = (
        one
        for one in read_answers(database)
        if "rpt_office_sales_yearly" in one.question.reports
    )
    assert [row[-1] for row in offices.rows] == [""] * 5


def record(database: Path, command: str, statuses: dict[str, str]) -> None:
    """Record a run at this moment, in which some nodes had another status."""
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute(
            """
            insert into ops.run_results
            select * replace (
                $command as invocation_id,
                $command as command,
                cast(now() at time zone 'UTC' as timestamp) as started_at,
                coalesce($statuses[node_name], status) as status
            )
            from ops.run_results
            where invocation_id = (
                select max_by(invocation_id, started_at) from ops.run_results
                where command = 'build'
            )
            """,
            {
                "command": command,
                "statuses": {"key": [*statuses], "value": [*statuses.values()]},
            },
        )


@pytest.fixture(scope="module")
def troubled(warehouse: Project, make_target, tmp_path_factory) -> Path:
    """The site after a build that failed, with a description that is markup.

    In its place was an older one.
    """
    folder = tmp_path_factory.mktemp("troubled")
    # The views in it know it by this name.
    database = folder / "classicmodels.duckdb"
    shutil.copy(warehouse.database, database)
    bad = {
        "unique_stg_orders_order_id": "fail",
        "fct_orders": "skipped",
        "assert_order_numbers_have_no_gap": "warn",
    }
    record(database, "build", bad)
    good = dict.fromkeys(bad, "pass") | {"fct_orders": "success"}
    record(database, "test", good | {"unique_dim_dates_date_day": "warn"})
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute(
            "insert into ops.runs (started_at, command)"
            " values ('2100-01-01 12:00', 'run')"
        )
    target = make_target(folder)
    (target / "site").mkdir()
    (target / "site/gone.html").write_text("of an old version")

    node = warehouse.manifest["nodes"]["model.classicmodels.dim_dates"]
    description = json.dumps(node["columns"]["date_day"]["description"])
    for name in ARTIFACTS:
        text = (target / name).read_text()
        (target / name).write_text(text.replace(description, json.dumps(HARM)))
    done = write_site(target, database)
    assert done.returncode == 0, done.stdout
    return target / "site"


def test_new_site_takes_the_place_of_the_old(troubled):
    there = {path.name for path in troubled.iterdir()}
    assert there == {*PAGES, "NOTICE.txt"}
    assert not list(troubled.parent.glob(".site-*"))


def test_failed_build_is_reported_at_the_top(browser, troubled):
    with visit(browser, troubled / "index.html") as seen:
        page = seen.page
        alarms = page.get_by_role("region", name="Warning")
        broken_off, first, later = alarms.all_inner_texts()
        shown = outcomes(page)
        text = page.locator("main").inner_text()
        assert serious(page) == []
        expect(page.locator(".site-header .freshness")).to_contain_text(
            "tests passed, 1 warned, 1 failed"
        )
        intro = page.locator(".intro").bounding_box()
        assert alarms.last.bounding_box()["y"] < intro["y"]
    assert "dbt run of 2100-01-01 12:00 UTC" in broken_off
    assert "The last build failed. 1 failed, 1 warned, 1 not run" in first
    assert "Failed: stg_orders, order_id: unique" in first
    assert "Warned: assert_order_numbers_have_no_gap:" in first
    assert "could not be built" not in first
    assert "dbt test, run after the last build, gave warnings." in later
    assert "Warned: dim_dates, date_day: unique" in later
    # It explains the last run, whatever it was.
    assert ["make why" in one for one in (first, later)] == [False, True]
    assert shown["test"]["failed"] == shown["test"]["warned"] == 1
    assert shown["model"]["skipped"] == 1
    assert "It went well" not in text


@pytest.mark.parametrize("name", ["dictionary.html#dim_dates", "docs.html"])
def test_description_is_text_and_not_markup(browser, troubled, name):
    with visit(browser, f"{troubled.as_uri()}/{name}") as seen:
        heading = seen.page.get_by_role("heading").first
        expect(heading).to_be_visible()
        assert "harm" not in seen.page.title()
        assert seen.errors == []


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "viewport": {"width": 320, "height": 640}},
    ],
    ids=["light", "dark and narrow"],
)
# Of the dictionary a few tables, which are like all others: axe is thorough.
@pytest.mark.parametrize(
    "name", ["index.html", "dictionary.html?schema=ml", "benchmarks.html"]
)
def test_page_is_accessible_and_fits(browser, site, freshness, name, options):
    with visit(browser, f"{site.as_uri()}/{name}", **options) as seen:
        details = "document.querySelectorAll('details').forEach("
        seen.page.evaluate(f"{details}(one) => {{ one.open = true }})")
        assert serious(seen.page) == []
        assert not scrolls_sideways(seen.page)
        shown = seen.page.locator(".freshness:visible")
        expect(shown).to_have_text(freshness)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_leak_stops_the_site_and_leaves_the_old_one(
    warehouse, make_target, tmp_path
):
    target = make_target(tmp_path)
    (target / "site").mkdir()
    (target / "site/index.html").write_text("the old one")
    plants = [f"{ROOT}/models", "jane.doe@classicmodelcars.com", "hunter2-2-2"]

    def plant(manifest: dict) -> None:
        node = manifest["nodes"]["model.classicmodels.dim_dates"]
        node["description"] += f" See {', '.join(plants)}."

    edit_json(target / "manifest.json", plant)
    before = snapshot(target)
    done = write_site(target, warehouse.database, CHAT_TOKEN="hunter2-2-2")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("site: not written: ")
    # Colibri's data are encoded.
    for name in ("dictionary.html", "lineage.html"):
        for what in (
            "a folder of this machine",
            "the value of CHAT_TOKEN",
            "an e-mail address",
        ):
            assert f"{name} names {what}" in line
    assert not [one for one in plants if one in line]
    assert snapshot(target) == before


def test_no_page_names_an_employee(site, warehouse):
    """They are in the source, and no page may show them."""
    personal = warehouse.query("""
        select unnest([email, firstName || ' ' || lastName])
        from source.employees
    """)
    assert personal
    for path in site.iterdir():
        text = path.read_text()
        assert not [one for (one,) in personal if one in text], path.name


def newer(manifest: dict) -> None:
    manifest["metadata"]["generated_at"] = "2100-01-01T00:00:00Z"


def bad_sql(manifest: dict) -> None:
    node = manifest["nodes"]["model.classicmodels.fct_orders"]
    node["compiled_code"] = "select from from where"


def one_more_model(manifest: dict) -> None:
    node = manifest["nodes"]["model.classicmodels.fct_orders"]
    manifest["nodes"]["model.classicmodels.fct_new"] = node | {
        "name": "fct_new",
        "unique_id": "model.classicmodels.fct_new",
    }


def one_key_less(manifest: dict) -> None:
    node = manifest["nodes"]["model.classicmodels.fct_orders"]
    del node["columns"]["customer_key"]


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        ("manifest.json", None, r".*manifest\.json is missing: .*"),
        ("static_index.html", None, r".*static_index\.html is missing: .*"),
        ("manifest.json", newer, r".*catalog\.json is older than .*"),
        ("manifest.json", one_more_model, r"fct_new is not in catalog\.json.*"),
        ("manifest.json", one_key_less, r"assets/erd\.svg is out of date: .*"),
        ("manifest.json", bad_sql, r"colibri made no .*fct_orders.*"),
    ],
    ids=["manifest", "docs", "stale", "model", "ERD", "lineage"],
)
def test_bad_input_is_one_clear_line(
    warehouse, make_target, tmp_path, name, edit, said
):
    target = make_target(tmp_path)
    if edit:
        edit_json(target / name, edit)
    else:
        (target / name).unlink()
    before = snapshot(target)
    done = write_site(target, warehouse.database)
    assert done.returncode == 1
    assert re.fullmatch(f"site: {said}\n", done.stdout)
    assert snapshot(target) == before


def test_missing_database_is_one_clear_line(make_target, tmp_path):
    done = write_site(make_target(tmp_path), tmp_path / "no.duckdb")
    assert done.returncode == 1
    assert re.fullmatch(r"site: no database at .*: run .*\n", done.stdout)


def test_port_in_use_is_one_clear_line():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = run("make", "VENV=true", "--silent", "docs", f"PORT={port}")
    assert done.returncode != 0
    said = [one for one in done.stdout.splitlines() if "***" not in one]
    assert len(said) == 1
    assert str(port) in said[0]
    assert "make docs PORT=" in said[0]
