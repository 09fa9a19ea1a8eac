"""What operators do: hold work back and let it go, end it, run it again, forget it."""

from headrace.flow.operate.acts import FAILED, START
from headrace.flow.operate.hits import act_on_hits
from headrace.flow.operate.operator import MOST, Acted, Operator

__all__ = ["FAILED", "MOST", "START", "Acted", "Operator", "act_on_hits"]
