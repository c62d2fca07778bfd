"""What is wrong with the database is one line, and nothing in it is lost."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from conftest import BIN, PYTHON, ROOT, SCRIPTS, on_small_disk, run

BLOCK = 262144
HEADERS = 3 * 4096


def check(
    path: Path, command: str = "check-database", **more: str
) -> tuple[int, str]:
    done = run(*SCRIPTS, command, **({"CLASSICMODELS_DB": str(path)} | more))
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two tables, each in separate blocks."""
    path = tmp_path_factory.mktemp("history") / "classicmodels.duckdb"
    with duckdb.connect(str(path)) as connection:
        for schema in ("snapshots", "marts"):
            connection.execute(f"create schema {schema}")
            connection.execute(
                f"create table {schema}.one as"
                f" select range as i, md5('{schema}' || range) as text"
                " from range(20000)"
            )
    return path


@pytest.fixture
def database(history: Path, tmp_path: Path) -> Path:
    """A copy under a name that must not be taken for its state."""
    return Path(shutil.copy(history, tmp_path / "damaged.duckdb"))


def overwrite(path: Path, start: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)


def spoil_table(path: Path, name: str) -> None:
    """Overwrite the first block that the table `name` alone uses."""
    with duckdb.connect(str(path), read_only=True) as connection:
        ((block,),) = connection.execute(
            f"select min(block_id) from pragma_storage_info('{name}')"
            " where block_id >= 0 and persistent"
        ).fetchall()
    overwrite(path, HEADERS + block * BLOCK, bytes(BLOCK))


def spoil_log(path: Path) -> None:
    """Leave a write-ahead log that is damaged in the middle."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        for number in range(20):
            connection.execute(f"create table t{number} as from range(1000)")
    log = path.with_name(f"{path.name}.wal")
    overwrite(log, log.stat().st_size // 2, bytes(100))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: os.truncate(path, BLOCK),
    "zeros": lambda path: overwrite(path, 0, bytes(path.stat().st_size)),
    "first page": lambda path: overwrite(path, 0, bytes(4096)),
    "a table": lambda path: spoil_table(path, "marts.one"),
    "log": spoil_log,
}


def files(path: Path, but: Path | None = None) -> dict[str, bytes]:
    """Return the files beside a database, by what follows on its name."""
    return {
        one.name.removeprefix(path.name): one.read_bytes()
        for one in path.parent.iterdir()
        if one != but
    }


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_reported_and_rescued(database: Path, kind: str):
    DAMAGE[kind](database)
    before = files(database)
    code, said = check(database)
    assert code == 1
    assert len(said.splitlines()) == 1, said
    for words in (
        f"{database}: damaged: ",
        "history of the snap",
        "make rescue",
    ):
        assert words in said
    assert ("marts.one" in said) == (kind == "a table")
    assert files(database) == before

    code, said = check(database, "rescue")
    assert code == 0, said
    assert len(said.splitlines()) == 1, said
    (aside,) = database.parent.glob("*.damaged-*.duckdb")
    assert str(aside) in said
    assert files(aside, but=database) == before
    assert check(database) == (0, "")
    saved = []
    if database.exists():
        with duckdb.connect(str(database), read_only=True) as connection:
            saved = connection.sql(
                "select schema_name, estimated_size from duckdb_tables()"
                " order by all desc"
            ).fetchall()
    snapshots, marts = ("snapshots", 20000), ("marts", 20000)
    assert saved == {
        "first page": [snapshots, marts],
        "a table": [snapshots],
        "log": [snapshots, marts],
    }.get(kind, [])


def test_a_whole_database_is_not_rescued(database: Path):
    before = files(database)
    code, said = check(database, "rescue")
    assert (code, len(said.splitlines())) == (0, 1)
    assert "is not damaged" in said
    assert files(database) == before


def test_who_holds_the_file_is_named_and_nothing_is_lost(
    database: Path, scratch: Path
):
    results = scratch / "target" / "run_results.json"
    results.parent.mkdir()
    results.touch()
    (scratch / ".venv").symlink_to(BIN.parent)
    settings = {"CLASSICMODELS_DB": str(database)}
    with duckdb.connect(str(database)):
        said = [
            check(database, command)
            for command in ("check-database", "rescue", "summary")
        ]
        # As at the start of make build.
        done = run("make", "forget", cwd=scratch, **settings)
        said.append((1, done.stdout.splitlines()[0] + "\n"))
    for code, line in said:
        assert code == 1
        assert len(line.splitlines()) == 1, line
        assert f"{database}: in use by " in line
        assert f"process {os.getpid()}:" in line
    assert done.returncode != 0
    assert results.exists()
    assert run("make", "forget", cwd=scratch, **settings).returncode == 0
    assert not results.exists()


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        (".", {}, "is a folder"),
        ("no/folder.duckdb", {}, "/no: create it"),
        ("dead.duckdb", {}, "/no: create it"),
        ("/sys/classicmodels.duckdb", {}, "/sys: "),
        ("my db's.duckdb", {}, "letters, digits"),
        ("loop.duckdb", {}, "name another file"),
        ("sqlite.duckdb", {}, "is an SQLite file"),
        ("marts.duckdb", {}, "none of .*marts"),
        ("a.duckdb", {"CLASSICMODELS_MEMORY": "garbage"}, "such as .*2GB"),
        ("a.duckdb", {"CLASSICMODELS_THREADS": "0"}, "1 or more"),
        ("a.duckdb", {"CLASSICMODELS_THREADS": "four"}, "1 or more"),
    ],
)
def test_a_setting_that_cannot_work_is_reported(
    tmp_path: Path, name: str, settings: dict[str, str], named: str
):
    (tmp_path / "dead.duckdb").symlink_to(tmp_path / "no/file.duckdb")
    (tmp_path / "loop.duckdb").symlink_to(tmp_path / "loop.duckdb")
    (tmp_path / "sqlite.duckdb").write_bytes(b"SQLite format 3\0")
    before = sorted(tmp_path.iterdir())
    code, said = check(tmp_path / name, **settings)
    assert code == 1
    (line,) = said.splitlines()
    for variable, value in settings.items():
        assert f"{variable}={value}: " in line
    assert settings or str((tmp_path / name).parent) in line
    assert re.search(named, line)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("day", ["2005-13-40", "2005-02-30"])
def test_a_day_that_does_not_exist_is_reported(scratch: Path, day: str):
    """Before YAML reads it: dbt ends in a traceback there."""
    project = scratch / "dbt_project.yml"
    text = project.read_text()
    assert 'as_of_date: ""' in text
    project.write_text(text.replace('as_of_date: ""', f"as_of_date: {day}"))
    done = run(*SCRIPTS, "check-database", cwd=scratch)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert f"dbt_project.yml: as_of_date: '{day}' is not a date" in line


def test_names_with_blanks_and_dots_work(database: Path):
    path = database.rename(database.with_name("my own.1.duckdb"))
    assert check(path) == (0, "")


def test_dbt_itself_says_it_too(database: Path, tmp_path: Path):
    DAMAGE["zeros"](database)
    done = run(
        *(BIN / "dbt", "--no-use-colors", "debug", "--connection"),
        *("--project-dir", ROOT, "--profiles-dir", ROOT),
        cwd=tmp_path,
        CLASSICMODELS_DB=str(database),
        DBT_TARGET_PATH=str(tmp_path),
        DBT_LOG_PATH=str(tmp_path),
    )
    assert done.returncode != 0
    assert f"{database}: damaged: " in done.stdout
    assert "Traceback" not in done.stdout


# Fills a disk while a log is open, as a build may, whose end then reports no
# error: the log stays beside the file.
FULL_DISK = """
import subprocess, sys
from pathlib import Path
import duckdb
path = Path(sys.argv[1])
check = [sys.executable, "-m", "scripts", "check-database", "--content"]
log = Path(f"{path}.wal")
filler = Path(f"{path}.filler")
with duckdb.connect(str(path)) as connection:
    connection.execute("create table a as from range(10)")
with duckdb.connect(str(path)) as connection:
    connection.execute("create table b as select random() from range(100000)")
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
assert log.exists()
assert subprocess.run(check).returncode == 1
assert log.exists()
filler.unlink()
assert subprocess.run(check).returncode == 0
assert not log.exists()
with duckdb.connect(str(path), read_only=True) as connection:
    assert len(connection.sql("from b").fetchall()) == 100000
"""


def test_what_a_full_disk_leaves_in_the_log_is_kept(tmp_path: Path):
    path = tmp_path / "disk" / "classicmodels.duckdb"
    code, said = on_small_disk(
        path.parent, 4, BIN / "python", "-c", FULL_DISK, path
    )
    assert code == 0, said
    (line,) = said.splitlines()
    assert f"{path}: the disk is full: keep {path}.wal beside it" in line


def test_a_full_disk_loses_nothing_rescued(database: Path, tmp_path: Path):
    spoil_table(database, "marts.one")
    path = tmp_path / "disk" / "classicmodels.duckdb"
    code, said = on_small_disk(
        path.parent,
        database.stat().st_size / 1024**2 + 0.5,
        *(
            "sh",
            "-c",
            'cp "$0" "$1" && "$2" -m scripts rescue; echo $?; ls "$3"',
        ),
        *(database, path, PYTHON, path.parent),
    )
    assert code == 0, said
    line, rescued, *left = said.splitlines()
    assert "left as it is: No space left" in line
    assert "run make rescue" in line
    assert (rescued, left) == ("1", [path.name])
