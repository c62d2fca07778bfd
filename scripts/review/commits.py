"""What git knows about the base, and what the work tree has instead."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT
from scripts.shared.wording import plural

PROJECT = "dbt_project.yml"
LOCK = "requirements.txt"


def git(*arguments: str) -> str:
    """Return what a git command prints.

    Raises:
        UserError: git is not installed, or refuses.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError:
        raise UserError(
            "git is not installed, and BASE is one of its commits"
        ) from None
    if done.returncode:
        text = " ".join(done.stderr.split()) or "failed"
        raise UserError(f"git {arguments[0]}: {text}")
    return done.stdout.strip()


def find_commit(ref: str) -> tuple[str, str]:
    """Return the commit that a git ref names, and its title for people.

    Raises:
        UserError: there is none, or no dbt project in it.
    """
    git("rev-parse", "--git-dir")
    try:
        wanted = f"{ref}^{{commit}}"
        commit = git("rev-parse", "--verify", "--end-of-options", wanted)
    except UserError:
        raise UserError(
            f"BASE {ref!r} is not a commit of this clone: git fetch origin"
            f" {ref.removeprefix('origin/') or 'main'}, or give another, e.g."
            " make diff BASE=origin/main"
        ) from None
    title = f"{ref} ({commit[:7]})" if not commit.startswith(ref) else ref[:12]
    if not base_file(commit, PROJECT):
        raise UserError(f"BASE {title} has no {PROJECT}: give a later commit")
    return commit, title


def base_file(commit: str, name: str) -> str:
    """Return a file of a commit, empty if it is not there."""
    try:
        return git("show", f"{commit}:./{name}")
    except UserError:
        return ""


def head_file(name: str) -> str:
    """Return a file of the work tree, empty if it is not there."""
    path = ROOT / name
    if not path.is_file():
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def check_out(commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder, without touching .git."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    git("archive", "--format=tar", f"--output={archive}", commit)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)


def changed_variables(commit: str) -> list[str]:
    """Return the names of dbt's variables with another value than in base."""
    old, new = (
        (yaml.safe_load(text) or {}).get("vars") or {}
        for text in (base_file(commit, PROJECT), head_file(PROJECT))
    )
    return sorted(name for name in old | new if old.get(name) != new.get(name))


def notes_on(commit: str) -> Iterator[str]:
    """Yield what a reader must know to judge the comparison."""
    if edited := git("status", "--porcelain", "--", ".").splitlines():
        yield f"{plural(len(edited), 'file')} not committed."
    behind = int(git("rev-list", "--count", f"HEAD..{commit}"))
    if behind and git("rev-parse", "--is-shallow-repository") == "false":
        yield (
            f"HEAD lacks {plural(behind, 'commit')} of the base, whose"
            " changes look undone here: merge them, or compare with"
            f" `BASE=$(git merge-base HEAD {commit[:7]})`."
        )
    if head_file(LOCK) != base_file(commit, LOCK):
        yield f"{LOCK} differs: both were built with the installed packages."
