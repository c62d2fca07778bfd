"""The site: from disk and from its server, in a browser.

`make test` has run dbt docs generate --static and docs-page before;
the pages are made from the artifacts that this page holds, because tests that
compile something write the manifest anew.
"""

import base64
import csv
import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

from browser import (
    scrolls_sideways,
    serious,
    start_browser,
    visit,
)
from conftest import BIN, ROOT, SCRIPTS, Project, clean_environment, run

PYTHON = BIN / "python"
PAGES = {
    "index.html": "The classicmodels warehouse",
    "dashboard.html": "Sales",
    "dictionary.html": "Data dictionary",
    "docs.html": "The classicmodels warehouse",
    "lineage.html": None,
}
OURS = ["index.html", "dashboard.html", "dictionary.html"]
# A page of 6 MB takes its time on a busy machine.
expect.set_options(timeout=30_000)
HARM = "<script>document.title = 'harm'</script>"
# Of the dictionary a few tables, which are like all others: axe is thorough.
PLACES = {"index.html": "", "dictionary.html": "?schema=ml"}
DECODER = json.JSONDecoder()
ROWS = """
    () => [...document.querySelectorAll("#dictionary tbody")].flatMap(
        (body) => [...body.querySelectorAll("tr[id]")].map((row) => ({
            id: row.id,
            schema: body.dataset.schema,
            cells: [...row.cells].map((cell) => cell.textContent.trim()),
            text: [`${body.dataset.schema}.${row.id}`, body.dataset.kind,
                row.textContent].join(" ").toLowerCase(),
            shown: row.checkVisibility(),
        })))
"""


def artifacts(page: str) -> tuple[dict, dict]:
    """Return manifest and catalog from dbt's static docs page."""
    start = page.index("n={manifest:") + len("n={manifest:")
    manifest, end = DECODER.raw_decode(page, start)
    catalog, _ = DECODER.raw_decode(page, end + len(",catalog:"))
    return manifest, catalog


@pytest.fixture(scope="session")
def made(warehouse: Project) -> Callable[[Path], Path]:
    """Makes folders like dbt's target folder after `dbt docs generate`."""
    page = warehouse.target / "static_index.html"
    assert page.exists(), "run dbt docs generate --static and docs_page.py"
    manifest, catalog = artifacts(page.read_text())

    def make(folder: Path) -> Path:
        target = folder / "target"
        target.mkdir()
        shutil.copy(page, target)
        shutil.copy(warehouse.target / "semantic_manifest.json", target)
        (target / "manifest.json").write_text(json.dumps(manifest))
        (target / "catalog.json").write_text(json.dumps(catalog))
        return target

    return make


def edit_manifest(target: Path, edit: Callable[[dict], None]) -> None:
    """Change a manifest in place."""
    path = target / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def build(
    target: Path, database: Path, root: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Write the site."""
    return run(
        *(*SCRIPTS, "site"),
        "--target-path",
        target,
        cwd=root,
        CLASSICMODELS_DB=str(database),
        **environment,
    )


@pytest.fixture(scope="session")
def target(warehouse, made, tmp_path_factory) -> Path:
    """A target folder with the site of the warehouse in it.

    It had an older one before.
    """
    target = made(tmp_path_factory.mktemp("site"))
    (target / "site").mkdir()
    (target / "site/gone.html").write_text("of an old version")
    done = build(target, warehouse.database)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^  docs\.html +[\d,]+ kB +[\d,]+ kB$", done.stdout, re.M)
    return target


@pytest.fixture(scope="session")
def site(target) -> Path:
    return target / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as found:
        yield found


@contextmanager
def serving(target: Path, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Start serve_site.py, and see that no process stays."""
    process = subprocess.Popen(
        [
            *SCRIPTS,
            "serve",
            *("--target-path", target),
            *("--port", str(port)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    """Return the address that the server prints when it is ready."""
    line = process.stdout.readline()
    return re.fullmatch(
        r"site: (http://127\.0\.0\.1:\d+/) until Ctrl-C\n", line
    ).group(1)


@pytest.fixture(scope="module")
def served(target) -> Iterator[str]:
    with serving(target) as process:
        yield address_of(process)


def wait_for(page: Page, name: str) -> None:
    """Wait until a page shows what it is about."""
    if PAGES[name]:
        heading = page.get_by_role("heading", name=PAGES[name]).first
        expect(heading).to_be_visible()
    else:
        expect(page.get_by_text("Colibri").first).to_be_visible()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("place", ["disk", "server"])
@pytest.mark.parametrize("name", PAGES)
def test_page_asks_nobody_else_and_has_no_error(
    browser, site, served, name, place
):
    start = served if place == "server" else site.as_uri() + "/"
    with visit(browser, start + name) as seen:
        wait_for(seen.page, name)
        paint = seen.page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0]"
            "?.startTime"
        )
        print(f"{name} from {place}: first paint after {paint:.0f} ms")
        assert seen.errors == []
        assert seen.outside(start) == []
        links = seen.page.get_by_role("navigation", name="Site")
        assert links.get_by_role("link").evaluate_all(
            "(all) => all.map((one) => one.getAttribute('href'))"
        ) == list(PAGES)
        assert links.locator("[aria-current=page]").evaluate_all(
            "(all) => all.map((one) => one.getAttribute('href'))"
        ) == [name]


def wrong_links(site: Path, known: set[str], links: set[str]) -> set[str]:
    """Return those of a page's links that lead nowhere."""
    wrong = set()
    for link in links:
        parts = urlsplit(link)
        path = site / parts.path
        kind, _, model = parts.fragment.removeprefix("!/").partition("/")
        if parts.scheme or parts.netloc or not path.is_file():
            wrong.add(link)
        elif parts.path == "lineage.html" and parts.query:
            if parse_qs(parts.query)["model"][0] not in known:
                wrong.add(link)
        elif parts.path == "docs.html" and parts.fragment:
            is_known = model in known and kind == model.partition(".")[0]
            if parts.fragment != "!/overview" and not is_known:
                wrong.add(link)
        elif parts.fragment and f'id="{parts.fragment}"' not in (
            path.read_text()
        ):
            wrong.add(link)
    return wrong


def test_all_links_lead_somewhere(browser, site):
    docs = (site / "docs.html").read_text()
    manifest, _ = artifacts(docs)
    nodes = manifest["nodes"] | manifest["sources"]
    for name in OURS:
        with visit(browser, site / name) as seen:
            links = seen.page.evaluate(
                "[...document.links].map((one) => one.getAttribute('href'))"
            )
        links = {one if one[0] != "#" else f"{name}{one}" for one in links}
        assert len(links) >= len(PAGES)
        assert wrong_links(site, set(nodes), links) == set()
    marts = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    assert marts
    for node in marts:
        links = set(re.findall(r"\]\(([^)]+)\)", node["description"]))
        assert {urlsplit(one).path for one in links} == {
            "lineage.html",
            "dictionary.html",
        }
        assert wrong_links(site, set(nodes), links) == set()


def test_one_table_is_linked_from_page_to_page(browser, site):
    start = site.as_uri() + "/"
    with visit(browser, f"{start}dictionary.html#fct_orders.is_late") as seen:
        page = seen.page
        expect(page.locator("[id='fct_orders.is_late']")).to_be_in_viewport()
        page.get_by_role("link", name="dbt docs of fct_orders").click()
        expect(page.get_by_role("heading", name="fct_orders")).to_be_visible()
        page.get_by_role("link", name="Column lineage").last.click()
        # Two steps back, itself and one step on.
        for name in ("stg_orders", "int_orders", "fct_orders"):
            node = page.locator(".react-flow__node").get_by_text(
                name, exact=True
            )
            expect(node.first).to_be_visible()
        assert seen.errors == []
        assert seen.outside(start) == []


def test_dictionary_lists_exactly_what_is_in_the_database(
    browser, site, warehouse
):
    with visit(browser, site / "dictionary.html") as seen:
        rows = seen.page.evaluate(ROWS)
    rows = [row for row in rows if row["schema"] != "metrics"]
    listed = Counter(
        (row["schema"], *row["id"].split("."), row["cells"][1]) for row in rows
    )
    # Of failing tests the database keeps the rows, of a good load copies of the
    # staging tables: no part of the model.
    there = warehouse.query(
        """
        select table_schema, table_name, column_name, lower(data_type)
        from information_schema.columns
        where table_schema != 'failures'
            and not starts_with(table_name, 'last_good_')
        """
    )
    assert listed == Counter(there)
    described = {
        f"{node['name']}.{name}": " ".join(
            column["description"].replace("`", "").split()
        )
        for kind in ("nodes", "sources")
        for node in warehouse.manifest[kind].values()
        for name, column in node.get("columns", {}).items()
    }
    for row in rows:
        assert " ".join(row["cells"][2].split()) == described[row["id"]]


def test_dictionary_lists_the_metrics(browser, site, warehouse):
    address = f"{site.as_uri()}/dictionary.html?schema=metrics"
    with visit(browser, address) as seen:
        rows = {
            row["id"]: [" ".join(cell.split()) for cell in row["cells"]]
            for row in seen.page.evaluate(ROWS)
            if row["shown"]
        }
        made_of = seen.page.locator("[data-label='Made of'] a")
        links = set(made_of.evaluate_all("all => all.map((one) => one.hash)"))
    metrics = warehouse.manifest["metrics"].values()
    assert {name: cells[:3] for name, cells in rows.items()} == {
        f"metrics.{one['name']}": [
            one["name"],
            one["type"],
            f"{one['label']}. {one['description'].replace('`', '')}",
        ]
        for one in metrics
    }
    for one in metrics:
        said = rows[f"metrics.{one['name']}"][3]
        if one["type"] == "ratio":
            parts = one["type_params"]
            names = [
                parts[side]["name"] for side in ("numerator", "denominator")
            ]
            assert said == " divided by ".join(names)
            assert links >= {f"#metrics.{name}" for name in names}
        assert ("where status__" in said) == bool(one["filter"])
    assert rows["metrics.active_customer_count"][3] == (
        "number of different customer_key in fct_order_lines,"
        " where status__counts_as_net_sales"
    )
    assert "#fct_order_lines.customer_key" in links
    assert rows["metrics.shipped_order_count"][3].startswith(
        "number of rows of fct_orders, where"
    )


def test_dictionary_tells_tests_in_plain_words(browser, site, warehouse):
    with visit(browser, site / "dictionary.html") as seen:
        cells = {row["id"]: row["cells"][3] for row in seen.page.evaluate(ROWS)}
        warns = seen.page.locator("#dictionary .warns").count()
    tests = [
        node
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] == "test"
    ]
    shown = {
        "not_null": "not null",
        "unique": "unique",
        "accepted_values": "one of: ",
        "relationships": "refers to ",
    }
    checked = Counter()
    for node in tests:
        kind = (node.get("test_metadata") or {}).get("name")
        if kind in shown and not node["description"]:
            model = warehouse.manifest["nodes"].get(node["attached_node"])
            assert (
                shown[kind] in cells[f"{model['name']}.{node['column_name']}"]
            )
            checked[kind] += 1
    assert set(checked) == set(shown)
    assert (
        "refers to dim_customers.customer_key"
        in (cells["fct_orders.customer_key"])
    )
    assert (
        "sum matches ordered_amount in fct_order_lines"
        in (cells["rpt_monthly_sales.ordered_amount"])
    )
    # A warning is marked wherever it stands: at its table, or at all that a
    # test in a file of its own looks at.
    assert warns == sum(
        1 if node.get("attached_node") else len(node["depends_on"]["nodes"])
        for node in tests
        if node["config"]["severity"] == "warn"
    )


@pytest.mark.parametrize(
    ("query", "schema"),
    [
        ("net sales", ""),
        ("SALES net", "marts"),
        ("", "staging"),
        ("", "metrics"),
        ("average order value", ""),
        ("active customer", "metrics"),
        ("reporting.rpt_sales", ""),
        ("marts.fct_order_lines.net_sales_amount", ""),
        ("fct_order_lines.net_sales_amount", "marts"),
        ("no such words", ""),
    ],
)
def test_search_shows_rows_with_every_word(browser, site, query, schema):
    with visit(browser, site / "dictionary.html") as seen:
        page = seen.page
        rows = page.evaluate(ROWS)
        assert all(row["shown"] for row in rows)
        page.get_by_label("Search").press_sequentially(query)
        page.get_by_label("Schema").select_option(schema or "all")
        wanted = [
            row["id"]
            for row in rows
            if all(word in row["text"] for word in query.lower().split())
            and schema in ("", row["schema"])
        ]

        def found() -> list[str]:
            return [row["id"] for row in page.evaluate(ROWS) if row["shown"]]

        assert found() == wanted
        assert (wanted == []) == (query == "no such words")
        for noun, number in Counter(
            "metric" if one.startswith("metrics.") else "column"
            for one in wanted
        ).items():
            expect(page.get_by_role("status")).to_contain_text(
                f"{number} {noun}{'s' if number > 1 else ''} "
            )
        # A heading without rows below it would mislead.
        heads = page.locator("#dictionary thead").evaluate_all(
            "all => all.map((one) => one.checkVisibility())"
        )
        assert heads == [
            any(one.startswith("metrics.") for one in wanted),
            any(not one.startswith("metrics.") for one in wanted),
        ]
        nothing = page.get_by_text("Nothing matches")
        assert nothing.is_visible() == (query == "no such words")
        sought = parse_qs(urlsplit(page.url).query)
        assert sought == {
            name: [value]
            for name, value in (("q", query), ("schema", schema))
            if value
        }
        page.reload()
        assert found() == wanted
        assert page.get_by_label("Search").input_value() == query
        assert seen.errors == []


def test_table_is_found_by_its_own_description(browser, site, warehouse):
    """Words that no column has, only the text on the table as a whole."""
    address = f"{site.as_uri()}/dictionary.html?q=Accumulating+marts.fct_orders"
    with visit(browser, address) as seen:
        assert not any(row["shown"] for row in seen.page.evaluate(ROWS))
        heading = seen.page.get_by_role("heading", level=2)
        expect(heading.filter(has_text="fct_orders")).to_be_visible()
        assert "0 columns in 1 table match" in (
            seen.page.get_by_role("status").inner_text()
        )


def test_link_to_a_column_beats_the_search(browser, site):
    page = f"{site.as_uri()}/dictionary.html"
    address = f"{page}?q=email&schema=marts#dim_dates.date_day"
    with visit(browser, address) as seen:
        row = seen.page.locator("[id='dim_dates.date_day']")
        expect(row).to_be_in_viewport()
        # So that the address leads others to the same.
        assert seen.page.url == f"{page}#dim_dates.date_day"
        assert seen.page.get_by_label("Search").input_value() == ""


def test_damaged_link_shows_the_whole_dictionary(browser, site):
    with visit(browser, f"{site.as_uri()}/dictionary.html#%E0%A4%A") as seen:
        expect(seen.page.get_by_role("status")).to_contain_text("columns in")
        assert seen.errors == []


def test_search_never_covers_the_link_with_the_focus(browser, site):
    address = f"{site.as_uri()}/dictionary.html#dim_products"
    size = {"width": 1280, "height": 640}
    with visit(browser, address, viewport=size) as seen:
        page = seen.page
        page.locator("#dictionary [id=dim_products] a").first.focus()
        for _ in range(40):
            page.keyboard.press("Shift+Tab")
            link, bar = page.evaluate(
                """() => [
                    document.activeElement.getBoundingClientRect().top,
                    document.getElementById("search")
                        .getBoundingClientRect().bottom]"""
            )
            assert link >= bar
        # It did stick, and the focus did move up.
        assert page.evaluate("scrollY") > bar


def test_dictionary_works_with_the_keyboard_alone(browser, site):
    with visit(browser, site / "dictionary.html") as seen:
        page = seen.page
        # Past the link that skips, and those to the pages.
        for _ in range(len(PAGES) + 2):
            page.keyboard.press("Tab")
        page.keyboard.type("credit")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("marts")
        expect(page.get_by_label("Schema")).to_have_value("marts")
        shown = [row for row in page.evaluate(ROWS) if row["shown"]]
        assert shown
        assert all(
            "credit" in row["text"] and row["schema"] == "marts"
            for row in shown
        )


def test_dictionary_is_a_plain_table_without_script(browser, site):
    with visit(
        browser, site / "dictionary.html", java_script_enabled=False
    ) as seen:
        page = seen.page
        last = page.locator("#dictionary tr").last
        last.scroll_into_view_if_needed()
        expect(last).to_be_visible()
        expect(page.get_by_label("Search")).to_be_hidden()


def test_csv_holds_what_the_search_shows(browser, site):
    address = f"{site.as_uri()}/dictionary.html?q=net&schema=reporting"
    with visit(browser, address) as seen:
        page = seen.page
        with page.expect_download() as download:
            page.get_by_role("button", name="Download as CSV").click()
        with Path(download.value.path()).open(newline="") as file:
            lines = list(csv.DictReader(file))
        shown = [row for row in page.evaluate(ROWS) if row["shown"]]
    assert shown
    assert [f"{line['table']}.{line['column']}" for line in lines] == [
        row["id"] for row in shown
    ]
    assert {line["schema"] for line in lines} == {"reporting"}
    assert all(line["type"] and line["meaning"] for line in lines)
    assert any("; " in line["tests"] for line in lines)


def test_csv_of_metrics_says_what_they_are_made_of(browser, site):
    address = f"{site.as_uri()}/dictionary.html?q=metrics.late_pct"
    with visit(browser, address) as seen:
        with seen.page.expect_download() as download:
            seen.page.get_by_role("button", name="Download as CSV").click()
        with Path(download.value.path()).open(newline="") as file:
            (line,) = csv.DictReader(file)
    assert (line["table"], line["column"]) == ("metrics", "late_pct")
    assert (line["type"], line["tests"]) == ("ratio", "")
    assert line["made of"] == "late_order_count divided by shipped_order_count"


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


def test_start_page_tells_what_the_database_says(browser, site, warehouse):
    (last,) = warehouse.query(
        """
        select invocation_id, strftime(started_at, '%Y-%m-%d %H:%M'), commit_id
        from ops.run_results where command = 'build'
        order by started_at desc, invocation_id desc limit 1
        """
    )
    counted = warehouse.query(
        f"""
        select node_kind, count(*) filter (status in ('success', 'pass')),
            count(*) filter (status = 'warn'),
            count(*) filter (status in ('fail', 'error'))
        from ops.run_results where invocation_id = '{last[0]}' group by 1
        """
    )
    dates = warehouse.query(
        """
        select max(order_date),
            (select max(payment_date) from staging.stg_payments)
        from staging.stg_orders
        """
    )[0]
    with visit(browser, site / "index.html") as seen:
        page = seen.page
        shown = outcomes(page)
        text = page.locator("main").inner_text()
        footer = page.locator("footer").inner_text()
        order, payment = (
            page.locator(f"[data-date={name}]").inner_text()
            for name in ("order", "payment")
        )
        columns = page.locator(".columns tbody th").all_text_contents()
    assert shown == {
        kind: {"passed": passed, "failed": failed}
        | ({"warned": warned} if "test" in kind else {})
        for kind, passed, warned, failed in counted
    }
    assert f"{last[1]} UTC" in text
    assert (last[2] or "not known")[:10] in text
    assert (order, payment) == tuple(map(str, dates))
    assert "It went well" in text
    for name, version in {
        "dbt": warehouse.manifest["metadata"]["dbt_version"],
        "DuckDB": duckdb.__version__,
    }.items():
        assert f"{name} {version}" in footer
    scores = json.loads((ROOT / "assets/scores.json").read_text())
    faults = scores["faults"]
    assert f"{faults['caught']} of {faults['faults']} caught" in text
    noticed = sum(score["noticed"] for score in scores["mutants"].values())
    assert f"{noticed:,} of the " in text
    assert columns == list(scores["columns"])
    assert len(columns) == 54


def test_each_question_has_its_report(browser, site, warehouse):
    with visit(browser, site / "index.html") as seen:
        named = set(
            seen.page.locator(".questions a:not(.more)").all_inner_texts()
        )
    reports = {
        node["name"]
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in ("reporting", "ml")
    }
    assert named == reports


def test_start_page_says_which_sales_it_means(browser, site):
    with visit(browser, site / "index.html") as seen:
        parts = seen.page.locator(".parts li").all_inner_texts()
    # Not the reps, who bear the word in their name.
    assert [
        one
        for one in parts
        if re.search(r"(?<!net )\bsales\b(?! reps)", one, re.I)
    ] == []


def record(database: Path, command: str, **statuses: str) -> None:
    """Record a run at this moment, in which some nodes had another status."""
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute(
            """
            insert into ops.run_results
            select * replace (
                $command as invocation_id,
                $command as command,
                cast(now() at time zone 'UTC' as timestamp) as started_at
            )
            from ops.run_results
            where invocation_id = (
                select max_by(invocation_id, started_at) from ops.run_results
                where command = 'build'
            )
            """,
            {"command": command},
        )
        for name, status in statuses.items():
            connection.execute(
                "update ops.run_results set status = ?"
                " where invocation_id = ? and node_name = ?",
                [status, command, name],
            )


@pytest.fixture(scope="module")
def troubled(warehouse, made, tmp_path_factory) -> Path:
    """The site after a build that failed, with a description that is markup."""
    folder = tmp_path_factory.mktemp("troubled")
    # The views in it know it by this name.
    database = folder / "classicmodels.duckdb"
    shutil.copy(warehouse.database, database)
    record(
        database,
        "build",
        unique_stg_orders_order_id="fail",
        fct_orders="skipped",
        assert_order_numbers_have_no_gap="warn",
    )
    record(
        database,
        "test",
        unique_stg_orders_order_id="pass",
        fct_orders="success",
        assert_order_numbers_have_no_gap="pass",
        not_null_dim_dates_date_key="warn",
    )
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute(
            "insert into ops.runs (started_at, command)"
            " values ('2100-01-01 12:00', 'run')"
        )
    target = made(folder)

    def harm(manifest: dict) -> None:
        node = manifest["nodes"]["model.classicmodels.dim_dates"]
        node["columns"]["date_day"]["description"] = HARM

    edit_manifest(target, harm)
    done = build(target, database)
    assert done.returncode == 0, done.stdout
    return target / "site"


def test_failed_build_is_told_at_the_top(browser, troubled):
    with visit(browser, troubled / "index.html") as seen:
        page = seen.page
        alarms = page.get_by_role("region", name="Warning")
        assert alarms.count() == 3
        broken_off, first, later = alarms.all_inner_texts()
        shown = outcomes(page)
        text = page.locator("main").inner_text()
        assert serious(page) == []
        # Above all else that the page tells.
        assert (
            alarms.first.bounding_box()["y"]
            < (page.locator(".intro").bounding_box()["y"])
        )
    assert "A run was broken off, and tables may disagree." in broken_off
    assert "dbt run of 2100-01-01 12:00 UTC: no node is known to" in broken_off
    assert "The last build failed. 1 failed, 1 warned, 1 not tried" in first
    assert "Failed: stg_orders, order_id: unique" in first
    assert "Warned: assert_order_numbers_have_no_gap:" in first
    assert "dbt test, run after the last build, gave warnings." in later
    assert "failed" not in later
    assert "1 warned." in later
    assert "Warned: dim_dates, date_key: not null" in later
    # It explains the last run, whichever that is.
    assert ["make why" in one for one in (first, later)] == [False, True]
    assert shown["test"]["failed"] == 1
    assert shown["test"]["warned"] == 1
    assert shown["model"]["skipped"] == 1
    assert "It went well" not in text
    assert "The last build of everything without a failure is" in text


def test_description_is_text_and_no_markup(browser, troubled):
    """In the dictionary, what docs_page.py refuses would do no harm."""
    with visit(browser, troubled / "dictionary.html") as seen:
        row = seen.page.locator("[id='dim_dates.date_day']")
        expect(row).to_contain_text(HARM)
        assert "harm" not in seen.page.title()
    done = run(*SCRIPTS, "docs-page", "--target-path", troubled.parent)
    assert done.returncode == 1
    assert done.stdout == (
        "docs: <script in a description breaks the page:"
        " model.classicmodels.dim_dates\n"
    )


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}},
    ],
    ids=["light", "dark", "narrow"],
)
def test_page_is_accessible_and_fits(browser, site, name, options):
    address = f"{site.as_uri()}/{name}{PLACES[name]}"
    with visit(browser, address, **options) as seen:
        assert serious(seen.page) == []
        assert not scrolls_sideways(seen.page)


# Of the owners of the groups, and in the texts of dbt and colibri.
EXAMPLE = re.compile(r"@(example\.|classicmodels\.example$)")


def test_no_file_tells_of_machine_or_person(site, target, warehouse):
    """Employees' addresses stand in the data, which no page may show."""
    personal = {
        mail
        for (mail,) in warehouse.query("select email from source.employees")
    }
    assert personal
    for path in site.iterdir():
        text = path.read_text()
        for data in re.findall(r'atob\("([\w+/=]+)"\)', text):
            text += base64.b64decode(data).decode()
        for place in (ROOT, target.parent, Path.home(), BIN.parent):
            assert f"{place}/" not in text, path.name
        assert not [mail for mail in personal if mail in text], path.name
        mails = set(re.findall(r"\b[\w.-]+@[\w-]+\.[a-z]{2,}\b", text))
        assert {one for one in mails if not EXAMPLE.search(one)} == set()
        assert '"root_path"' not in text


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_leak_stops_the_site_and_leaves_the_old_one(warehouse, made, tmp_path):
    target = made(tmp_path)
    old = target / "site"
    old.mkdir()
    (old / "index.html").write_text("the old one")
    plants = [f"{ROOT}/models", "jane.doe@classicmodelcars.com", "hunter2-2-2"]

    def plant(manifest: dict) -> None:
        node = manifest["nodes"]["model.classicmodels.dim_dates"]
        node["description"] += f" See {', '.join(plants)}."

    edit_manifest(target, plant)
    before = snapshot(target)
    done = build(target, warehouse.database, CHAT_TOKEN="hunter2-2-2")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("site: not written: ")
    for what in (
        "dictionary.html names a folder of this machine",
        "dictionary.html names the value of CHAT_TOKEN",
        "dictionary.html names an e-mail address",
        # Colibri's data are encoded.
        "lineage.html names a folder of this machine",
        "lineage.html names the value of CHAT_TOKEN",
        "lineage.html names an e-mail address",
    ):
        assert what in line
    assert not [one for one in plants if one in line]
    assert snapshot(target) == before


def test_new_site_takes_the_place_of_the_old(target, site):
    assert {path.name for path in site.iterdir()} == {
        *PAGES,
        "NOTICE.txt",
    }
    assert not list(target.glob(".site-*"))


def newer(manifest: dict) -> None:
    manifest["metadata"]["generated_at"] = "2100-01-01T00:00:00Z"


def no_sql(manifest: dict) -> None:
    del manifest["nodes"]["model.classicmodels.fct_orders"]["compiled_code"]


def bad_sql(manifest: dict) -> None:
    node = manifest["nodes"]["model.classicmodels.fct_orders"]
    node["compiled_code"] = "select from from where"


def one_more_model(manifest: dict) -> None:
    node = manifest["nodes"]["model.classicmodels.fct_orders"]
    manifest["nodes"]["model.classicmodels.fct_new"] = node | {
        "name": "fct_new",
        "unique_id": "model.classicmodels.fct_new",
    }


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda target: (target / "manifest.json").unlink(),
            r".*manifest\.json is missing: run make site",
        ),
        (
            lambda target: (target / "catalog.json").unlink(),
            r".*catalog\.json is missing: run make site",
        ),
        (
            lambda target: (target / "static_index.html").unlink(),
            r".*static_index\.html is missing: run make docs",
        ),
        (
            lambda target: edit_manifest(target, newer),
            r".*catalog\.json is older than manifest\.json beside it:"
            r" run make site",
        ),
        (
            lambda target: edit_manifest(target, no_sql),
            r".*manifest\.json has no SQL of fct_orders: run make site",
        ),
        (
            lambda target: edit_manifest(target, one_more_model),
            r"fct_new is not in catalog\.json: run make build, then make site",
        ),
        (
            lambda target: edit_manifest(target, bad_sql),
            r"colibri made no column lineage: \[\w+\] .*fct_orders.*",
        ),
    ],
    ids=["manifest", "catalog", "docs", "stale", "sql", "model", "lineage"],
)
def test_missing_input_is_one_clear_line(
    warehouse, made, tmp_path, spoil, said
):
    target = made(tmp_path)
    spoil(target)
    before = snapshot(target)
    done = build(target, warehouse.database)
    assert done.returncode == 1
    assert re.fullmatch(f"site: {said}\n", done.stdout)
    assert snapshot(target) == before


def test_missing_database_is_one_clear_line(made, tmp_path):
    done = build(made(tmp_path), tmp_path / "no.duckdb")
    assert done.returncode == 1
    assert re.fullmatch(
        r"site: no database at .*no\.duckdb: run make build\n", done.stdout
    )


def test_missing_scores_are_one_clear_line(
    warehouse, made, copy_project, tmp_path
):
    folder = copy_project().folder
    (folder / "assets/scores.json").unlink()
    done = build(made(tmp_path), warehouse.database, folder)
    assert done.returncode == 1
    assert done.stdout == (
        "site: assets/scores.json is missing: run make faults and make"
        " mutants\n"
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_server_serves_until_it_is_stopped(target, stop):
    with serving(target) as process:
        address = address_of(process)
        with urllib.request.urlopen(f"{address}index.html") as answer:
            assert answer.read() == (target / "site/index.html").read_bytes()
            assert answer.headers["Cache-Control"] == "no-store"
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert rest == "\nsite: stopped\n"


def test_server_takes_the_next_port_when_one_is_taken(target):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with serving(target, port) as process:
            address = address_of(process)
    assert port < urlsplit(address).port < port + 100


def test_server_without_a_site_is_one_clear_line(tmp_path):
    done = run(*SCRIPTS, "serve", "--target-path", tmp_path / "none")
    assert done.returncode == 1
    assert re.fullmatch(
        r"site: .*index\.html is missing: run make site\n", done.stdout
    )
