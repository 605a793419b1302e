"""The page of the report."""

from pipeline_lib.study.configuration.section import Section, setting


class ReportSection(Section):
    """What the page shows beside tables and figures."""

    explorer_images: int = setting(
        36,
        "Validation images whose maps can be explored on the page; a rule chooses them.",
        "images",
        ge=0,
        le=200,
    )
    named_images: list[str] = setting(
        [], "Further validation images to explore, by their id in the manifest."
    )
