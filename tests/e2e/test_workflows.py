"""The workflows run what .ci/run runs too, or the test of the README."""

import re

import pytest
import yaml

from conftest import ROOT, run
from test_readme import PRINTED

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# A script of the project, or a tool of .venv with its command.
COMMAND = re.compile(
    r"-m scripts [a-z-]+|scripts/run/\w+\.sh|\.venv/bin/(?:dbt|mf) [a-z -]+"
)


def commands(*targets: str) -> set[str]:
    """Return the scripts and tools that make would run for these targets."""
    done = run("make", "--dry-run", *targets)
    assert done.returncode == 0, done.stdout
    return set(COMMAND.findall(done.stdout))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_steps_are_make_targets_that_ci_runs_too(path):
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = [
        step["run"] for job in jobs for step in job["steps"] if "run" in step
    ]
    installed = [step for step in steps if step.startswith("sudo apt-get")]
    steps = [step for step in steps if step not in installed]
    missing = r"missing\+=\((.+)\)"
    known = " ".join(re.findall(missing, (ROOT / ".ci/run").read_text()))
    packages = " ".join(installed).replace("\\\n", " ").split("recommends")
    assert set(" ".join(packages[1:]).split()) <= set(known.split())
    targets = [
        re.fullmatch(r"make ([a-z-]+)(?: BASE=HEAD\^1)?", step)
        for step in steps
    ]
    assert targets
    assert None not in targets
    tested = "\n".join([(ROOT / ".ci/run").read_text(), *PRINTED])
    here = re.findall(r"^make ([a-z-]+)", tested, re.MULTILINE)
    assert commands(*(target[1] for target in targets)) <= commands(*here)
