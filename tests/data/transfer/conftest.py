from pathlib import Path

import pytest

from pipeline_lib.common.errors import InputError


@pytest.fixture
def plant(tmp_path):
    """Return a function that makes empty files: the readers but CUB's open none."""

    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


@pytest.fixture
def refused():
    """Return a function that runs a reader and asks for a one-line refusal with some words."""

    def check(reader, root, spec, *words: str) -> None:
        with pytest.raises(InputError) as caught:
            reader(root, spec)
        message = str(caught.value)
        assert "\n" not in message
        for word in words:
            assert str(word) in message, message

    return check


@pytest.fixture
def subsets():
    """Return a function that brute-forces the images of a subset: {split: {label: [image_id]}}."""

    def collect(rows, subset: str) -> dict[str, dict[str, list[str]]]:
        images_of: dict[str, dict[str, list[str]]] = {}
        for split, where, image, label in rows:
            if where == subset:
                images_of.setdefault(split, {}).setdefault(label, []).append(image)
        return images_of

    return collect
