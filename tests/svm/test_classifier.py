import dataclasses

import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.svm.classifier import LinearClassifier, load, save


@pytest.fixture
def classifier():
    rng = np.random.default_rng(0)
    arrays = {"weights": rng.normal(size=(3, 4)).astype(np.float32)}
    arrays |= {"bias": rng.normal(size=3).astype(np.float32), "objective": rng.random(3)}
    texts = {"network": "n", "features": "f", "split": "1", "classes": ["a", "b/ c", "ü"]}
    return LinearClassifier(**arrays, **texts, cost=0.1, normalised=True)


def test_what_was_saved_is_loaded(tmp_path, classifier):
    save(tmp_path / "svm.npz", classifier)
    loaded = load(tmp_path / "svm.npz")
    for field in dataclasses.fields(classifier):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(classifier, field.name))
    assert isinstance(loaded.cost, float) and loaded.normalised is True


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.95])
def test_a_truncated_file_is_one_line(tmp_path, classifier, kept):
    path = tmp_path / "svm.npz"
    save(path, classifier)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(InputError, match=r"svm.npz: not a whole classifier") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_foreign_pickled_ill_shaped_and_infinite_ones_are_refused(tmp_path, classifier):
    path = tmp_path / "svm.npz"
    with pytest.raises(InputError, match="not found"):
        load(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(InputError, match="not a whole classifier"):
        load(path)
    values = {f.name: getattr(classifier, f.name) for f in dataclasses.fields(classifier)}
    np.savez(path, **values | {"classes": np.array(["a", None], object)})  # needs pickle
    with pytest.raises(InputError, match="not a whole classifier"):
        load(path)
    save(path, dataclasses.replace(classifier, classes=["a", "b"]))
    with pytest.raises(InputError, match="3 weights, 3 biases, 2 classes"):
        load(path)
    save(path, dataclasses.replace(classifier, weights=classifier.weights * np.inf))
    with pytest.raises(InputError, match="no numbers"):
        load(path)
