"""What jobs took, from the files of a run, and how the next plan uses it."""

import pytest

from pipeline_lib.common.files import write_json
from pipeline_lib.scheduling.costs import cost
from pipeline_lib.scheduling.measured import MEASURED_FILE, measure, read_factors, write_measured
from tests.scheduling.example import GRAPH, PREDICT, TRAIN, workload


@pytest.fixture
def records(tmp_path):
    """The example's jobs, with benchmark files: predict took twice, train half as long as planned."""
    records = []
    for job, took in zip(GRAPH, (None, 1.75, None, 25.0, 1e9), strict=True):
        name = f"{job['rule']}-{job['wildcards'].get('table', '')}"
        record = job | {"benchmark": f"{name}.tsv", "log": [f"{name}.log"]}
        if took is not None:
            text = f"s\th:m:s\tmax_rss\n{took}\t0:00:01\t300\n"
            (tmp_path / record["benchmark"]).write_text(text)
        records.append(record)
    (tmp_path / "table-table2.tsv").write_text("s\th:m:s\n")  # cut off
    return records


def test_the_time_of_each_kind_is_that_of_its_benchmarks(records, tmp_path):
    measured = measure(records, tmp_path, workload())
    assert measured == {
        "train": {"jobs": 1, "seconds": 1.75, "planned": 3.5},
        "predict network/ten-crop": {"jobs": 1, "seconds": 25.0, "planned": 12.5},
    }
    write_json(tmp_path / MEASURED_FILE, measured)
    factors = read_factors(tmp_path / MEASURED_FILE)
    assert factors == {"train": 0.5, "predict network/ten-crop": 2.0}
    again = workload(measured=factors)
    assert cost(GRAPH[1], again).gpu == TRAIN["gpu"].gpu / 2
    assert cost(GRAPH[3], again).cpu == 2 * PREDICT["gpu"].cpu
    assert read_factors(tmp_path / "none.json") == {}


@pytest.mark.parametrize(
    "log", ["resumed after step 50\n", "a: x, 30 images to do of 90 in 9 blocks\n"]
)
def test_a_job_that_was_resumed_says_nothing(records, tmp_path, log):
    (tmp_path / "train-.log").write_text(f"python -m x\n{log}")
    assert "train" not in measure(records, tmp_path, workload())
    (tmp_path / "train-.log").write_text("a: x, 90 images to do of 90 in 9 blocks\n")
    assert "train" in measure(records, tmp_path, workload())


def test_without_a_run_nothing_is_written(tmp_path):
    study = workload(results=str(tmp_path)).study
    write_measured(study, "")
    assert not list(tmp_path.iterdir())
