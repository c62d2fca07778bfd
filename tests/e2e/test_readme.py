"""Every command that the README shows does what the README says.

They run in the README's order on one whole build, then what a person runs
when a build fails; each test goes on from where the one before it ended.
"""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from conftest import BIN, NOT_COPIED, ROOT, clean_environment, edit, run
from scripts.shared.ports import free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Fenced blocks by their language, and code within a line.
CODE = re.compile(r"```(\w*)\n(.*?)```|`([^`]+)`", re.DOTALL)
SHOW = (
    'dbt show --inline "select product_line, net_sales_amount'
    " from {{ ref('rpt_product_line_sales') }}\""
)
PART_OF_MAKE_TEST = {
    "make test",
    "make faults",
    "make mutants",
    "make parity",
}
# What each command prints, as a pattern. After `make build` and `make diff`
# that is what the README shows.
PRINTED = {
    "make build": r"The warehouse is built\.",
    "source .venv/bin/activate": "",
    "dbt build": r"PASS=\d{3} WARN=0 ERROR=0 SKIP=0",
    SHOW: r"Classic Cars +\| +3,774,647\.39",
    "make demo-mysql": r"^make build DBT_TARGET=mysql",
    "make setup-sources": "",
    "make setup-dagster": "",
    "make doctor DBT_TARGET=mysql": r"^  ok    mysql +their columns are as",
    "make build DBT_TARGET=mysql": r"The warehouse is built\.",
    "make extract": r"^  orderdetails +2,996(.*\n)+Extracted to extracts/",
    "make build DBT_TARGET=files CLASSICMODELS_FILES=extracts/latest": (
        r"The warehouse is built\."
    ),
    "make publish": r"^published \d{8}T\d{6}Z: published/current/classicmodels",
    "make watch": r"^published \d{8}T\d{6}Z: everything\n(.*\n)*stopped",
    "make export": r"^exported \d{8}T\d{6}Z: exports/latest: 31 tables, ",
    "make demo-spark": r"^\.venv-spark/bin/dbt build --target spark",
    "make rollback": r"^rolled back: people read \d{8}T\d{6}Z now",
    "make backup TO=history.duckdb": r"history\.duckdb",
    "make restore FROM=history.duckdb": r"^restored classicmodels\.duckdb from",
    "make reverse-etl": r"^  new +122 ",
    "make why": r"^Nothing failed in the last run \(dbt build, .*\d+ nodes\.$",
    "make alert": r"^classicmodels: build passed: \d+ nodes, no warning",
    "make help": r"^make build +Build and test the warehouse",
    "make docs": r"^Keyboard interrupt received, exiting\.$",
    "make notebook": r"Jupyter Server \S+ is running",
    "make metrics": "Successfully validated the semantics",
    "mf query --metrics net_sales_amount,net_margin_pct --decimals 4"
    " --group-by product__product_line --order=-net_sales_amount": (
        r"Classic Cars +3774647\.39\d* +0\.\d{4}"
    ),
    "dbt parse": "",
    "make diff BASE=origin/main": "^## ",
    "dbt build --vars '{as_of_date: \"2004-12-31\"}'": (
        r"PASS=\d{3} WARN=0 ERROR=0 SKIP=0"
    ),
    "make clean": r"^Kept \.venv, and classicmodels\.duckdb",
    "dbt clean": "",
    "make rescue": r"^classicmodels\.duckdb is not damaged: nothing to do$",
}
# What `make demo-mysql` prints to paste into another terminal.
PASTED: dict[str, str] = {}
# Those that go on until Ctrl-C, and the page that is asked for.
SERVED = {
    "make docs": "index.html",
    "make notebook": "/lab/tree/sales.py",
    "make watch": "",
    "make demo-spark": "",
}
READY = re.compile(r"http://127\.0\.0\.1:\d+/[^\s)]*|^published|^\.venv-spark")
# What a person runs when a build fails, with its exit code. `make docs` is
# `make site` and a server.
RED = [
    ("make build", 2, r"^make build: failed; make why explains it$"),
    (
        "make why",
        0,
        r"Failed: order_status is one of: (.*\n)+?.* 10100 +Lost"
        r"(.*\n)+?.* Held back: ",
    ),
    ("make alert", 0, r"^classicmodels: build failed: \d+ failed test"),
    ("make site", 0, r"^site: wrote target/site/index\.html"),
    # dbt docs generate overwrote the artifact with the results.
    ("make why", 0, r"Failed: order_status is one of: (.*\n)+?.* 10100 +Lost"),
    # The last good load.
    (
        SHOW,
        0,
        PRINTED[SHOW],
    ),
]


def shown_commands() -> list[str]:
    """Return the commands of the README, each where it comes first."""
    found = []
    for language, block, inline in CODE.findall(README):
        lines = [" ".join(inline.split())]
        if block:
            lines = block.replace("\\\n", " ").splitlines()
        if not block or language == "bash":
            found += [
                " ".join(line.partition(" # ")[0].split())
                for line in lines
                if re.match(r"(make|dbt|mf|python|source|sh) \S", line)
            ]
    return list(dict.fromkeys(found))


def shown_output(first: str) -> list[str]:
    """Return the lines of the block in the README that begins with `first`."""
    (block,) = re.findall(
        rf"```\n({re.escape(first)}.*?)```", README, re.DOTALL
    )
    # The size of the file is that of one machine.
    return [
        line
        for line in block.splitlines()
        if line and line != "..." and not line.startswith("  Database")
    ]


def squeezed(text: str) -> str:
    """Return a text without what only sets it in columns."""
    return re.sub(r" +|(?<=\|)-+:?|-+:?(?=\|)", " ", text)


def git(folder: Path, *arguments: str | Path) -> None:
    done = run(
        *("git", "-c", "user.name=a", "-c", "user.email=a@example.com"),
        *arguments,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project, as it stands here, with an origin."""
    folder = tmp_path_factory.mktemp("readme")
    origin, clone = folder / "origin", folder / "clone"
    shutil.copytree(ROOT, origin, ignore=NOT_COPIED)
    git(origin, "init", "--quiet", "--initial-branch=main")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=all")
    git(folder, "clone", "--quiet", origin, clone)
    # Git knows them as folders.
    (clone / ".git/info/exclude").write_text(
        ".venv\n.venv-notebook\n.venv-spark\n"
    )
    (clone / ".venv").symlink_to(BIN.parent)
    (clone / ".venv-spark").symlink_to(ROOT / ".venv-spark")
    if (ROOT / ".venv-notebook/.ready-requirements-notebook.txt").exists():
        (clone / ".venv-notebook").symlink_to(ROOT / ".venv-notebook")
    else:
        done = run("make", "setup-notebook", cwd=clone)
        assert done.returncode == 0, done.stdout
    return clone


def shell(command: str) -> list[str]:
    """Return the command line that runs a command in .venv."""
    # The environments are there already, made by the same recipe.
    command = command.replace("make ", "make VENV=true ", 1)
    return ["bash", "-c", f"source .venv/bin/activate && {command}"]


@pytest.fixture(scope="module")
def demo(clone: Path) -> Iterator[str]:
    """What `make demo-mysql` prints; its server runs until the last test."""
    # Where the tests run in the background, children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        shell("make demo-mysql"),
        cwd=clone,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        printed = ""
        while not printed.endswith("removes its data.\n"):
            printed += process.stdout.readline() or "ended: removes its data.\n"
        PASTED.update(
            re.findall(r"^export (\w+)=(\S+)$", printed, re.MULTILINE)
        )
        yield printed
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def environment() -> dict[str, str]:
    """Return the environment of a person without a chat and a browser."""
    return clean_environment(
        ALERT_WEBHOOK="",
        BROWSER="true",
        GITHUB_STEP_SUMMARY="",
        PORT=str(free_port("127.0.0.1")),
        **PASTED,
    )


def output_of(clone: Path, command: str, code: int = 0) -> str:
    """Return what a command prints, which must end with that exit code."""
    done = subprocess.run(
        shell(command),
        cwd=clone,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    assert done.returncode == code, done.stdout[-4000:]
    assert "Traceback" not in done.stdout
    return re.sub(r"\x1b\[[\d;]*m", "", done.stdout)


def status_of(address: str) -> int:
    """Return the status; JupyterLab tells its address before it listens."""
    for attempt in range(60):
        time.sleep(attempt and 0.5)
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.status
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
    raise AssertionError(f"nobody answers at {address}")


def output_of_server(clone: Path, command: str, page: str) -> str:
    """Return what a command prints that ends with Ctrl-C.

    A server is asked for a page.
    """
    # Where the tests run in the background, children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        shell(command),
        cwd=clone,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                if found := re.search(READY, line):
                    break
            address = found[0]
            if page not in address:
                address += page
            assert not page or status_of(address) == 200
            os.killpg(process.pid, signal.SIGINT)
            printed += process.communicate(timeout=60)[0]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert "Traceback" not in printed
    return printed


@contextmanager
def edited(clone: Path) -> Iterator[None]:
    """The edit of a seed whose diff the README shows, and one of a metric."""
    edits = {
        "seeds/reference/order_statuses.csv": (
            'customer",false,false,true,true',
            'customer",false,false,true,false',
        ),
        "models/semantics/orders.yml": (
            "denominator: shipped_order_count",
            "denominator: net_order_count",
        ),
    }
    for name, (old, new) in edits.items():
        text = (clone / name).read_text(encoding="utf-8")
        assert old in text
        (clone / name).write_text(text.replace(old, new), encoding="utf-8")
    yield
    git(clone, "checkout", "--quiet", "--", *edits)


def test_every_command_has_an_expectation():
    later = {command for command, _, _ in RED}
    assert set(shown_commands()) == PRINTED.keys() | PART_OF_MAKE_TEST | later


def test_ci_runs_what_is_not_run_here():
    """`make test` runs the scripts of the others on a part."""
    assert "\nmake test\n" in (ROOT / ".ci/run").read_text()
    parts = {
        command: set(
            re.findall(
                r"-m scripts ([a-z-]+)",
                run("make", "--dry-run", command.split()[1]).stdout,
            )
        )
        for command in PART_OF_MAKE_TEST
    }
    for scripts in parts.values():
        assert scripts
        assert scripts <= parts["make test"]


@pytest.mark.parametrize(
    "command", [one for one in shown_commands() if one in PRINTED]
)
def test_command_does_what_the_readme_says(
    clone: Path, command: str, request: pytest.FixtureRequest
):
    if command == "make demo-mysql":
        printed = request.getfixturevalue("demo")
    elif command in SERVED:
        printed = output_of_server(clone, command, SERVED[command])
    elif command.startswith("make diff"):
        with edited(clone):
            printed = output_of(clone, command)
        assert "- changed: metric `late_pct`: type params" in printed
    else:
        printed = output_of(clone, command)
    assert re.search(PRINTED[command], printed, re.MULTILINE), printed[-4000:]
    begins = {
        "make build": "  Database",
        "make diff BASE=origin/main": "## 4 marts",
    }
    if command in begins:
        wanted = [squeezed(one) for one in shown_output(begins[command])]
        assert [one for one in wanted if one not in squeezed(printed)] == []
    if command == "make build":
        # The results of a whole build hold what others do not: exposures.
        said = output_of(clone, "make why")
        assert said.startswith("Nothing failed in the last run (dbt build, ")


def test_nothing_is_lost_and_nothing_written_into_the_work_tree(clone: Path):
    """After make clean and dbt clean."""
    assert run("git", "status", "--porcelain", cwd=clone).stdout == ""
    with duckdb.connect(str(clone / "classicmodels.duckdb")) as connection:
        counts = connection.execute(
            "select count(*), count(ended_at), count(*) filter (is_whole)"
            " from ops.runs"
        ).fetchone()
    # make build from each origin, dbt build with and without variables, make
    # publish and make watch.
    assert counts == (7, 7, 7)


@pytest.fixture(scope="module")
def red(clone: Path) -> Path:
    """The clone with a status that nobody knows, and nothing published."""
    shutil.rmtree(clone / "published")
    edit(clone, "orders", lambda rows: rows[0].update(status="Lost"))
    return clone


@pytest.mark.parametrize(("command", "code", "wanted"), RED)
def test_command_after_a_fault_in_the_data(
    red: Path, command: str, code: int, wanted: str
):
    printed = output_of(red, command, code)
    assert re.search(wanted, printed, re.MULTILINE), printed[-4000:]
    if command == "make site":
        page = (red / "target/site/index.html").read_text(encoding="utf-8")
        assert "The last build failed" in page
