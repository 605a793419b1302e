"""CLIP against open_clip's own forward pass, on random weights."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.clip import TEMPLATE, Clip, ClipImages, PhraseMaps, check_clip

open_clip = pytest.importorskip("open_clip")
NAMES = ["ViT-B-32", "RN50"]
GRID = {"ViT-B-32": (7, 7), "RN50": (7, 7)}


@pytest.fixture(scope="module", params=NAMES)
def theirs(request):
    torch.manual_seed(0)
    model = open_clip.create_model(request.param, pretrained=None).eval()
    return request.param, model


@pytest.fixture(scope="module")
def ours(theirs, tmp_path_factory):
    name, model = theirs
    folder = tmp_path_factory.mktemp("weights")
    save_file(model.state_dict(), folder / f"{name}.safetensors")
    return Clip(name, folder)


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))


def test_images_and_phrases_are_embedded_as_by_open_clip(theirs, ours, images):
    name, model = theirs
    phrases = ["red barn", "pond"]
    tokens = open_clip.get_tokenizer(name)([TEMPLATE.format(phrase) for phrase in phrases])
    with torch.inference_mode():
        text = model.encode_text(tokens, normalize=True)
        expected = model.encode_image(images, normalize=True)
    torch.testing.assert_close(ours.embed(phrases), text)
    values, maps_of = PhraseMaps(ours.images, ours.embed(phrases)).explain(images)
    torch.testing.assert_close(values, expected @ text.T, rtol=1e-4, atol=1e-5)
    assert maps_of(torch.tensor([[1], [0]])).shape == (2, 1, *GRID[name])
    assert ours.preprocessing.size == (224, 224)
    np.testing.assert_allclose(ours.preprocessing.mean, open_clip.OPENAI_DATASET_MEAN)


def test_a_place_alone_has_the_embedding_of_its_map(ours, images):
    """Where only one place is left to attend to, the network's own embedding is that of the place."""
    visual, places = ours.images.visual, ours.images(images)[0]
    with torch.inference_mode():
        if hasattr(visual, "attnpool"):
            pool, seen = visual.attnpool, []
            hook = pool.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
            visual(images)
            hook.remove()
            x = seen[0].flatten(2)[:, :, 10] + pool.positional_embedding[11]
            expected = torch.nn.functional.multi_head_attention_forward(
                *[x[None]] * 3, x.shape[1], pool.num_heads, None,
                torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]), None, None, False,
                0.0, pool.c_proj.weight, pool.c_proj.bias, need_weights=False, training=False,
                use_separate_proj_weight=True, q_proj_weight=pool.q_proj.weight,
                k_proj_weight=pool.k_proj.weight, v_proj_weight=pool.v_proj.weight,
            )[0][0]  # fmt: skip
        else:
            seen, block = [], visual.transformer.resblocks[-1]
            hook = block.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
            visual(images)
            hook.remove()
            expected = visual.ln_post(block(seen[0][:, 11:12]))[:, 0] @ visual.proj
    torch.testing.assert_close(places.flatten(2)[:, :, 10], expected, rtol=1e-4, atol=1e-5)


def test_with_even_attention_the_mean_of_a_map_is_its_part_of_the_score(images):
    """The pool's embedding is then the mean over the places and their mean, which counts as one.

    Of the residual network alone: a transformer's last block has more than an attention.
    """
    torch.manual_seed(0)
    visual = open_clip.create_model("RN50", pretrained=None).visual.eval()
    pool, pooled = visual.attnpool, []
    for parameter in pool.q_proj.parameters():
        parameter.data.zero_()
    phrase = torch.randn(1, visual.output_dim)
    hook = pool.register_forward_pre_hook(lambda _, args: pooled.append(args[0]))
    places, embeddings = ClipImages(visual, "RN50")(images)
    hook.remove()
    maps = torch.einsum("kd,ndhw->nkhw", phrase, places)
    with torch.inference_mode():
        mean = pool.c_proj(pool.v_proj(pooled[0].mean((2, 3)) + pool.positional_embedding[0]))
    count = maps[0, 0].numel()
    expected = (count * maps.mean((2, 3)) + mean @ phrase.T) / (count + 1)
    torch.testing.assert_close(embeddings @ phrase.T, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("ViT-B-23", "unknown CLIP 'ViT-B-23'.*ViT-B-32"),
        ("ViT-B-32.openia", "ViT-B-32: 'openia' is not one of .*openai"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest(name, error):
    with pytest.raises(InputError, match=error):
        check_clip(name)


def test_weights_are_asked_for_and_checked(tmp_path):
    with pytest.raises(InputError, match=r"RN50: names no published weights; add a tag, or put "):
        Clip("RN50", tmp_path)
    save_file({"logit_scale": torch.zeros(())}, tmp_path / "RN50.safetensors")
    with pytest.raises(InputError, match=r"RN50.safetensors: has no tensor "):
        Clip("RN50", tmp_path)


def test_a_network_that_gathers_otherwise_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"x: neither a residual network nor a transformer"):
        ClipImages(torch.nn.Linear(2, 2), "x")
