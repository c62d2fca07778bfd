"""What the commands say and return, above all when something is wrong."""

import io
import json
import re
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import BIN, NOT_COPIED, ROOT, Project, run

PYTHON = BIN / "python"
TARGETS = {
    "help", "setup", "setup-extra", "setup-notebook", "deps", "build",
    "rescue", "why", "alert", "diff", "test", "faults", "mutants", "lint",
    "format", "site", "docs", "notebook", "notebook-html", "metrics", "hooks",
    "clean",
}  # fmt: skip


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The project's files alone, in a path with a blank."""
    folder = tmp_path / "my project"
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    return folder


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_make_help_is_the_default_and_lists_all_targets():
    done = run("make")
    assert done.returncode == 0
    listed = re.findall(r"^make ([\w-]+) +\S", done.stdout, re.MULTILINE)
    assert set(listed) == TARGETS
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("echo no python", "no '.*fake' here: install Python 3.11 to 3.13"),
        ("echo 3.9", "is Python 3.9, the project runs on 3.11 to 3.13"),
        ("echo 3.14", "is Python 3.14, the project runs on 3.11 to 3.13"),
    ],
)
def test_setup_says_in_one_line_which_python_it_wants(
    scratch: Path, tmp_path: Path, python: str, message: str
):
    fake = tmp_path / "fake"
    # The first call asks whether it runs at all, the second for its version.
    ending = "exit 1" if python == "echo no python" else ""
    fake.write_text(f"#!/bin/sh\n{python}\n{ending}\n")
    fake.chmod(0o755)
    done = run(
        *("sh", "scripts/create_venv.sh", ".venv", fake, "requirements.txt"),
        cwd=scratch,
    )
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "setup:" in line]
    assert len(lines) == 1
    assert re.search(message, lines[0])
    assert not (scratch / ".venv").exists()


def test_a_build_that_stops_early_leaves_no_old_results(scratch: Path):
    """Else make why and make alert would tell of another build."""
    results = scratch / "target" / "run_results.json"
    results.parent.mkdir()
    results.write_text("{}")
    done = run("make", "build", "PYTHON=/no/python", cwd=scratch)
    assert done.returncode != 0
    assert not results.exists()


def install(
    folder: Path, hub: str, *options: str
) -> tuple[int, list[str], set[str]]:
    """Return exit code, lines printed, and the files of dbt_utils."""
    done = run(
        PYTHON,
        "scripts/install_packages.py",
        *options,
        cwd=folder,
        DBT_PACKAGE_HUB_URL=hub,
    )
    package = folder / "dbt_packages" / "dbt_utils"
    files = {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file()
    }
    return done.returncode, done.stdout.splitlines(), files


def files_of_vendor() -> set[str]:
    top = ROOT / "vendor" / "dbt_utils"
    return {
        str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()
    }


@pytest.fixture
def hub(scratch: Path) -> Iterator[Callable[..., str]]:
    """Start a dbt package hub on this machine; `answer` overrides replies."""
    servers = []

    def start(answer: Callable[[str], bytes | None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = answer(self.path)
                self.send_response(404 if content is None else 200)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()


def package_hub(version: str) -> Callable[[str], bytes | None]:
    """Answer as the hub does, with our own package under that version."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(ROOT / "vendor" / "dbt_utils", "dbt-utils-from-hub")
    name = "dbt-labs/dbt_utils"
    served = {"url": ""}

    def answer(path: str) -> bytes | None:
        if path == "/package.tar.gz":
            return archive.getvalue()
        if path == "/api/v1/index.json":
            return json.dumps([name]).encode()
        if path == f"/api/v1/{name}.json":
            entry = {
                "name": "dbt_utils",
                "packages": [],
                "require_dbt_version": [],
                "downloads": {
                    "tarball": f"{served['url']}package.tar.gz",
                    "sha1": "x",
                },
            }
            return json.dumps(
                {"name": "dbt_utils", "versions": {version: entry}}
            ).encode()
        return None

    answer.served = served
    return answer


def test_packages_come_from_the_hub(scratch: Path, hub: Callable[..., str]):
    shutil.rmtree(scratch / "dbt_packages", ignore_errors=True)
    answer = package_hub("1.4.1")
    answer.served["url"] = url = hub(answer)
    code, lines, files = install(scratch, url)
    assert (code, lines) == (
        0,
        ["deps: installed dbt_utils from the dbt package hub"],
    )
    assert files == files_of_vendor()
    # Nothing to do: nothing said, and the hub is not asked.
    assert install(scratch, "http://127.0.0.1:9/") == (0, [], files)


def test_packages_come_from_vendor_without_the_hub(scratch: Path):
    shutil.rmtree(scratch / "dbt_packages", ignore_errors=True)
    code, lines, files = install(scratch, "http://127.0.0.1:9/")
    assert code == 0
    assert lines == [
        "deps: dbt package hub not reached (no connection),"
        " installed vendor/dbt_utils"
    ]
    assert files == files_of_vendor() | {".from_vendor"}
    # A macro more in vendor/ reaches the installed copy.
    (scratch / "vendor" / "dbt_utils" / "macros" / "new.sql").write_text("")
    _, lines, files = install(scratch, "http://127.0.0.1:9/")
    assert len(lines) == 1
    assert "macros/new.sql" in files


def test_packages_come_from_vendor_when_the_hub_hangs(
    scratch: Path, hub: Callable[..., str]
):
    shutil.rmtree(scratch / "dbt_packages", ignore_errors=True)
    release = threading.Event()

    def hang(path: str) -> None:
        release.wait(60)

    code, lines, files = install(scratch, hub(hang), "--timeout", "5")
    release.set()
    assert code == 0
    assert len(lines) == 1
    assert "no answer in 5 s" in lines[0]
    assert files == files_of_vendor() | {".from_vendor"}


def test_a_version_that_the_hub_lacks_is_an_error(
    scratch: Path, hub: Callable[..., str]
):
    shutil.rmtree(scratch / "dbt_packages", ignore_errors=True)
    answer = package_hub("0.1.0")
    answer.served["url"] = url = hub(answer)
    code, lines, files = install(scratch, url)
    assert code == 1
    assert len(lines) == 1
    assert "deps: dbt deps:" in lines[0]
    assert "1.4.1" in lines[0]
    assert files == set()


@pytest.mark.parametrize("value", ["31/05/2005", "2005-02-30", "today"])
def test_a_bad_as_of_date_is_one_clear_line(warehouse: Project, value: str):
    arguments = json.dumps({"as_of_date": value})
    done = warehouse.dbt(
        "compile", "-s", "fct_orders", "--vars", arguments, check=False
    )
    assert done.returncode != 0
    said = [line for line in done.stdout.splitlines() if "as_of_date" in line]
    assert any("YYYY-MM-DD" in line and value in line for line in said)
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("value", ["payments", ["payment"]])
def test_a_bad_accepted_change_is_one_clear_line(
    warehouse: Project, value: str | list[str]
):
    arguments = json.dumps({"accepted_changes": value})
    done = warehouse.dbt("parse", "--vars", arguments, check=False)
    assert done.returncode != 0
    assert (
        f"accepted_changes is {value}, it must be a list of some of:"
        " customers, employees," in done.stdout
    )
    assert "Traceback" not in done.stdout


MISSPELLED = {
    "descripton: x": "models[a]: unknown key 'descripton', did you mean",
    "colums: []": "models[a]: unknown key 'colums', did you mean 'columns'?",
    "data_test: []": "models[a]: unknown key 'data_test', did you mean",
    "config: {materialised: view}": "models[a].config: unknown key 'mater",
    "columns: [{name: b, data_test: []}]": "models[a].columns[b]: unknown key",
    "columns: [{name: b, data_tests: [{unique: {argumens: {}}}]}]": (
        "models[a].columns[b].data_tests[0].unique: unknown key 'argumens'"
    ),
    "description: [": "line 4: ",
}


@pytest.mark.parametrize("text", MISSPELLED)
def test_check_yaml_finds_a_misspelled_key(tmp_path: Path, text: str):
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "a.yml"
    file.write_text(f"models:\n  - name: a\n    {text}\n")
    done = run(PYTHON, "scripts/check_yaml.py", tmp_path)
    assert done.returncode == 1
    errors = done.stdout.splitlines()[:-1]
    assert len(errors) == 1
    assert MISSPELLED[text] in errors[0]


def test_check_yaml_looks_at_every_kind_of_resource(tmp_path: Path):
    project = (ROOT / "dbt_project.yml").read_text()
    project = project.replace("+contract:", "+contrct:", 1)
    (tmp_path / "dbt_project.yml").write_text(project)
    (tmp_path / "packages.yml").write_text("packages: [\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "all.yml").write_text(
        "seeds: [{name: a, config: {column_type: {}}}]\n"
        "snapshots: [{name: b, relaton: c}]\n"
        "macros: [{name: d, argumnets: []}]\n"
        "unit_tests: [{name: e, model: f, expect: {row: []}}]\n"
        "data_tests: [{name: g, descripton: h}]\n"
        "exposures: [{name: i, ownr: j}]\n"
    )
    done = run(PYTHON, "scripts/check_yaml.py", tmp_path)
    for key in (
        "contrct", "column_type", "relaton", "argumnets", "row",
        "descripton", "ownr",
    ):  # fmt: skip
        assert f"'{key}'" in done.stdout or f"+{key}" in done.stdout, key
    assert "packages.yml: line" in done.stdout


def test_summary_shows_sales_and_checks(warehouse: Project, tmp_path: Path):
    nodes = warehouse.manifest["nodes"]
    tests = [name for name in nodes if name.startswith("test.")][:3]
    ids = ["model.classicmodels.dim_dates", "seed.classicmodels.orders"]
    statuses = ["success", "success", "pass", "pass", "warn"]
    results = [
        {"unique_id": name, "status": status}
        for name, status in zip(ids + tests, statuses, strict=True)
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(warehouse.manifest))
    (tmp_path / "run_results.json").write_text(
        json.dumps({"args": {"which": "build"}, "results": results})
    )
    done = run(
        PYTHON,
        "scripts/summary.py",
        "--target-path",
        tmp_path,
        CLASSICMODELS_DB=str(warehouse.database),
    )
    assert done.returncode == 0, done.stdout
    text = done.stdout
    assert str(warehouse.database.name) in text
    assert "1 table, 1 seed\n" in text
    assert "3 data tests: 2 passed, 1 warned\n" in text
    assert re.search(r"Total +9,604,190.61 +9,365,336.43\n", text)
    assert re.search(r"\n  USA +3,273,280.05 ", text)
    assert text.isascii()


def test_summary_without_a_database_is_one_clear_line(tmp_path: Path):
    done = run(
        PYTHON,
        "scripts/summary.py",
        CLASSICMODELS_DB=str(tmp_path / "no.duckdb"),
    )
    assert done.returncode == 1
    assert re.fullmatch(
        r"summary: no database at .*no\.duckdb: run make build\n", done.stdout
    )


@pytest.mark.parametrize(
    "script",
    [
        "alert",
        "build_site",
        "check_database",
        "check_seeds",
        "check_yaml",
        "dashboard",
        "diff",
        "docs_page",
        "erd",
        "faults",
        "install_packages",
        "mutants",
        "notebook",
        "scores",
        "serve_site",
        "summary",
        "why",
    ],
)
def test_scripts_explain_themselves(script: str):
    done = run(PYTHON, f"scripts/{script}.py", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage:")
