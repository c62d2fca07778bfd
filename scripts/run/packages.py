"""Install the dbt packages of packages.yml into dbt_packages/.

They come from the dbt package hub with `dbt deps`. Where the hub cannot be
used, the stand-in in vendor/ is installed: the same macro names and results,
but only the macros that this project uses, for one version of the package. It
makes way for the real package: the hub is asked again, once a day.
"""

import argparse
import contextlib
import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown

# Of a project: its packages, its stand-ins, and what `dbt deps` writes: the
# versions that it installed. dbt_utils itself calls each of its versions 0.1.0.
INSTALLED = "dbt_packages"
VENDOR = "vendor"
LOCK = "package-lock.yml"
# In an installed stand-in. Its time is when the hub was last asked: without
# network that costs seconds, too long for each build.
MARK = ".from_vendor"
ASK_AGAIN_AFTER = 24 * 60 * 60
# How dbt begins the reason, and what reasons mean.
FAILED = "External connection exception occurred: "
REASONS = {
    r"certificate verify failed": "its certificate is not trusted",
    r"Max retries exceeded|Connection|timed out": "no connection",
    r"(\d{3} .+? Error: .+ for url: .+)": r"it answered \1",
    r"Expecting value|Request error": "what answers is not the hub, perhaps a"
    " network's login page",
    r"gzip|end-of-stream|tar|header|CRC": "the package came damaged",
}


def wanted_packages(project: Path) -> dict[str, str]:
    """Return folder name and version of each package in packages.yml.

    Raises:
        UserError: an entry is not a hub package with one exact version.
    """
    content = read_yaml(project / "packages.yml") or {}
    entries = content.get("packages") if isinstance(content, dict) else None
    wanted = {}
    if not isinstance(entries or [], list):
        raise UserError("packages.yml: packages must be a list")
    for entry in entries or []:
        entry = entry if isinstance(entry, dict) else {}
        name, version = entry.get("package"), entry.get("version")
        if not isinstance(name, str) or not re.match(
            r"\d+\.\d+\.\d+", str(version)
        ):
            raise UserError(
                "packages.yml: each entry needs package: owner/name and one "
                f"exact version:, this one does not: {entry or entries}"
            )
        wanted[name.split("/")[-1]] = str(version)
    return wanted


def is_real(project: Path, name: str, version: str) -> bool:
    """Tell whether the package itself is there, in this version."""
    folder = project / INSTALLED / name
    if (folder / MARK).exists() or not (folder / "dbt_project.yml").is_file():
        return False
    # A damaged file says as little as a missing one.
    with contextlib.suppress(UserError, AttributeError, TypeError):
        for entry in read_yaml(project / LOCK)["packages"]:
            if entry.get("name") == name:
                return version == entry.get("version")
    return True


def stands_in(project: Path, name: str, version: str) -> bool:
    """Tell whether the stand-in is there, recent and as in vendor/."""
    mark = project / INSTALLED / name / MARK
    return (
        mark.exists()
        and time.time() - mark.stat().st_mtime < ASK_AGAIN_AFTER
        and vendor_version(project, name) == version
        and _same_files(mark.parent, project / VENDOR / name)
    )


def vendor_version(project: Path, name: str) -> str | None:
    """Return the version that the stand-in replaces, if there is one."""
    path = project / VENDOR / name / "dbt_project.yml"
    return str(read_yaml(path)["version"]) if path.is_file() else None


def install_from_hub(project: Path, timeout: float) -> str | None:
    """Run `dbt deps` for at most `timeout` seconds, then swap the folders.

    It runs outside the project: it begins by deleting what is installed.

    Returns:
        None when the packages are installed, else why the hub cannot be used.

    Raises:
        UserError: the hub answered, but dbt refused (a version that is not
            there, say): vendor/ does not help there.
    """
    command = [Path(sys.executable).with_name("dbt"), "--no-use-colors", "deps"]
    with tempfile.TemporaryDirectory(dir=project, prefix=".deps-") as temp:
        for name in ("dbt_project.yml", "packages.yml"):
            shutil.copy(project / name, temp)
        try:
            done = subprocess.run(
                command,
                cwd=temp,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {timeout:.0f} s"
        if done.returncode == 0:
            packages = list(Path(temp, INSTALLED).iterdir())
            for package in packages:
                if not _is_package(package):
                    return f"it sent another package as {package.name}"
            for package in packages:
                _replace(project, package)
            shutil.copy(Path(temp, LOCK), project)
            return None
    said = done.stdout
    if FAILED in said:
        reason = said.split(FAILED, 1)[1].splitlines()[0]
        for pattern, meaning in REASONS.items():
            if match := re.search(pattern, reason):
                return match.expand(meaning)
        return reason
    said, _, _ = said.partition("Traceback")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    start = next((n for n, x in enumerate(lines) if "error" in x.lower()), 0)
    raise UserError("dbt deps: " + " ".join(lines[start : start + 4]))


def install_from_vendor(
    project: Path, name: str, version: str, trouble: str
) -> None:
    """Install the stand-in.

    Raises:
        UserError: there is none for that package, or none for that version.
    """
    has = vendor_version(project, name)
    if has != version:
        raise UserError(
            f"packages.yml asks for {name} {version}, vendor/ has"
            f" {has or 'none'}, and the dbt package hub cannot be"
            f" used ({trouble}): try again later"
        )
    with tempfile.TemporaryDirectory(dir=project, prefix=".deps-") as temp:
        copy = Path(temp) / name
        shutil.copytree(project / VENDOR / name, copy)
        (copy / MARK).touch()
        _replace(project, copy)


def _replace(project: Path, new: Path) -> None:
    """Move a package to dbt_packages/ in one step, never half of it."""
    installed = project / INSTALLED
    try:
        installed.mkdir(exist_ok=True)
    except FileExistsError:
        raise UserError(
            f"{shown(installed)} is not a folder: delete it"
        ) from None
    folder = installed / new.name
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        folder.rename(new.with_name(f".{new.name}"))
    new.rename(folder)


def _is_package(folder: Path) -> bool:
    """Whether a folder has the package that it is named after."""
    try:
        settings = read_yaml(folder / "dbt_project.yml")
    except UserError:
        return False
    return isinstance(settings, dict) and settings.get("name") == folder.name


def _same_files(left: Path, right: Path) -> bool:
    names = [
        {path.relative_to(top) for path in top.rglob("*") if path.is_file()}
        for top in (left, right)
    ]
    return names[0] - {Path(MARK)} == names[1] and all(
        filecmp.cmp(left / name, right / name, shallow=False)
        for name in names[1]
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to wait for the hub (default: %(default)s)",
    )
    parser.add_argument(
        "--project-dir",
        default=".",
        metavar="FOLDER",
        help="the project to install them for (default: this one)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Install what is missing; say where it came from."""
    project = ROOT / arguments.project_dir
    wanted = wanted_packages(project)
    lacking = {k: v for k, v in wanted.items() if not is_real(project, k, v)}
    if all(
        stands_in(project, name, version) for name, version in lacking.items()
    ):
        return 0
    trouble = install_from_hub(project, arguments.timeout)
    if trouble is None:
        print(f"deps: installed {', '.join(wanted)} from the dbt package hub")
        return 0
    for name, version in lacking.items():
        install_from_vendor(project, name, version, trouble)
    copies = ", ".join(f"vendor/{name}" for name in lacking)
    print(
        f"deps: the dbt package hub cannot be used ({trouble}): installed"
        f" {copies} instead"
    )
    return 0
