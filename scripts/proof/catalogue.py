"""Read and check the catalogue of faults, and the edits of seed files in it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown

CATALOGUE = ROOT / "tests/faults/catalogue.yml"
# What each expectation needs beside the keys that every entry has.
NEEDED = {
    "caught": "by",
    "warned": "by",
    "legal": "true_after",
    "undetectable": "because",
}
# Of damage to columns, which has no entry: some test fails or warns.
NOTICED = "noticed"
NEEDED_BY_ALL = ("id", "kind", "story", "expect")
LISTS = ("by", "may_warn", "true_after", "files")


@dataclass(frozen=True)
class Edit:
    """A change of one seed file: a regular expression and its replacement.

    `count` is the number of places to change, 0 for all; `encoding` is what
    the file is then written in.
    """

    file: str
    pattern: str = r"\Z"
    put: str = ""
    count: int = 1
    encoding: str = "utf-8"

    def apply(self, folder: Path) -> None:
        """Change the file in `folder`.

        Raises:
            UserError: nothing was changed.
        """
        path = folder / self.file
        before = path.read_bytes()
        text, found = re.subn(
            self.pattern,
            self.put,
            before.decode(),
            count=self.count,
            flags=re.MULTILINE,
        )
        path.write_bytes(after := text.encode(self.encoding))
        if not found or after == before:
            raise UserError(f"changes nothing in {self.file}")


@dataclass(frozen=True)
class Fault:
    """An entry of the catalogue, which explains the keys at its top."""

    id: str
    kind: str
    story: str
    expect: str
    sql: str = ""
    files: tuple[Edit, ...] = ()
    by: tuple[str, ...] = ()
    may_warn: tuple[str, ...] = ()
    because: str = ""
    spreads: str = ""
    true_after: tuple[str, ...] = ()

    def matches(self, word: str) -> bool:
        """Whether the id, the kind or a table's name contains `word`."""
        files = " ".join(edit.file for edit in self.files)
        tables = " ".join(re.findall(r"source\.(\w+)", self.sql))
        return word in f"{self.id} {self.kind} {files} {tables}"


@dataclass(frozen=True)
class Catalogue:
    """The entries, and what must be true whenever a fault was caught."""

    faults: tuple[Fault, ...]
    when_caught: tuple[str, ...]


def read_catalogue(path: Path, known: Collection[str]) -> Catalogue:
    """Read the catalogue.

    Args:
        path: the YAML file.
        known: what `by` and `may_warn` may name.

    Raises:
        UserError: it is damaged; the message names the entry.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or set(content) != {
        "when_caught",
        "faults",
    }:
        raise UserError(
            f"{shown(path)}: must have the keys when_caught and faults only"
        )
    faults: dict[str, Fault] = {}
    for number, entry in enumerate(content["faults"], 1):
        name = f"entry {number}"
        try:
            name = str(entry["id"])
            if name in faults:
                raise UserError("another entry has the same id")
            faults[name] = _fault(entry, known)
        except (UserError, TypeError, KeyError) as error:
            text = "has no id" if isinstance(error, KeyError) else error
            raise UserError(f"{shown(path)}: {name}: {text}") from None
    return Catalogue(tuple(faults.values()), tuple(content["when_caught"]))


def _fault(entry: Mapping[str, Any], known: Collection[str]) -> Fault:
    unknown = set(entry) - set(Fault.__dataclass_fields__)
    if unknown:
        raise UserError(f"unknown key {min(unknown)}")
    for key in LISTS:
        if not isinstance(entry.get(key, []), list):
            raise UserError(f"{key} must be a list")
    if (expect := entry.get("expect")) not in NEEDED:
        raise UserError(
            f"expect is {expect!r}: it must be one of {', '.join(NEEDED)}"
        )
    for key in (*NEEDED_BY_ALL, NEEDED[expect]):
        if not entry.get(key):
            raise UserError(f"{expect} needs {key}")
    if ("sql" in entry) == ("files" in entry):
        raise UserError("needs either sql or files")
    for name in [*entry.get("by", []), *entry.get("may_warn", [])]:
        if name not in known:
            raise UserError(f"there is no test or model {name!r}")
    lists = {key: tuple(entry.get(key, [])) for key in LISTS}
    lists["files"] = tuple(Edit(**edit) for edit in lists["files"])
    return Fault(**{**entry, **lists})
