"""A fresh machine: .venv from the lock files, dbt packages from the hub."""

import io
import json
import os
import re
import shutil
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import PYTHON, ROOT, SCRIPTS, run

LOCKS = (
    "requirements.txt", "requirements-sources.txt", "requirements-extra.txt",
    "requirements-notebook.txt", "requirements-dagster.txt",
    "requirements-bench.txt",
)  # fmt: skip
# The pip of Python 3.11.0, 3.12.0 and 3.13.0.
OLDEST_PIP = {11: "22.3", 12: "23.2.1", 13: "24.2"}[sys.version_info.minor]
OFFLINE = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("echo no python", "'.*fake' not found: install Python 3.11 to 3.13"),
        ("echo 3.9", "is Python 3.9, the project runs on 3.11 to 3.13"),
        ("echo 3.14", "is Python 3.14, the project runs on 3.11 to 3.13"),
    ],
)
def test_setup_says_in_one_line_which_python_it_needs(
    scratch: Path, tmp_path: Path, python: str, message: str
):
    fake = tmp_path / "fake"
    # The first call asks whether it runs at all, the second for its version.
    ending = "exit 1" if python == "echo no python" else ""
    fake.write_text(f"#!/bin/sh\n{python}\n{ending}\n")
    fake.chmod(0o755)
    done = run(
        *("sh", "scripts/run/create_venv.sh", ".venv", fake, LOCKS[0]),
        cwd=scratch,
    )
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "setup:" in line]
    assert len(lines) == 1
    assert re.search(message, lines[0])
    assert not (scratch / ".venv").exists()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the lock files name, fetched once; the newest pip is in pip/."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--target")
    done = run(*pip, folder / "pip", "pip")
    assert done.returncode == 0, done.stdout
    download = (PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "-d")
    for what in (
        *(("--require-hashes", "-r", lock) for lock in LOCKS),
        (f"pip=={OLDEST_PIP}", "setuptools", "wheel"),
        ("pip",),
    ):
        done = run(*download, folder, *what, PYTHONPATH=str(folder / "pip"))
        assert done.returncode == 0, done.stdout
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("pip", [f"pip=={OLDEST_PIP}", "pip"])
def test_setup_works_with_old_and_new_pips_and_without_uv(
    scratch: Path, tmp_path: Path, wheels: Path, pip: str
):
    """As a dry run, in an environment that has this pip."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        f"""#!/bin/sh -e
        [ "$1 $2" = "-m venv" ] || exec "{PYTHON}" "$@"
        "{PYTHON}" -m venv --without-pip "$3"
        PYTHONPATH="{wheels}/pip" PIP_DRY_RUN=0 "{PYTHON}" -m pip install \\
            --quiet --target "$3"/lib/python3*/site-packages {pip} setuptools
        """
    )
    python.chmod(0o755)
    # Whoever asks this one to do something finds nothing done.
    (python.parent / "uv").write_text("#!/bin/sh\n")
    (python.parent / "uv").chmod(0o755)
    done = run(
        *("sh", "scripts/run/create_venv.sh", ".venv", python, *LOCKS),
        cwd=scratch,
        PATH=f"{python.parent}:{os.environ['PATH']}",
        PIP_DRY_RUN="1",
        # pip's way to say no: what a build needs would be a dry run as well.
        PIP_NO_BUILD_ISOLATION="0",
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(wheels),
    )
    assert done.returncode == 0, done.stdout
    assert all(
        (scratch / ".venv" / f".ready-{lock}").exists() for lock in LOCKS
    )


@pytest.mark.parametrize("locks", [LOCKS[:3], LOCKS[3:]], ids=" ".join)
def test_lock_files_name_all_that_is_needed(wheels: Path, locks: list[str]):
    """Without --no-deps, pip refuses what a package needs but no line names."""
    done = run(
        *(PYTHON, "-m", "pip", "install", "--quiet", "--dry-run"),
        *("--ignore-installed", "--require-hashes"),
        *(part for lock in locks for part in ("-r", lock)),
        PYTHONPATH=str(wheels / "pip"),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(wheels),
    )
    assert done.returncode == 0, done.stdout


def install(
    folder: Path, hub: str, *options: str
) -> tuple[int, list[str], set[str]]:
    """Return exit code, lines printed, and the files of dbt_utils."""
    done = run(*SCRIPTS, "deps", *options, cwd=folder, DBT_PACKAGE_HUB_URL=hub)
    files = files_in(folder / "dbt_packages" / "dbt_utils")
    return done.returncode, done.stdout.splitlines(), files


def files_in(top: Path) -> set[str]:
    return {
        str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()
    }


@pytest.fixture
def bare(scratch: Path) -> Path:
    """The project's files, no dbt package installed."""
    shutil.rmtree(scratch / "dbt_packages", ignore_errors=True)
    (scratch / "package-lock.yml").unlink(missing_ok=True)
    return scratch


@pytest.fixture
def hub() -> Iterator[Callable[..., str]]:
    """Start a dbt package hub on this machine, which replies with `answer`."""
    servers = []

    def start(answer: Callable[[str, str], bytes | None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = answer(self.path, f"http://{self.headers['Host']}")
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


def package_hub(
    version: str, end: int | None = None
) -> Callable[[str, str], bytes | None]:
    """Answer as the hub does, with our own package up to byte `end`."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(ROOT / "vendor" / "dbt_utils", "dbt-utils-from-hub")
    name = "dbt-labs/dbt_utils"

    def answer(path: str, url: str) -> bytes | None:
        if path == "/package.tar.gz":
            return archive.getvalue()[:end]
        if path == "/api/v1/index.json":
            return json.dumps([name]).encode()
        if path == f"/api/v1/{name}.json":
            entry = {
                "name": "dbt_utils",
                "packages": [],
                "require_dbt_version": [],
                "downloads": {"tarball": f"{url}/package.tar.gz", "sha1": "x"},
            }
            return json.dumps(
                {"name": "dbt_utils", "versions": {version: entry}}
            ).encode()
        return None

    return answer


REAL = files_in(ROOT / "vendor" / "dbt_utils")
STAND_IN = REAL | {".from_vendor"}


def test_the_real_package_comes_from_the_hub_and_stays(
    bare: Path, hub: Callable[..., str]
):
    """It replaces a stand-in, for which the hub was asked recently."""
    url = hub(package_hub("1.4.1"))
    package = bare / "dbt_packages" / "dbt_utils"
    shutil.copytree(ROOT / "vendor" / "dbt_utils", package)
    (package / ".from_vendor").touch()
    assert install(bare, url) == (0, [], STAND_IN)
    os.utime(package / ".from_vendor", (0, 0))
    said = ["deps: installed dbt_utils from the dbt package hub"]
    assert install(bare, url) == (0, said, REAL)
    # Nothing to do: nothing said, and the hub is not asked.
    (bare / "packages.yml").touch()
    assert install(bare, OFFLINE) == (0, [], REAL)


@pytest.mark.parametrize(
    ("asked", "answer", "messages"),
    [
        ("1.4.1", package_hub("0.1.0"), ["deps: dbt deps:", "1.4.1"]),
        (
            "1.5.0",
            lambda path, url: None,
            ["dbt_utils 1.5.0, vendor/ has 1.4.1", "it answered 404"],
        ),
    ],
    ids=["not in the hub", "not in vendor"],
)
def test_a_version_that_nobody_has_is_an_error(
    bare: Path, hub: Callable[..., str], asked: str, answer, messages: list[str]
):
    path = bare / "packages.yml"
    path.write_text(path.read_text().replace("1.4.1", asked))
    code, lines, files = install(bare, hub(answer))
    assert (code, len(lines), files) == (1, 1, set())
    assert all(message in lines[0] for message in messages)


def test_packages_of_another_folder(bare: Path, tmp_path: Path):
    """As for an older commit, which the diff builds."""
    other = tmp_path / "other"
    bare.rename(other)
    done = run(
        *(*SCRIPTS, "deps", "--project-dir", other), DBT_PACKAGE_HUB_URL=OFFLINE
    )
    assert done.returncode == 0, done.stdout
    assert files_in(other / "dbt_packages" / "dbt_utils") == STAND_IN


def hang(path: str, url: str) -> None:
    time.sleep(10)


@pytest.mark.parametrize(
    ("answer", "reason", "before"),
    [
        (None, "no connection", "nothing"),
        (lambda path, url: b"<html>Log in</html>", "is not the hub", "other"),
        (package_hub("1.4.1", -99), "the package came damaged", "real"),
        (hang, "no answer in 5 s", "nothing"),
    ],
    ids=["offline", "portal", "damaged", "hanging"],
)
def test_the_stand_in_is_installed_where_the_hub_fails(
    bare: Path, hub: Callable[..., str], answer, reason: str, before: str
):
    """Also in the place of another stand-in, or of another version."""
    if before != "nothing":
        package = bare / "dbt_packages" / "dbt_utils"
        shutil.copytree(ROOT / "vendor" / "dbt_utils", package)
        (package / "macros" / "more.sql").touch()
    if before == "other":
        (package / ".from_vendor").touch()
    if before == "real":
        (bare / "package-lock.yml").write_text(
            "packages: [{name: dbt_utils, version: 1.4.0}]"
        )
    url = hub(answer) if answer else OFFLINE
    code, lines, files = install(
        bare, url, "--timeout", "5" if answer is hang else "60"
    )
    assert (code, len(lines), files) == (0, 1, STAND_IN)
    assert reason in lines[0]
    assert lines[0].endswith("installed vendor/dbt_utils instead")
