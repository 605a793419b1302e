"""Which command reports the states of jobs, by what real controllers print."""

import pytest

from pipeline_lib.scheduling.slurm import parse_settings, status_command

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
