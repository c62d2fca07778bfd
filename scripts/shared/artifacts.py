"""What dbt writes into its target folder, and what it means."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.paths import shown

PASSED, SKIPPED, WARNED = "passed", "skipped", "warned"
# A test found something, or a node did not get to its end.
FAILED, ERRORED = "failed", "errored"
OUTCOMES = {
    "success": PASSED,
    "pass": PASSED,
    "no-op": PASSED,
    "skipped": SKIPPED,
    "warn": WARNED,
    "fail": FAILED,
}


def read_artifact(target: Path, name: str, made_by: str) -> dict[str, Any]:
    """Read one of dbt's JSON artifacts.

    Args:
        target: dbt's target folder.
        name: file name, such as `manifest.json`.
        made_by: the command that writes it, for the error message.

    Raises:
        UserError: the file is missing, cannot be read or is not JSON.
    """
    path = target / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(path)} is missing: run {made_by}") from None
    except ValueError as error:
        raise UserError(f"{shown(path)} is damaged: {error}") from None
    except OSError as error:
        raise UserError(f"{shown(path)}: cannot be read: {error}") from None


def outcome(status: str) -> str:
    """Return what a node's status means, in words.

    They are passed, skipped, warned, failed or errored, also for an unknown
    status. In SQL the macro record_load and the model ops_test_histories read
    the same statuses.
    """
    return OUTCOMES.get(status, ERRORED)


def is_bad(status: str) -> bool:
    """Whether a node did not do what it was there for."""
    return outcome(status) in (FAILED, ERRORED)


def is_node(result: Mapping[str, Any]) -> bool:
    """Whether a result of run_results.json is of what is built or tested.

    The others are of hooks, and of exposures, with which dbt does nothing.
    """
    return not result["unique_id"].startswith(("operation.", "exposure."))


def planned_nodes(manifest: Mapping[str, Any]) -> set[str]:
    """Return the unique ids of all that a whole `dbt build` looks at."""
    return {
        unique_id
        for unique_id, node in (
            manifest["nodes"] | manifest["unit_tests"]
        ).items()
        if unique_id.startswith(
            ("model.", "seed.", "snapshot.", "test.", "unit_test.")
        )
        and node["config"]["enabled"]
        and node["config"].get("materialized") != "ephemeral"
    }


def is_table(node: Mapping[str, Any]) -> bool:
    """Whether a node of the manifest stores rows."""
    return not node["unique_id"].startswith(("test.", "unit_test.")) and (
        node["config"]["materialized"] not in ("view", "ephemeral")
    )
