import multiprocessing
import os
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import (
    CroppedImages,
    TrainingCrops,
    WarpedImages,
    image_batches,
    normalised,
    training_batches,
    training_loader,
)
from tests.stored import stored

WARP, CROP = 16, 10


@pytest.fixture
def photographs(tmp_path):
    """Noise of odd sizes, as PNG, so that pixels survive."""
    rng = np.random.default_rng(0)
    names = []
    for index, (width, height) in enumerate([(20, 12), (16, 16), (31, 40)]):
        names.append(f"{index}.png")
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / names[-1])
    return tmp_path, names


def crops_of(photographs, **changed):
    images = WarpedImages(stored(*photographs), (WARP, WARP))
    return TrainingCrops(images, [4, 5, 6], **{"crop_side": CROP, "seed": 1} | changed)


def pixels_of(crops, epoch, index):
    return crops[epoch, index][0].numpy()


def resized(photographs, index, width, height):
    root, names = photographs
    with Image.open(root / names[index]) as image:
        return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def places(whole, crop):
    """Where a crop lies in an image: (y, x, mirrored), all that fit."""
    side = crop.shape[0]
    return [
        (y, x, mirrored)
        for y in range(whole.shape[0] - side + 1)
        for x in range(whole.shape[1] - side + 1)
        for mirrored, candidate in ((False, crop), (True, crop[:, ::-1]))
        if (whole[y : y + side, x : x + side] == candidate).all()
    ]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_crop_is_a_window_of_the_warped_image(photographs, index):
    crops = crops_of(photographs)
    whole = resized(photographs, index, WARP, WARP)
    for epoch in range(10):
        crop, target = crops[epoch, index]
        assert crop.shape == (CROP, CROP, 3)
        assert crop.dtype == torch.uint8
        assert len(places(whole, crop.numpy())) == 1
        assert target == 4 + index


def test_every_offset_occurs_and_half_of_the_crops_are_mirrored(photographs):
    crops = crops_of(photographs)
    whole = resized(photographs, 1, WARP, WARP)
    crops_found = [places(whole, pixels_of(crops, epoch, 1))[0] for epoch in range(300)]
    ys, xs, mirrored = zip(*crops_found, strict=True)
    assert set(ys) == set(xs) == set(range(WARP - CROP + 1))
    assert 0.4 < np.mean(mirrored) < 0.6
    assert sum(y == x for y, x in zip(ys, xs, strict=True)) < 150  # drawn each for itself


def test_a_crop_depends_on_seed_epoch_and_index_alone(photographs):
    one, other = crops_of(photographs), crops_of(photographs)
    keys = [(epoch, index) for epoch in range(4) for index in range(3)]
    first = {key: pixels_of(one, *key) for key in keys}
    for key in reversed(keys):
        assert (pixels_of(other, *key) == first[key]).all()


def test_crops_differ_between_epochs_and_seeds(photographs):
    crops, reseeded = crops_of(photographs), crops_of(photographs, seed=2)
    same_epoch = [
        (pixels_of(crops, 0, 1) == pixels_of(crops, epoch, 1)).all() for epoch in range(1, 30)
    ]
    same_seed = [
        (pixels_of(reseeded, epoch, 1) == pixels_of(crops, epoch, 1)).all() for epoch in range(30)
    ]
    assert sum(same_epoch) < 5
    assert sum(same_seed) < 5


def test_crops_of_the_same_picture_under_two_numbers_differ(photographs):
    root, names = photographs
    images = WarpedImages(stored(root, names[:1] * 30), (WARP, WARP))
    crops = TrainingCrops(images, [0] * 30, crop_side=CROP, seed=1)
    same = [(pixels_of(crops, 0, 0) == pixels_of(crops, 0, index)).all() for index in range(1, 30)]
    assert sum(same) < 5


def test_a_crop_as_large_as_the_warp_is_the_whole(photographs):
    crops = crops_of(photographs, crop_side=WARP)
    whole = resized(photographs, 0, WARP, WARP)
    positions = {places(whole, pixels_of(crops, epoch, 0))[0] for epoch in range(20)}
    assert positions == {(0, 0, False), (0, 0, True)}


def batches(count, batch, steps, seed=0, **share):
    return list(training_batches(count, batch, seed, steps, **share))


def test_an_epoch_visits_every_image_once_and_drops_the_rest():
    epoch = batches(23, 5, range(12, 16))
    assert [len(batch) for batch in epoch] == [5, 5, 5, 5]
    keys = [key for batch in epoch for key in batch]
    assert {epoch for epoch, _ in keys} == {3}
    indices = [index for _, index in keys]
    assert len(set(indices)) == 20
    assert set(indices) <= set(range(23))


def test_an_epoch_without_a_rest_is_a_permutation():
    indices = [index for batch in batches(24, 4, range(6), seed=7) for _, index in batch]
    assert sorted(indices) == list(range(24))
    assert indices != sorted(indices)


def test_epochs_are_shuffled_anew_and_drop_others_but_repeat_exactly():
    def order(epoch, seed):
        steps = range(4 * epoch, 4 * epoch + 4)
        return [index for batch in batches(23, 5, steps, seed) for _, index in batch]

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(1, 0)
    assert order(0, 0) != order(0, 1)
    assert set().union(*(order(epoch, 0) for epoch in range(20))) == set(range(23))


def test_a_run_begun_at_any_step_goes_on_with_the_same_batches():
    whole = batches(23, 5, range(11))
    for step in range(11):
        assert batches(23, 5, range(step, 11)) == whole[step:]


@pytest.mark.parametrize("processes", [2, 3, 6])
def test_the_shares_of_a_batch_are_equal_and_together_the_batch(processes):
    whole = batches(40, 12, range(7))
    shares = [batches(40, 12, range(7), rank=r, processes=processes) for r in range(processes)]
    for step, batch in enumerate(whole):
        assert [len(share[step]) for share in shares] == [12 // processes] * processes
        assert sorted(key for share in shares for key in share[step]) == sorted(batch)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_training_loader_gives_the_batches_in_their_order(photographs, workers):
    crops = crops_of(photographs)
    wanted = [[(0, 2), (0, 0)], [(1, 1), (1, 2)]]
    loaded = list(training_loader(crops, wanted, workers))
    assert len(loaded) == 2
    for (pixels, targets), keys in zip(loaded, wanted, strict=True):
        assert targets.tolist() == [4 + index for _, index in keys]
        expected = np.stack([pixels_of(crops, *key) for key in keys])
        assert (pixels.numpy() == expected).all()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_decoded_is_one_line(photographs, workers):
    root, names = photographs
    (root / names[1]).write_bytes(b"no image")
    with pytest.raises(InputError) as caught:
        list(training_loader(crops_of(photographs), [[(0, 0)], [(0, 1)]], workers))
    assert str(caught.value).startswith(f"{root / names[1]}: cannot be decoded")
    assert "\n" not in str(caught.value)
    assert not multiprocessing.active_children()


class Pids(torch.utils.data.Dataset):
    """Items are the number of the process that makes them."""

    def __getitem__(self, _key):
        return torch.tensor(os.getpid()), 0


def test_a_worker_survives_a_schedulers_signals_but_obeys_the_trainer():
    loader = training_loader(Pids(), [[(0, 0)]] * 20, workers=1)
    pids = [int(next(loader)[0])]
    for name in ("TERM", "USR1"):
        subprocess.run(["kill", f"-{name}", str(pids[0])], check=True)
        pids += [int(next(loader)[0]) for _ in range(5)]
    assert set(pids) == {pids[0]} != {os.getpid()}
    (worker,) = (child for child in multiprocessing.active_children() if child.pid == pids[0])
    worker.terminate()
    worker.join(20)
    assert not worker.is_alive()


def test_a_loader_given_up_leaves_no_worker_behind(photographs):
    before = set(multiprocessing.active_children())
    loader = training_loader(crops_of(photographs), [[(0, 0)]] * 20, workers=1)
    next(loader)
    assert len(set(multiprocessing.active_children()) - before) == 1
    loader.close()
    assert set(multiprocessing.active_children()) == before


def test_loading_leaves_the_random_numbers_of_the_network_alone(photographs):
    for workers in (0, 1):
        before = torch.get_rng_state()
        list(training_loader(crops_of(photographs), [[(0, 0)]], workers))
        assert torch.equal(torch.get_rng_state(), before)


def test_images_come_warped_in_order_and_the_last_batch_may_be_small(photographs):
    root, names = photographs
    images = WarpedImages(stored(root, names), (9, 14))  # height, width
    batches = list(image_batches(images, 2, 0))
    assert [tuple(batch.shape) for batch in batches] == [(2, 9, 14, 3), (1, 9, 14, 3)]
    for index, pixels in enumerate(torch.cat(batches).numpy()):
        assert (pixels == resized(photographs, index, 14, 9)).all()


@pytest.mark.parametrize(
    ("box", "whole"),
    [
        ((3, 2, 9, 7), (3, 2, 9, 7)),
        ((3.9, 2.1, 8.1, 6.9), (3, 2, 9, 7)),  # rounded outward
        ((-4, -0.5, 999, 12.5), (0, 0, 20, 12)),  # clamped
        ((5, 5, 5, 5), (5, 5, 6, 6)),  # nothing, but a pixel of it is left
        ((30, 30, 40, 40), (19, 11, 20, 12)),  # outside
        ((8, 6, 4, 3), (8, 6, 9, 7)),  # turned inside out
    ],
)
def test_an_image_is_cropped_to_its_box_and_warped(photographs, box, whole):
    root, names = photographs
    boxes = np.array([(0, 0, 2, 2), box])
    cropped = CroppedImages(stored(root, [names[1], names[0]]), (9, 14), boxes)
    with Image.open(root / names[0]) as image:  # 20 x 12
        expected = image.crop(whole).resize((14, 9), Image.Resampling.BICUBIC)
    assert (cropped[1].numpy() == np.asarray(expected)).all()
    (batch,) = image_batches(cropped, 2, 0)
    assert torch.equal(batch[1], cropped[1])


def test_normalising_follows_the_formula():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    images = normalised(torch.from_numpy(pixels), mean, std, torch.device("cpu"))
    assert images.shape == (2, 3, 5, 4)
    assert images.dtype == torch.float32
    for channel in range(3):
        expected = (pixels[..., channel] / 255 - mean[channel]) / std[channel]
        np.testing.assert_allclose(images[:, channel].numpy(), expected, atol=1e-5)
