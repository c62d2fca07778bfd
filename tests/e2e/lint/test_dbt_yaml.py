"""Every misspelled key in the YAML of dbt is found."""

import re
from pathlib import Path

from conftest import ROOT, SCRIPTS, run

RESOURCES = """
models:
  - name: a
    descripton: x
    config: {materialised: view}
    columns:
      - {name: b, data_test: []}
      - {name: c, data_tests: [{unique: {argumens: {}}}]}
seeds: [{name: a, config: {column_type: {}}}]
snapshots: [{name: b, relaton: c}]
macros: [{name: d, argumnets: []}]
unit_tests: [{name: e, model: f, expect: {rowz: []}}]
data_tests: [{name: g, colums: []}]
exposures: [{name: i, ownr: j}]
semantic_models:
  - {name: lines, model: ref('shop'), dimensons: []}
  - name: orders
    model: ref('shop')
    measures: [{name: amount, agg: summ}]
    entities: [{name: order, type: primary, exp: order_key}]
  - {nam: nothing}
metrics:
  - {name: sold, type: simple, type_params: {meassure: amount}}
"""
WRONG = {
    "contrct", "descripton", "materialised", "data_test", "argumens",
    "column_type", "relaton", "argumnets", "rowz", "colums", "ownr",
    "dimensons", "summ", "exp", "nam", "meassure",
}  # fmt: skip


def test_every_misspelled_key_is_found(tmp_path: Path):
    project = (ROOT / "dbt_project.yml").read_text()
    project = project.replace("+contract:", "+contrct:", 1)
    (tmp_path / "dbt_project.yml").write_text(project)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/all.yml").write_text(RESOURCES)
    done = run(*SCRIPTS, "check-yaml", tmp_path)
    assert done.returncode == 1
    quoted = re.findall(r"'\+?(\w+)'", done.stdout)
    assert set(quoted) >= WRONG, done.stdout
