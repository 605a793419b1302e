"""Whether a study has Places205, which Figure 13 alone shows."""

import os

from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.released import released_networks


def no_places(configuration: Configuration, data_root: str) -> str:
    """Return the reason why a study does not have Places205, "" if it has.

    It needs the images and, unless a network of the study's own is to be inspected, the released one.
    """
    if configuration.world:
        return "the study draws no Places205"
    if configuration.discovery.sets == "all":
        return ""
    folder = f"{data_root}/places205"
    if not os.path.isdir(folder):
        return f"needs {folder}; see check_data"
    name = configuration.units.places_network
    if not configuration.networks.get(name, False) and name in released_networks():
        entry = released_networks()[name]
        file = f"{data_root}/weights/{entry['file']}"
        if not os.path.exists(file):
            return f"needs {file}, from {entry['address']}"
    return ""
