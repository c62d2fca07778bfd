"""Check the project's YAML: only keys that dbt knows.

dbt itself ignores a misspelled key on DuckDB, and the test or description
behind it with it. The JSON schemas used here ship with dbt-core. Other YAML
files (packages.yml, profiles.yml, those of the tools, what .dbtignore names)
must at least parse.
"""

import argparse
import difflib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
from pathspec import GitIgnoreSpec

from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT

RESOURCE_PATHS = {
    "model-paths": "models",
    "seed-paths": "seeds",
    "snapshot-paths": "snapshots",
    "macro-paths": "macros",
    "test-paths": "tests",
    "analysis-paths": "analyses",
}
# Neither ours nor in git.
SKIPPED = {".git", ".venv", "dbt_packages", "target", "logs", "node_modules"}


def newest_schema(kind: str) -> dict[str, Any]:
    """Return dbt-core's newest JSON schema for `project` or `resources`.

    Raises:
        UserError: the installed dbt-core has none.
    """
    folder = resources.files("dbt.jsonschemas").joinpath(kind)
    files = [file for file in folder.iterdir() if file.name.endswith(".json")]
    if not files:
        raise UserError(f"dbt-core has no {kind} schema any more")
    newest = max(files, key=lambda file: _version(Path(file.name).stem))
    return json.loads(newest.read_text(encoding="utf-8"))


def validators() -> dict[str, jsonschema.Draft7Validator]:
    """Return a validator for each kind of schema."""
    found = {kind: newest_schema(kind) for kind in ("project", "resources")}
    # The schema knows `Warn` only; dbt and its manual write `warn` as well.
    severity = found["resources"]["definitions"]["Severity"]["enum"]
    severity += [name.lower() for name in severity]
    add_semantics(found["resources"])
    return {
        kind: jsonschema.Draft7Validator(schema)
        for kind, schema in found.items()
    }


def add_semantics(schema: dict[str, Any]) -> None:
    """Let a schema of dbt-core check semantic models and metrics.

    dbt-core's newest schema describes the metrics of its successor and no
    semantic model at all. dbt-semantic-interfaces, which dbt-core reads both
    with, brings the schema of today's.
    """
    folder = resources.files("dbt_semantic_interfaces.parsing")
    file = folder / "generated_json_schemas" / "default_explicit_schema.json"
    text = file.read_text(encoding="utf-8")
    for name, definition in json.loads(text)["definitions"].items():
        # An id would be the base of the references inside.
        definition.pop("$id", None)
        schema["definitions"][name] = definition
    semantic_model = schema["definitions"]["semantic_model_schema"]
    # dbt reads `model` and makes the node_relation of it.
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


def yaml_files(
    top: Path, resource_paths: list[str]
) -> Iterator[tuple[Path, str | None]]:
    """Yield each YAML file below `top` with its kind of schema, if any."""
    ignore_file = top / ".dbtignore"
    lines = ignore_file.read_text().splitlines() if ignore_file.exists() else []
    ignored = GitIgnoreSpec.from_lines(lines)
    for path in sorted(top.rglob("*")):
        place = path.relative_to(top)
        if path.suffix not in (".yml", ".yaml") or SKIPPED & set(place.parts):
            continue
        kind = "project" if path.name == "dbt_project.yml" else None
        if not ignored.match_file(place) and any(
            place.is_relative_to(folder) for folder in resource_paths
        ):
            kind = "resources"
        yield path, kind


def errors_in(
    path: Path, validator: jsonschema.Draft7Validator | None
) -> Iterator[tuple[str, str]]:
    """Yield `(place, message)` for each error in one file."""
    content = read_yaml(path)
    if validator is None or content is None:
        return
    # JSON has no dates, and no keys but text: what the schema expects.
    document = json.loads(json.dumps(content, default=str))
    for error in validator.iter_errors(document):
        for leaf in _leaves(error):
            for message in _messages(leaf):
                yield _place(leaf, document), message


def _version(stem: str) -> tuple[float, ...]:
    if stem == "latest":
        return (float("inf"),)
    return tuple(float(part) for part in stem.split(".") if part.isdigit())


def _leaves(
    error: jsonschema.ValidationError,
) -> Iterator[jsonschema.ValidationError]:
    """Yield the errors behind an `anyOf`, of the branch that fits furthest."""
    if not error.context:
        yield error
        return
    branches: dict[Any, list[jsonschema.ValidationError]] = {}
    for child in error.context:
        branches.setdefault(child.schema_path[0], []).extend(_leaves(child))
    yield from max(branches.values(), key=_fit)


def _fit(leaves: list[jsonschema.ValidationError]) -> tuple[int, bool]:
    depth = max(len(leaf.absolute_path) for leaf in leaves)
    return depth, all(leaf.validator != "type" for leaf in leaves)


def _place(error: jsonschema.ValidationError, node: Any) -> str:
    """Write a path as `models[stg_orders].columns[order_id].data_tests[0]`."""
    place = ""
    for part in error.absolute_path:
        node = node[part]
        name = node.get("name") if isinstance(node, dict) else None
        if isinstance(part, int):
            place += f"[{name or part}]"
        else:
            place += f".{part}"
    return place.lstrip(".") or "top level"


def _messages(error: jsonschema.ValidationError) -> Iterator[str]:
    if error.validator != "additionalProperties":
        yield error.message
        return
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            yield f"unknown key {key!r}{hint}"


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
    """Print one line per error; return 1 when there is any."""
    top = arguments.folder.resolve()
    content = read_yaml(top / "dbt_project.yml")
    content = content if isinstance(content, dict) else {}
    resource_paths = [
        folder
        for key, default in RESOURCE_PATHS.items()
        for folder in content.get(key) or [default]
    ]
    kinds = validators()

    count = lines = 0
    for path, kind in yaml_files(top, resource_paths):
        count += 1
        try:
            for place, message in errors_in(path, kinds.get(kind)):
                lines += 1
                print(f"{path.relative_to(top)}: {place}: {message}")
        except UserError as error:
            lines += 1
            print(error)
    if lines:
        print(f"check-yaml: {lines} errors in {count} files")
        return 1
    print(f"check-yaml: {count} files, no error")
    return 0
