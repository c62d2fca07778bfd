"""Make dbt's static docs page whole and portable.

`dbt docs generate --static` writes one page, target/static_index.html, that
still needs the pictures beside it and names the folder it was built in. This
puts the pictures into the page and takes the folder's name out, and what else
tells of the machine.
"""

import argparse
import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT, shown, target_path

PAGE = "static_index.html"
# The manifest lies in a script element of the page, which this would end.
UNSAFE = re.compile(r"<\s*/?\s*script", re.IGNORECASE)
# What the page itself gets wrong: pictures that are asked for by the name of a
# variable, before it has a value, and files that no static page has.
MENDED = {
    ' xlink:href="{{': ' ng-attr-href="{{',
    '<link rel="canonical" href="/overview/"/>': "",
    """<link rel="shortcut icon" href="${require('./assets/favicons/"""
    """favicon.ico')}"/>""": '<link rel="icon" href="data:,">',
}


def unsafe_texts(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the name of each resource whose description breaks the page."""
    for kind in ("nodes", "sources", "macros", "exposures", "docs"):
        for resource in manifest.get(kind, {}).values():
            texts = [
                resource.get("description"),
                resource.get("block_contents"),
            ]
            for part in [
                *resource.get("columns", {}).values(),
                *resource.get("arguments", []),
            ]:
                texts.append(part.get("description"))
            if any(UNSAFE.search(text) for text in texts if text):
                yield resource["unique_id"]


def inline_pictures(page: str) -> str:
    """Replace `](assets/x.svg)` in the page's texts by the picture itself.

    Raises:
        UserError: there is no such picture.
    """

    def data_uri(match: re.Match[str]) -> str:
        path = ROOT / match[1]
        if not path.is_file():
            raise UserError(f"{match[1]} is missing: run make docs")
        data = base64.b64encode(path.read_bytes()).decode()
        return f"](data:image/svg+xml;base64,{data})"

    return re.sub(r"\]\((assets/[\w./-]+\.svg)\)", data_uri, page)


def without_folder(page: str, folder: Path) -> str:
    """Remove the absolute path of the project's folder from the page."""
    for name in {str(folder), str(folder.resolve())}:
        page = page.replace(json.dumps(name)[1:-1], ".")
    return page


def read_page(target: Path) -> str:
    """Return the page that dbt docs wrote, or this script.

    Raises:
        UserError: there is none.
    """
    path = target / PAGE
    if not path.exists():
        raise UserError(f"{shown(path)} is missing: run make docs")
    return path.read_text(encoding="utf-8")


def with_manifest(page: str, change: Callable[[dict[str, Any]], None]) -> str:
    """Return the page with a change in the manifest that it holds.

    Raises:
        UserError: it holds none, as after an update of dbt.
    """
    head, start, rest = page.partition("n={manifest:")
    try:
        manifest, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        raise UserError(
            f"no manifest in {PAGE}: was it made by this version of dbt?"
        ) from None
    change(manifest)
    return f"{head}{start}{json.dumps(manifest)}{rest[end:]}"


def without_person(manifest: dict[str, Any]) -> None:
    """Remove from a manifest what tells of the machine or of a person."""
    manifest["metadata"] |= {"env": {}, "user_id": None}
    for node in manifest["nodes"].values():
        node.pop("root_path", None)


def with_links(page: str, links: Mapping[str, str]) -> str:
    """Return the page with a line of links below some descriptions.

    Args:
        page: what `read_page` returns.
        links: Markdown by the unique id of the node that it stands at.
    """

    def change(manifest: dict[str, Any]) -> None:
        nodes = manifest["nodes"] | manifest["sources"]
        for unique_id, text in links.items():
            nodes[unique_id]["description"] += f"\n\n{text}"

    return with_manifest(page, change)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder, after dbt docs generate (default: target)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Rewrite the page in place and say where it is."""
    target = target_path(arguments.target_path)

    manifest = read_artifact(target, "manifest.json", "make docs")
    if unsafe := list(unsafe_texts(manifest)):
        raise UserError(
            f"<script in a description breaks the page: {', '.join(unsafe)}"
        )
    page = with_manifest(read_page(target), without_person)
    page = without_folder(inline_pictures(page), ROOT)
    for wrong, right in MENDED.items():
        page = page.replace(wrong, right)
    if "](assets/" in page:
        raise UserError("a text shows a picture that is no SVG: inline it")
    path = target / PAGE
    path.write_text(page, encoding="utf-8")
    size = path.stat().st_size / 1_000_000
    print(f"docs: {shown(path)}, one file of {size:.1f} MB, open it as is")
    return 0
