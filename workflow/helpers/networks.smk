# Where networks come from, how they are trained, how they look at images.


def released(network):
    """Return what is known of the caffemodel that was released under a network's name."""
    files = listed("networks/caffe/released.yaml")
    if network not in files:
        refuse(f"config.networks.{network}: was not released; there are {', '.join(files)}")
    return files[network]


def is_released(network):
    """Tell whether a network's weights are the authors' or BVLC's own."""
    if network in NETWORKS:
        return NETWORKS[network].get("weights") == "released"
    return HAS_PLACES and network == PLACES_NETWORK


def label_of(network):
    """Return what the tables call a network, whose name in files may lack a star."""
    return NETWORKS.get(network, {}).get("label", network)


def library_name(wildcards):
    """Return a ready-trained network's name in its library."""
    return NETWORKS.get(wildcards.network, {}).get("pretrained", wildcards.network)


def adoption_flags(wildcards):
    """Return the flags that say which ready-trained network to take, and what to call it."""
    options = NETWORKS.get(wildcards.network, {})
    if is_released(wildcards.network):
        which = f"--released {wildcards.network}"
    else:
        library = f" --library {options['library']}" if "library" in options else ""
        which = f"--network {library_name(wildcards)}{library}"
    return f"{which} --name {shlex.quote(label_of(wildcards.network))}"


def weights_of(wildcards):
    """Return the user's file of a ready-trained network's weights, where there is one."""
    if is_released(wildcards.network):
        return existing(f"{DATA_ROOT}/weights/{released(wildcards.network)['file']}")
    stem = f"{DATA_ROOT}/weights/{library_name(wildcards)}"
    return existing(f"{stem}.safetensors", f"{stem}.pth")[:1]


def launcher(_wildcards):
    """Return what starts the trainer: Python, or torchrun with a process for each GPU, if several.

    On several nodes srun starts one torchrun on each, and they meet on the first, where the job's
    script runs. The dashes keep torchrun from reading the trainer's flags as its own, and without
    the list of signals it would die of a scheduler's warning and leave the trainers behind.
    """
    nodes, processes = config["training"]["nodes"], config["training"]["processes"]
    if nodes == processes == 1:
        return "python -m"
    srun, meeting = "", "--standalone"
    if nodes > 1:
        srun = f"srun --nodes {nodes} --ntasks {nodes} --ntasks-per-node 1 --kill-on-bad-exit "
        place = "$(hostname):$((20000 + SLURM_JOB_ID % 20000))"
        meeting = (
            f"--nnodes {nodes} --rdzv-backend c10d --rdzv-id $SLURM_JOB_ID --rdzv-endpoint {place}"
        )
    handled = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"
    return (
        f"{srun}python -m torch.distributed.run {meeting} --nproc-per-node {processes} "
        f"--signals-to-handle={handled} -m --"
    )


def training_input(_wildcards):
    """Return the packed images that training reads, where the study packs them."""
    return [f"{PACKED}/index.json"] if config["training"]["pack"] else []


def training_flags(wildcards):
    """Return the flags that decide what a trained network is; when they change, it is retrained."""
    network, training = NETWORKS[wildcards.network], config["training"]
    return " ".join(
        [
            f"--name {shlex.quote(label_of(wildcards.network))}",
            f"--architecture {network['architecture']}",
            repeated("--option", network.get("options", {})),
            repeated("--recipe", training["recipe"] | network.get("recipe", {})),
            f"--warp {training['warp']} --crop {network.get('crop', training['crop'])}",
            f"--start {network['start']}" if "start" in network else "",
            f"--shards {PACKED}" if training["pack"] else "",
        ]
    )


def view_flags(wildcards):
    """Return the flags that say how a network looks at the images, and what it keeps."""
    options = NETWORKS.get(wildcards.network, {})
    if wildcards.views == "svm":
        return f"--classifier {classifier(wildcards)[0]}"
    if wildcards.views == "backprop":
        return f"--method backprop --crops {config['prediction']['backprop_crops']}"
    method = f"--method {options['maps']}" if "maps" in options else ""
    layer = f"--layer {shlex.quote(options['layer'])}" if "layer" in options else ""
    return f"{method} {layer} --crops {10 if wildcards.views == 'ten-crop' else 1}".strip()


def box_flags(wildcards):
    """Return the flags of a way to draw boxes; only the paper's has a threshold."""
    flags = {"interpolation": config["boxes"]["interpolation"]}
    if "paper" == wildcards.rule:
        flags["threshold"] = config["boxes"]["threshold"]
    return " ".join(f"--{name} {value}" for name, value in flags.items())
