"""The cluster's settings, and the resources that follow from them."""

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.site import Site, read_site, spread

SITE = Site(partition="batch", gpu_partition="cards", gpu_type="h100", account="project")


def test_the_environment_goes_over_the_file(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text("partition: batch\naccount: 4711\nqos:\n")
    environment = {"CAM_PARTITION": "night", "CAM_SCRATCH": "/fast", "PARTITION": "other"}
    expected = Site(partition="night", account="4711", scratch="/fast")
    assert read_site(file, environment) == expected
    assert read_site(tmp_path / "none.yaml", environment) == Site(
        partition="night", scratch="/fast"
    )


def test_an_empty_variable_takes_a_value_of_the_file_away(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text("gpu_type: a100\n")
    assert read_site(file, {"CAM_GPU_TYPE": ""}).gpu_type == ""


def test_a_file_without_keys_is_an_empty_site(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text("# nothing yet\n")
    assert read_site(file, {}) == Site()


def test_the_sites_own_file_has_every_key_and_no_cluster(repository):
    assert read_site(repository / "slurm" / "site.yaml", {}) == Site(
        gpu_request="gpus", submit_patience="24"
    )
    text = (repository / "slurm" / "site.yaml").read_text()
    assert all(f"\n{key}:" in text for key in Site.__dataclass_fields__)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partitions: batch", "site.yaml: 'partitions' is not one of partition, gpu_partition"),
        ("gpu_request: cards", "gpu_request 'cards' is neither gpus nor gres"),
        ("submit_patience: -1", "submit_patience '-1' is not a number of hours"),
        ("submit_patience: 1d", "submit_patience '1d' is not a number of hours"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(text, message, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_site(file, {})


def test_patience_is_in_hours_and_a_day_without_a_word():
    hours = {"": 24, "0": 0, "1.5": 1.5}
    for text, number in hours.items():
        assert Site(submit_patience=text).patience == number * 3600


def test_all_jobs_request_what_is_set_and_nothing_else():
    assert Site().default_resources == {}
    assert SITE.default_resources == {"slurm_partition": "batch", "slurm_account": "project"}
    assert Site(qos="long", constraint="ib").default_resources == {
        "qos": "long",
        "constraint": "ib",
    }


def test_gpus_are_requested_as_the_site_wants_them():
    where = {"slurm_partition": "cards"}
    assert SITE.gpus(2) == where | {"gpu": 2, "gpu_model": "h100"}
    assert Site().gpus(1) == {"gpu": 1}
    assert Site(partition="batch").gpus(1) == {"slurm_partition": "batch", "gpu": 1}
    assert Site(gpu_request="gres").gpus(4) == {"gres": "gpu:4"}
    assert Site(gpu_request="gres", gpu_type="a100").gpus(4) == {"gres": "gpu:a100:4"}


def test_on_several_nodes_gpus_are_counted_per_node_and_each_has_one_task():
    assert spread(1) == {}
    tasks = {"nodes": 2, "tasks": 2, "tasks_per_gpu": 0, "mpi": "srun"}
    assert SITE.gpus(4, nodes=2) == tasks | {"slurm_partition": "cards", "gres": "gpu:h100:4"}
