"""The small study on real ILSVRC images: any subset works and is counted."""

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


def test_a_subset_of_real_images_through_a_ready_trained_network(
    workflow_files, real_data, tmp_path
):
    source = real_data / "ilsvrc"
    target = tmp_path / "ilsvrc"
    (target / "val").mkdir(parents=True)
    for folder in ("bbox", "ILSVRC2012_devkit_t12"):
        (target / folder).symlink_to(source / folder)
    for path in sorted((source / "val").iterdir())[:40]:
        (target / "val" / path.name).symlink_to(path)
    (tmp_path / "weights").symlink_to(real_data / "weights")
    config = {
        "study": "small",
        "data_root": str(tmp_path),
        "networks": {"squeezenet1_0": False},
        "figures": {"baseline": "tf_efficientnet_lite0"},
    }
    workflow = workflow_files("real", config)
    done = workflow.run("table1", "table2")
    assert done.returncode == 0, done.stderr
    tables = workflow.folder / "results" / "small" / "tables"
    cell = pd.read_csv(tables / "table2.csv", comment="#").set_index(["row", "metric"])
    row = cell.loc[("tf_efficientnet_lite0", "top-1")]
    assert row["n"] == 40
    assert pd.isna(row["paper"])
    assert 20 < row["ours"] < 70  # 44.9 on all 650
    assert row["low"] < row["ours"] < row["high"]
    assert "40 of 50,000 val images found" in (tables / "table2.md").read_text()
    assert "No blacklist" in (tables / "table2.md").read_text()
