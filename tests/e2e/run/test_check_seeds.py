"""The check of the seed files finds damage, and lets legal changes pass."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, SCRIPTS, run

ORDERS = "classicmodels/orders.csv"
LINES = "classicmodels/orderdetails.csv"
CUSTOMERS = "classicmodels/customers.csv"
STATUSES = "reference/order_statuses.csv"


def check(seeds: Path) -> tuple[int, list[str]]:
    """Return exit code and lines, which name files from the seeds' folder."""
    done = run(*SCRIPTS, "check-seeds", "--seeds-path", seeds)
    return done.returncode, [
        line.removeprefix(f"{seeds}/") for line in done.stdout.splitlines()
    ]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "seeds", tmp_path / "seeds")


def replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace the first `old`, which must be there."""

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


def in_line(number: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace `old` in one line, which must hold it."""

    def change(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        lines[number - 1] = replace(old, new)(lines[number - 1])
        return b"".join(lines)

    return change


def repeat_header(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:50], lines[0], *lines[50:]])


DAMAGE = {
    "a quote that never closes": (
        CUSTOMERS,
        lambda data: data + b'900,"New Shop,,,,,,,,,,,\n901' + b"," * 12,
        "124: customerName: a quote opens here and never closes",
    ),
    "a quote that takes in rows": (
        CUSTOMERS,
        in_line(2, b'rue Royale"', b"rue Royale"),
        "2: addressLine1: a quote opens here and closes only in line 4",
    ),
    "a quote that takes in a row and leaves the width": (
        CUSTOMERS,
        lambda data: in_line(5, b"Labrune", b'Labrune"')(
            in_line(4, b"Ferguson", b'"Ferguson')(data)
        ),
        "4: contactLastName: a quote opens here and closes only in line 5",
    ),
    "a quote from one row into the next": (
        CUSTOMERS,
        lambda data: in_line(5, b"119,", b'119",')(
            in_line(4, b"117300.00", b'"117300.00')(data)
        ),
        "4: creditLimit: a quote opens here and closes only in line 5",
    ),
    "text behind a quote": (
        CUSTOMERS,
        in_line(2, b'rue Royale"', b'rue "Royale""'),
        "2: text goes on behind a closing quote",
    ),
    "part of a whole": (
        LINES,
        in_line(9, b",46,", b",30.7,"),
        "9: quantityOrdered: '30.7' would be rounded: smallint has no"
        " decimal places",
    ),
    "part of a cent": (
        LINES,
        in_line(3, b"55.09", b"55.094"),
        "3: priceEach: '55.094' would be rounded: decimal(10,2) has 2"
        " decimal places",
    ),
    "latin-1": (
        CUSTOMERS,
        in_line(4, b"Ferguson", "Férgusón".encode("latin-1")),
        "4: byte 0xe9 is no UTF-8: save the file as UTF-8",
    ),
    "UTF-16": (
        ORDERS,
        lambda data: data.decode().encode("utf-16"),
        "1: byte 0xff is no UTF-8: save the file as UTF-8",
    ),
    "a byte-order mark": (
        ORDERS,
        lambda data: b"\xef\xbb\xbf" + data,
        "1: a byte-order mark: save the file as UTF-8 without one",
    ),
    "nothing": (
        ORDERS,
        lambda data: b"",
        "1: the file is empty: it needs a header and rows",
    ),
    "a header only": (
        ORDERS,
        lambda data: data.splitlines(keepends=True)[0],
        "1: no rows below the header",
    ),
    "another delimiter": (
        ORDERS,
        lambda data: data.replace(b",", b";"),
        "1: the delimiter is ';': it must be a comma",
    ),
    "the header again": (ORDERS, repeat_header, "51: the header again"),
    "a cut last line": (
        ORDERS,
        lambda data: data[: data.rindex(b",", 0, data.rindex(b",") - 1)],
        "327: 4 fields, the header has 6, ends in column shippedDate",
    ),
    "a delimiter too many": (
        ORDERS,
        in_line(12, b",Shipped", b",,Shipped"),
        "12: 7 fields, the header has 6",
    ),
    "an empty line": (
        ORDERS,
        in_line(12, b"\n", b"\n\n"),
        "13: an empty line",
    ),
    "mixed line ends": (
        ORDERS,
        in_line(12, b"\n", b"\r\n"),
        "12: ends with another line end than line 1",
    ),
    "a missing column": (
        ORDERS,
        lambda data: re.sub(rb",[^,\n]*\n", b"\n", data),
        "1: column customerNumber is missing",
    ),
    "a renamed column": (
        ORDERS,
        replace(b"shippedDate", b"shipped_date"),
        "1: column shippedDate is missing (not described: 'shipped_date')",
    ),
    "a column in other letters": (
        ORDERS,
        replace(b"shippedDate", b"shippeddate"),
        "1: column shippedDate is missing (not described: 'shippeddate')",
    ),
    "a doubled column": (
        ORDERS,
        lambda data: re.sub(rb"(?m)$(?<!\n)", b",x", data).replace(
            b"customerNumber,x", b"customerNumber,customernumber", 1
        ),
        "1: column customernumber is there twice",
    ),
    "a column without a name": (
        ORDERS,
        lambda data: data.replace(b"\n", b",\n"),
        "1: column 7 has no name",
    ),
    "a NUL byte": (
        ORDERS,
        in_line(12, b"Shipped", b"Ship\0ed"),
        "12: status: 'Ship\\x00ed' holds a NUL byte",
    ),
    "a dump's null": (
        CUSTOMERS,
        in_line(3, b",NV,", b",\\N,"),
        "3: state: '\\\\N' stands for null in a dump: leave the value empty",
    ),
    "the word NULL": (
        CUSTOMERS,
        in_line(3, b",71800.00", b",NULL"),
        "3: creditLimit: 'NULL' is no decimal(10,2): leave the value empty",
    ),
    "more than a smallint": (
        LINES,
        in_line(2, b",30,", b",32768,"),
        "2: quantityOrdered: '32768' is too large for smallint",
    ),
    "more than an integer": (
        LINES,
        in_line(2, b"10100,", b"2147483648,"),
        "2: orderNumber: '2147483648' is too large for integer",
    ),
    "less than a smallint": (
        LINES,
        in_line(2, b",30,", b",-32769,"),
        "2: quantityOrdered: '-32769' is too large for smallint",
    ),
    "less than an integer": (
        LINES,
        in_line(2, b"10100,", b"-2147483649,"),
        "2: orderNumber: '-2147483649' is too large for integer",
    ),
    "less than a decimal": (
        LINES,
        in_line(2, b",136.00,", b",-100000000.00,"),
        "2: priceEach: '-100000000.00' is too large for decimal(10,2)",
    ),
    "more than a decimal": (
        LINES,
        in_line(2, b",136.00,", b",100000000.00,"),
        "2: priceEach: '100000000.00' is too large for decimal(10,2)",
    ),
    "a decimal comma": (
        LINES,
        in_line(2, b",136.00,", b',"136,00",'),
        "2: priceEach: '136,00' is no number",
    ),
    "a blank in a number": (
        LINES,
        in_line(2, b",136.00,", b", 136.00,"),
        "2: priceEach: ' 136.00' is no number",
    ),
    "a day that is none": (
        ORDERS,
        in_line(2, b"2003-01-10", b"2003-02-30"),
        "2: shippedDate: '2003-02-30' is no date (YYYY-MM-DD)",
    ),
    "a day of another notation": (
        ORDERS,
        in_line(2, b"2003-01-10", b"10/01/2003"),
        "2: shippedDate: '10/01/2003' is no date (YYYY-MM-DD)",
    ),
    "a day without dashes": (
        ORDERS,
        in_line(2, b"2003-01-10", b"20030110"),
        "2: shippedDate: '20030110' is no date (YYYY-MM-DD)",
    ),
    "a boolean in another notation": (
        STATUSES,
        in_line(2, b",true,1", b",yes,1"),
        "2: counts_as_net_sales: 'yes' is no boolean (true or false)",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_line(seeds: Path, damage: str):
    file, change, message = DAMAGE[damage]
    path = seeds / file
    data = path.read_bytes()
    path.write_bytes(change(data))
    assert path.read_bytes() != data
    assert check(seeds) == (1, [f"{file}:{message}"])


def test_what_is_no_file_is_one_line(seeds: Path):
    for name in (ORDERS, LINES):
        (seeds / name).unlink()
    (seeds / ORDERS).mkdir()
    (seeds / LINES).symlink_to(seeds / "no.csv")
    code, lines = check(seeds)
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == [LINES, ORDERS]
    assert all("cannot be read" in line for line in lines)


def test_a_seed_without_yaml_and_one_without_file(seeds: Path):
    (seeds / ORDERS).rename(seeds / "classicmodels" / "purchases.csv")
    code, lines = check(seeds)
    assert code == 1
    assert lines == [
        "classicmodels/_seeds.yml: describes seed orders, of which there is"
        " no orders.csv",
        "classicmodels/purchases.csv: no YAML describes this seed: add its"
        " columns and their types to _seeds.yml beside it",
    ]


def test_many_problems_end_in_their_number(seeds: Path):
    path = seeds / ORDERS
    path.write_bytes(path.read_bytes().replace(b",2003-0", b",2003-00-"))
    code, lines = check(seeds)
    assert code == 1
    assert len(lines) == 21
    assert all("is no date" in line for line in lines[:-1])
    assert re.fullmatch(r"and [1-9]\d* more", lines[-1])


def test_no_seeds_is_one_clear_line(tmp_path: Path):
    assert check(tmp_path) == (
        1,
        [f"check-seeds: no CSV file below {tmp_path}"],
    )


def reorder(data: bytes) -> bytes:
    rows = [line.split(b",") for line in data.splitlines()]
    return b"\n".join(b",".join(reversed(row)) for row in rows)


# That dbt loads these right was tried; test_seeds and test_changes look at
# what it loads.
LEGAL = {
    "the seeds as they are": (ORDERS, lambda data: data),
    "no line end at the end": (ORDERS, bytes.rstrip),
    "Windows line ends": (CUSTOMERS, lambda data: data.replace(b"\n", b"\r\n")),
    "columns in another order": (ORDERS, reorder),
    "a column more": (
        ORDERS,
        lambda data: data.replace(b"\n", b',"a ""b"", c"\n').replace(
            b'"a ""b"", c"', b"comments", 1
        ),
    ),
    "blanks around a text": (LINES, in_line(2, b"S18_1749", b" S18_1749  ")),
    "a person named Null": (CUSTOMERS, in_line(4, b"Ferguson", b"Null")),
    "a number of no cents": (LINES, in_line(2, b"136.00", b"136")),
    "the least smallint": (LINES, in_line(2, b",30,", b",-32768,")),
    "the least integer": (LINES, in_line(2, b"10100,", b"-2147483648,")),
    "the least decimal": (LINES, in_line(2, b"136.00", b"-99999999.99")),
    "a null": (ORDERS, in_line(2, b"2003-01-10", b"")),
    "an address of two lines": (
        CUSTOMERS,
        in_line(2, b"54, rue Royale", b"54, rue Royale\nchez Schmitt"),
    ),
}


@pytest.mark.parametrize("change", LEGAL)
def test_legal_changes_pass(seeds: Path, change: str):
    file, edit = LEGAL[change]
    path = seeds / file
    path.write_bytes(edit(path.read_bytes()))
    assert check(seeds) == (0, [])
