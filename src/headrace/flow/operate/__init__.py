"""What operators do: hold work back and let it go, end it, run it again, forget it, have it recur."""

from headrace.flow.operate.acts import FAILED, START
from headrace.flow.operate.hits import act_on_hits
from headrace.flow.operate.operator import MOST, Acted, Operator
from headrace.flow.operate.reconciling import reconcile
from headrace.flow.operate.scheduler import Scheduler, ScheduleView

__all__ = ["FAILED", "MOST", "START", "Acted", "Operator", "ScheduleView", "Scheduler", "act_on_hits", "reconcile"]
