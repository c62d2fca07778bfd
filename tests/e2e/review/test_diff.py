"""What a reviewer is told about the data, on pairs of commits made here.

The project is a small separate one: nothing in the command may know a model of
the real one by name. A build takes seconds: several tests read one report.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from conftest import BIN, SCRIPTS, clean_environment, run
from shop import Shop

Report = subprocess.CompletedProcess[str]


class Review(Shop):
    """The project in a git repository; tag `base` is its first commit."""

    def begin(self, base: str, **environment: str) -> subprocess.Popen:
        """Start the command; stdout is the report, stderr what it says."""
        return subprocess.Popen(
            [*SCRIPTS, "diff", base],
            cwd=self.folder,
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def diff(self, base: str = "base", **environment: str) -> Report:
        """Run the command."""
        process = self.begin(base, **environment)
        said = process.communicate(timeout=600)
        return Report(process.args, process.returncode, *said)

    def start(self, base: str, until: str) -> tuple[subprocess.Popen, str]:
        """Start the command; return it once it prints a text, and that line."""
        process = self.begin(base)
        return process, next(line for line in process.stderr if until in line)

    @property
    def cache(self) -> Path:
        return self.folder / "target/diff"

    @property
    def unfinished(self) -> list[Path]:
        """What an interrupted run left in the cache."""
        return [*self.cache.glob(".building-*")]

    def reset(self) -> None:
        self.git("checkout", "--quiet", "--force", "main")
        self.git("reset", "--quiet", "--hard", "base")
        self.git("clean", "--quiet", "--force", "-d")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Review:
    shop = Review(tmp_path_factory.mktemp("diff") / "shop")
    shop.create()
    shop.git("tag", "base")
    return shop


@pytest.fixture
def shop(repository: Review) -> Iterator[Review]:
    """The repository, which is as in commit `base` again after the test."""
    yield repository
    repository.reset()


def section(done: Report, heading: str) -> list[str]:
    """Return the lines below a heading of the report."""
    text = done.stdout.split(f"{heading}\n")[1].strip("\n")
    return text.split("\n\n")[0].splitlines()


def test_only_what_can_change_the_data_is_a_change(shop):
    """Not the clock, comments, the order of rows or the noise of floats."""
    done = shop.diff("HEAD")
    assert done.returncode == 0, done.stderr
    commit = shop.git("rev-parse", "--short=7", "HEAD")
    assert done.stdout == (
        f"## No data changed\n\nBase `HEAD ({commit})` against the work tree.\n"
    )
    assert "dbt build: " in done.stderr

    shop.change("""
        models/staging/stg_orders.sql
            select => -- why\\nselect
        seeds/orders.csv
            10,1,3,10.10\\n11,1,5,20.20\\n => 11,1,5,20.20\\n10,1,3,10.10\\n
        models/reporting/rpt_cities.sql
            as average_amount => * (1 + 1e-12) as average_amount
    """)
    done = shop.diff()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## No data changed\n")
    assert "`stg_orders` (comments or layout only)" in done.stdout
    assert "### " not in done.stdout
    assert "built before" in done.stderr


BROKEN = (
    "`fct_days` no longer enforces its contract",
    "`fct_orders`: column `order_id` lost its not_null",
    "`fct_orders`: column `buyer` was renamed to `buyer_id`",
    "`fct_orders`: column `quantity_ordered` changed its type from INTEGER to"
    " BIGINT",
)


def test_a_break_needs_a_new_line_in_the_changelog(shop):
    """Of a contract, and of what only few may read."""
    # To dbt a wider decimal does not break the contract either.
    shop.change("""
        models/marts/fct_orders.sql
            as buyer => as buyer_id
            quantity_ordered, => cast(quantity_ordered as bigint) \
                as quantity_ordered,
            ordered_amount => cast(ordered_amount as decimal(12, 2)) \
                as ordered_amount
        models/reporting/rpt_cities.sql
            fct_orders.buyer => fct_orders.buyer_id
        models/models.yml
            name: buyer => name: buyer_id
            quantity_ordered\\n        data_type: integer => \
                quantity_ordered\\n        data_type: bigint
            constraints: [{type: not_null}] =>
            decimal(10,2) => decimal(12,2)
            {contract: {enforced: true}} => {contract: {enforced: false}}
    """)
    marts, name = shop.folder / "models/marts", "dim_contacts.sql"
    (marts / "restricted" / name).rename(marts / name)
    # The entry of base names them as well, but it is not new; of the new ones
    # the third names another model, and the last does not say what phones are.
    shop.change("""
        CHANGELOG.md
            ## Unreleased\\n\\n => ## [Unreleased]\\n\\n\
- fct_orders has no not_null on order_id.\\n\
- `fct_orders`: buyer is\\n  now buyer_id.\\n\
- `fct_orderss`: quantity_ordered is a bigint.\\n\
- `dim_contacts` has the phone.\\n\\n
    """)
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

    shop.change(f"""
        CHANGELOG.md
            `fct_orderss` => `fct_days` and `fct_orders`
            - `dim_contacts` has the phone => {shown}
    """)
    done = shop.diff()
    assert done.returncode == 0, done.stderr
    assert "**Breaks contracts:**" in done.stdout
    assert readable(done) == [f"{shown} in 3 rows"]
    assert "not announced" not in done.stdout


@pytest.fixture(scope="module")
def edited(repository: Review) -> Report:
    """The report on one head in which a bit of everything was changed."""
    shop = repository
    # Nobody looks for a phone under the name of a city.
    shop.change("""
        models/marts/fct_orders.sql
            ordered_amount => case when order_id = 12 then 35.55 \
                else ordered_amount end::decimal(10, 2) as ordered_amount
        models/reporting/rpt_cities.sql
            customers.city, => case when customers.city = 'Nantes' \
                then max(customers.phone) else customers.city end as city,
        models/models.yml
            varchar, data_tests: [unique] => varchar, data_tests: [not_null]
            [3, 5, 7, 9] => [3, 5, 6, 7, 9]
            , not_null] => , not_null: {config: {severity: warn}}]
            models: => models:\\n  - name: dim_keyed\\n\
    columns: [{name: id, data_tests: [unique]}]
        seeds/orders.csv
            10,1,3,10.10\\n =>
            11,1,5, => 11,1,6,
            40.40\\n => 40.40\\n14,3,9,1\\n
        seeds/customers.csv
            Jean King,7025551838 => John Kong,123456
    """)
    shop.write("models/marts/dim_new.sql", "select 1 as new_id")
    shop.write(
        "models/marts/dim_keyed.sql",
        'select "customerNumber" as id, city, phone as label'
        " from {{ ref('customers') }}",
    )
    (shop.folder / "models/marts/fct_days.sql").unlink()
    summary = shop.folder / "target/summary.md"
    summary.parent.mkdir(exist_ok=True)
    summary.write_text("before\n", encoding="utf-8")
    done = shop.diff(GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text("utf-8") == f"before\n{done.stdout}"
    shop.reset()
    return done


def readable(done: Report) -> list[str]:
    """Return what the report says of personal data, right below the title."""
    heading, *lines = done.stdout.split("\n\n")[1].splitlines()
    assert heading == "**Personal data now readable:**"
    return lines


def test_the_first_lines_say_what_changes(edited):
    assert edited.stdout.splitlines()[0] == (
        "## 2 marts, 1 reporting table, 2 seeds and 1 snapshot change;"
        " `dim_keyed` and `dim_new` added; `fct_days` removed; ordered -3.85"
    )
    assert [line.partition(": not")[0] for line in readable(edited)] == [
        "- `dim_keyed`: column `label` shows personal data in 3 rows",
        "- `rpt_cities`: column `city` shows personal data in 1 row",
    ]
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
    # Only what was compared: of the internal models no row is.
    assert downstream.endswith(
        "no row changed in `dim_customers`, `dim_versions`"
    )
    assert "ops_runs" not in edited.stdout
    # A removed model with a contract breaks it.
    assert edited.returncode == 1
    assert edited.stderr.endswith("\n- `fct_days` was removed.\n")


def test_rows_are_counted_and_totals_are_exact(edited):
    assert section(edited, "### Rows")[2:] == [
        "| `customers` | 0 | 0 | 1 | `contactName` 1, `phone` 1 |",
        "| `orders` | 1 | 1 | 1 | `quantityOrdered` 1 |",
        "| `snap_customers` | 0 | 0 | 1 | `contactName` 1, `phone` 1 |",
        "| `dim_contacts` | 0 | 0 | 1 | `phone` 1 |",
        "| `fct_orders` | 1 | 1 | 2 |"
        " `quantity_ordered` 1, `ordered_amount` 1 |",
        "| `rpt_cities` | 3 | 3 | 0 | no key: whole rows compared |",
    ]
    assert section(edited, "### Totals")[2:] == [
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


def test_changed_tests_are_reported(edited):
    place = "on fct_orders."
    assert section(edited, "### Tests") == [
        f"- removed: `unique {place}order_key`",
        f"- changed: `not_null {place}order_id`: severity `ERROR` → `warn`",
        f"- changed: `accepted_values {place}quantity_ordered`: values: `6`"
        " added",
        f"- added: `not_null {place}order_key`",
        "- added: `unique on dim_keyed.id`",
    ]


LEAKING = ("label", "code", "state")


@pytest.fixture(scope="module")
def leaking(repository: Review) -> Report:
    """The report on a head that leaks, with causes that many nodes share."""
    shop = repository
    shop.change("""
        models/marts/dim_customers.sql
            as name, => || case when id = 2 then '!' else '' end as name,
            '' as label => name || ' (' || "contactName" || ')' as label
            '' as code => regexp_replace(phone, '[^0-9]', '', 'g') as code
            '' as state => left("contactName", 7) as state
        seeds/customers.csv
            Rail & Lee => Lee & Rail
        macros/cents.sql
            100 => 10
        macros/is_even.sql
            % 2 => % 4
        macros/unchanged.sql
            why => why not
        dbt_project.yml
            limit: 1 => limit: 2
            on-run-end: => on-run-end:\\n  - select 1
            models:\\n => data_tests: {+severity: warn}\\nmodels:\\n
        models/models.yml
            quote: false} => \
quote: false}\\n              config: {error_if: '>5'}
            name: id, data_tests: [unique] => name: id, data_tests: \
                [{unique: {config: {enabled: false}}}]
            customerNumber, data_tests: [unique] => customerNumber
            {contract: {enforced: true}} => \
                {schema: other, contract: {enforced: true}}
    """)
    done = shop.diff()
    shop.reset()
    return done


def test_no_text_holds_a_person(leaking):
    """Nor part of one; a customer's name may by chance."""
    samples = leaking.stdout.split("Samples")[1].split("\n**`dim_customers`**")
    names, table = samples[0], samples[1].split("\n\n**")[0]
    assert "`customerName` Rail & Lee → Lee & Rail" in names.replace("amp;", "")
    # Its key is no longer tested as unique in head, but in base it is.
    assert "`name` Signal → Signal!" in table
    for name in LEAKING:
        assert table.count(f"`{name}`  → (hidden)") >= 1, table
    for value in ("Atelier (", "40322555", "7025551838", "Ada Byr"):
        assert value not in table
    assert readable(leaking) == [
        f"- `dim_customers`: column `{name}` shows personal data in 3 rows:"
        " not announced in CHANGELOG.md"
        for name in LEAKING
    ]


def test_the_cause_of_a_change_is_named(leaking):
    """A macro, a hook, a variable, a generic test or the move of a table."""
    lines = leaking.stdout.splitlines()
    assert "- Macros: `cents`" in lines
    assert "- Hooks: `on-run-end`" in lines
    assert "- Variables: `limit`" in lines
    assert "unchanged" not in "".join(lines)
    assert leaking.returncode == 1
    moved = (
        "`fct_days` moved from `main_marts.fct_days` to `main_other.fct_days`"
    )
    assert leaking.stderr.endswith(f"\n- {moved}.\n")


def test_a_change_of_all_tests_hides_no_other(leaking):
    severity = "severity `ERROR` → `warn`"
    assert section(leaking, "### Tests") == [
        "- changed: generic test `is_even`",
        "- removed: `unique on raw_customers.customerNumber`",
        "- disabled: `unique on dim_customers.id`",
        f"- changed: 5 tests: {severity}",
        "- changed: `accepted_values on fct_orders.quantity_ordered`:"
        f" {severity}; error_if `!= 0` → `>5`",
    ]


def test_what_does_not_build_is_named_and_not_cached(shop):
    shop.change("""
        models/marts/fct_orders.sql
            quantity_ordered, => no_such,
    """)
    done = shop.diff()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(
        "diff: work tree does not build: model fct_orders: Binder Error:"
        ' Referenced column "no_such" not found'
    )
    shop.write("models/marts/bad.sql", "select {{ no_such_macro() }}")
    commit = shop.commit()
    done = shop.diff("HEAD")
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"diff: HEAD ({commit[:7]}) does not build: ")
    assert "'no_such_macro' is undefined" in last
    assert not (shop.cache / commit).exists()
    assert not shop.unfinished


def test_a_base_that_cannot_be_read_is_one_line(shop, tmp_path):
    def said(base: str, **environment: str) -> str:
        done = shop.diff(base, **environment)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        return done.stderr

    for base in ("origin/main", "", "CHANGELOG.md"):
        branch = base.removeprefix("origin/") or "main"
        assert said(base) == (
            f"diff: BASE {base!r} is not a commit of this clone: git fetch"
            f" origin {branch}, or give another, e.g. make diff"
            " BASE=origin/main\n"
        )
    assert "git is not installed" in said("base", PATH=str(tmp_path))
    shop.git("rm", "--quiet", "--cached", "dbt_project.yml")
    shop.git("commit", "--quiet", "--message=none")
    assert said("HEAD").endswith(
        "has no dbt_project.yml: give a later commit\n"
    )
    (shop.folder / ".git").rename(tmp_path / "git")
    try:
        assert "not a git repository" in said("base")
    finally:
        (tmp_path / "git").rename(shop.folder / ".git")


def test_a_damaged_cache_is_built_again_by_a_run_that_waited(shop):
    """Even for one that is killed and cannot clean up."""
    folder = shop.cache / shop.git("rev-parse", "base")
    if not folder.exists():
        shop.diff()
    for name in ("built.json", "manifest.json", "classicmodels.duckdb"):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        process, line = shop.start("base", until="diff: base (")
        assert "check out" in line
        process.terminate()
        process.communicate(timeout=60)
        if name != "classicmodels.duckdb":
            path.write_bytes(whole)
    first, _ = shop.start("base", until="dbt build")
    second, line = shop.start("base", until="diff: ")
    assert line == (
        f"diff: waiting for another make diff, process {first.pid}, to end\n"
    )
    assert shop.unfinished
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    # A changelog that is not UTF-8 is read as far as it can be.
    (shop.folder / "CHANGELOG.md").write_bytes(b"caf\xe9\n")
    report, said = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert report.startswith("## No data changed\n")
    assert not shop.unfinished


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_half_base(shop, sent):
    shop.write("models/marts/slow.sql", "select 1 as slow_id")
    commit = shop.commit()
    process, _ = shop.start("HEAD", until="dbt build")
    while not [*shop.cache.glob(".building-*/new/logs/dbt.log")]:
        time.sleep(0.1)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "diff: interrupted\n")
    # Nor dbt, which is in its process group.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not (shop.cache / commit).exists()
    assert not shop.unfinished


def test_slim_builds_only_what_was_modified(shop):
    """The commands of CONTRIBUTING, with the base that was built before."""
    state = shop.cache / shop.git("rev-parse", "base")
    if not state.exists():
        shop.diff()
    target = shop.folder / "target/slim"
    target.mkdir()
    shop.change("""
        models/marts/fct_orders.sql
            ordered_amount => (ordered_amount + 1)::decimal(10, 2) \
                as ordered_amount
    """)
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
    built = {one["unique_id"] for one in results["results"]}
    assert {one for one in built if one.startswith(("model.", "seed."))} == {
        "model.shop.fct_orders",
        "model.shop.rpt_cities",
    }
    assert any(one.startswith("test.shop.unique_fct_orders") for one in built)
    with duckdb.connect(str(target / "slim.duckdb")) as connection:
        # The view reads a seed of the other build.
        connection.execute(f"attach '{state}/classicmodels.duckdb' (read_only)")
        total = "select sum(ordered_amount) from main_reporting.rpt_cities"
        assert connection.sql(total).fetchall() == [(Decimal("105.00"),)]
