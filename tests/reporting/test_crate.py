import json

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.crate import CODE, CrateFiles, write_crate
from tests.reporting.crate_validity import PROFILES, problems_of

VERSIONS = {"python": "3.11.7", "snakemake": "9.27.1", "torch": "", CODE: "0.2.0, commit abc"}


@pytest.fixture
def files(tmp_path):
    """A study's files: a name with blanks and a letter that is not ASCII among them."""
    results, workflow = tmp_path / "results", tmp_path / "workflow"
    names = (
        "tables/table1.csv",
        "report/index.html",
        "networks/Ünet 1.json",
        "figures/figure3.png",
    )
    outputs = [results / name for name in names]
    summary = results / "data" / "val" / "summary.json"
    for path in (*outputs, summary, workflow / "Snakefile", workflow / "rules" / "data.smk"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {path.name}")
    summary.write_text(json.dumps({"data_set": "val", "found": 5, "notes": ["One left out."]}))
    return CrateFiles(results, workflow, [summary], outputs)


@pytest.fixture
def crate(files, tmp_path):
    out = tmp_path / "ro-crate"
    write_crate("mini", {"study": "mini", "gpu": False}, files, VERSIONS, out)
    return out


@pytest.fixture
def entities(crate):
    """What the crate describes, by id."""
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_crate_is_valid(crate, profile):
    assert problems_of(crate, profile) == []


def test_the_validator_sees_what_is_wrong(crate):
    path = crate / "ro-crate-metadata.json"
    described = json.loads(path.read_text())
    described["@graph"] = [
        {key: value for key, value in entity.items() if key != "instrument"}
        for entity in described["@graph"]
    ]
    path.write_text(json.dumps(described))
    assert problems_of(crate, "workflow-run-crate-0.5") != []


def test_the_run_has_the_workflow_its_inputs_and_its_results(entities, files):
    (run,) = (each for each in entities.values() if each["@type"] == "CreateAction")
    assert run["instrument"] == {"@id": "workflow/Snakefile"}
    used = {each["@id"] for each in run["object"]}
    made = {each["@id"] for each in run["result"]}
    assert used == {"configuration.json", "data/val/summary.json"}
    assert {"tables/table1.csv", "report/index.html", "figures/figure3.png"} < made
    assert len(made) == len(files.outputs)
    assert run["startTime"] <= run["endTime"]
    summary = entities["data/val/summary.json"]
    assert (summary["name"], summary["description"]) == ("image set val", "5 images. One left out.")


def test_the_crate_has_code_software_licence_and_configuration(entities, crate):
    workflow = entities["workflow/Snakefile"]
    assert workflow["version"] == VERSIONS[CODE]
    assert {"@id": "workflow/rules/data.smk"} in workflow["hasPart"]
    needed = {entities[each["@id"]]["name"] for each in workflow["softwareRequirements"]}
    assert needed == {"python", "snakemake"}  # torch is not installed
    assert entities["#python"]["softwareVersion"] == "3.11.7"
    assert entities["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert json.loads((crate / "configuration.json").read_text()) == {"study": "mini", "gpu": False}


def test_every_file_is_copied_byte_for_byte(crate, files):
    for path in files.outputs:
        assert (crate / path.relative_to(files.results)).read_bytes() == path.read_bytes()
    assert (crate / "workflow/rules/data.smk").exists()


def test_a_missing_file_is_named(files, tmp_path):
    files.outputs[0].unlink()
    with pytest.raises(InputError, match=r"table1.csv: not found; run the study"):
        write_crate("mini", {}, files, VERSIONS, tmp_path / "out")
    assert not (tmp_path / "out").exists()
