"""The networks of a study: where each comes from and what tables call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.study.configuration.load import checked
from pipeline_lib.study.configuration.networks import NetworkConfig
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.study.released import released_networks


@dataclass(frozen=True)
class Network:
    """A network by its name in file names; ``compared`` tells whether Tables 1 to 3 have it."""

    name: str
    config: NetworkConfig
    source: Literal["trained", "library", "released"]
    compared: bool = True

    @property
    def label(self) -> str:
        """The name in tables and figures."""
        return self.config.label or self.name

    @property
    def library_name(self) -> str:
        """The name of a ready-trained network in its library."""
        return self.config.pretrained or self.name

    @property
    def has_head(self) -> bool:
        """False where linear SVMs take the place of the head: it names no class of its own."""
        return self.config.head is None

    @property
    def own_method(self) -> str:
        """The method of the network's own maps: class maps, unless the study says otherwise."""
        return "cam" if self.has_class_maps else self.config.maps or "grad-cam"

    @property
    def has_class_maps(self) -> bool:
        """False where the study asks for other maps, which are not averaged over ten crops.

        A layer without a kind of maps is one that Grad-CAM reads.
        """
        return self.config.maps in (None, "cam") and self.config.layer is None


def networks_of(configuration: Configuration, has_places: bool) -> dict[str, Network]:
    """Return the networks of a study by name: those compared, then those that a figure alone shows.

    Raises InputError, naming the key, for a network that was not released or a name that no
    network of the study has.
    """
    networks = {
        name: _network(name, given if isinstance(given, NetworkConfig) else NetworkConfig())
        for name, given in configuration.networks.items()
        if given is not False
    }
    if not networks:
        raise InputError("config.networks: leaves out every network; keep or add one")
    for key in ("network", "baseline"):
        name = getattr(configuration.figures, key)
        if name not in networks:
            raise InputError(_not_among(f"config.figures.{key}", name, networks))
    for name in configuration.transfer.networks:
        if name not in configuration.networks:
            raise InputError(_not_among("config.transfer.networks", name, networks))
    for name in configuration.map_methods.networks or ():
        if name not in configuration.networks:
            raise InputError(_not_among("config.map_methods.networks", name, networks))
    for key, name in (
        ("figures.network", configuration.figures.network),
        ("figures.baseline", configuration.figures.baseline),
        ("units.network", configuration.units.network),
        ("photographs.network", configuration.photographs and configuration.photographs.network),
    ):
        if name in networks and not networks[name].has_head:
            raise InputError(
                f"config.{key}: '{name}' names no class of its own (networks.{name}.head); "
                "choose another"
            )
    for name, network in networks.items():
        training_of(configuration, network, f"config.networks.{name}.recipe")
    photographs = configuration.photographs
    if photographs and photographs.network not in networks:
        name = photographs.network
        networks[name] = Network(name, NetworkConfig(), "library", compared=False)
    name = configuration.units.places_network
    if has_places and name not in networks:
        _require_released(name, f"config.units.places_network: '{name}'")
        config = NetworkConfig(weights="released")
        networks[name] = Network(name, config, "released", compared=False)
    return networks


def training_of(
    configuration: Configuration, network: Network, key: str = "recipe"
) -> TrainingConfig:
    """Return how a network is trained: training.recipe, and its own keys over it."""
    values = configuration.training.recipe.model_dump() | network.config.recipe
    return checked(TrainingConfig, values, lambda inner: f"{key}.{inner}")


def units_network(configuration: Configuration, networks: Mapping[str, Network]) -> str:
    """Return the network whose units Figure 13 shows. Raises InputError for one that there is not."""
    usual = "AlexNetplus-GAP"
    name = configuration.units.network or (
        usual if usual in networks else configuration.figures.network
    )
    if name not in networks or not networks[name].compared:
        raise InputError(_not_among("config.units.network", name, networks))
    return name


def _network(name: str, config: NetworkConfig) -> Network:
    if config.weights == "released" and config.head is None:
        _require_released(name, f"config.networks.{name}:")
        return Network(name, config, "released")
    source = "trained" if config.architecture else "library"
    if config.head is None:
        return Network(name, config, source)
    for other in ("architecture", "weights", "classes", "maps", "layer", "backprop"):
        if getattr(config, other):
            raise InputError(
                f"config.networks.{name}: a network with head: {config.head} takes no {other}; "
                "leave one out"
            )
    return Network(name, config, source, compared=False)


def _not_among(key: str, name: str, networks: Mapping[str, Network]) -> str:
    return f"{key}: '{name}' is not in networks{nearest(name, networks)}"


def _require_released(name: str, subject: str) -> None:
    if name not in released_networks():
        known = f"{', '.join(released_networks())}{nearest(name, released_networks())}"
        raise InputError(f"{subject} was not released; there are {known}")
