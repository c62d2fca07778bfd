"""Install the dbt packages of packages.yml into dbt_packages/.

They come from the dbt package hub with `dbt deps`. Where the hub cannot be
reached, our own copy in vendor/ is installed: the same macro names and
results, but only the macros that this project uses.
"""

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import project

INSTALLED = project.ROOT / "dbt_packages"
VENDOR = project.ROOT / "vendor"
# Marks an installed copy of vendor/, which must follow changes there.
MARK = ".from_vendor"


def wanted_packages() -> list[str]:
    """Return the folder name of each package in packages.yml.

    Raises:
        UserError: an entry is not a hub package with one exact version.
    """
    content = project.read_yaml(project.ROOT / "packages.yml") or {}
    entries = content.get("packages") if isinstance(content, dict) else None
    wanted = []
    for entry in entries or []:
        entry = entry if isinstance(entry, dict) else {}
        name, version = entry.get("package"), entry.get("version")
        if not isinstance(name, str) or not isinstance(version, str):
            raise project.UserError(
                "packages.yml: each entry needs package: owner/name and one "
                f"exact version:, this has not: {entry or entries}"
            )
        wanted.append(name.split("/")[-1])
    return wanted


def is_installed(name: str) -> bool:
    """Tell whether the package is there, and up to date.

    That is: not older than packages.yml, and equal to vendor/ if from there.
    """
    folder = INSTALLED / name
    if not (folder / "dbt_project.yml").is_file():
        return False
    if (folder / MARK).exists() and not _same_files(folder, VENDOR / name):
        return False
    asked = project.ROOT / "packages.yml"
    return INSTALLED.stat().st_mtime >= asked.stat().st_mtime


def install_from_hub(timeout: float) -> str | None:
    """Run `dbt deps`, for at most `timeout` seconds.

    Returns:
        None when the packages are installed, else why the hub failed.

    Raises:
        UserError: the hub answered, but dbt refused (a version that is not
            there, say): vendor/ is no cure for that.
    """
    command = [Path(sys.executable).with_name("dbt"), "--no-use-colors", "deps"]
    try:
        done = subprocess.run(
            command,
            cwd=project.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {timeout:.0f} s"
    if done.returncode == 0:
        return None
    if "External connection exception" in done.stdout:
        return "no connection"
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    start = next((n for n, x in enumerate(lines) if "error" in x.lower()), 0)
    raise project.UserError("dbt deps: " + " ".join(lines[start : start + 4]))


def install_from_vendor(name: str) -> None:
    """Copy vendor/<name> to dbt_packages/<name>, whole or not at all.

    Raises:
        UserError: there is no copy of that package in vendor/.
    """
    if not (VENDOR / name / "dbt_project.yml").is_file():
        raise project.UserError(f"no copy of {name} in vendor/ either")
    INSTALLED.mkdir(exist_ok=True)
    folder = INSTALLED / name
    with tempfile.TemporaryDirectory(dir=project.ROOT, prefix=".deps-") as temp:
        copy = Path(temp) / "new"
        shutil.copytree(VENDOR / name, copy)
        (copy / MARK).touch()
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            folder.rename(Path(temp) / "old")
        copy.rename(folder)


def _same_files(left: Path, right: Path) -> bool:
    names = [
        {path.relative_to(top) for path in top.rglob("*") if path.is_file()}
        for top in (left, right)
    ]
    return names[0] - {Path(MARK)} == names[1] and all(
        filecmp.cmp(left / name, right / name, shallow=False)
        for name in names[1]
    )


def main() -> int:
    """Install what is missing; say where it came from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to wait for the hub (default: %(default)s)",
    )
    timeout = parser.parse_args().timeout

    wanted = wanted_packages()
    if all(is_installed(name) for name in wanted):
        return 0
    trouble = install_from_hub(timeout)
    if trouble is None:
        print(f"deps: installed {', '.join(wanted)} from the dbt package hub")
        return 0
    for name in wanted:
        install_from_vendor(name)
    copies = ", ".join(f"vendor/{name}" for name in wanted)
    print(f"deps: dbt package hub not reached ({trouble}), installed {copies}")
    return 0


if __name__ == "__main__":
    project.run("deps", main)
