"""Write the scores of the last faults and mutants into the docs.

`make faults` and `make mutants` leave their results in dbt's target folder.
Their sums are kept in assets/scores.json, a run of some models only replaces
those, and stand in README.md and models/overview.md between the comments
scores:start and scores:end. Nobody types them.
"""

import argparse
import json
import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import project

STORE = project.ROOT / "assets" / "scores.json"
README = project.ROOT / "README.md"
OVERVIEW = project.ROOT / "models" / "overview.md"
CATALOGUE = project.ROOT / "tests" / "faults" / "catalogue.yml"
# The docs page shows a comment of HTML as text.
JINJA_COMMENT = "{{# {} #}}"
MADE_BY = {"faults": "make faults", "mutants": "make mutants"}


def sum_faults(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of faults.json, the faults also by kind."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results["results"]:
        if result["expected"] in ("caught", "warned"):
            kind = kinds[result["kind"]]
            kind["faults"] += 1
            if result["status"] == "ok":
                kind[result["expected"]] += 1
    names = ("faults", "caught", "legal", "accepted", "undetectable")
    return {
        **{name: results[name] for name in names},
        "kinds": {
            kind: {name: count[name] for name in ("faults", "caught", "warned")}
            for kind, count in sorted(kinds.items())
        },
    }


def sum_columns(results: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return of each column of the source which tests notice nonsense in it.

    Returns:
        By `table.column` the `tests` of faults.json, each the first to notice
        some damage, and the damages that went `unnoticed`. Empty where the
        columns were not tried.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for result in results["results"]:
        if result["expected"] != "noticed":
            continue
        column, _, damage = result["id"].partition(": ")
        score = found.setdefault(column, {"tests": [], "unnoticed": []})
        if not result["caught_by"]:
            score["unnoticed"].append(damage)
        elif result["caught_by"][0] not in score["tests"]:
            score["tests"].append(result["caught_by"][0])
    return found


def sum_mutants(results: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counts of mutants.json by model."""
    return {
        model: {
            name: score[name] for name in ("mutants", "noticed", "equivalent")
        }
        for model, score in sorted(results["models"].items())
    }


def layers_of(target: Path) -> dict[str, str]:
    """Return the folder of each model below models/, in order of the layers.

    Raises:
        UserError: there is no build in `target`.
    """
    manifest = project.read_artifact(target, "manifest.json", "make test-build")
    folders = {
        node["name"]: PurePosixPath(node["original_file_path"]).parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    settings = project.read_yaml(project.ROOT / "dbt_project.yml")
    order = list(settings["models"][settings["name"]])
    return {
        name: str(folder.relative_to("models"))
        for name, folder in sorted(
            folders.items(),
            key=lambda item: (order.index(item[1].parts[1]), item),
        )
    }


def percent(noticed: int, mutants: int, equivalent: int) -> str:
    """Return the share that was noticed of those that can be, rounded down.

    99.96 is not 100.
    """
    possible = mutants - equivalent
    return f"{noticed * 1000 // possible / 10 if possible else 100:.1f} %"


def mutants_by_layer(
    mutants: Mapping[str, Mapping[str, int]], layers: Mapping[str, str]
) -> dict[str, Counter[str]]:
    """Add the counts of the models up by layer, in order of the layers."""
    found: dict[str, Counter[str]] = {}
    for model, layer in layers.items():
        if model in mutants:
            found.setdefault(layer, Counter()).update(
                {"models": 1, **mutants[model]}
            )
    return found


def as_table(*rows: tuple[object, ...]) -> str:
    """Set rows as a Markdown table; the first is the heading."""
    lines = [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    lines.insert(1, "|---" + "|---:" * (len(rows[0]) - 1) + "|")
    return "\n".join(lines)


def short_text(store: Mapping[str, Any]) -> str:
    """Return the scores as one paragraph, for the README."""
    faults = store["faults"]
    total: Counter[str] = Counter()
    for score in store["mutants"].values():
        total.update(score)
    share = percent(total["noticed"], total["mutants"], total["equivalent"])
    return textwrap.fill(
        f"Of {faults['faults']} faults put into the data {faults['caught']}"
        f" are caught, and of {faults['legal']} legal changes"
        f" {faults['accepted']} accepted. Of {total['mutants']:,} small edits"
        f" of our own SQL {total['noticed']:,} are noticed, {share} of those"
        " that change anything.",
        width=80,
    )


def long_text(
    store: Mapping[str, Any],
    layers: Mapping[str, str],
    undetectable: list[Mapping[str, str]],
) -> str:
    """Return the scores as tables, for the front page of the docs."""
    faults = store["faults"]
    kinds = as_table(
        ("Kind of fault", "Faults", "Stop the build", "Warn"),
        *(
            (kind, count["faults"], count["caught"], count["warned"])
            for kind, count in faults["kinds"].items()
        ),
        (
            "Total",
            faults["faults"],
            *(
                sum(count[name] for count in faults["kinds"].values())
                for name in ("caught", "warned")
            ),
        ),
    )
    counts = mutants_by_layer(store["mutants"], layers)
    counts["Total"] = sum(counts.values(), Counter())
    edits = as_table(
        ("Models", "Number", "Edits", "No change", "Noticed", "Score"),
        *(
            (
                layer,
                count["models"],
                f"{count['mutants']:,}",
                count["equivalent"],
                f"{count['noticed']:,}",
                percent(
                    count["noticed"], count["mutants"], count["equivalent"]
                ),
            )
            for layer, count in counts.items()
        ),
    )
    unseen = "\n".join(
        f"- {entry['story']} {entry['because']}" for entry in undetectable
    )
    return (
        f"{faults['caught']} of {faults['faults']} faults are caught,"
        f" {faults['accepted']} of {faults['legal']} legal changes accepted."
        f"\n\n{kinds}\n\n"
        f"What no test can tell from a legal change"
        f" ({faults['undetectable']} tried):\n\n{unseen}\n\n"
        f"Small edits of the SQL, and whether the tests notice:\n\n{edits}"
    )


def some(names: list[str]) -> str:
    """List names, a few of them where there are many."""
    few = ", ".join(names[:3])
    return f"{few} and {len(names) - 3} more" if len(names) > 3 else few


def read_fresh(target: Path, name: str) -> dict[str, Any] | None:
    """Return faults.json or mutants.json; None where it was not made."""
    if not (target / f"{name}.json").exists():
        return None
    return project.read_artifact(target, f"{name}.json", MADE_BY[name])


def merged(
    stored: Mapping[str, Any],
    faults: Mapping[str, Any] | None,
    mutants: Mapping[str, Any] | None,
    models: Mapping[str, str],
) -> dict[str, Any]:
    """Return the store with fresh results in it and without lost models."""
    scores = stored.get("mutants", {}) | (
        sum_mutants(mutants) if mutants else {}
    )
    return {
        "faults": sum_faults(faults) if faults else stored.get("faults"),
        "columns": (faults and sum_columns(faults))
        or stored.get("columns", {}),
        "mutants": {
            name: score
            for name, score in sorted(scores.items())
            if name in models
        },
    }


def main() -> int:
    """Write the scores, or with --check only compare them.

    A run of some models is compared for these alone; the scores of the others
    may be stale, unseen.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 when the docs differ from the last"
        " results, which after a run of some models are those of these alone",
    )
    parser.add_argument(
        "--target-path",
        default="target/test",
        metavar="FOLDER",
        help="dbt's target folder, after make faults or make mutants"
        " (default: target/test)",
    )
    options = parser.parse_args()

    target = project.target_path(options.target_path)
    layers = layers_of(target)
    fresh = {name: read_fresh(target, name) for name in MADE_BY}
    needed = [MADE_BY[name] for name in MADE_BY if fresh[name] is None]
    if needed and (options.check or len(needed) == len(MADE_BY)):
        raise project.UserError(
            f"no results in {project.shown(target)}: run {' and '.join(needed)}"
        )
    stored = (
        project.read_artifact(STORE.parent, STORE.name, "make faults")
        if STORE.exists()
        else {}
    )
    store = merged(stored, fresh["faults"], fresh["mutants"], layers)
    missing = sorted(set(layers) - set(store["mutants"]))
    if store["faults"] is None or missing:
        what = some(missing) or "the faults"
        if options.check:
            raise project.UserError(
                f"no score of {what}: run make faults and make mutants"
            )
        print(f"scores: none yet of {what}")

    wanted = {STORE: json.dumps(store, indent=2) + "\n"}
    if store["faults"] and store["mutants"]:
        undetectable = [
            entry
            for entry in project.read_yaml(CATALOGUE)["faults"]
            if entry["expect"] == "undetectable"
        ]
        wanted |= {
            README: project.with_block(README, "scores", short_text(store)),
            OVERVIEW: project.with_block(
                OVERVIEW,
                "scores",
                long_text(store, layers, undetectable),
                JINJA_COMMENT,
            ),
        }
    return project.write_or_check(
        "scores", wanted, options.check, "make faults and make mutants"
    )


if __name__ == "__main__":
    project.run("scores", main)
