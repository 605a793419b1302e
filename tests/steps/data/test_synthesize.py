from pipeline_lib.steps.data import synthesize


def test_only_ilsvrc_takes_image_counts_and_it_needs_two(tmp_path, capsys):
    flags = ["--layout", "transfer", "--val-images", "3", "--out", str(tmp_path / "out")]
    assert synthesize.main(flags) == 1
    assert "leave out" in capsys.readouterr().err
    assert synthesize.main(["--train-images", "3", "--out", str(tmp_path / "out")]) == 1
    assert "--val-images" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_count_that_makes_no_sense_is_one_line(tmp_path, capsys):
    flags = ["--train-images", "0", "--val-images", "2", "--out", str(tmp_path / "out")]
    assert synthesize.main(flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: --train-images: ")
    assert list(tmp_path.iterdir()) == []
