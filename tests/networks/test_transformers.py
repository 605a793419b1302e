"""Where a transformer's maps come from: exact, or Grad-CAM where the image's places still count."""

import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.gradients import GradCam
from pipeline_lib.networks.pretrained import build_by_name, input_of, library_of

EXACT = {
    "mixer_s32_224": ("norm", "tokens"),
    "resmlp_12_224": ("norm", "tokens"),
    "pvt_v2_b0": ("stages", "channels first"),
    "swin_tiny_patch4_window7_224": ("norm", "channels last"),
}
GRAD_CAM = {  # the input of the last attention of a class token, or the last layer before pooling
    "vit_tiny_patch16_224": "blocks.11.norm1",
    "deit_tiny_distilled_patch16_224": "blocks.11.norm1",
    "vit_b_32": "encoder.layers.encoder_layer_11.ln_1",
    "cait_xxs24_224": "blocks_token_only.1.norm1",
    "xcit_nano_12_p16_224": "cls_attn_blocks.1.norm1",
    "levit_128s": "stages",
    "convnext_atto": "norm_pre",
}


def built(name):
    """A classifier with random weights, and the size of its input."""
    torch.manual_seed(0)
    library = library_of(name)
    classifier = build_by_name(name, library).eval()
    with torch.no_grad():
        for parameter in classifier.parameters():
            if parameter.dim() > 1 and not parameter.any():  # a head that starts at zero
                torch.nn.init.normal_(parameter, std=0.02)
    return classifier, input_of(name, library)[0]


@pytest.mark.parametrize("name", EXACT)
def test_pooled_tokens_that_are_classified_linearly_have_exact_maps(name):
    classifier, size = built(name)
    network = ClassMapNetwork(classifier, size, name)
    layer = network.map_layer
    assert (layer.name, layer.layout.kind) == EXACT[name]
    logits, maps_of = network.explain(torch.randn(2, 3, *size))
    top = logits.topk(3, dim=1).indices
    bias = network.modules_by_name[layer.linear].bias[top]
    scores = logits.gather(1, top)
    torch.testing.assert_close(maps_of(top).mean((2, 3)), scores - bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", GRAD_CAM)
def test_others_have_grad_cam_at_the_last_layer_whose_places_count(name):
    classifier, size = built(name)
    with pytest.raises(InputError, match="has no class maps"):
        ClassMapNetwork(classifier, size, name)
    network = GradCam(classifier, size, name)
    assert network.layer == GRAD_CAM[name]
    logits, maps_of = network.explain(torch.randn(1, 3, *size))
    maps = maps_of(logits.topk(2, dim=1).indices)
    assert maps.shape[2] == maps.shape[3] > 1
    assert maps.count_nonzero() > 0
