"""A lake in an object store that speaks S3."""

import json
import os
import re
from contextlib import suppress
from typing import Any

import boto3
import duckdb
from botocore.config import Config

from scripts.lake.stores import EXAMPLE, IS_RUN, LATEST, MANIFEST, parse
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT
from scripts.sources.files import connect_store

# Of a connection, and of an answer: in seconds, and how often to try.
PATIENCE = Config(
    connect_timeout=10, read_timeout=60, retries={"total_max_attempts": 3}
)


class Bucket:
    """A prefix of an object store that speaks S3."""

    pointer = f"{LATEST}.json"

    def __init__(self, address: str) -> None:
        """Connect to the store, as AWS's own variables and files say.

        Raises:
            UserError: the address names no bucket.
        """
        self.bucket, _, prefix = address.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.strip('/')}/".lstrip("/")
        if not self.bucket:
            raise UserError(f"TO={address}: names no bucket: {EXAMPLE}")
        self.place = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        name = re.sub(r"[^\w.-]+", "-", self.place)
        self.lock = ROOT / "target/lake" / name
        style = "path" if os.environ.get("AWS_ENDPOINT_URL") else "auto"
        self.client = boto3.client(
            "s3",
            region_name=boto3.Session().region_name or "us-east-1",
            config=PATIENCE.merge(Config(s3={"addressing_style": style})),
        )

    def __str__(self) -> str:
        """How a person calls it."""
        return self.place

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let DuckDB write there, as whom boto3 would."""
        frozen = boto3.Session().get_credentials().get_frozen_credentials()
        connect_store(
            connection,
            key_id=frozen.access_key,
            secret=frozen.secret_key,
            session_token=frozen.token,
            region=self.client.meta.region_name,
        )

    def runs(self) -> list[str]:
        """Return the names of all runs, whole or not, the oldest first."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"
        )
        names = [
            one["Prefix"].removeprefix(self.prefix).rstrip("/")
            for page in pages
            for one in page.get("CommonPrefixes", [])
        ]
        return sorted(filter(IS_RUN.fullmatch, names))

    def files(self, run: str) -> dict[str, int]:
        """Return the bytes of each file of a run, by its path in the run."""
        start = f"{self.prefix}{run}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=start
        )
        return {
            one["Key"].removeprefix(start): one["Size"]
            for page in pages
            for one in page.get("Contents", [])
        }

    def prepare(self, path: str) -> None:
        """There are no folders."""

    def _read(self, path: str) -> dict[str, Any] | None:
        key = self.prefix + path
        with suppress(self.client.exceptions.NoSuchKey):
            found = self.client.get_object(Bucket=self.bucket, Key=key)
            return parse(found["Body"].read().decode())
        return None

    def _write(self, path: str, content: dict[str, Any]) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.prefix + path,
            Body=json.dumps(content, indent=2).encode(),
            ContentType="application/json",
        )

    def manifest(self, run: str) -> dict[str, Any] | None:
        """Return what a run says of itself; None where it was cut off."""
        return self._read(f"{run}/{MANIFEST}")

    def finish(self, run: str, manifest: dict[str, Any]) -> None:
        """Write the manifest of a run; the store keeps what it took."""
        self._write(f"{run}/{MANIFEST}", manifest)

    def latest(self) -> str | None:
        """Return the run that people read."""
        return (self._read(self.pointer) or {}).get("run")

    def show(self, run: str) -> None:
        """Let people read a run from now on."""
        content = {"run": run, "manifest": f"{run}/{MANIFEST}"}
        self._write(self.pointer, content)

    def remove(self, run: str) -> None:
        """Remove a run, its manifest first."""
        names = sorted(self.files(run), key=lambda name: name != MANIFEST)
        for name in names:
            # One by one: to remove many at once, stores other than Amazon's
            # want a header that boto3 no longer sends.
            self.client.delete_object(
                Bucket=self.bucket, Key=f"{self.prefix}{run}/{name}"
            )
