import io
import json
import multiprocessing
import pickle

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.loader import TrainingCrops, WarpedImages, training_loader
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.steps.data.pack import main as pack
from tests.data.packed_images import COUNT, SIDE, pack_flags, shards, write_source
from tests.stored import stored


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def packed(source, tmp_path):
    assert pack(pack_flags(source, tmp_path)) == 0
    return tmp_path


def jpeg_by_pillow(source, index):
    """The same image by way of Pillow alone."""
    with Image.open(source / f"{index}.png") as image:
        warped = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    warped.save(buffer, "JPEG", quality=95)
    return np.asarray(warped), np.asarray(Image.open(buffer))


def test_an_image_is_found_by_its_row_and_is_the_warped_one_but_for_jpeg(source, packed):
    images = PackedImages(packed)
    assert len(images) == COUNT
    for index in range(COUNT):
        warped, decoded = jpeg_by_pillow(source, index)
        assert images[index].dtype == np.uint8
        assert (images[index] == decoded).all()
        assert np.abs(images[index].astype(int) - warped).mean() < 4


def test_crops_from_shards_and_from_the_folder_are_the_same_but_for_jpeg(source, packed):
    paths = [f"{index}.png" for index in range(COUNT)]
    folder = WarpedImages(stored(source, paths), (SIDE, SIDE))
    from_folder, from_shards = (
        TrainingCrops(images, range(COUNT), crop_side=20, seed=3)
        for images in (folder, PackedImages(packed))
    )
    keys = [(epoch, index) for epoch in range(3) for index in range(COUNT)]
    distances = []
    for key in keys:
        ours, theirs = from_shards[key], from_folder[key]
        assert ours[1] == theirs[1]
        distances.append(np.abs(ours[0].numpy().astype(int) - theirs[0].numpy()).mean())
    assert max(distances) < 4  # another crop of such an image is 20 or more away


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_read_shards_that_the_trainer_has_open_already(packed, workers):
    images = PackedImages(packed)
    expected = [images[index] for index in range(COUNT)]
    crops = TrainingCrops(images, range(COUNT), crop_side=SIDE, seed=0)
    keys = [[(0, index) for index in range(at, at + 5)] for at in range(0, COUNT, 5)] * 4
    for pixels, targets in training_loader(crops, keys, workers):
        for image, index in zip(pixels.numpy(), targets.tolist(), strict=True):
            assert (image == expected[index]).all() or (image[:, ::-1] == expected[index]).all()


def test_handles_are_neither_shared_after_a_fork_nor_pickled(packed):
    images = PackedImages(packed)
    first = images[0]
    mine = dict(images._files)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def look() -> None:
        again = images[0]
        reopened = all(images._files[key][0] is not mine[key][0] for key in images._files)
        answers.put((reopened, bool((again == first).all())))

    child = context.Process(target=look)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() == (True, True)
    assert (pickle.loads(pickle.dumps(images))[0] == first).all()


def refused(folder, message, verify=False):
    with pytest.raises(InputError, match=message) as caught:
        images = PackedImages(folder)
        if verify:
            images.verify()
    assert "pack the images again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_shard_is_refused(packed):
    path = shards(packed)[1]
    path.write_bytes(path.read_bytes()[:-1])
    refused(packed, r"shard-00001\.h5: has \d+ bytes and should have")
    path.unlink()
    refused(packed, r"shard-00001\.h5: has 0 bytes")


def test_a_changed_shard_is_refused_when_verified(packed):
    path = shards(packed)[2]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(packed, r"shard-00002\.h5: was changed", verify=True)


def test_a_foreign_shard_is_refused(source, packed, tmp_path):
    other = tmp_path / "other"
    assert pack(pack_flags(source, other, "--quality", "90")) == 0
    foreign, index = shards(other)[0], read_json(packed / "index.json")
    shards(packed)[0].write_bytes(foreign.read_bytes())
    index["shards"][0]["bytes"] = foreign.stat().st_size
    (packed / "index.json").write_text(json.dumps(index))
    refused(packed, r"shard-00000\.h5: is not a shard of this index")


def test_a_file_that_is_no_hdf5_is_refused(packed):
    path = shards(packed)[0]
    path.write_bytes(bytes(path.stat().st_size))
    refused(packed, r"shard-00000\.h5: cannot be read")


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.pop("shards"),
        lambda index: index.pop("side"),
        lambda index: index.update(more=1),
        lambda index: index.update(images="many"),
        lambda index: index["shards"][0].pop("bytes"),
    ],
)
def test_a_foreign_index_is_refused(packed, change):
    index = read_json(packed / "index.json")
    change(index)
    (packed / "index.json").write_text(json.dumps(index))
    refused(packed, r"index\.json: not an index of packed images")


def test_an_index_that_lacks_a_shard_is_refused(packed):
    index = read_json(packed / "index.json")
    index["shards"].pop()
    (packed / "index.json").write_text(json.dumps(index))
    refused(packed, r"index\.json: its shards lack images")


def test_a_truncated_index_is_refused(packed):
    text = (packed / "index.json").read_text()
    (packed / "index.json").write_text(text[:-20])
    with pytest.raises(InputError, match=r"index\.json: not valid JSON"):
        PackedImages(packed)


def test_an_image_that_does_not_decode_is_named(packed):
    with h5py.File(shards(packed)[0], "r+") as file:
        row = int(file["rows"][2])
        begin, end = file["offsets"][2:4]
        file["bytes"][begin:end] = 0
    images = PackedImages(packed)
    with pytest.raises(InputError, match=r"shard-00000\.h5: image 2 cannot be decoded"):
        images[row]


@pytest.mark.parametrize("what", ["bytes", "rows"])
def test_an_image_that_changed_but_still_decodes_is_refused(packed, what):
    path = shards(packed)[0]
    with h5py.File(path, "r+") as file:
        rows = file["rows"][:]
        if what == "rows":  # two images swap their places in the manifest, and thereby their labels
            file["rows"][:2] = rows[1::-1]
        else:
            begin, end = file["offsets"][0:2]
            middle = (begin + end) // 2
            file["bytes"][middle] ^= 1
    with pytest.raises(InputError, match=r"shard-00000\.h5: image 0 .* not as it was written"):
        PackedImages(packed)[int(rows[0 if what == "bytes" else 1])]
