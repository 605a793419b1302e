"""CLIP (Radford et al. 2021) by its name in open_clip: images, phrases, and maps of phrases.

The embedding of a phrase takes the place of the softmax weights in Eq. 2, over the places of the image.
CLIP's transformers and residual networks gather the places into one vector by attention, so that a
place has no part of the score of its own. It gets one as in MaskCLIP (Zhou, Loy and Dai 2022, "Extract
Free Dense Labels from CLIP"): in the last attention each place attends to itself alone.

open_clip is imported inside functions: it is an optional package, and takes seconds.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import normalize

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.nearest import nearest
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.networks.gradients import Explanation
from pipeline_lib.networks.weights import load_state, read_state
from pipeline_lib.study.configuration.networks import WEIGHT_SUFFIXES

TEMPLATE = "a photo of {}"  # Radford et al. 2021, section 3.1.4, without its article and full stop
PACKAGE = "pip install '.[clip]'"


class ClipImages(nn.Module):
    """The image half of CLIP: embeddings of images, and of their places.

    Raises InputError for a network whose places cannot be read so.
    """

    def __init__(self, visual: nn.Module, name: str) -> None:
        super().__init__()
        self.visual = visual.eval().requires_grad_(False)
        if hasattr(visual, "attnpool"):
            self.gathering, self._places = visual.attnpool, self._places_of_pool
        elif _is_clips_transformer(visual):
            self.gathering, self._places = visual.transformer.resblocks[-1], self._places_of_block
        else:
            raise InputError(
                f"{name}: neither a residual network nor a transformer of CLIP's own; choose another"
            )

    @torch.inference_mode()
    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 3, H, W) normalised images to those of the places (N, D, h, w), and embeddings (N, D).

        Both are as the network gives them, not of unit length.
        """
        inputs: list[torch.Tensor] = []
        hook = self.gathering.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        try:
            embeddings = self.visual(images)
        finally:
            hook.remove()
        return self._places(inputs[0]), embeddings

    def _places_of_block(self, tokens: torch.Tensor) -> torch.Tensor:
        """The last block on (N, 1 + h * w, C) tokens, the class's first, each with itself alone."""
        visual, length = self.visual, tokens.shape[1]
        itself = torch.full((length, length), -torch.inf, device=tokens.device).fill_diagonal_(0)
        places = visual.ln_post(self.gathering(tokens, attn_mask=itself))[:, 1:] @ visual.proj
        return places.movedim(2, 1).unflatten(2, visual.grid_size)

    def _places_of_pool(self, maps: torch.Tensor) -> torch.Tensor:
        """What the attention pool would make of each place of (N, C, h, w) maps alone."""
        pool = self.gathering
        places = maps.flatten(2).movedim(2, 1) + pool.positional_embedding[1:]
        return pool.c_proj(pool.v_proj(places)).movedim(2, 1).unflatten(2, maps.shape[2:])


class PhraseMaps(nn.Module):
    """CLIP as a classifier of phrases, whose ``embeddings`` (k, D) are of unit length."""

    def __init__(self, images: ClipImages, embeddings: torch.Tensor) -> None:
        super().__init__()
        self.images = images
        self.register_buffer("embeddings", embeddings)

    @torch.inference_mode()
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to cosines (N, k) of image and phrase."""
        return normalize(self.images.visual(images), dim=1) @ self.embeddings.T

    @torch.inference_mode()
    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to the cosines, and from (N, m) phrases to their (N, m, h, w) maps."""
        places, embeddings = self.images(images)
        values = normalize(embeddings, dim=1) @ self.embeddings.T

        def maps_of(phrases: torch.Tensor) -> torch.Tensor:
            return torch.einsum("nkd,ndhw->nkhw", self.embeddings[phrases], places)

        return values, maps_of


class Clip:
    """CLIP with its weights: ``images``, their ``preprocessing``, and ``embed`` for phrases.

    ``weights`` identifies them: the hash of the user's file, or the name of published ones.

    ``name`` is that of open_clip, with the tag of published weights after a full stop, as
    "ViT-B-16.laion2b_s34b_b88k". The weights are ``<name>`` with one of WEIGHT_SUFFIXES in
    ``weights_folder``, or open_clip's own download. Raises InputError for an unknown name, for weights
    that do not fit, and where open_clip is not installed.
    """

    def __init__(self, name: str, weights_folder: Path | None = None) -> None:
        architecture, tag = check_clip(name)
        import open_clip

        files = [(weights_folder or Path()) / f"{name}{suffix}" for suffix in WEIGHT_SUFFIXES]
        file = next((path for path in files if weights_folder and path.exists()), None)
        # OpenAI's own weights were trained with another activation than the library's default.
        options = {"force_quick_gelu": tag == "openai", "output_dict": False}
        if file is None and not tag:
            raise InputError(
                f"{name}: names no published weights; add a tag, or put {files[0]} there"
            )
        try:
            with _unwarned() if file else nullcontext():  # of random weights: the file's come below
                pretrained = None if file else tag
                model = open_clip.create_model(architecture, pretrained, **options)
            self._tokenize = open_clip.get_tokenizer(architecture)
        except Exception as error:  # each library below raises its own errors
            raise InputError(
                f"{name}: open_clip could not fetch it ({reason_of(error)}); put "
                f"{name}.safetensors into <data_root>/weights/"
            ) from None
        if file is not None:
            load_state(model, read_state(file), file)
        self.name, self.weights = name, fingerprint(file) if file else name
        self._model = model.eval().requires_grad_(False)
        self.images = ClipImages(model.visual, name)
        given = model.visual.preprocess_cfg
        size = model.visual.image_size
        size = (size, size) if isinstance(size, int) else tuple(size)
        self.preprocessing = Preprocessing(size, tuple(given["mean"]), tuple(given["std"]))

    @torch.inference_mode()
    def embed(self, phrases: Sequence[str]) -> torch.Tensor:
        """Return the (k, D) float32 embeddings of ``phrases`` in TEMPLATE, of unit length."""
        tokens = self._tokenize([TEMPLATE.format(phrase) for phrase in phrases])
        return normalize(self._model.encode_text(tokens).float(), dim=1)


@contextmanager
def _unwarned() -> Iterator[None]:
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def check_clip(name: str) -> tuple[str, str]:
    """Return the architecture and the tag of a name. Raises InputError for one that there is not."""
    if find_spec("open_clip") is None:
        raise InputError(f"{name}: CLIP needs the package open_clip ({PACKAGE})")
    import open_clip

    architecture, _, tag = name.partition(".")
    known = open_clip.list_models()
    if architecture not in known:
        raise InputError(
            f"unknown CLIP '{architecture}': open_clip lacks it{nearest(architecture, known)}"
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag and tag not in tags:
        raise InputError(
            f"{architecture}: '{tag}' is not one of {', '.join(tags)}{nearest(tag, tags)}"
        )
    return architecture, tag


def _is_clips_transformer(visual: nn.Module) -> bool:
    """Tell whether a class token alone becomes the embedding, after a norm and a projection."""
    return (
        hasattr(visual, "transformer")
        and getattr(visual, "pool_type", "") == "tok"
        and visual.attn_pool is None
        and not visual.final_ln_after_pool
        and visual.proj is not None
    )
