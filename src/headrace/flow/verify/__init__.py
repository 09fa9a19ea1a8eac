"""Whether what is stored keeps its promises, and putting right what can be put right safely."""

from headrace.flow.verify.ledger import Ledger
from headrace.flow.verify.repair import Repair, repair
from headrace.flow.verify.verify import OVERDUE_SECONDS, Finding, Verdict, verify

__all__ = ["OVERDUE_SECONDS", "Finding", "Ledger", "Repair", "Verdict", "repair", "verify"]
