"""What a machine may lack that a fault needs."""

from chaos.faults.fault import Injected
from chaos.findings import Finding
from headrace.settings import child_environment


def lacking(fault: str, what: str, how: str) -> Injected:
    """A fault is skipped without it; where `CI` is set, it fails. `how` says how to install it."""
    if "CI" in child_environment({}):
        return Injected(findings=[Finding(fault, f"{what} is not installed, and CI needs it")])
    return Injected(skipped=f"{what} is not installed: {how}")
