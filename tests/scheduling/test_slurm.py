"""Which command reports the states of jobs, by what real controllers print."""

import pytest

from pipeline_lib.scheduling.slurm import (
    PartitionLimits,
    parse_partitions,
    parse_settings,
    status_command,
)

PRINTED = """Configuration data as of 2026-11-23T03:00:00
AccountingStorageEnforce = none
AccountingStorageType   = {storage}
MinJobAge               = 300 sec

Slurmctld(primary) at login is UP
"""


def test_settings_are_read_by_name():
    settings = parse_settings(PRINTED.format(storage="accounting_storage/slurmdbd"))
    assert settings["MinJobAge"] == "300 sec"
    assert settings["AccountingStorageEnforce"] == "none"


@pytest.mark.parametrize(
    ("storage", "command"),
    [
        ("accounting_storage/slurmdbd", "sacct"),
        ("accounting_storage/none", "squeue"),
        ("(null)", "squeue"),  # what SLURM 23 prints if nothing is configured
    ],
)
def test_without_accounting_squeue_is_asked(storage, command):
    assert status_command(parse_settings(PRINTED.format(storage=storage))) == command


def test_limits_are_those_of_the_largest_node():
    printed = (
        "main*|64000|1-00:00:00\nmain*|256000+|1-00:00:00\nshort|64000|30:00\nlong|1|infinite\n"
    )
    limits, default = parse_partitions(printed)
    assert default == "main"
    assert limits["main"] == PartitionLimits(256000, 1440)
    assert limits["short"].minutes == 30
    assert limits["long"].minutes == float("inf")
    assert parse_partitions("") == ({}, "")
