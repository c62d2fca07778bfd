"""Open the analyst's notebook, or run it and write it as a page.

`open` starts JupyterLab with notebooks/sales.py as a notebook; Ctrl-C ends it.
What is saved there goes back into that file, without the results. `html` runs
the notebook from its first cell to its last.
"""

import argparse
import base64
import html
import json
import os
import signal
import sys
from pathlib import Path
from threading import Timer
from typing import Any, NoReturn

from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.metrics import Metrics
from scripts.shared.paths import (
    ROOT,
    add_target_path,
    readers_path,
    shown,
    target_path,
)
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import open_database

NOTEBOOK = ROOT / "notebooks/sales.py"
# JupyterLab's colours of code, dark enough to read on its grey ground.
STYLE = """<style>
body {
  --jp-mirror-editor-comment-color: #2f6868;
  --jp-mirror-editor-number-color: #006f00;
  --jp-mirror-editor-operator-color: #8a12d6;
}
</style>"""
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


def run(environment: dict[str, str], timeout: float) -> Any:
    """Run the notebook from its first cell to its last and return it.

    Args:
        environment: of the kernel.
        timeout: seconds after which the program ends, wherever it is.

    Raises:
        UserError: the notebook's requirements are missing, a cell failed, or
            the kernel died.
    """
    try:
        import jupytext
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
        from traitlets.config import Config
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed: run make notebook-html"
        ) from None
    notebook = jupytext.read(NOTEBOOK)
    client = NotebookClient(
        notebook,
        # In seconds, above our own limit: the first would go on without output.
        iopub_timeout=round(timeout) + 1,
        startup_timeout=round(timeout) + 1,
        # Nobody else on this machine may listen.
        config=Config(KernelManager={"transport_encryption": "auto"}),
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    # Otherwise nbclient answers the controls as a browser does, on the socket
    # where it waits for the end of the cell. Sending there can swallow the
    # signal that the cell has ended, and then it waits for ever.
    client.widget_registry = {}
    _end_in_time(client, timeout)
    try:
        with client.setup_kernel(env=os.environ | environment):
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        if error.ename == "SystemExit":
            reason = error.evalue
        raise UserError(f"{shown(NOTEBOOK)}: {reason}") from None
    except RuntimeError as error:
        # The kernel did not start, or was killed.
        raise UserError(f"{shown(NOTEBOOK)}: {error}") from None
    return notebook


def _end_in_time(client: Any, timeout: float) -> None:
    """End the kernel and the program with one line, whatever they are doing.

    After `timeout` seconds, or by SIGINT and SIGTERM.
    """

    def end(reason: str) -> NoReturn:
        if client.km and client.km.has_kernel:
            client.km.provisioner.process.kill()
            client.km.cleanup_connection_file()
        print(f"notebook: {reason}", file=sys.stderr, flush=True)
        os._exit(1)

    def late() -> NoReturn:
        end(
            f"{shown(NOTEBOOK)}: not done after {timeout:g} s, at code"
            f" cell {client.code_cells_executed}: run it again, with a higher"
            " --timeout if it is slow"
        )

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end("interrupted"))
    timer = Timer(timeout, late)
    timer.daemon = True
    timer.start()


def write_page(target: Path, timeout: float) -> Path:
    """Run the notebook and write it as one page that makes no requests.

    Args:
        target: dbt's target folder; the page goes into its folder notebook.
        timeout: seconds that the notebook may run.

    Raises:
        UserError: a cell failed, or the page cannot be written.
    """
    notebook = run({"NOTEBOOK_AS_PAGE": "1"} | kernel_settings(target), timeout)
    _name_pictures(notebook)
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import TagRemovePreprocessor

    # Helpers, and controls that need a running kernel.
    without = TagRemovePreprocessor(remove_cell_tags={"not-in-page"})
    exporter = HTMLExporter(
        preprocessors=[without],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        require_js_url="",
        mathjax_url="",
        mermaid_js_url="",
        jquery_url="",
        jupyter_widgets_base_url="",
    )
    page, _ = exporter.from_notebook_node(
        notebook, {"metadata": {"name": "Sales notebook"}}
    )
    page = page.replace("</head>", f"{STYLE}</head>", 1)
    path = target / "notebook/sales.html"
    write_text(path, page)
    return path


def _name_pictures(notebook: Any) -> None:
    """Name each chart after its section, for those who cannot see it."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading = cell.source.splitlines()[0].removeprefix("## ")
        for output in cell.get("outputs", []):
            svg = output.get("data", {}).pop("image/svg+xml", None)
            if svg:
                coded = base64.b64encode(svg.encode()).decode()
                output.data["text/html"] = (
                    f'<img alt="Chart: {html.escape(heading)}"'
                    f' src="data:image/svg+xml;base64,{coded}">'
                )


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
    parser.add_argument("what", choices=["open", "html"])
    add_target_path(
        parser,
        what=", with the metrics; `html` writes FOLDER/notebook/sales.html",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=300,
        metavar="SECONDS",
        help="`html` ends with an error after that (default: %(default)s)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for."""
    end_on_signals()
    with open_database(readers_path()):
        pass
    target = target_path(arguments.target_path)
    # The same error in a cell would be a traceback.
    Metrics(target)
    if arguments.what == "open":
        return open_lab(target)
    path = write_page(target, arguments.timeout)
    size = path.stat().st_size / 1e6
    print(f"notebook: wrote {shown(path)} ({size:.2f} MB)")
    return 0
