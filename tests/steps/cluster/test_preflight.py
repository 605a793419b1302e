"""The probe of this machine, and the page that follows from it."""

import sys

from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.data.downloads import downloads
from pipeline_lib.steps.cluster import preflight, probe


def test_the_page_names_what_is_missing(tmp_path, capsys):
    missing = tmp_path / "missing"
    record, page = tmp_path / "cpu.json", tmp_path / "preflight.md"
    flags = ["--folders", str(tmp_path), str(missing), "--out", str(record)]
    assert probe.main(flags) == 0
    assert read_json(record)["folders"] == {str(tmp_path): True, str(missing): False}
    assert read_json(record)["interpreter"] == sys.executable
    write_json(tmp_path / "plan.json", {"written": 2e18, "scratch": 1e18})
    flags = ["--study", "paper", "--results", str(tmp_path), "--probes", str(record)]
    flags += ["--plan", str(tmp_path / "plan.json"), "--out", str(page)]
    flags += ["--data-root", str(tmp_path), "--sets", "cub"]
    flags += ["--missing", "Places205 at /x/places205: 2 GB, places.csail.mit.edu (account)"]
    assert preflight.main([*flags, "--weights", "vgg16="]) == 0
    text = page.read_text()
    assert "4 problems to solve first" in text
    assert f"| {downloads()['cub'].name}" in text
    assert "| Places205" in text
    assert "places.csail.mit.edu (account)" in text
    assert "| weights of vgg16" in text
    assert "not visible to jobs" in text
    assert "about 3,000,000,000 GB to be written" in text
    assert "the same here and in the job" in text
    assert capsys.readouterr().out.strip() == text.strip()


def test_a_package_that_cannot_be_imported_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "IMPORTED", ("json", "nowhere_to_be_found"))
    record = tmp_path / "cpu.json"
    assert probe.main(["--out", str(record)]) == 0
    problem = "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    assert read_json(record)["imports"] == {"nowhere_to_be_found": problem}
