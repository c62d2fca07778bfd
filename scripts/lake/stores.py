"""Where a lake is: a folder, or a prefix of an object store.

Below it, each export has a folder of its own, called a run:

    20261121T224500Z/            the name of the published version; where that
        manifest.json            had to be written again, 20261121T224500Z-2
        marts/fct_orders/order_year=2003/fct_orders.parquet
    latest -> 20261121T224500Z   in a folder: the run to read
    latest.json                  in an object store, the same

The manifest is written last: a run without one was cut off. A run that has one
never changes any more.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.files import point, sync
from scripts.shared.mysql import SETUP
from scripts.shared.paths import ROOT, shown
from scripts.shared.wording import reason

try:
    from botocore.exceptions import BotoCoreError, ClientError

    REFUSALS: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
except ImportError:
    # A folder needs no client of an object store.
    REFUSALS = ()
if TYPE_CHECKING:
    from scripts.lake.bucket import Bucket

IS_RUN = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
MANIFEST = "manifest.json"
LATEST = "latest"
EXAMPLE = "name a folder, or a prefix such as s3://bucket/lake"
# What to do, by the code of an answer.
REMEDIES = {
    "NoSuchBucket": "there is no such bucket: create it first",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is not that of the key",
    "InvalidAccessKeyId": "nobody has the key AWS_ACCESS_KEY_ID",
    "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
    " AWS_PROFILE",
    "ExpiredToken": "the credentials have expired: get new ones",
}


def parse(text: str | None) -> dict[str, Any] | None:
    """Return the content of a JSON file; None where there is none."""
    with suppress(ValueError):
        found = json.loads(text or "")
        return found if isinstance(found, dict) else None
    return None


class Folder:
    """A folder on this machine."""

    pointer = LATEST

    def __init__(self, name: str) -> None:
        """Name it, absolute or from the project's folder."""
        self.folder = self.lock = (ROOT / name).absolute()
        self.place = str(self.folder)

    def __str__(self) -> str:
        """How a person calls it."""
        return shown(self.folder)

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB can write there."""

    def runs(self) -> list[str]:
        """Return the names of all runs, whole or not, the oldest first."""
        names = [path.name for path in self.folder.iterdir()]
        return sorted(filter(IS_RUN.fullmatch, names))

    def files(self, run: str) -> dict[str, int]:
        """Return the bytes of each file of a run, by its path in the run."""
        return {
            path.relative_to(self.folder / run).as_posix(): path.stat().st_size
            for path in (self.folder / run).rglob("*")
            if path.is_file()
        }

    def prepare(self, path: str) -> None:
        """Make the folder of a file."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)

    def manifest(self, run: str) -> dict[str, Any] | None:
        """Return what a run says of itself; None where it was cut off."""
        with suppress(FileNotFoundError):
            return parse((self.folder / run / MANIFEST).read_text("utf-8"))
        return None

    def finish(self, run: str, manifest: dict[str, Any]) -> None:
        """Make sure that the files of a run last, and write its manifest."""
        folder = self.folder / run
        for path in (*folder.rglob("*"), folder):
            sync(path)
        new = folder / f".{MANIFEST}"
        new.write_text(json.dumps(manifest, indent=2), "utf-8")
        sync(new)
        new.replace(folder / MANIFEST)
        sync(folder)

    def latest(self) -> str | None:
        """Return the run that people read."""
        link = self.folder / LATEST
        return link.readlink().name if link.is_symlink() else None

    def show(self, run: str) -> None:
        """Let people read a run from now on."""
        point(self.folder / LATEST, self.folder / run)

    def remove(self, run: str) -> None:
        """Remove a run, its manifest first."""
        (self.folder / run / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder / run)


def open_store(name: str) -> "Folder | Bucket":
    """Return the place that a person names.

    Raises:
        UserError: it cannot be one.
    """
    if any(sign in name for sign in "*?[\\"):
        # Behind the ? may be a secret.
        raise UserError("TO must not hold any of * ? [ \\")
    if name.startswith("s3://"):
        try:
            from scripts.lake.bucket import Bucket
        except ImportError:
            raise UserError(f"boto3 is not installed: {SETUP}") from None
        return Bucket(name)
    if "://" in name or not name:
        raise UserError(f"TO={name}: is not a place for a lake: {EXAMPLE}")
    return Folder(name)


@contextmanager
def explained(place: object) -> Iterator[None]:
    """Say in one line what a disk, an object store or a catalog refuses.

    Raises:
        UserError: it refuses something.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{place}: {error.strerror or error}") from None
    except duckdb.Error as error:
        raise UserError(f"{place}: {reason(error)}") from None
    except REFUSALS as error:
        found = getattr(error, "response", {}).get("Error", {})
        code = found.get("Code", type(error).__name__)
        said = " ".join((found.get("Message") or str(error)).split())
        text = REMEDIES.get(code, said)
        raise UserError(f"{place}: {code}: {text}") from None
