import hashlib

import pytest
import scipy.io
from PIL import Image

from pipeline_lib.steps.data import synthesize

META = "ILSVRC2012_devkit_t12/data/meta.mat"


def synthesized(folder, processes, seed=7, **more):
    flags = {"train-images": 34, "val-images": 6, "seed": seed, "processes": processes} | more
    argv = [item for name, value in flags.items() for item in (f"--{name}", str(value))]
    assert synthesize.main([*argv, "--out", str(folder)]) == 0
    return folder


def tree(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The same world, drawn by one process and by two."""
    folder = tmp_path_factory.mktemp("worlds")
    return synthesized(folder / "one", 1), synthesized(folder / "two", 2)


def without(files, left_out):
    return {path: digest for path, digest in files.items() if path != left_out}


def test_one_process_and_two_draw_the_same_world(worlds):
    one, two = (without(tree(world), META) for world in worlds)
    assert len(one) == 34 + 3 * 6 + 2
    assert one == two


def test_the_devkits_mat_file_does_not_depend_on_when_it_was_written(worlds):
    one, two = (tree(world)[META] for world in worlds)
    assert one == two


def test_nothing_but_the_world_is_left_behind(worlds):
    for world in worlds:
        assert {path.name for path in world.parent.iterdir()} == {"one", "two"}


def test_another_seed_is_another_world(worlds, tiny_world):
    # tiny_world is seed 5
    one, other = tree(worlds[0]), tree(tiny_world)
    pictures = {path for path in one if path.endswith(".JPEG")} & set(other)
    assert len(pictures) > 20
    assert all(one[path] != other[path] for path in pictures)
    ids = [
        [str(wnid) for wnid in scipy.io.loadmat(world / META, squeeze_me=True)["synsets"]["WNID"]]
        for world in (worlds[0], tiny_world)
    ]
    assert sorted(ids[0]) == sorted(ids[1])
    assert ids[0] != ids[1]


def test_train_classes_are_balanced(worlds):
    counts = [len(list(folder.iterdir())) for folder in (worlds[0] / "train").iterdir()]
    assert sum(counts) == 34
    assert max(counts) - min(counts) <= 1


def test_train_and_val_are_different_pictures(worlds):
    digests = [digest for path, digest in tree(worlds[0]).items() if path.endswith(".JPEG")]
    assert len(digests) == 40
    assert len(set(digests)) == 40


def test_images_are_jpeg_files_under_the_official_names(tiny_world):
    val = sorted(path.name for path in (tiny_world / "val").iterdir())
    assert val == [f"ILSVRC2012_val_{i:08d}.JPEG" for i in range(1, 21)]
    boxes = sorted(path.stem for path in (tiny_world / "bbox" / "val").iterdir())
    assert boxes == [name.removesuffix(".JPEG") for name in val]
    for path in tiny_world.rglob("*.JPEG"):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
    for path in tiny_world.glob("train/*/*"):
        assert path.name.startswith(f"{path.parent.name}_")


def test_a_second_run_replaces_the_first(worlds, tmp_path):
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "stale.txt").touch()
    flags = ["--train-images", "1", "--val-images", "1", "--out", str(tmp_path / "world")]
    assert synthesize.main(flags) == 0
    assert not (tmp_path / "world" / "stale.txt").exists()
    assert len(list((tmp_path / "world").rglob("*.JPEG"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


@pytest.fixture(scope="module")
def world_with_test(tmp_path_factory):
    """The world of ``worlds`` with test images, drawn by two processes."""
    return synthesized(tmp_path_factory.mktemp("more") / "world", 2, **{"test-images": 5})


def test_test_images_change_nothing_else_in_the_world(worlds, world_with_test):
    before, after = tree(worlds[0]), tree(world_with_test)
    added = {path: digest for path, digest in after.items() if path not in before}
    assert sorted(added) == [f"test/ILSVRC2012_test_{i:08d}.JPEG" for i in range(1, 6)]
    assert {path: after[path] for path in before} == before


def test_test_images_are_pictures_of_their_own(world_with_test):
    digests = [digest for path, digest in tree(world_with_test).items() if path.endswith(".JPEG")]
    assert len(set(digests)) == len(digests) == 34 + 6 + 5
    for path in (world_with_test / "test").iterdir():
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")


def test_test_images_have_neither_labels_nor_boxes(world_with_test):
    assert not (world_with_test / "bbox" / "test").exists()
    assert len(list((world_with_test / "bbox").rglob("*.xml"))) == 6
    labels = world_with_test / META.replace("meta.mat", "ILSVRC2012_validation_ground_truth.txt")
    assert len(labels.read_text().split()) == 6


def test_a_world_without_test_images_has_no_folder_for_them(worlds, world_with_test):
    assert not (worlds[0] / "test").exists()
    assert (world_with_test / "test").is_dir()
