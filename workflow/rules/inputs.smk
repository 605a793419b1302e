# Input functions: what jobs read, and refusals before any job runs.


def drawn_folders(wildcards):
    """Return what the study draws of an image set; refuse a data_root that it would not read."""
    if STUDY.is_synthetic and CONFIG.data_root:
        refuse(
            f"config.data_root: study {STUDY.name} draws its own data sets and would not read "
            f"{CONFIG.data_root}; add study=small or study=paper, or leave data_root out"
        )
    return flags.data.drawn_folders(STUDY, wildcards)


def refuse_unknown_targets():
    """Refuse a target of the command line that nothing makes, and say which one resembles it.

    A Snakefile that takes these rules in may have targets of its own.
    """
    own = {STUDIES.parent / "Snakefile", STUDIES.parents[1] / "Snakefile"}
    if not workflow.is_main_process or Path(str(workflow.main_snakefile)) not in own:
        return
    every = {rule.name: rule for rule in workflow.rules}
    problem = unknown_target(
        *asked_for(sys.argv),
        rules=[name for name, rule in every.items() if not rule.has_wildcards()],
        patterns=[name for name, rule in every.items() if rule.has_wildcards()],
        files=[*every_file(STUDY), *(f for each in available(STUDY) for f in each.files(STUDY))],
        is_made=lambda file: any(rule.is_producer(file) for rule in workflow.rules),
    )
    if problem:
        refuse(problem)


def held_out_images(wildcards):
    """Return the images that thresholds are chosen on, with their boxes and maps, if there are any."""
    return STUDY.held_out(Maps(VAL, wildcards.map_source, wildcards.crops, wildcards.network))


def checked_network(wildcards):
    """Return no input: refuse a network that does not exist or has no weights, before any job runs."""
    name = wildcards.network
    if workflow.is_main_process and not os.path.exists(PATHS.weights(name)):
        from pipeline_lib.networks import available

        network = STUDY.networks[name]
        config = network.config
        is_own = network.compared or not network.has_head
        key = f"config.networks.{name}" if is_own else "config.photographs.network"
        try:
            if network.source == "trained":
                available.check_architecture(key, config.architecture, config.options)
            elif network.source == "library":
                files = flags.networks.own_weights(STUDY, wildcards)
                available.check_ready_trained(
                    key,
                    network.library_name,
                    config.library,
                    files,
                    config.layer,
                    classes=config.classes,
                    has_head=network.has_head,
                    others=[each for each in STUDY.networks if each != name],
                )
        except InputError as error:
            refuse(error)
    return []


def checked_start(wildcards):
    """Return no input: refuse a start of a training that does not exist, before any job runs."""
    if workflow.is_main_process and not os.path.exists(PATHS.start_weights(wildcards.start)):
        from pipeline_lib.networks import available

        start = STUDY.starts[wildcards.start]
        names = (name for name in STUDY.trained if STUDY.networks[name].config.start == start)
        try:
            files = flags.networks.own_start(STUDY, wildcards)
            available.check_start(f"config.networks.{next(names)}.start", start, files)
        except InputError as error:
            refuse(error)
    return []


def checked_clip(_wildcards):
    """Return no input: refuse a CLIP that does not exist, before any job runs."""
    tables = [PATHS.discovery(f"{name}-clip") for name in STUDY.clip_maps]
    if workflow.is_main_process and not all(map(os.path.exists, tables)):
        from pipeline_lib.networks.clip import check_clip

        try:
            check_clip(CONFIG.concepts.clip)
        except InputError as error:
            refuse(f"config.concepts.clip: {error}")
    return []


def files_of(target):
    """Return an input function of a target: its files, or a refusal that says what is missing."""

    def files(_wildcards):
        try:
            return target.files(STUDY)
        except InputError as error:
            refuse(error)

    return files


COMPARED = [Path(os.path.expanduser(each or "")) for each in (CONFIG.run_a, CONFIG.run_b)]


def compared_runs(_wildcards):
    """Return no input: refuse folders that cannot be compared, before any job runs."""
    if not (CONFIG.run_a and CONFIG.run_b):
        refuse(
            "config.run_a, config.run_b: name the folders of two runs, as in "
            "snakemake compare --cores 1 --config run_a=results/small run_b=results/paper"
        )
    try:
        require_runs(*COMPARED)
    except InputError as error:
        refuse(error)
    return []
