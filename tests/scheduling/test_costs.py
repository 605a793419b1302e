"""The arithmetic of costs by hand, and the amounts of work against the code that they stand for."""

import re
import typing

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.downloads import downloads
from pipeline_lib.data.transfer import birds, lists
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.networks.registry import ARCHITECTURES, build
from pipeline_lib.scheduling.costs import OTHER, Cost, cost, rate, read_rates, seconds, total
from pipeline_lib.scheduling.graph import closure
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.configuration.localization import EVERY_METHOD
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.study.image_sets import ImageSet
from pipeline_lib.study.study import BOX_METHODS, build_study
from pipeline_lib.svm import fitting
from pipeline_lib.svm.trials import Subset, Trial
from tests.scheduling.example import CONFIG, GRAPH, PREDICT, RATES, TRAIN, workload


@pytest.fixture
def workload_of(repository):
    """A function: the amounts of work of a study of the repository, whose data are nowhere."""

    def make(name, manifests=None, **given):
        given = {"study": name, "data_root": "nowhere"} | given
        study = build_study(load_configuration(given, repository / "workflow" / "studies"))
        return Workload(study, read_rates(), manifests)

    return make


@pytest.mark.parametrize("device", ["gpu", "cpu"])
def test_costs_are_rates_times_amounts(device):
    amounts = workload(gpu=device == "gpu")
    costs = [cost(job, amounts) for job in GRAPH]
    tables = [Cost(1, 0, 36, 1000, 0), Cost(1, 0, 72, 0, 0)]
    assert costs == [Cost(), TRAIN[device], tables[0], PREDICT[device], tables[1]]
    everything = total(costs)
    assert (everything.jobs, everything.written) == (4, 2000 + 117600 + 1000)


def test_a_job_holds_gpu_and_cores_as_long_as_the_slower_of_them_takes():
    rates = RATES | {"speed": {"a100": {"float32": 100}}}
    assert cost(GRAPH[1], workload(rates)) == Cost(1, 18, 36, 2000, 12000)
    two = workload(rates, training=CONFIG["training"] | {"processes": 2})
    assert cost(GRAPH[1], two) == Cost(1, 18, 18, 2000, 12000)  # for half as long


def test_speed_is_that_of_the_gpu_and_of_the_number_format():
    bfloat16 = CONFIG["training"] | {"recipe": {"epochs": 5, "precision": "bfloat16"}}
    a100, h100 = (workload(gpu_type=name, training=bfloat16) for name in ("", "nvidia_H100_80gb"))
    assert a100.speeds(GRAPH[1]) == (1000, 1000)  # it has no line for bfloat16
    assert h100.speeds(GRAPH[1]) == (3000, 6000)
    assert h100.speeds(GRAPH[3]) == (1000, 2000)  # predictions are in float32
    worst, best = (cost(GRAPH[1] | {"threads": 64}, h100, at_best) for at_best in (False, True))
    assert (worst.gpu, best.gpu) == (0.6, 0.3)  # 1,800 GFLOP
    rare = workload(gpu_type="rtx9000")
    assert rare.speeds(GRAPH[3]) == (1000, 1000)
    assert rare.assumptions == {"rtx9000 is not in rates.yaml and counted as an A100"}


def test_what_was_measured_goes_over_the_rates():
    half = {"train": 0.5, "table other": 3}
    amounts = workload(gpu_type="h100", measured=half)
    assert cost(GRAPH[1], amounts).gpu == TRAIN["gpu"].gpu / 2
    assert cost(GRAPH[1], amounts, at_best=True) == cost(GRAPH[1], amounts)
    assert cost(GRAPH[2], amounts).cpu == 36  # its kind is "table table1"
    assert seconds(GRAPH[3], workload()) == 12.5


def test_published_rates_are_images_of_resnet50():
    speeds, resnet = read_rates()["speed"], 3 * 8.178  # GFLOP of an image in training
    for gpu, name, images in (
        ("a100", "tf32", 938),
        ("a100", "bfloat16", 2470),
        ("v100", "float32", 367),
        ("v100", "float16", 1200),
    ):
        assert speeds[gpu][name] == pytest.approx(images * resnet, rel=0.01), (gpu, name)


def test_the_closure_of_a_file_is_what_it_depends_on_each_job_once():
    assert [job["rule"] for job in closure(GRAPH, ["t2"])] == ["train", "predict", "table"]
    assert closure(GRAPH, ["t1", "t2"]) == GRAPH[1:]


def test_the_text_set_is_as_large_as_its_reader_makes_it(workload_of):
    """Of SUN397 it takes only as many images as SVT has: 100 to train on and 249 to test."""
    amounts = workload_of("paper", discovery={"sets": "all"})
    svt = downloads()["svt"].archives[0].file_count or 350
    assert 2 * 349 <= amounts.images("text") <= 2 * max(svt, 350)
    job = {"rule": "measure_text", "wildcards": {}, "outputs": ["x"], "threads": 1}
    assert cost(job, amounts).cpu < 10 * 60


def test_every_rule_has_a_rate_and_every_rate_its_rule(repository, workload_of):
    blocks = [
        block
        for path in (repository / "workflow" / "rules").glob("*.smk")
        for block in re.split(r"(?m)^ *(?=rule ?\w*:|use rule )", path.read_text())
        if re.search(r"(?m)^ *output:", block)
    ]
    # Preflight's probes have no name.
    named = (re.match(r"(?:rule|use rule \w+ as) (\w+)", block) for block in blocks)
    rules = {match[1] for match in named if match}
    rates = read_rates()
    missing = sorted(rules - set(rates["rules"]))
    assert not missing, f"say in pipeline_lib/scheduling/rates.yaml what a job takes: {missing}"
    assert set(rates["rules"]) == rules
    lines = [line for entry in rates["rules"].values() for line in (entry, *entry.values())]
    sources = {line["source"] for line in lines if isinstance(line, dict) and "source" in line}
    assert sources == set(rates["sources"])
    with pytest.raises(InputError, match="has no rates of rule figure14; add a line"):
        cost(GRAPH[1] | {"rule": "figure14"}, workload_of("mini"))
    with pytest.raises(InputError, match="no rates of rule predict with map_source, crops svm/two"):
        wildcards = {"map_source": "svm", "crops": "two"}
        rate(GRAPH[1] | {"rule": "predict", "wildcards": wildcards}, workload_of("mini"))


def test_every_value_of_a_wildcard_has_its_rate():
    entries = {rule: entry for rule, entry in read_rates()["rules"].items() if "by" in entry}
    methods = {method for methods in BOX_METHODS.values() for method in methods}
    maps = {"/".join(source_and_crops) for source_and_crops in BOX_METHODS} | {"svm/one-crop"}
    maps |= {f"{method}/one-crop" for method in EVERY_METHOD}
    chapters = set(typing.get_args(typing.get_type_hints(ImageSet)["chapter"]))
    expected = {"index": chapters, "predict": maps, "localize": methods}
    for rule, values in expected.items():
        assert set(entries.pop(rule)) - {"by", "source"} == values
    assert all(OTHER in entry for entry in entries.values())


def test_networks_are_counted_as_pytorch_counts_them():
    lines = {(line["network"], line.get("width", 1)): line for line in read_rates()["networks"]}
    assert {name for name, _ in lines} >= set(ARCHITECTURES)
    for (name, width), line in lines.items():
        if name in ARCHITECTURES:
            small = {"half_input": True, "width": width} if width != 1 else {}
            if small and name not in ("googlenet", "googlenet_gap", "googlenet_gmp"):
                small["batch_norm"] = True
            with torch.device("meta"):
                network = build(name, 10 if small else 1000, small).eval()
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                network(torch.empty(1, 3, line["side"], line["side"], device="meta"))
            assert counter.get_total_flops() / 1e9 == pytest.approx(line["gflop"], rel=1e-3), name
            parameters = sum(parameter.numel() for parameter in network.parameters())
            assert parameters == line["parameters"], name


def test_networks_are_found_by_what_they_are(workload_of):
    amounts = workload_of("paper", discovery={"sets": "all"})
    assert amounts.network("VGGnet")["network"] == "vgg16"  # the library's name for it
    assert amounts.network("AlexNetplus-GAP")["network"] == "alexnetplus_gap"
    released = workload_of("paper", networks={"GoogLeNet-GAP": {"weights": "released"}})
    assert released.network("GoogLeNet-GAP")["network"] == "caffe_googlenet_gap"
    assert amounts.network("AlexNetplus-GAP-Places205")["network"].startswith("caffe_alexnetplus")
    assert workload_of("mini").network("NIN")["side"] == 112
    assert not amounts.assumptions
    other = workload_of("mini", networks={"NIN": {"options": {"width": 0.5}}, "efficient": None})
    assert other.network("NIN")["side"] == 224
    assert other.network("efficient")["parameters"] == 25557032
    assert other.assumptions == {
        "NIN is counted at full width, as nin",
        "efficient is not in rates.yaml and counted as ResNet-50",
    }


def test_solves_are_counted_as_the_protocol_makes_them(monkeypatch):
    examples = []

    class Counted(fitting.LiblinearSolver):
        def solve(self, targets, cost, **options):
            examples.append((targets != 0).sum())
            return super().solve(targets, cost, **options)

    monkeypatch.setitem(fitting.SOLVERS, "liblinear", Counted)
    rng = np.random.default_rng(0)
    targets = np.where(np.arange(12)[:, None] % 3 == np.arange(3), 1, -1).astype(np.int8)
    subset = Subset(np.arange(12), targets)
    features, trial = rng.random((12, 16), np.float32), Trial("1", list("abc"), subset, subset)
    settings = SvmConfig(solver="liblinear", **CONFIG["transfer"])
    fitting.fit_trial(features, trial, settings, metric="accuracy", seed=0)
    sizes = {"megapixels": 1, "cub": {"images": 12, "classes": 3, "examples": 12}}
    amounts = workload(RATES | {"sets": {"synthetic": sizes, "any": {}}})
    wildcards = {"image_set": "cub", "network": "A", "crop": "whole"}
    units = amounts.quantities({"rule": "fit", "wildcards": wildcards}, [])
    assert units["solve"] == len(examples)
    # Folds train on a part of the examples.
    assert units["term"] / 16 >= sum(examples) > units["term"] / 16 / 2


def test_the_sets_are_those_of_their_readers(workload_of):
    real = read_rates()["sets"]["real"]
    official = {"sun397": lists.SUN397, "indoor67": lists.INDOOR67, "action40": lists.ACTION40}
    official["cub"] = birds.OFFICIAL
    amounts = workload_of("paper")
    for name, each in official.items():
        sizes = (each.images, each.classes, each.train)
        assert (amounts.images(name), *real[name].values()) == sizes
    for paper in transfer_sets().values():
        if paper.random_splits and paper.metric == "accuracy":
            sizes = real[paper.layout]
            assert sizes["examples"] == paper.train * sizes["classes"]
    counts = [amounts.images(f"ilsvrc-{split}") for split in ("train", "val", "test")]
    assert counts == [1_281_167, 50_000, 100_000]


def test_images_of_a_manifest_are_counted(tmp_path, workload_of):
    (tmp_path / "ilsvrc-val").mkdir()
    (tmp_path / "ilsvrc-val" / "images.csv").write_text("image_id\na\nb\nc\n")
    amounts = workload_of("paper", tmp_path)
    assert (amounts.images("ilsvrc-val"), amounts.images("scene15")) == (3, 4485)
    assert amounts.images("scene15-picked") == 6
    measured = {"rule": "measure_units", "wildcards": {"units": "units"}}
    assert amounts.quantities(measured, [])["image"] == 3


def test_the_synthetic_sets_have_the_sizes_of_the_mini_study(repository, workload_of):
    manifests = repository / "results" / "mini" / "data"
    if not (manifests / "cub").exists():
        pytest.skip("no results of the mini study: run make demo")
    for name in read_rates()["sets"]["synthetic"]:
        if name != "megapixels":
            assert workload_of("mini").images(name) == workload_of("mini", manifests).images(name)
