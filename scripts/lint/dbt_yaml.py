"""Check the project's YAML: only keys that dbt knows.

dbt ignores a misspelled key on DuckDB, and with it the test or description
below. check-jsonschema reads the files and finds the errors; the schemas ship
with dbt-core, and are completed here where dbt knows more than they do.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT

# What may depend on the target.
DECIDED = ("enabled", "full_refresh", "materialized", "store_failures")
FOLDERS = ("model", "seed", "snapshot", "macro", "test", "analysis")


def schemas() -> dict[str, Any]:
    """Return the schema of dbt_project.yml and that of resources."""
    folder = resources.files("dbt.jsonschemas")
    project, known = (
        json.loads(folder.joinpath(name).read_text("utf-8"))
        for name in ("project/0.0.110.json", "resources/latest.json")
    )
    # The schema knows `Warn` only; dbt and its manual write `warn` as well.
    severity = known["definitions"]["Severity"]["enum"]
    severity += [name.lower() for name in severity]
    _add_semantics(known)
    _let_jinja_decide(project)
    _let_jinja_decide(known)
    return {"project": project, "resources": known}


def _let_jinja_decide(schema: Any) -> None:
    """Let an expression give the value of a config, as dbt does."""
    children = schema.items() if isinstance(schema, dict) else []
    for name, child in children:
        if name.removeprefix("+") in DECIDED and isinstance(child, dict):
            jinja = {"type": "string", "pattern": r"^\{\{.*\}\}$"}
            schema[name] = {"anyOf": [child, jinja]}
        else:
            _let_jinja_decide(child)
    for child in schema if isinstance(schema, list) else []:
        _let_jinja_decide(child)


def _add_semantics(schema: dict[str, Any]) -> None:
    """Let a schema of dbt-core check semantic models and metrics.

    dbt-core's newest schema describes the metrics of its successor and not
    semantic models. dbt-semantic-interfaces, with which dbt-core reads both,
    has today's schema.
    """
    folder = resources.files("dbt_semantic_interfaces.parsing")
    file = folder / "generated_json_schemas" / "default_explicit_schema.json"
    text = file.read_text(encoding="utf-8")
    for name, definition in json.loads(text)["definitions"].items():
        # An id would become the base of the references inside.
        definition.pop("$id", None)
        schema["definitions"][name] = definition
    semantic_model = schema["definitions"]["semantic_model_schema"]
    # dbt reads `model` and turns it into the node_relation.
    semantic_model["properties"]["model"] = {"type": "string"}
    del semantic_model["properties"]["node_relation"]
    semantic_model["required"].append("model")
    for plural, one in (
        ("semantic_models", "semantic_model_schema"),
        ("metrics", "metric_schema"),
    ):
        schema["properties"][plural] = {
            "type": "array",
            "items": {"$ref": f"#/definitions/{one}"},
        }


def resource_files(top: Path) -> list[Path]:
    """Return the YAML files below `top` in which dbt looks for resources.

    Raises:
        UserError: dbt_project.yml is missing, or is not YAML.
    """
    settings = read_yaml(top / "dbt_project.yml")
    ignore_file = top / ".dbtignore"
    lines = ignore_file.read_text().splitlines() if ignore_file.exists() else []
    ignored = GitIgnoreSpec.from_lines(lines)
    return [
        path.relative_to(top)
        for kind in FOLDERS
        for folder in settings.get(f"{kind}-paths", [])
        for path in sorted((top / folder).rglob("*.y*ml"))
        if not ignored.match_file(path.relative_to(top))
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=ROOT,
        help="a dbt project's folder (default: this project)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print the errors; return 1 when there are any."""
    top = arguments.folder.resolve()
    files = {
        "project": [Path("dbt_project.yml")],
        "resources": resource_files(top),
    }
    code = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind, schema in schemas().items():
            file = Path(folder, f"{kind}.json")
            file.write_text(json.dumps(schema), encoding="utf-8")
            check = [Path(sys.executable).with_name("check-jsonschema")]
            check += ["--schemafile", file, *files[kind]]
            done = subprocess.run(
                check, cwd=top, capture_output=True, text=True
            )
            if done.returncode:
                code = 1
                print(done.stdout + done.stderr, end="")
    return code
