"""Find what is wrong with the seed files, by the YAML that describes them."""

from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import shown
from scripts.sources.csv_files import csv_problems
from scripts.sources.values import Types


def problems(seeds: Path) -> list[str]:
    """Return what is wrong with the seed files, as `file:line: message`.

    Args:
        seeds: the folder of the seeds, with their YAML.

    Raises:
        UserError: there is no seed, or a YAML file cannot be read.
    """
    files = sorted(seeds.rglob("*.csv"))
    if not files:
        raise UserError(f"no CSV file below {shown(seeds)}")
    described = described_seeds(seeds)
    found = [
        f"{shown(path)}: describes seed {name}, of which there is no {name}.csv"
        for name, (path, _) in described.items()
        if name not in {file.stem for file in files}
    ]
    for file in files:
        name = shown(file)
        if file.stem not in described:
            found.append(
                f"{name}: no YAML describes this seed: add its columns and"
                " their types to _seeds.yml beside it"
            )
            continue
        _, types = described[file.stem]
        try:
            data = file.read_bytes()
        except OSError as error:
            found.append(
                f"{name}:1: cannot be read ({error.strerror}): put the file"
                " here"
            )
            continue
        found += [
            f"{name}:{line}: {message}"
            for line, message in csv_problems(data, types)
        ]
    return found


def described_seeds(seeds: Path) -> dict[str, tuple[Path, Types]]:
    """Return the YAML file and the columns' types of each seed by its name."""
    found = {}
    for path in sorted([*seeds.rglob("*.yml"), *seeds.rglob("*.yaml")]):
        content = read_yaml(path)
        try:
            for seed in (content or {}).get("seeds") or []:
                types = {
                    column["name"]: column.get("data_type", "string")
                    for column in seed.get("columns", [])
                }
                types |= seed.get("config", {}).get("column_types", {})
                found[seed["name"]] = path, types
        except (AttributeError, KeyError, TypeError):
            raise UserError(
                f"{shown(path)}: is not a list of seeds with names and columns"
            ) from None
    return found
