"""The scores of faults and mutants, as the start page shows them."""

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import SCORES, shown

MADE_BY = "make faults and make mutants"


def read_scores(
    manifest: Mapping[str, Any], folders: list[str]
) -> dict[str, Any]:
    """Return the scores: in words, by kind of fault, by layer and by column.

    Args:
        manifest: the content of manifest.json.
        folders: those below models/, in the order of the layers.

    Raises:
        UserError: they were never measured.
    """
    store = read_artifact(SCORES.parent, SCORES.name, MADE_BY)
    layers = _by_layer(store.get("mutants", {}), manifest, folders)
    if not store.get("faults") or not layers:
        raise UserError(f"{shown(SCORES)} has no scores: run {MADE_BY}")
    total: Counter[str] = sum(layers.values(), Counter())
    faults = store["faults"]
    return {
        "faults": f"{faults['caught']:,} of {faults['faults']:,} caught",
        "legal": f"{faults['accepted']:,} of {faults['legal']:,} legal changes"
        " accepted",
        "mutants": f"{percent(total)} noticed",
        "edits": f"{total['noticed']:,} of the"
        f" {total['mutants'] - total['equivalent']:,} edits that change"
        " anything",
        "kinds": faults["kinds"],
        "undetectable": store.get("undetectable", []),
        "layers": {
            layer: {**score, "score": percent(score)}
            for layer, score in layers.items()
        },
        "columns": store.get("columns", {}),
    }


def percent(score: Mapping[str, int]) -> str:
    """Return the share that was noticed of those that can be, rounded down.

    99.96 is not 100.
    """
    possible = score["mutants"] - score["equivalent"]
    tenths = score["noticed"] * 1000 // possible if possible else 1000
    return f"{tenths / 10:.1f}\xa0%"


def _by_layer(
    mutants: Mapping[str, Mapping[str, int]],
    manifest: Mapping[str, Any],
    folders: list[str],
) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["name"] in mutants:
            path = PurePosixPath(node["original_file_path"])
            layer = str(path.parent.relative_to("models"))
            found.setdefault(layer, Counter()).update(mutants[node["name"]])
    return dict(
        sorted(
            found.items(),
            key=lambda item: (folders.index(item[0].split("/")[0]), item[0]),
        )
    )
