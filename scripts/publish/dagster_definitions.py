"""The warehouse in Dagster: what dbt makes are assets, published every night.

One step does what make publish does, and then reports each asset and each test.
Where it does not publish, no asset counts as made, and the run fails.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import build_schedule_from_dbt_selection, dbt_assets
from pydantic import Field

from scripts.shared.artifacts import PASSED, SKIPPED, WARNED, outcome
from scripts.shared.artifacts import read_artifact as read
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT, published_path

PYTHON = Path(sys.executable)
TARGET = ROOT / "target/dagster"
# As in the Makefile.
STRICT = ["--warn-error-options", '{"error": "all", "warn": ["LogTestResult"]}']


class Publish(dg.Config):
    """What a person may pass to a run."""

    options: list[str] = Field([], description="Such as --accept, payments.")


def parse() -> Path:
    """Let dbt read the project as it is now, and return the manifest."""
    dbt = PYTHON.with_name("dbt")
    command = [dbt, "--quiet", "parse", "--target-path", TARGET]
    subprocess.run(command, cwd=ROOT, check=True)
    return TARGET / "manifest.json"


def publish(options: list[str], run_id: str) -> tuple[bool, str]:
    """Publish, and return whether it succeeded and what it printed."""
    with subprocess.Popen(
        [PYTHON, "-m", "scripts", "publish", *options, "--", *STRICT],
        cwd=ROOT,
        # dbt writes this into its artifacts.
        env=os.environ | {"DBT_ENV_CUSTOM_ENV_DAGSTER_RUN_ID": run_id},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate()
        finally:
            # Dagster may have ended the run.
            process.terminate()
    return process.returncode == 0, said


def results(folder: Path, run_id: str) -> list[dict[str, Any]]:
    """Return how each node ended, if dbt ran in that run of Dagster."""
    with suppress(UserError):
        content = read(folder, "run_results.json", "make publish")
        if content["metadata"]["env"].get("DAGSTER_RUN_ID") == run_id:
            return content["results"]
    return []


@dbt_assets(manifest=parse())
def warehouse(
    context: dg.AssetExecutionContext, config: Publish
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Publish all, and report what of it was selected."""
    is_published, said = publish(config.options, context.run_id)
    context.log.info(said)
    folder = published_path() / ("current" if is_published else ".next/target")
    version = folder.resolve().name
    selected = context.selected_asset_keys | context.selected_asset_check_keys
    definition = context.assets_def
    specs = {
        spec.metadata["dagster_dbt/unique_id"]: spec
        for spec in (*definition.specs, *definition.check_specs)
        if spec.key in selected
    }
    for one in results(folder, context.run_id):
        spec, how = specs.get(one["unique_id"]), outcome(one["status"])
        facts = {"status": one["status"], "seconds": one["execution_time"]}
        if isinstance(spec, dg.AssetCheckSpec) and how != SKIPPED:
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=how == PASSED,
                severity=dg.AssetCheckSeverity(
                    "WARN" if how == WARNED else "ERROR"
                ),
                metadata=facts | {"failing rows": one["failures"]},
            )
        elif isinstance(spec, dg.AssetSpec) and is_published:
            facts["version"] = version
            yield dg.MaterializeResult(asset_key=spec.key, metadata=facts)
    if not is_published:
        # Its last words, after the steps that it named.
        why = f"\n{said}".rpartition("\npublish: ")[2].strip()
        raise dg.Failure(why, allow_retries=False)


definitions = dg.Definitions(
    assets=[warehouse],
    executor=dg.in_process_executor,
    schedules=[
        build_schedule_from_dbt_selection(
            [warehouse],
            job_name="publish",
            cron_schedule="0 3 * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ],
)
