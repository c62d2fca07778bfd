"""Open the analyst's notebook in JupyterLab; Ctrl-C ends it.

What is saved there goes back into notebooks/sales.py, without the results.
"""

import argparse
import json
import os
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.metrics import Metrics
from scripts.shared.paths import (
    ROOT,
    add_target_path,
    readers_path,
    target_path,
)
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import open_database

NOTEBOOK = ROOT / "notebooks/sales.py"
# A script opens as a notebook; no look for news or updates of JupyterLab.
LAB_SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {
        "defaultViewers": {"python": "Jupytext Notebook"}
    },
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
}


def kernel_settings(target: Path) -> dict[str, str]:
    """Return the variables that a kernel needs to import `scripts`."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "DBT_TARGET_PATH": str(target),
    }


def open_lab(target: Path) -> int:
    """Start JupyterLab with the notebook; returns when it has ended.

    Args:
        target: dbt's target folder; JupyterLab's settings go into its folder
            notebook.

    Raises:
        UserError: the notebook's requirements are missing.
    """
    settings = target / "notebook"
    # Read when Jupyter is imported.
    paths = [str(settings), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ.update(kernel_settings(target))
    try:
        from jupyterlab.labapp import LabApp
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed: run make notebook"
        ) from None
    file = settings / "labconfig/default_setting_overrides.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(LAB_SETTINGS), encoding="utf-8")
    LabApp.launch_instance(
        [
            f"--LabApp.default_url=/lab/tree/{NOTEBOOK.name}",
            f"--ServerApp.root_dir={NOTEBOOK.parent}",
            "--ServerApp.ip=127.0.0.1",
            # A container often has no other user.
            "--ServerApp.allow_root=True",
        ]
    )
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_target_path(parser, what=", with the metrics")


def main(arguments: argparse.Namespace) -> int:
    """Open the notebook."""
    end_on_signals()
    with open_database(readers_path()):
        pass
    target = target_path(arguments.target_path)
    # The same error in a cell would be a traceback.
    Metrics(target)
    return open_lab(target)
