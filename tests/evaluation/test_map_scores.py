"""The scores of a map method, against the steps that compute them one by one."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS
from pipeline_lib.data.masks import MaskFiles
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.evaluation.map_scores import CENTRE, centred_gaussian, map_scores
from pipeline_lib.evaluation.sweep import Boxed, sweep
from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.localization.predictions import Predictions

N, WIDTH, HEIGHT = 24, 64, 48
OPTIONS = {"held_out_fraction": 0.4, "seed": 0, "interpolation": "bilinear"}


@pytest.fixture(scope="module")
def boxed():
    """Random maps; image 2 has no box, image 3 no label."""
    rng = np.random.default_rng(0)
    images = pd.DataFrame(
        [(f"i{n}", "", "" if n == 3 else "c0", WIDTH, HEIGHT, 0) for n in range(N)],
        columns=list(IMAGE_COLUMNS),
    )
    corners = np.sort(rng.integers(0, HEIGHT, (N, 2, 2)), axis=1).reshape(-1, 4)
    boxes = [(f"i{n}", "c0", *box) for n, box in enumerate(corners.tolist()) if n != 2]
    classes = np.array([rng.permutation(6)[:5] for _ in range(N)], np.int32)
    predictions = Predictions(
        image_id=list(images["image_id"]),
        true_class=np.where(np.arange(N) == 3, -1, 0).astype(np.int32),
        class_labels=[f"c{i}" for i in range(6)],
        name="net",
        method="layer-cam",
        crops=1,
        size=(56, 56),
        warped=(64, 64),
        network="0",
        images="images",
        classes=classes,
        scores=np.full((N, 5), 0.2, np.float32),
        maps=np.zeros((N, 0, 1, 7, 7), np.float32),
        true_map=rng.random((N, 1, 7, 7)).astype(np.float32),
    )
    return Boxed(predictions, images, pd.DataFrame(boxes, columns=list(BOX_COLUMNS)))


@pytest.fixture(scope="module")
def measured(boxed):
    return map_scores(boxed, threshold=0.3, **OPTIONS)


def value(measured, metric, box_method="paper"):
    rows = measured.scores
    found = rows[(rows["metric"] == metric) & (rows["box_method"] == box_method)]
    assert len(found) == 1
    return found.iloc[0]["error"]


@pytest.mark.parametrize("box_method", ["paper", "authors"])
def test_errors_are_those_of_the_box_method_image_by_image(boxed, measured, box_method):
    wrong = {"localization top-1": [], "localization top-5": [], "GT-known": []}
    for n in range(N):
        if n in (2, 3):
            continue
        heat = heat_map(boxed.predictions, n, 0, WIDTH, HEIGHT, "bilinear")
        box = paper_box(heat, 0.3) if box_method == "paper" else authors_boxes(heat)[0]
        rows = boxed.true_boxes[boxed.true_boxes["image_id"] == f"i{n}"]
        right = iou([box], rows[["x0", "y0", "x1", "y1"]].to_numpy()).max() >= 0.5
        guesses = boxed.predictions.classes[n].tolist()
        wrong["localization top-1"].append(not (right and guesses[0] == 0))
        wrong["localization top-5"].append(not (right and 0 in guesses))
        wrong["GT-known"].append(not right)
    for metric, outcomes in wrong.items():
        assert value(measured, metric, box_method) == pytest.approx(100 * np.mean(outcomes))


def test_the_accuracies_are_those_of_the_sweep(boxed, measured):
    swept = sweep(boxed, **OPTIONS).scores.set_index("metric")["error"]
    for metric in ("BoxAcc", "MaxBoxAcc", "BoxAccV2", "MaxBoxAccV2", "GT-known at it"):
        assert value(measured, metric) == swept[metric]


def test_every_score_but_the_pixels_is_the_mean_of_its_column_by_image(measured):
    for row in measured.scores.itertuples():
        if row.metric == "threshold chosen":
            continue
        column = f"{row.metric}, authors" if row.box_method == "authors" else row.metric
        assert 100 * measured.images[column].mean() == pytest.approx(row.error)
        assert measured.images[column].notna().sum() == row.n


def test_several_processes_give_the_same(boxed, measured):
    again = map_scores(boxed, threshold=0.3, processes=2, **OPTIONS)
    pd.testing.assert_frame_equal(again.scores, measured.scores)
    pd.testing.assert_frame_equal(again.images, measured.images)


def planted(boxed, tmp_path, maps):
    """Masks of the left half of the first ten images, and maps (10, 8, 8) of them."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    masks = {f"i{n}": MaskFiles((tmp_path / "mask.png",), ()) for n in range(10)}
    true_map = np.zeros((N, 1, *maps.shape[1:]), np.float32)
    true_map[:10, 0] = maps
    predictions = Predictions(**vars(boxed.predictions) | {"true_map": true_map})
    of_maps = boxed._replace(predictions=predictions)
    return map_scores(of_maps, threshold=0.3, masks=masks, **OPTIONS)


def test_a_perfect_map_has_a_pxap_of_100_and_a_uniform_one_the_objects_share(boxed, tmp_path):
    halves = np.zeros((10, HEIGHT, WIDTH), np.float32)
    halves[:, :, : WIDTH // 2] = 1
    perfect = planted(boxed, tmp_path, halves)
    # Bilinear upsampling blurs the border of the two halves, alike on both sides.
    assert value(perfect, "PxAP", "") == pytest.approx(100, abs=0.1)
    assert perfect.scores.set_index("metric").loc["PxAP", "n"] == 9  # image 3 has no label
    uniform = planted(boxed, tmp_path, np.ones((10, 8, 8), np.float32))
    assert value(uniform, "PxAP", "") == pytest.approx(50)
    assert value(uniform, "peak IoU", "") == pytest.approx(50)


def test_images_without_boxes_have_pixels_alone(boxed, tmp_path):
    maps = np.random.default_rng(5).random((10, 8, 8), np.float32)
    with_boxes = planted(boxed, tmp_path, maps).scores
    without = planted(boxed._replace(true_boxes=boxed.true_boxes[:0]), tmp_path, maps)
    of_pixels = with_boxes[with_boxes["metric"].isin(["PxAP", "peak IoU"])]
    pd.testing.assert_frame_equal(without.scores, of_pixels.reset_index(drop=True))
    assert without.images.empty


def test_the_centred_gaussian_finds_a_disc_in_the_middle_and_guesses_no_class(boxed):
    middle = [(f"i{n}", "c0", 16, 12, 48, 36) for n in range(N)]
    gaussian = centred_gaussian(boxed.predictions.image_id, boxed.predictions.true_class, "images")
    of_gaussian = Boxed(gaussian, boxed.images, pd.DataFrame(middle, columns=list(BOX_COLUMNS)))
    measured = map_scores(of_gaussian, threshold=0.5, **OPTIONS)
    metrics = set(measured.scores["metric"])
    assert metrics == {"GT-known", "BoxAcc", "MaxBoxAcc", "BoxAccV2", "MaxBoxAccV2"}
    assert value(measured, "MaxBoxAccV2") == 100
    assert set(measured.scores["row"]) == {CENTRE}
