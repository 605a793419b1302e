"""The whole configuration of a study."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from pipeline_lib.study.configuration.checks import ChecksSection
from pipeline_lib.study.configuration.data import (
    IlsvrcSection,
    ImagesSection,
    PhotographsSection,
    WorldSection,
)
from pipeline_lib.study.configuration.discovery import (
    ConceptsSection,
    DiscoverySection,
    ScenesSection,
    TextSection,
    VqaConfig,
)
from pipeline_lib.study.configuration.localization import (
    BoxesSection,
    MapMethodsSection,
    PredictionSection,
)
from pipeline_lib.study.configuration.networks import NetworkConfig
from pipeline_lib.study.configuration.report import ReportSection
from pipeline_lib.study.configuration.section import Section, setting
from pipeline_lib.study.configuration.training import TrainingSection
from pipeline_lib.study.configuration.transfer import TransferSection
from pipeline_lib.study.configuration.units import UnitsSection

NETWORK_NAME = r"^[A-Za-z0-9_.+-]+$"
NetworkName = Annotated[str, StringConstraints(pattern=NETWORK_NAME)]


class FiguresSection(Section):
    """The networks that figures show."""

    network: str = setting(description="Main network: its maps are in most figures.")
    baseline: str = setting(description="Network whose backprop Figure 6 shows below.")


class Configuration(Section):
    """All keys, after config.yaml and --config were laid over the study's own values."""

    study: str = setting(
        "mini", "File in workflow/studies/ to start from, and folder of the results."
    )
    results: str = setting("results", "Folder that holds a folder of results for each study.")
    data_root: str | None = setting(
        None, "Folder of the data sets in their official layouts, and of weights/."
    )
    container: str = setting(
        "cam-reproduction.sif",
        "Image that jobs run in with --software-deployment-method apptainer: a file or an address.",
    )
    warning: str | None = setting(None, "A sentence that stands on the page and under every table.")
    gpu: bool = setting(False, "Ask the scheduler for GPUs, for jobs that run networks.")
    world: WorldSection | None = setting(
        None, "Draw synthetic data sets instead of reading data_root (the mini study)."
    )
    images: ImagesSection = setting(ImagesSection(), "The image files of all sets.")
    ilsvrc: IlsvrcSection = setting(IlsvrcSection(), "The real ILSVRC2012.")
    networks: dict[NetworkName, NetworkConfig | Literal[False] | None] = setting(
        description="Networks, by the paper's name or the library's. False leaves one of the study's "
        "own out; no value means all defaults.",
        min_length=1,
    )
    training: TrainingSection = setting(TrainingSection(), "Training of networks.")
    prediction: PredictionSection = setting(
        PredictionSection(), "Running networks over image sets."
    )
    boxes: BoxesSection = setting(BoxesSection(), "Boxes from heat maps.")
    map_methods: MapMethodsSection = setting(
        MapMethodsSection(), "Map methods and networks in one table, table_maps."
    )
    checks: ChecksSection = setting(
        ChecksSection(), "Checks of maps: random weights, and measures beside localization."
    )
    transfer: TransferSection = setting(TransferSection(), "Features, linear SVMs, Tables 4 and 5.")
    discovery: DiscoverySection = setting(DiscoverySection(), "Experiments of section 4.2.")
    scenes: ScenesSection = setting(ScenesSection(), "Figure 9: objects in scenes.")
    concepts: ConceptsSection = setting(ConceptsSection(), "Figure 10: concepts from captions.")
    text: TextSection = setting(TextSection(), "Figure 11: text regions.")
    vqa: VqaConfig = setting(VqaConfig(), "Figure 12: visual question answering.")
    units: UnitsSection = setting(UnitsSection(), "Figure 13: class-specific units.")
    figures: FiguresSection = setting(description="Networks that figures show.")
    report: ReportSection = setting(ReportSection(), "The page.")
    photographs: PhotographsSection | None = setting(
        None, "Photographs in Figure 4, with a ready-trained network."
    )
    # Snakemake takes no keys of one letter.
    run_a: str | None = setting(
        None, "For the target compare: the folder of results of a run, as results/mini."
    )
    run_b: str | None = setting(
        None, "For the target compare: that of another run; differences are b - a."
    )
