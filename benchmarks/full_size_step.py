"""One training step of every registered network at full size, on random data, on the CPU.

Each network runs in a process of its own, so that its peak memory is its own. Prints a table:
parameters, loss, seconds of the step, peak memory of the process.

    python benchmarks/full_size_step.py --batch 2 --out full_size_step.json
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch

from pipeline_lib.networks.registry import ARCHITECTURES, build


def step(architecture: str, batch: int) -> dict[str, object]:
    """Make one step of SGD and return what it took."""
    torch.manual_seed(0)
    side = 227 if architecture.startswith("caffe_alexnet") else 224
    network = build(architecture, 1000, {}).train()
    optimizer = torch.optim.SGD(network.parameters(), 0.001, momentum=0.9, weight_decay=5e-4)
    images, targets = torch.randn(batch, 3, side, side), torch.randint(1000, (batch,))
    started = time.perf_counter()
    loss = torch.nn.functional.cross_entropy(network(images), targets)
    loss.backward()
    optimizer.step()
    return {
        "network": architecture,
        "parameters, millions": sum(p.numel() for p in network.parameters()) / 1e6,
        "loss": loss.item(),
        "finite": all(bool(p.isfinite().all()) for p in network.parameters()),
        "seconds": time.perf_counter() - started,
        "peak GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--one", choices=tuple(ARCHITECTURES), help="this one, here, as JSON")
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(step(arguments.one, arguments.batch)))
        return
    rows = []
    for name in ARCHITECTURES:
        command = [sys.executable, __file__, "--one", name, "--batch", str(arguments.batch)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout))
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".2f"))
    if arguments.out:
        arguments.out.write_text(json.dumps({"batch": arguments.batch, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
