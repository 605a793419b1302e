"""A SLURM cluster on one machine: a controller, two nodes without GPUs and two with two pretended GPUs.

It needs root, Debian's slurm-wlm and /etc/slurm to itself: the daemons read their settings there, and so
do the job steps, for which Snakemake's plugin removes SLURM_CONF.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

FOLDER = Path("/etc/slurm")
MARK = "# Of the tests of cam-reproduction; may be deleted.\n"
NODES = ("n1", "n2", "g1", "g2")
CONFIGURATION = """{mark}ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
DefMemPerCPU=500
MinJobAge=300
KillWait=15
SlurmdTimeout=10
ReturnToService=2
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17001 CPUs=8 RealMemory=256000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port=17002 CPUs=8 RealMemory=256000
NodeName=g1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17003 CPUs=8 RealMemory=256000 Gres=gpu:2
NodeName=g2 NodeHostname={host} NodeAddr=127.0.0.1 Port=17004 CPUs=8 RealMemory=256000 Gres=gpu:2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=n1,n2,g1,g2 Default=YES DefaultTime=10 MaxTime=1-0 State=UP PriorityTier=1
PartitionName=urgent Nodes=n1,n2,g1,g2 DefaultTime=10 MaxTime=1-0 State=UP PriorityTier=2
PartitionName=small Nodes=n1 DefaultTime=10 MaxTime=2 State=UP PriorityTier=1
"""


def obstacle() -> str | None:
    """Return why no cluster can be started here, None if it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch", "scontrol"))):
        return "needs SLURM (apt install slurm-wlm)"
    settings = FOLDER / "slurm.conf"
    if settings.exists() and not settings.read_text().startswith(MARK):
        return f"{settings} was not written by these tests"
    return None


class Cluster:
    """The daemons; their state lies in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self) -> None:
        """Start the cluster and wait until all nodes are idle."""
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        FOLDER.mkdir(exist_ok=True)
        for gpu in range(2):  # not a plain file: SLURM sets CUDA_VISIBLE_DEVICES by it
            subprocess.run(["mknod", self.folder / f"nvidia{gpu}", "c", "1", "3"], check=True)
        files = {
            "slurm.conf": CONFIGURATION.format(mark=MARK, host=host, folder=self.folder),
            "gres.conf": f"NodeName=g[1-2] Name=gpu File={self.folder}/nvidia[0-1]\n",
            "cgroup.conf": "CgroupAutomount=no\n",
        }
        for name, text in files.items():
            (FOLDER / name).write_text(text)
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        deadline = time.monotonic() + 30
        while set(self.states().values()) != {"idle"}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the nodes do not come up: {self.states()}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Cancel all jobs, end the daemons and remove the configuration."""
        subprocess.run(["scancel", "--user", "root"], check=False)
        time.sleep(1)
        for daemon in (*(f"slurmd-{node}" for node in NODES), "slurmctld"):
            self.kill(daemon, signal.SIGTERM)
        for name in ("slurm.conf", "gres.conf", "cgroup.conf"):
            (FOLDER / name).unlink(missing_ok=True)

    def start_controller(self) -> None:
        """Start the controller, which continues from its saved state."""
        subprocess.run(["slurmctld"], check=True)

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        subprocess.run(["slurmd", "-N", node], check=True)

    def kill(self, daemon: str, number: int = signal.SIGKILL) -> None:
        """Send a daemon, slurmctld or slurmd-<node>, a signal and wait until it ends."""
        file = self.folder / f"{daemon}.pid"
        if not file.exists():
            return
        process = int(file.read_text())
        try:
            os.kill(process, number)
            for _ in range(100):
                os.kill(process, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            pass

    def kill_node(self, node: str) -> None:
        """Kill a node as if its power were cut: its daemon, its job steps and their processes."""
        self.kill(f"slurmd-{node}")
        for step in processes("slurmstepd"):
            if node_of(step) == node:
                for process in (*descendants(step), step):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)

    def states(self) -> dict[str, str]:
        """Return the nodes' states."""
        answer = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--format=%N %T"], capture_output=True, text=True
        )
        return dict(line.split() for line in answer.stdout.splitlines())

    def jobs(self) -> dict[str, dict[str, str]]:
        """Return the fields, such as `JobState`, of all jobs that the controller remembers, by id."""
        answer = subprocess.run(["scontrol", "--oneliner", "show", "job"], capture_output=True)
        jobs = {}
        for line in answer.stdout.decode(errors="replace").splitlines():
            fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if "JobId" in fields:
                jobs[fields["JobId"]] = fields
        return jobs


def processes(name: str) -> list[int]:
    """Return the processes whose program has the name."""
    listed = subprocess.run(["pgrep", "-f", f"^[^ ]*{name}"], capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]


def descendants(process: int) -> list[int]:
    """Return a process's children, their children and so on."""
    listed = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True)
    children = [int(word) for word in listed.stdout.split()]
    return [each for child in children for each in (child, *descendants(child))]


def node_of(step: int) -> str | None:
    """Return the node of a job step, by the environment of its processes."""
    for process in descendants(step):
        try:
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(b"SLURMD_NODENAME="):
                return variable.partition(b"=")[2].decode()
    return None
