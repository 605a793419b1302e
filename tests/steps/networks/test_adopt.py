"""The step's errors; what it writes is tested with the released files in tests/networks/caffe."""

import torchvision
from safetensors.torch import save_file

from pipeline_lib.steps.networks import adopt


def test_adopting_with_weights_of_the_wrong_shape_is_one_line_and_writes_nothing(tmp_path, capsys):
    state = torchvision.models.squeezenet1_0(num_classes=10).state_dict()
    save_file(state, tmp_path / "squeezenet1_0.safetensors")
    out = tmp_path / "out" / "network.safetensors"
    flags = ["--network", "squeezenet1_0", "--weights-folder", str(tmp_path), "--out", str(out)]
    assert adopt.main(flags) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "squeezenet1_0.safetensors" in lines[0]
    assert "(10, 512, 1, 1)" in lines[0]
    assert not out.parent.exists()


def test_a_file_that_is_not_there_is_asked_for_by_address_and_size(tmp_path, capsys):
    flags = ["--weights-folder", str(tmp_path), "--out", str(tmp_path / "x" / "x.safetensors")]
    assert adopt.main(["--released", "AlexNet", *flags]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    for part in (
        str(tmp_path / "bvlc_reference_caffenet.caffemodel"),
        "http://dl.caffe.berkeleyvision.org/bvlc_reference_caffenet.caffemodel",
        "244 MB",
    ):
        assert part in line
    assert not (tmp_path / "x").exists()
