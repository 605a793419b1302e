# What files and flags of several chapters are called.


def one_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


def existing(*paths):
    """Return the paths that are there: what is missing is for the step to explain, not for Snakemake."""
    return [path for path in paths if os.path.exists(path)]


def repeated(flag, values):
    """Return `flag key=value` for each item of a mapping, quoted for the shell."""
    texts = (f"{key}={yaml_text(value)}" for key, value in values.items())
    return " ".join(f"{flag} {shlex.quote(text)}" for text in texts)


def yaml_text(value):
    """Return a value in one line of YAML, as the steps' key=value flags read it."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def prediction(views, network, images="ilsvrc-val"):
    """Return the predictions file of a network that looked at a set of images in one way."""
    return f"{RESULTS}/predictions/{images}/{views}/{network}.h5"


def boxes(views, rule, network, images="ilsvrc-val"):
    """Return the file of the boxes drawn from those predictions by a rule."""
    return f"{RESULTS}/boxes/{images}/{views}/{rule}/{network}.csv"


def score(views, rule, network):
    """Return the file of those boxes' scores; the rule "sweep" is the threshold sweep's."""
    return f"{RESULTS}/scores/{views}/{rule}/{network}.csv"


def swept(views, network):
    """Return the file of a threshold sweep's curve."""
    return f"{RESULTS}/sweeps/{views}/{network}.csv"
