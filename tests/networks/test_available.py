import pytest
import timm
import torchvision

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.available import check_architecture, check_ready_trained, check_start
from pipeline_lib.networks.registry import ARCHITECTURES, build


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("resnet5O", None, []),
            "unknown network 'resnet5O' (key): neither timm nor torchvision has it; did",
        ),
        (
            ("efficientnet_lite0", "torchvision", []),
            "unknown network 'efficientnet_lite0' (key): torchvision does not have it",
        ),
        (
            ("vgg_16", "torchvision", []),
            "unknown network 'vgg_16' (key): torchvision does not have it; did you mean vgg16",
        ),
        (
            ("cs3darknet_s", None, []),
            "key: timm has no weights of cs3darknet_s; put a file of your own",
        ),
        (("alexnet", None, [], "features.99"), "key.layer: alexnet has no layer 'features.99'"),
    ],
)
def test_what_does_not_exist_is_refused_in_one_line(arguments, line):
    with pytest.raises(InputError) as error:
        check_ready_trained("key", *arguments)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("resnet50", None, []),
        ("googlenet", "torchvision", []),
        ("tf_efficientnet_lite0", None, []),
        ("cs3darknet_s", None, ["weights/cs3darknet_s.safetensors"]),
        ("squeezenet1_0", None, [], "features.12"),
    ],
)
def test_what_exists_passes(arguments):
    check_ready_trained("key", *arguments)


def test_a_start_is_one_of_torchvisions_or_a_released_one():
    check_start("key", "googlenet", [])
    check_start("key", "released:AlexNet*-GAP", [])
    with pytest.raises(InputError, match=r"unknown network 'vgg_16' \(key\): torchvision .* vgg16"):
        check_start("key", "vgg_16", [])
    with pytest.raises(InputError, match="key: VGG: no weights of it were released; choose one of"):
        check_start("key", "released:VGG", [])


def test_published_weights_are_those_that_the_libraries_list():
    """Against the libraries' own lists."""
    trained = set(timm.list_models(pretrained=True))
    tagless = {name.partition(".")[0] for name in trained}
    for name in timm.list_models()[::20]:
        published = timm.get_pretrained_cfg(name)
        if name in tagless and published.num_classes != 1000:
            words = (
                "no classifying head" if not published.num_classes else "scores, ImageNet has 1,000"
            )
            with pytest.raises(InputError, match=words):
                check_ready_trained("key", name, "timm", [])
        elif name in tagless:
            check_ready_trained("key", name, "timm", [])
        else:
            with pytest.raises(InputError, match="has no weights"):
                check_ready_trained("key", name, "timm", [])
    for name in torchvision.models.list_models(module=torchvision.models)[::10]:
        check_ready_trained("key", name, "torchvision", [])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_options_that_pass_are_those_that_build(name):
    check_architecture("key", name, {"dropout": 0.1, "width": 0.5})
    with pytest.raises(InputError, match=r"key.options: .* has no option 'widht', only width"):
        check_architecture("key", name, {"widht": 0.5})
    with pytest.raises(InputError):
        build(name, 10, {"widht": 0.5})


def test_an_unknown_architecture_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"'ninn' is not one of .*; did you mean nin\?"):
        check_architecture("key", "ninn", {})


def test_another_number_of_scores_needs_the_classes_in_a_file(tmp_path):
    with pytest.raises(InputError) as error:
        check_ready_trained("key", "tiny_vit_5m_224", None, [])
    assert str(error.value) == (
        "tiny_vit_5m_224: gives 21,841 scores, ImageNet has 1,000 classes; name its own in a file "
        "(key.classes), a label in each line in the order of the scores"
    )
    (tmp_path / "classes.txt").write_text("a\nb\n")
    check_ready_trained("key", "tiny_vit_5m_224", None, [], classes=str(tmp_path / "classes.txt"))
    with pytest.raises(InputError, match=r"key.classes: .*absent.txt not found"):
        check_ready_trained("key", "resnet18", None, [], classes=str(tmp_path / "absent.txt"))


@pytest.mark.parametrize("name", ["vit_small_patch14_dinov2", "vit_base_patch16_siglip_224"])
def test_a_network_without_a_classifying_head_is_refused(name):
    with pytest.raises(InputError, match="its published weights have no classifying head"):
        check_ready_trained("key", name, None, [])


def test_names_with_tags_are_known():
    check_ready_trained("key", "resnet18.a1_in1k", None, [])
    with pytest.raises(InputError, match=r"unknown network 'resnet18.a1_in2k' .* resnet18.a1_in1k"):
        check_ready_trained("key", "resnet18.a1_in2k", None, [])


@pytest.mark.parametrize(
    ("option", "value", "kind"),
    [
        *(("half_input", "no", "true or false"), ("half_input", 0, "true or false")),
        *(("width", "12:30", "a number"), ("width", True, "a number")),
        ("hidden", 7.5, "a whole number"),
    ],
)
def test_an_option_of_another_type_is_refused(option, value, kind):
    check_architecture("key", "alexnet_gap", {"half_input": True, "width": 1, "hidden": 8})
    with pytest.raises(InputError) as error:
        check_architecture("key", "alexnet_gap", {option: value})
    assert str(error.value) == f"key.options.{option}: {value!r} must be {kind}"
