"""Every family of timm and torchvision: exact class maps, Grad-CAM at the right layer, or refused."""

import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.networks.adoption import require_imagenet
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.layouts import layouts_of
from pipeline_lib.networks.pretrained import build_by_name, input_of, library_of

# Library, network, side of the input (- as published), kind of maps, their layer, their grid. Of class
# tokens, the layer is the input of their last attention.
TABLE = """
torchvision alexnet 64 grad-cam features.11 3x3
torchvision vgg11 64 grad-cam features.19 4x4
torchvision googlenet 64 cam inception5b 2x2
torchvision inception_v3 128 cam Mixed_7c 2x2
torchvision squeezenet1_1 64 cam classifier.2 3x3
torchvision resnet18 64 cam layer4 2x2
torchvision densenet121 64 cam features 2x2
torchvision mobilenet_v2 64 cam features 2x2
torchvision mobilenet_v3_small 96 grad-cam features.12.2 3x3
torchvision shufflenet_v2_x0_5 64 cam conv5 2x2
torchvision mnasnet0_5 64 cam layers 2x2
torchvision efficientnet_b0 64 cam features 2x2
torchvision regnet_y_400mf 64 cam trunk_output 2x2
torchvision convnext_tiny 96 grad-cam features.7.2 3x3
torchvision swin_t 64 cam permute 2x2
torchvision vit_b_32 - grad-cam encoder.layers.encoder_layer_11.ln_1 7x7
timm test_vit - grad-cam blocks.5.norm1 10x10
timm test_vit2 - grad-cam norm 10x10
timm test_vit3 - grad-cam norm 10x10
timm test_vit4 - grad-cam norm 10x10
timm test_vit_relpos - grad-cam norm 10x10
timm vit_tiny_r_s16_p8_224 - grad-cam blocks.11.norm1 7x7
timm vit_small_patch16_dinov3 64 cam norm 4x4
timm deit_tiny_distilled_patch16_224 - grad-cam blocks.11.norm1 14x14
timm convit_tiny - grad-cam blocks.11.norm1 14x14
timm cait_xxs24_224 - grad-cam blocks_token_only.1.norm1 14x14
timm xcit_nano_12_p16_224 64 grad-cam cls_attn_blocks.1.norm1 4x4
timm coat_lite_tiny - grad-cam serial_blocks4.1.norm1 7x7
timm crossvit_tiny_240 - grad-cam blocks.2.fusion.1.norm1 20x20
timm tnt_s_patch16_224 - grad-cam blocks.11.norm_out 14x14
timm volo_d1_224 - grad-cam norm 14x14
timm pit_ti_distilled_224 - grad-cam transformers.2.blocks.3.norm1 7x7
timm mixer_s32_224 - cam norm 7x7
timm gmlp_ti16_224 - cam norm 14x14
timm resmlp_12_224 - cam norm 14x14
timm pvt_v2_b0 64 cam stages 2x2
timm twins_pcpvt_small 64 cam norm 2x2
timm swin_tiny_patch4_window7_224 - cam norm 7x7
timm swinv2_cr_tiny_224 - cam stages 7x7
timm nest_tiny - cam norm 14x14
timm gcvit_xxtiny - cam stages 7x7
timm davit_tiny 96 grad-cam norm_pre 3x3
timm focalnet_tiny_srf 64 cam norm 2x2
timm mvitv2_tiny - cam norm 7x7
timm hiera_tiny_224 - grad-cam blocks.11 7x7
timm efficientformer_l1 - grad-cam norm 7x7
timm efficientformerv2_s0 - grad-cam norm 7x7
timm levit_128s - grad-cam stages.2.blocks.3 4x4
timm repvit_m1 96 grad-cam stages.3.blocks.1 3x3
timm mobilevit_xxs 64 cam final_conv 2x2
timm mobilevitv2_050 64 cam final_conv 2x2
timm efficientvit_b0 96 grad-cam head.in_conv.act 3x3
timm efficientvit_m0 - grad-cam stages.2.blocks.2.ffn1 4x4
timm fastvit_t8 64 cam final_conv 2x2
timm efficientvim_m1 - grad-cam norm.3 4x4
timm swiftformer_xs 96 grad-cam norm 3x3
timm shvit_s1 - grad-cam stages.2.blocks.4.ffn 4x4
timm iformer_t 96 grad-cam stages.3.blocks.5.mixer 3x3
timm cpubone_nano 96 grad-cam head.in_conv.act 3x3
timm lowformer_b0 96 grad-cam in_conv.act 3x3
timm test_coatnet - cam norm 5x5
timm test_maxvit - cam norm 5x5
timm convnext_atto 96 grad-cam norm_pre 3x3
timm inception_next_atto 96 grad-cam stages.3.blocks.1 3x3
timm poolformer_s12 96 grad-cam stages.3.blocks.1 3x3
timm caformer_s18 96 grad-cam stages.3 3x3
timm sequencer2d_s 64 cam norm 4x4
timm test_mambaout 96 grad-cam stages.3.blocks.0 3x3
timm test_byobnet 96 cam final_conv 3x3
timm test_nfnet 96 cam final_act 3x3
timm test_efficientnet 96 cam bn2 3x3
timm mobilenetv3_small_050 96 grad-cam blocks.5.0.aa 3x3
timm ghostnet_050 96 grad-cam blocks.9.0.aa 3x3
timm resnest14d 64 cam layer4 2x2
timm skresnet18 64 cam layer4 2x2
timm res2next50 64 cam layer4 2x2
timm resnetv2_18 64 cam norm 2x2
timm dla46x_c 64 cam level5 2x2
timm dpn48b 64 cam features 2x2
timm hrnet_w18_small 64 cam final_layer 2x2
timm cs3darknet_focus_s 64 cam stages 2x2
timm rexnet_100 64 cam features 2x2
timm hgnetv2_b0 96 grad-cam stages.3.blocks.0.aggregation.1.lab 3x3
timm fasternet_t0 96 grad-cam stages.3.blocks.1 3x3
timm lcnetv2_small 96 grad-cam stages.3.1 3x3
timm ese_vovnet19b_slim_dw 64 cam stages 2x2
timm selecsls42 128 cam head 2x2
timm tresnet_m 64 cam body 2x2
timm rdnet_tiny 96 grad-cam norm_pre 3x3
timm nextvit_small 64 cam norm 2x2
timm legacy_xception 128 cam act4 4x4
timm edgenext_xx_small 96 grad-cam norm_pre 3x3
timm starnet_s050 64 cam norm 2x2
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
REFUSED = {
    "vit_small_patch14_dinov2": "no classifying head",
    "vit_base_patch16_siglip_224": "no classifying head",
    "samvit_base_patch16": "no classifying head",
    "sam2_hiera_tiny": "no classifying head",
    "eva02_tiny_patch14_224": "no classifying head",
    "deepseek_vit_412m": "no classifying head",
    "gemma4_vit_167m": "no classifying head",
    "qwen3_vit_88m": "no classifying head",
    "tiny_vit_5m_224": "gives 21,841 scores",
    "vitamin_small_224": "gives 768 scores",
}


def built(library, name):
    """A classifier with random weights; no bias is zero, and no batch norm changes nothing."""
    torch.manual_seed(0)
    classifier = build_by_name(name, library)
    with torch.no_grad():
        for path, values in classifier.state_dict().items():
            if path.endswith("running_var"):
                values.uniform_(0.5, 1.5)
            elif path.endswith(("bias", "running_mean")) or (values.dim() > 1 and not values.any()):
                values.normal_(std=0.02)
    return classifier


def images_of(size):
    """An image, and the same with its top right quarter changed a little, and the bottom left one."""
    images = torch.randn(1, 3, *size).repeat(3, 1, 1, 1)
    h, w = (side // 2 for side in size)
    images[1, :, :h, w:] += 0.02 * torch.randn(3, h, size[1] - w)
    images[2, :, h:, :w] += 0.02 * torch.randn(3, size[0] - h, w)
    return images


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_maps_are_exact_or_of_the_last_layer_whose_places_count(row):
    library, name, side, method, layer, grid = row
    classifier = built(library, name)
    size = input_of(name, library)[0] if side == "-" else (int(side),) * 2
    card = NetworkCard(name, library, name, {}, ["a class"], Preprocessing(size))
    explainer = network_explainer(classifier, card)
    network, images = explainer.network, images_of(size)
    logits, maps_of = network.explain(images)
    with torch.inference_mode():
        torch.testing.assert_close(logits[:1], classifier(images[:1]), rtol=1e-4, atol=1e-4)
    assert explainer.method == method
    classes = torch.arange(logits.shape[1]) if method == "cam" else logits[0].topk(3).indices
    maps = maps_of(classes.expand(3, -1))
    assert "x".join(map(str, maps.shape[2:])) == grid
    assert maps.isfinite().all()
    if side == "-" and maps.shape[3] > 5:  # smaller maps see the whole image at every place
        h, w = (places // 2 for places in maps.shape[2:])
        changes = (maps[1:] - maps[:1]).abs().sum(1)
        assert changes[0, :h, -w:].mean() > changes[0].mean()
        assert changes[1, -h:, :w].mean() > changes[1].mean()
    if method == "cam":
        found = network.map_layer
        assert found.name == layer
        bias = network.modules_by_name[found.linear].bias if found.linear else 0
        top = float(logits.abs().max())
        torch.testing.assert_close(maps.mean((2, 3)) + bias, logits, rtol=0, atol=1e-4 * top)
    else:
        assert network.layer == layer
        assert (maps.amin((2, 3)) < maps.amax((2, 3))).any(1).all()


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_do_not_classify_imagenet_are_refused(name):
    with pytest.raises(InputError, match=REFUSED[name]):
        require_imagenet(name, library_of(name), "name its own")


def test_of_the_grids_that_tokens_may_have_the_images_aspect_comes_first():
    """4 x 4 places after a class token and four registers, not 4 x 5 after one token."""
    first = layouts_of(torch.zeros(1, 21, 8), (64, 64))[0]
    assert (first.prefix, first.grid) == (5, (4, 4))
