"""vendor/dbt_utils does what dbt_utils does, as far as used here."""

import hashlib
import json
import re
import shutil

import pytest

from conftest import ROOT, Project

VENDOR = ROOT / "vendor" / "dbt_utils"
NULL = "_dbt_utils_surrogate_key_null_"

MODEL = """
select * from (values
    (1, 'a', 1, 3, true),
    (1, 'b', 3, 5, true),
    (2, 'a', 1, 2, true)
    {bad_row}
) as rows (id, code, low, high, is_good)
"""
# By case: the test with its arguments, and a row that it must find.
RANGES = "lower_bound_column: low, upper_bound_column: high, partition_by: id"
GENERIC_TESTS = {
    "key": (
        "unique_combination_of_columns", "combination_of_columns: [id, code]",
        "(1, 'a', 9, 10, true)",
    ),
    "overlap": ("mutually_exclusive_ranges", RANGES, "(2, 'b', 1, 9, true)"),
    "empty_range": (
        "mutually_exclusive_ranges", RANGES, "(3, 'b', 7, 7, true)",
    ),
    "gap": (
        "mutually_exclusive_ranges", f"{RANGES}, gaps: not_allowed",
        "(1, 'c', 6, 7, true)",
    ),
}  # fmt: skip
# Parts of a key as SQL, and the text that goes into the hash.
KEYS = [
    (["103"], "103"),
    (["'S10_1678'", "10100"], "S10_1678-10100"),
    (["cast(null as varchar)"], NULL),
    (["1", "null", "'x'"], f"1-{NULL}-x"),
    (["''"], ""),
    (["cast('2003-01-06' as date)", "true"], "2003-01-06-true"),
    (["cast(1.50 as decimal(10, 2))"], "1.50"),
]


def used_macros() -> set[str]:
    found = set()
    for folder in ("models", "macros", "tests", "analyses", "seeds"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".sql", ".yml") and path.is_file():
                found |= set(re.findall(r"dbt_utils\.(\w+)", path.read_text()))
    return found


def vendored_macros() -> set[str]:
    return {
        name
        for path in VENDOR.rglob("*.sql")
        for name in re.findall(
            r"{%-?\s*(?:macro|test)\s+(\w+)", path.read_text()
        )
    }


def test_vendor_has_what_is_used_and_all_of_it_is_tested():
    tried = {test for test, _, _ in GENERIC_TESTS.values()}
    assert vendored_macros() == used_macros()
    assert vendored_macros() == tried | {"generate_surrogate_key"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one good and one bad model for each generic test."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "models").mkdir()
    shutil.copytree(VENDOR, folder / "dbt_packages" / "dbt_utils")
    (folder / "packages.yml").write_text((ROOT / "packages.yml").read_text())
    (folder / "profiles.yml").write_text(
        "classicmodels: {outputs: {default: {type: duckdb,"
        " path: \"{{ env_var('CLASSICMODELS_DB') }}\"}}}\n"
    )
    (folder / "dbt_project.yml").write_text(
        "name: tiny\nprofile: classicmodels\n"
        "flags: {send_anonymous_usage_stats: false,"
        " require_generic_test_arguments_property: true}\n"
    )
    models = "models:\n"
    for case, (test, arguments, bad_row) in GENERIC_TESTS.items():
        for quality, row in (("good", ""), ("bad", f", {bad_row}")):
            name = f"{case}_{quality}"
            (folder / "models" / f"{name}.sql").write_text(
                MODEL.format(bad_row=row)
            )
            models += (
                f"- {{name: {name}, data_tests: [{{dbt_utils.{test}:"
                f" {{arguments: {{{arguments}}}, name: {name}}}}}]}}\n"
            )
    (folder / "models" / "models.yml").write_text(models)
    hash_call = "{{{{ dbt_utils.generate_surrogate_key({}) }}}} as key_{}"
    hashes = ",\n".join(
        hash_call.format(json.dumps(parts), number)
        for number, (parts, _) in enumerate(KEYS)
    )
    (folder / "models" / "keys.sql").write_text(f"select {hashes}")
    project = Project(folder)
    project.target.mkdir(parents=True)
    project.dbt("build", check=False)
    return project


def test_generic_tests_find_a_bad_row(tiny: Project):
    results = json.loads((tiny.target / "run_results.json").read_text())
    outcomes = {
        result["unique_id"].split(".")[2]: result["status"]
        for result in results["results"]
        if result["unique_id"].startswith("test.")
    }
    wanted = {f"{case}_good": "pass" for case in GENERIC_TESTS}
    assert outcomes == wanted | {
        f"{case}_bad": "fail" for case in GENERIC_TESTS
    }


def test_surrogate_key_is_the_md5_of_its_parts(tiny: Project):
    expected = tuple(hashlib.md5(text.encode()).hexdigest() for _, text in KEYS)
    assert tiny.query("from keys") == [expected]
