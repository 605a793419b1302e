import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS, Boxed, chosen_threshold, sweep
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.localization.predictions import Predictions

N, CLASSES = 30, 6


@pytest.fixture(scope="module")
def study():
    """Random smooth maps, boxes and guesses; image 3 has no box, image 4 is blacklisted."""
    rng = np.random.default_rng(0)
    images = pd.DataFrame(
        [(f"i{n}", f"i{n}.jpg", "c", 64 + n, 48, int(n == 4)) for n in range(N)],
        columns=list(IMAGE_COLUMNS),
    )
    corners = np.sort(rng.integers(0, 48, (2 * N, 2, 2)), axis=1).reshape(-1, 4)
    true_boxes = pd.DataFrame(
        [(f"i{n // 2}", "c", *box) for n, box in enumerate(corners.tolist()) if n // 2 != 3],
        columns=list(BOX_COLUMNS),
    )
    return images, true_boxes


def random_predictions(**changed):
    rng = np.random.default_rng(1)
    values = {
        "image_id": [f"i{n}" for n in range(N)],
        "classes": np.array([rng.permutation(CLASSES)[:5] for _ in range(N)], np.int32),
        "scores": np.full((N, 5), 0.2, np.float32),
        "maps": np.zeros((N, 5, 1, 7, 7), np.float32),
        "true_class": np.where(np.arange(N) == 5, -1, 0).astype(np.int32),
        "true_map": rng.random((N, 1, 7, 7)).astype(np.float32),
        "class_labels": [f"c{i}" for i in range(CLASSES)],
        "name": "net",
        "method": "cam",
        "crops": 1,
        "size": (56, 56),
        "warped": (64, 64),
        "network": "0",
        "images": "images",
    }
    return Predictions(**values | changed)


def run(predictions, study, **changed):
    options = {"held_out_fraction": 0.4, "seed": 0, "interpolation": "bilinear"}
    return sweep(Boxed(predictions, *study), **options | changed)


def expected_errors(predictions, study, threshold):
    """Errors of all images by the definition, image by image."""
    images, true_boxes = study
    wrong = {"localization top-1": [], "localization top-5": [], "GT-known": []}
    for n in range(N):
        true = true_boxes[true_boxes["image_id"] == f"i{n}"][["x0", "y0", "x1", "y1"]].to_numpy()
        if n in (3, 4, 5):
            continue
        heat = heat_map(predictions, n, 0, int(images["width"][n]), 48, "bilinear")
        right = iou([paper_box(heat, threshold)], true).max() >= 0.5
        guessed = predictions.classes[n].tolist()
        wrong["localization top-1"].append(not (right and guessed[0] == 0))
        wrong["localization top-5"].append(not (right and 0 in guessed))
        wrong["GT-known"].append(not right)
    return {metric: 100 * np.mean(outcomes) for metric, outcomes in wrong.items()}


def test_the_curve_of_all_images_is_the_error_at_every_threshold(study):
    predictions = random_predictions()
    curve, *_ = run(predictions, study)
    whole = curve[curve["subset"] == "all"].set_index(["threshold", "metric"])
    assert len(whole) == 150
    assert set(whole["n"]) == {N - 3}
    for threshold in (0, 0.2, 0.56, 0.98):
        for metric, error in expected_errors(predictions, study, threshold).items():
            assert whole.loc[(threshold, metric), "error"] == pytest.approx(error)


def test_the_subsets_make_up_the_whole(study):
    curve, *_ = run(random_predictions(), study)
    counts = curve.groupby("subset")["n"].first()
    assert counts.to_dict() == {"held-out": 11, "scored": 16, "all": 27}
    wrong = (
        (curve["error"] * curve["n"]).groupby([curve["subset"], curve["metric"]]).sum().unstack(0)
    )
    np.testing.assert_allclose(wrong["held-out"] + wrong["scored"], wrong["all"])


def test_the_threshold_is_the_held_out_subsets_best_whatever_the_scored_subset_says(study):
    curve, scores, _ = run(random_predictions(), study)
    held_out = curve[(curve["subset"] == "held-out") & (curve["metric"] == "localization top-1")]
    best = held_out[held_out["error"] == held_out["error"].min()]["threshold"].min()
    errors = scores.set_index("metric")["error"]
    assert errors["threshold chosen"] == pytest.approx(100 * best)
    scored = curve[(curve["subset"] == "scored") & (curve["threshold"] == best)].set_index("metric")
    for metric in ("localization top-1", "localization top-5", "GT-known"):
        assert errors[f"{metric} at it"] == pytest.approx(scored.loc[metric, "error"])


def test_of_equally_good_thresholds_the_lowest_is_chosen_and_the_scored_subset_does_not_matter():
    held_out = [0.3, 0.1, 0.2, 0.1]
    scored = [0.0, 0.9, 0.9, 0.9]
    rows = [
        ("net", "bilinear", 0.1 * (3 - i), subset, "localization top-1", errors[3 - i], 9)
        for subset, errors in (("held-out", held_out), ("scored", scored))
        for i in range(4)
    ]
    assert chosen_threshold(pd.DataFrame(rows, columns=list(CURVE_COLUMNS))) == pytest.approx(0.1)


def test_every_network_is_split_alike_and_the_seed_decides(study):
    first, *_ = run(random_predictions(), study)
    again, *_ = run(random_predictions(name="other"), study)
    other, *_ = run(random_predictions(), study, seed=1)
    assert first["error"].equals(again["error"])
    assert set(again["row"]) == {"other"}
    assert not first["error"].equals(other["error"])


def test_scores_are_those_of_box_method_paper_and_have_the_centre_of_their_intervals(study):
    _, scores, _ = run(random_predictions(), study)
    assert set(scores["box_method"]) == {"paper"}
    assert set(scores["method"]) == {"cam"}
    found = scores.set_index("metric")
    assert found.loc["threshold chosen", ["low", "high"]].isna().all()
    assert found["n"].to_dict() == {
        "threshold chosen": 11,
        "localization top-1 at it": 16,
        "localization top-5 at it": 16,
        "GT-known at it": 16,
        "BoxAcc": 16,
        "MaxBoxAcc": 27,
        "BoxAccV2": 16,
        "MaxBoxAccV2": 27,
    }
    rest = found.drop("threshold chosen")
    assert (rest["low"] <= rest["error"]).all()
    assert (rest["error"] <= rest["high"]).all()


def test_the_scores_by_image_average_to_the_scores(study):
    _, scores, images = run(random_predictions(), study)
    found = scores.set_index("metric").drop("threshold chosen")
    for metric, score in found.iterrows():
        assert images[metric].notna().sum() == score["n"]
        assert 100 * images[metric].mean() == pytest.approx(score["error"])
    assert images["image_id"].is_unique
    assert images["subset"].value_counts().to_dict() == {"scored": 16, "held-out": 11}


def test_the_tables_say_the_interpolation_and_no_threshold_that_was_set(study):
    curve, scores, _ = run(random_predictions(), study, interpolation="nearest")
    assert set(curve["interpolation"]) == set(scores["interpolation"]) == {"nearest"}
    assert scores["threshold"].isna().all()
    assert scores["centred_fraction"].isna().all()


def test_a_map_that_is_the_true_box_localizes_everything(study):
    images, _ = study
    maps = np.zeros((N, 1, 8, 8), np.float32)
    maps[:, :, 2:6, 1:7] = 1
    boxes = [
        (f"i{n}", "c", width / 8, 12, 7 * width / 8, 36) for n, width in enumerate(images["width"])
    ]
    known = random_predictions(true_map=maps, true_class=np.zeros(N, np.int32))
    known.classes[:, 0] = 0
    true_boxes = pd.DataFrame(boxes, columns=list(BOX_COLUMNS))
    _, scores, _ = run(known, (images, true_boxes), interpolation="nearest")
    errors = scores.set_index("metric")["error"]
    assert errors["localization top-1 at it"] == 0
    assert errors["MaxBoxAccV2"] == 100


def test_held_out_images_of_their_own_choose_the_threshold_and_all_others_are_scored(study):
    """Choe et al.'s protocol: here the held-out images are those scored, so nothing is lost by it."""
    predictions = random_predictions()
    held_out = Boxed(predictions, *study)
    curve, scores, images = run(predictions, study, held_out=held_out)
    counts = curve.groupby("subset")["n"].first()
    assert counts.to_dict() == {"held-out": 27, "scored": 27, "all": 27}
    assert len(images) == 27
    errors = scores.set_index("metric")["error"]
    assert errors["BoxAcc"] == pytest.approx(errors["MaxBoxAcc"])
    assert errors["BoxAccV2"] == pytest.approx(errors["MaxBoxAccV2"])
    of_all = curve[(curve["subset"] == "all") & (curve["metric"] == "localization top-1")]
    assert errors["localization top-1 at it"] == pytest.approx(of_all["error"].min())


def test_held_out_images_without_the_objects_choose_another_threshold(study):
    """Maps of a peak on a slope: only a low threshold keeps the slope, where the held-out boxes are."""
    images, _ = study
    slope = np.tile(np.linspace(0, 0.4, 7, dtype=np.float32), (7, 1))
    slope[2:5, 2:5] = 1
    predictions = random_predictions(true_map=np.tile(slope, (N, 1, 1, 1)))

    def boxes_of(x0, y0, x1, y1):
        rows = [
            (f"i{n}", "c", x0 * width, y0 * 48, x1 * width, y1 * 48)
            for n, width in enumerate(images["width"])
        ]
        return pd.DataFrame(rows, columns=list(BOX_COLUMNS))

    peak, whole = boxes_of(2 / 7, 2 / 7, 5 / 7, 5 / 7), boxes_of(0, 0, 1, 1)
    alike = run(predictions, (images, peak), held_out=Boxed(predictions, images, peak))
    other = run(predictions, (images, peak), held_out=Boxed(predictions, images, whole))
    found = [each.scores.set_index("metric")["error"] for each in (alike, other)]
    assert found[0]["BoxAcc"] == found[0]["MaxBoxAcc"] == found[1]["MaxBoxAcc"] == 100
    assert found[1]["BoxAcc"] == 0
    assert found[1]["threshold chosen"] < found[0]["threshold chosen"]


def test_held_out_predictions_of_another_network_are_refused(study):
    other = Boxed(random_predictions(network="1"), *study)
    with pytest.raises(InputError, match="another network"):
        run(random_predictions(), study, held_out=other)


def test_the_gradient_baseline_is_swept_too(study):
    planes = np.random.default_rng(3).random((N, 2, 56, 56)).astype(np.float16)
    gradient = random_predictions(
        method="backprop", true_map=planes, maps=np.zeros((N, 0, 2, 56, 56), np.float16)
    )
    _, scores, _ = run(gradient, study)
    _, strongest, _ = run(random_predictions(true_map=planes[:, :1].astype(np.float32)), study)
    assert scores["error"].tolist() == strongest["error"].tolist()


@pytest.mark.parametrize("labelled", [0, 1])
def test_with_too_few_images_to_localize_there_is_nothing(study, labelled):
    truth = np.full(N, -1, np.int32)
    truth[:labelled] = 0
    curve, scores, _ = run(random_predictions(true_class=truth), study)
    assert curve.empty
    assert scores.empty
    assert list(curve.columns) == list(CURVE_COLUMNS)
