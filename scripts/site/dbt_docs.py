"""Mend the page of dbt docs, so that it works alone among the others.

`dbt docs generate --static` writes one page, which still asks for the pictures
beside it and names the folder and the machine that it was built on.
"""

import base64
import json
import mimetypes
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT, shown

PAGE = "static_index.html"
MADE_BY = "make site"
# What the page itself gets wrong: pictures that are asked for by the name of a
# variable, before it has a value, and files that no static page has.
MENDED = {
    ' xlink:href="{{': ' ng-attr-href="{{',
    '<link rel="canonical" href="/overview/"/>': "",
    """<link rel="shortcut icon" href="${require('./assets/favicons/"""
    """favicon.ico')}"/>""": '<link rel="icon" href="data:,">',
}


def read_page(
    target: Path,
    links: Mapping[str, str],
    columns: Mapping[tuple[str, str], str],
) -> str:
    """Return the page, mended, with links behind descriptions.

    Args:
        target: dbt's target folder.
        links: Markdown by the unique id of the node that it stands at.
        columns: Markdown by unique id and name of the column, in lower case.

    Raises:
        UserError: there is no such page, or dbt wrote it in another form.
    """

    def change(manifest: dict[str, Any]) -> None:
        manifest["metadata"] |= {"env": {}, "user_id": None}
        nodes = manifest["nodes"] | manifest["sources"]
        for node in nodes.values():
            node.pop("root_path", None)
        for unique_id, text in links.items():
            nodes[unique_id]["description"] += f"\n\n{text}"
            for name, column in nodes[unique_id]["columns"].items():
                if text := columns.get((unique_id, name.lower())):
                    column["description"] += f" {text}"

    path = target / PAGE
    if not path.exists():
        raise UserError(f"{shown(path)} is missing: run {MADE_BY}")
    page = path.read_text(encoding="utf-8")
    page = _with_artifact(page, "n={manifest:", change)
    page = _with_artifact(page, ",catalog:", lambda _: None)
    page = re.sub(r"(?<=\]\()assets/[\w./-]+", _data_uri, page)
    for name in {str(ROOT), str(ROOT.resolve())}:
        page = page.replace(json.dumps(name)[1:-1], ".")
    for wrong, right in MENDED.items():
        page = page.replace(wrong, right)
    return page


def _with_artifact(
    page: str, before: str, change: Callable[[dict[str, Any]], None]
) -> str:
    """Return the page with a change in an artifact that it holds.

    The artifacts lie in a script element, which a `</script>` in a description
    would end: no `<` is left in them.
    """
    head, start, rest = page.partition(before)
    try:
        artifact, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        raise UserError(
            f"{PAGE} holds no artifacts: was it made by this version of dbt?"
        ) from None
    change(artifact)
    text = json.dumps(artifact).replace("<", "\\u003c")
    return f"{head}{start}{text}{rest[end:]}"


def _data_uri(match: re.Match[str]) -> str:
    path = ROOT / match[0]
    kind, _ = mimetypes.guess_type(path)
    try:
        data = base64.b64encode(path.read_bytes()).decode()
    except OSError:
        raise UserError(f"{match[0]} is missing, which dbt docs show") from None
    return f"data:{kind};base64,{data}"
