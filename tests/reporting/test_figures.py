import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib import draw
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.classes import ClassNames
from pipeline_lib.data.manifest import BOX_COLUMNS, write_csv
from pipeline_lib.localization.drawn import COLUMNS as DRAWN_COLUMNS
from pipeline_lib.localization.predictions import Header, Predictions, write_predictions
from pipeline_lib.reporting import figure3, figure4, figure5, figure6, thresholds
from pipeline_lib.reporting.pictures import guesses, overlay, true_scores

CLASSES = 7


def random_predictions(seed, n=60, labelled=True, **changed):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(CLASSES, 0.4), n)
    classes = np.argsort(-scores, axis=1)[:, :5]
    scores = np.take_along_axis(scores, classes, axis=1)
    guessed_right = rng.random(n) < 0.6
    truth = np.where(guessed_right, classes[:, 0], (classes[:, 0] + 1) % CLASSES)
    values = {
        "image_id": [f"image{i:02}" for i in range(n)],
        "classes": classes.astype(np.int32),
        "scores": scores.astype(np.float32),
        "maps": rng.random((n, 5, 1, 2, 2)).astype(np.float32),
        "true_class": (truth if labelled else np.full(n, -1)).astype(np.int32),
        "true_map": rng.random((n, 1, 2, 2)).astype(np.float32),
        "class_labels": [f"n{i}" for i in range(CLASSES)],
        "name": "net",
        "method": "cam",
        "crops": 1,
        "size": (28, 28),
        "warped": (32, 32),
        "network": "0",
        "images": "1",
    }
    return Predictions(**values | changed)


def shuffled(predictions, seed):
    order = np.random.default_rng(seed).permutation(len(predictions.image_id))
    arrays = ("classes", "scores", "maps", "true_class", "true_map")
    return Predictions(
        **vars(predictions)
        | {key: getattr(predictions, key)[order] for key in arrays}
        | {"image_id": [predictions.image_id[i] for i in order]}
    )


def names3(predictions):
    return [
        (label, [predictions.image_id[i] for i in indices])
        for label, indices in figure3.choose(predictions)
    ]


def names4(predictions):
    return [predictions.image_id[i] for i in figure4.choose(predictions)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [names3, names4])
def test_the_choice_does_not_depend_on_the_order_of_the_images(seed, names):
    predictions = random_predictions(seed)
    assert names(predictions) == names(shuffled(predictions, seed))


@pytest.mark.parametrize("seed", range(5))
def test_figure_3_shows_four_classes_with_their_most_certain_right_images(seed):
    predictions = random_predictions(seed)
    chosen = figure3.choose(predictions)
    assert len(chosen) == 4
    assert len({label for label, _ in chosen}) == 4
    for label, indices in chosen:
        assert 1 <= len(indices) <= 4
        right = [
            i
            for i in range(len(predictions.image_id))
            if predictions.true_class[i] == label == predictions.classes[i, 0]
        ]
        assert set(indices) <= set(right)
        left_out = [predictions.scores[i, 0] for i in set(right) - set(indices)]
        assert len(indices) == min(4, len(right))
        assert min(predictions.scores[indices, 0]) >= max(left_out, default=0)


def test_figure_3_prefers_classes_with_more_images():
    predictions = random_predictions(0)
    counts = [len(indices) for _, indices in figure3.choose(predictions)]
    right = predictions.true_class[predictions.classes[:, 0] == predictions.true_class]
    available = sorted((min(4, c) for c in np.bincount(right)), reverse=True)
    assert counts == available[:4]


@pytest.mark.parametrize("seed", range(5))
def test_figure_4_shows_right_images_in_which_other_classes_score_most(seed):
    predictions = random_predictions(seed)
    chosen = figure4.choose(predictions)
    best = {}  # of each class: what the others score in its best image, and that image
    for i, truth in enumerate(predictions.true_class.tolist()):
        others = float(predictions.scores[i, 1:].sum())
        if predictions.classes[i, 0] == truth and others > best.get(truth, (-1, None))[0]:
            best[truth] = (others, i)
    assert len(best) >= 3
    assert chosen == [i for _, i in sorted(best.values(), reverse=True)[:3]]


def test_figure_4_shows_a_class_once():
    predictions = random_predictions(0, n=4)
    predictions.true_class[:] = predictions.classes[:, 0] = [1, 1, 2, 1]
    predictions.scores[:] = [
        [0.5, 0.125, 0.125, 0, 0],
        [0.5, 0.25, 0.125, 0, 0],
        [0.5, 0.0625, 0, 0, 0],
        [0.5, 0.25, 0.25, 0, 0],
    ]
    assert figure4.choose(predictions) == [3, 2]
    predictions.classes[3, 0] = 5  # wrong now
    assert figure4.choose(predictions) == [1, 2]


def test_figure_4_of_unlabelled_images_shows_the_first():
    assert figure4.choose(random_predictions(0, labelled=False)) == [0, 1, 2]
    assert figure4.choose(random_predictions(0, n=2, labelled=False)) == [0, 1]


def test_where_nothing_is_right_only_figure_4_has_something_to_show():
    predictions = random_predictions(0)
    predictions.true_class[:] = (predictions.classes[:, 0] + 1) % CLASSES
    assert figure3.choose(predictions) == []
    shown = figure4.choose(predictions)  # figure 4 still shows what the network took them for
    assert len(set(predictions.true_class[shown])) == len(shown) > 0


def test_guesses_are_named_in_their_order_by_the_first_synonym():
    names = ClassNames({"n1": "tench, Tinca tinca", "n3": "goldfish"})
    found = guesses(["n3", "n2", "n1"], np.array([0.5, 0.25, 0.1], np.float32), names)
    assert found == [
        {"class": "n3", "name": "goldfish", "score": 0.5},
        {"class": "n2", "name": "n2", "score": 0.25},
        {"class": "n1", "name": "tench", "score": 0.1},
    ]


def test_the_heat_map_is_red_at_its_maximum_and_blue_where_it_is_cold():
    image = np.full((2, 2, 3), 128, np.uint8)
    picture = overlay(image, np.array([[-3.0, 0], [0, 5]], np.float32)).astype(int)
    assert picture.shape == image.shape
    hot, cold, zero = picture[1, 1], picture[0, 0], picture[0, 1]
    assert hot[0] > hot[2] + 30
    assert cold[2] >= cold[0]
    assert (cold == zero).all()  # what speaks against the class is as cold as nothing


def test_a_map_without_a_maximum_is_cold_throughout():
    image = np.full((4, 6, 3), 128, np.uint8)
    nothing, negative = overlay(image, np.zeros((4, 6))), overlay(image, -np.ones((4, 6)))
    assert (nothing == negative).all()
    assert (nothing == nothing[0, 0]).all()


def test_the_true_classs_score_is_zero_where_it_is_no_guess():
    predictions = random_predictions(0)
    predictions.classes[0] = [3, 4, 1, 2, 0]
    predictions.classes[1] = [3, 4, 1, 2, 0]
    predictions.true_class[:3] = [4, 6, -1]
    found = true_scores(predictions)
    assert found[0] == predictions.scores[0, 1]
    assert found[1] == found[2] == 0


@pytest.mark.parametrize("seed", range(3))
def test_figure_5_shows_what_most_networks_are_right_about_once_a_class(seed):
    first = random_predictions(seed)
    others = [random_predictions(seed + 10 * i, true_class=first.true_class) for i in (1, 2)]
    networks = [first, *others]
    gradient = random_predictions(99, true_class=first.true_class, method="backprop")
    chosen = figure5.choose([*networks, gradient])
    assert chosen == figure5.choose(networks)  # the gradient has no say
    best = {}
    for i, truth in enumerate(first.true_class.tolist()):
        right = sum(int(net.classes[i, 0]) == truth for net in networks)
        score = sum(
            float(s)
            for net in networks
            for c, s in zip(net.classes[i], net.scores[i], strict=True)
            if c == truth
        )
        best[truth] = max(best.get(truth, (-1, -1, -1)), (right, score, -i))
    assert chosen == [-i for *_, i in sorted(best.values(), reverse=True)[:4]]


def boxes_of(predictions, several=()):
    """A manifest and its boxes: one a labelled image, two for ``several``; image 0 has none."""
    n = len(predictions.image_id)
    images = pd.DataFrame(
        {
            "image_id": predictions.image_id,
            "path": [f"{name}.png" for name in predictions.image_id],
            "label": [predictions.label_of(int(c)) for c in predictions.true_class],
            "width": 48,
            "height": 40,
            "blacklisted": [int(i == 1) for i in range(n)],
        }
    )
    rows = [
        (predictions.image_id[i], images["label"][i], 8, 8, 40, 32)
        for i in range(1, n)
        for _ in range(1 + (i in several))
    ]
    return images, pd.DataFrame(rows, columns=list(BOX_COLUMNS))


@pytest.mark.parametrize("seed", range(3))
def test_figure_6_takes_a_class_after_the_other_by_score(seed):
    predictions = random_predictions(seed)
    images, true_boxes = boxes_of(predictions, several=range(10, 20))
    chosen = list(figure6.choose(predictions, images, true_boxes))
    allowed = [
        i
        for i in range(60)
        if predictions.classes[i, 0] == predictions.true_class[i]
        and i not in (0, 1)
        and i not in range(10, 20)
    ]
    assert len(chosen) == min(12, len(allowed))
    left = sorted(allowed, key=lambda i: -predictions.scores[i, 0])
    expected = []
    while len(expected) < len(chosen):  # round by round, the best of every class that is left
        seen = set()
        for i in list(left):
            if predictions.true_class[i] not in seen:
                seen.add(predictions.true_class[i])
                expected.append(i)
                left.remove(i)
    assert chosen == expected[: len(chosen)]


@pytest.fixture
def world(tmp_path):
    """Predictions of two networks and a gradient, photographs, drawn and true boxes, as files."""
    network = random_predictions(1, n=24)
    images, true_boxes = boxes_of(network)
    for path in images["path"]:
        Image.new("RGB", (48, 40), "teal").save(tmp_path / path)
    write_csv(tmp_path / "images.csv", images)
    write_csv(tmp_path / "true.csv", true_boxes)
    rng = np.random.default_rng(0)
    gradient = {
        "name": "Backprop on net",
        "method": "backprop",
        "maps": np.zeros((24, 0, 2, 28, 28), np.float16),
        "true_map": rng.random((24, 2, 28, 28)).astype(np.float16),
    }
    for name, changed in (("net", {}), ("two", {"name": "two"}), ("gradient", gradient)):
        made = Predictions(
            **vars(network) | {"images": fingerprint(tmp_path / "images.csv")} | changed
        )
        header = Header(**{key: getattr(made, key) for key in Header.__dataclass_fields__})
        arrays = {key: getattr(made, key) for key in ("classes", "scores", "maps", "true_map")}
        write_predictions(tmp_path / f"{name}.h5", header, [arrays])
        rows = [
            (image, 0, "n0", np.nan, fit, 8, 8, *corner, "paper")
            for image in made.image_id
            for fit, corner in (("loose", (40, 20)), ("tight", (9, 9)))
        ]
        write_csv(
            tmp_path / f"{name}.csv",
            pd.DataFrame(rows, columns=list(DRAWN_COLUMNS)),
            made_from=made.fingerprint,
        )
    return tmp_path


def run(world, figure, *flags):
    """Draw; files are named relative to the world."""
    given = [str(world / flag) if "." in flag else flag for flag in flags]
    out = world / "out" / f"{figure}.png"
    return draw.main(["--figure", figure, *given, "--out", str(out)]), out


def shared(world, *predictions):
    return [
        *("--predictions", *predictions),
        *("--images", "images.csv", "--roots", str(world)),
    ]


def content(out):
    with Image.open(out) as picture:
        assert min(picture.size) > 200
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 50  # not an empty sheet
    return json.loads(out.with_suffix(".json").read_text())


@pytest.mark.parametrize("figure", ["figure3", "figure4"])
def test_figures_of_guesses_are_drawn_from_files(world, figure):
    status, out = run(world, figure, *shared(world, "net.h5"))
    assert status == 0
    assert content(out)


def test_figure_5_says_what_every_column_gives_the_true_class(world):
    status, out = run(world, "figure5", *shared(world, "net.h5", "two.h5", "gradient.h5"))
    assert status == 0
    found = content(out)
    assert found["columns"] == ["net", "two", "Backprop on net"]
    assert len(found["images"]) == 4
    assert all(set(image["scores"]) == set(found["columns"]) for image in found["images"])


def test_figure_6_has_the_overlap_of_the_loose_boxes_and_says_how_it_chose(world):
    flags = [*shared(world, "net.h5", "gradient.h5"), "--true-boxes", "true.csv"]
    status, out = run(world, "figure6", *flags, "--boxes", "net.csv", "gradient.csv")
    assert status == 0
    found = content(out)
    assert "no say" in found["choice"]
    assert len(found["images"]) == 12
    for image in found["images"]:
        assert image["iou"] == {"net": 0.5, "Backprop on net": 0.5}  # 32 x 12 of 32 x 24


def curve(name, held, scored):
    metric = "localization top-1"
    rows = [
        (name, i / 10, part, metric, error, 9)
        for part, errors in (("held-out", held), ("scored", scored))
        for i, error in enumerate(errors)
    ]
    return pd.DataFrame(rows, columns=["row", "threshold", "part", "metric", "error", "n"])


def test_the_thresholds_marked_are_those_held_out_images_choose(tmp_path):
    curve("a", [50, 40, 45], [60, 55, 35]).to_csv(tmp_path / "a.csv", index=False)
    curve("b", [20, 20, 30], [30, 20, 10]).to_csv(tmp_path / "b.csv", index=False)
    status, out = run(tmp_path, "thresholds", "--curves", "a.csv", "b.csv")
    assert status == 0
    assert content(out)["rows"] == [
        {"row": "a", "threshold": 0.1, "error": 55},
        {"row": "b", "threshold": 0.0, "error": 30},
    ]


def test_figures_with_nothing_to_show_are_drawn_all_the_same(tmp_path):
    unlabelled = random_predictions(0, n=3, labelled=False)
    images, true_boxes = boxes_of(unlabelled)
    drawn = figure6.Drawn(unlabelled, pd.DataFrame({"rule": ["paper"]}))
    figure5.draw([unlabelled], images, tmp_path, {}, tmp_path / "5.png")
    figure6.draw((drawn, drawn), images, true_boxes, tmp_path, {}, tmp_path / "6.png")
    thresholds.draw(curve("a", [], []), tmp_path / "t.png")
    for name, key in (("5", "images"), ("6", "images"), ("t", "rows")):
        assert json.loads((tmp_path / f"{name}.json").read_text())[key] == []
        assert (tmp_path / f"{name}.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("figure", "flags", "words"),
    [
        ("thresholds", [], "--curves"),
        ("figure5", ["--predictions", "net.h5"], "--images, --roots"),
        ("figure3", ["--predictions", "gradient.h5", "--images", "images.csv"], "true class alone"),
        ("figure6", ["--predictions", "net.h5", "--images", "images.csv"], "--boxes, --true-boxes"),
        ("figure5", ["--predictions", "net.h5", "--images", "images.csv", "true.csv"], "one"),
    ],
)
def test_what_a_figure_lacks_is_said_in_one_line(world, capsys, figure, flags, words):
    roots = [] if "--images, --roots" in words else ["--roots", str(world)]
    status, out = run(world, figure, *flags, *roots)
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not out.exists()


def test_boxes_of_other_predictions_are_refused(world, capsys):
    flags = [*shared(world, "net.h5", "gradient.h5"), "--true-boxes", "true.csv"]
    status, _ = run(world, "figure6", *flags, "--boxes", "gradient.csv", "net.csv")
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "gradient.csv" in line
