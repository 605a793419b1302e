"""The probe of this machine, and the page that follows from it."""

from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.data.downloads import downloads
from pipeline_lib.steps.cluster import preflight, probe


def test_the_page_names_what_is_missing(tmp_path, capsys):
    missing = tmp_path / "missing"
    record, page = tmp_path / "probe.json", tmp_path / "preflight.md"
    flags = ["--folders", str(tmp_path), str(missing), "--out", str(record)]
    assert probe.main(flags) == 0
    assert read_json(record)["folders"] == {str(tmp_path): True, str(missing): False}
    write_json(tmp_path / "plan.json", {"written": 2e18, "scratch": 1e18})
    flags = ["--study", "paper", "--results", str(tmp_path), "--probe", str(record)]
    flags += ["--plan", str(tmp_path / "plan.json"), "--out", str(page)]
    assert preflight.main([*flags, "--data-root", str(missing), "--sets", "cub"]) == 0
    text = page.read_text()
    assert "3 problems to solve first" in text
    assert f"| {downloads()['cub'].name}" in text
    assert "not visible to jobs" in text
    assert "about 3,000,000,000 GB to be written" in text
    assert "the same here and in the job" in text
    assert capsys.readouterr().out.strip() == text.strip()
