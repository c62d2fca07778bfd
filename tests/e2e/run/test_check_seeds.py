"""The check of the seed files finds damage, and lets legal changes pass."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, SCRIPTS, run

Change = Callable[[bytes], bytes]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "seeds", tmp_path / "seeds")


def check(seeds: Path) -> tuple[int, list[str]]:
    """Return exit code and lines, which name files from the seeds' folder."""
    done = run(*SCRIPTS, "check-seeds", "--seeds-path", seeds)
    return done.returncode, [
        line.removeprefix(f"{seeds}/") for line in done.stdout.splitlines()
    ]


def change(seeds: Path, name: str, *changes: Change) -> None:
    path = seeds / "classicmodels" / f"{name}.csv"
    for one in changes:
        data = path.read_bytes()
        path.write_bytes(one(data))
        assert path.read_bytes() != data


def put(line: int, old: str, new: str) -> Change:
    """Replace `old` in one line, which must hold it."""

    def change(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        assert old.encode() in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(
            old.encode(), new.encode("latin-1"), 1
        )
        return b"".join(lines)

    return change


def substitute(pattern: bytes, new: bytes) -> Change:
    return lambda data: re.sub(pattern, new, data)


# Some leave the rest of the file without meaning: one line each.
DAMAGED_FILES = [
    ("customers", [lambda data: data + b'900,"New Shop,,,,,,,,,,,\n901,'],
     "124: customerName: a quote opens here and never closes"),
    ("customers", [put(2, 'rue Royale"', "rue Royale")],
     "2: addressLine1: a quote opens here and closes only in line 4"),
    # It leaves the width of the row.
    ("customers", [put(5, "Labrune", 'Labrune"'), put(4, "Fer", '"Fer')],
     "4: contactLastName: a quote opens here and closes only in line 5"),
    ("customers", [put(5, "119,", '119",'), put(4, "117300", '"117300')],
     "4: creditLimit: a quote opens here and closes only in line 5"),
    ("customers", [put(2, 'rue Royale"', 'rue "Royale""')],
     "2: text goes on behind a closing quote"),
    ("customers", [put(4, "Ferguson", "Férgusón")],
     "4: byte 0xe9 is not UTF-8: save the file as UTF-8"),
    ("orders", [lambda data: b"\xef\xbb\xbf" + data],
     "1: a byte-order mark: save the file as UTF-8 without one"),
    ("orders", [lambda data: b""],
     "1: the file is empty: it needs rows"),
    ("orders", [lambda data: data.splitlines(keepends=True)[0]],
     "1: no rows below the header"),
    ("orders", [substitute(b",", b";")],
     "1: the delimiter is ';': it must be a comma"),
    ("orders", [lambda data: data + data.splitlines(keepends=True)[0]],
     "328: the header again"),
    ("orders", [lambda data: data[:-15]],
     "327: 5 fields, the header has 6, ends in column status"),
    ("orders", [put(12, ",Shipped", ",,Shipped")],
     "12: 7 fields, the header has 6"),
    ("orders", [put(12, "\n", "\n\n")], "13: an empty line"),
    ("orders", [put(12, "\n", "\r\n")],
     "12: ends with another line end than line 1"),
    ("orders", [substitute(rb",[^,\n]*\n", b"\n")],
     "1: column customerNumber is missing"),
    ("orders", [put(1, "shippedDate", "shippeddate")],
     "1: column shippedDate is missing (not described: 'shippeddate')"),
    ("orders", [substitute(b"\n", b",\n"), put(1, ",\n", ",STATUS\n")],
     "1: column STATUS is there twice"),
    ("orders", [substitute(b"\n", b",\n")], "1: column 7 has no name"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "message"), DAMAGED_FILES)
def test_damage_is_one_line(
    seeds: Path, name: str, changes: list[Change], message: str
):
    change(seeds, name, *changes)
    assert check(seeds) == (1, [f"classicmodels/{name}.csv:{message}"])


# File, line, what stands there, what is put there, and what is wrong with it.
DAMAGED_VALUES = [
    ("customers", 3, ",NV,", r",\N,", "'...' stands for null in a dump"),
    ("customers", 3, "71800.00", "NULL", "'...' is not a decimal(10,2)"),
    ("orderdetails", 2, ",30,", ",32768,", "'32768' is too large for smallint"),
    ("orderdetails", 3, ",50,", ",-32769,", "'-32769' is too large for small"),
    ("orderdetails", 4, "10100,", "2147483648,", "is too large for integer"),
    ("orderdetails", 5, "35.29", "100000000.00", "is too large for decimal(10"),
    ("orderdetails", 6, "108.06", '"108,06"', "'108,06' is not a number"),
    ("orderdetails", 7, ",167.06", ", 167.06", "' 167.06' is not a number"),
    ("orderdetails", 8, "32.53", "32.534", "(10,2) has 2 decimal places"),
    ("orderdetails", 9, ",46,", ",30.7,", "smallint has no decimal places"),
    ("orders", 2, "2003-01-10", "2003-02-30", "'2003-02-30' is not a date"),
    ("orders", 3, "2003-01-11", "11/01/2003", "'11/01/2003' is not a date"),
    ("orders", 4, "2003-01-14", "20030114", "'20030114' is not a date"),
    ("orders", 5, "Shipped", "Ship\0ed", r"'Ship\x00ed' holds a NUL byte"),
]  # fmt: skip


def test_each_damaged_value_is_one_line(seeds: Path):
    for name, line, old, new, _ in DAMAGED_VALUES:
        change(seeds, name, put(line, old, new))
    path = seeds / "reference/order_statuses.csv"
    path.write_bytes(put(2, ",true,1", ",yes,1")(path.read_bytes()))
    code, lines = check(seeds)
    assert code == 1
    for (name, number, _, _, wrong), line in zip(
        DAMAGED_VALUES, lines, strict=False
    ):
        assert line.startswith(f"classicmodels/{name}.csv:{number}: ")
        assert wrong in line
    assert lines[len(DAMAGED_VALUES) :] == [
        "reference/order_statuses.csv:2: counts_as_net_sales: 'yes' is not a"
        " boolean (true or false)"
    ]


def test_many_problems_end_in_their_number(seeds: Path):
    change(seeds, "orders", substitute(b",2003-0", b",2003-00-"))
    code, lines = check(seeds)
    assert code == 1
    assert len(lines) == 21
    assert re.fullmatch(r"and [1-9]\d* more", lines[-1])


def test_what_is_missing_or_not_a_file_is_one_line(seeds: Path, tmp_path: Path):
    folder = seeds / "classicmodels"
    (folder / "orders.csv").rename(folder / "purchases.csv")
    for name in ("offices", "payments"):
        (folder / f"{name}.csv").unlink()
    (folder / "offices.csv").mkdir()
    (folder / "payments.csv").symlink_to(seeds / "no.csv")
    code, lines = check(seeds)
    assert code == 1
    assert [re.sub(r"\(.*?\)", "", line) for line in lines] == [
        "classicmodels/_seeds.yml: describes seed orders, of which there is"
        " no orders.csv",
        "classicmodels/offices.csv:1: cannot be read : put the file here",
        "classicmodels/payments.csv:1: cannot be read : put the file here",
        "classicmodels/purchases.csv: no YAML describes this seed: add its"
        " columns and their types to _seeds.yml beside it",
    ]
    (tmp_path / "empty").mkdir()
    code, lines = check(tmp_path / "empty")
    assert (code, len(lines)) == (1, 1)
    assert "no CSV file below" in lines[0]


def reorder(data: bytes) -> bytes:
    rows = [line.split(b",") for line in data.splitlines()]
    return b"\n".join(b",".join(reversed(row)) for row in rows)


def add_column(data: bytes) -> bytes:
    header, _, rows = data.partition(b"\n")
    return header + b",more\n" + rows.replace(b"\n", b',"a ""b"", c"\n')


# That dbt loads these right was tried; test_seeds and test_changes look at
# what it loads.
def test_legal_changes_pass(seeds: Path):
    assert check(seeds) == (0, [])
    change(seeds, "orders", put(2, "2003-01-10", ""), reorder)
    change(
        seeds,
        "customers",
        put(2, "54, rue Royale", "54, rue Royale\nchez Schmitt"),
        put(5, "Ferguson", "Null"),
        substitute(b"\n", b"\r\n"),
    )
    change(
        seeds,
        "orderdetails",
        put(2, "S18_1749", " S18_1749  "),
        put(2, "136.00", "136"),
        put(3, ",50,", ",-32768,"),
        put(4, "10100,", "-2147483648,"),
        put(5, "35.29", "-99999999.99"),
    )
    change(seeds, "payments", add_column)
    assert check(seeds) == (0, [])
