"""Every way in which a campaign breaks an installation. A new fault is one entry here."""

from collections.abc import Sequence

from chaos.faults.ahead import F51
from chaos.faults.apis import F4
from chaos.faults.backlog import F32
from chaos.faults.children import F6
from chaos.faults.clocks import F26
from chaos.faults.commits import F1, F2
from chaos.faults.everything import F8
from chaos.faults.fault import Fault
from chaos.faults.frozen import F7
from chaos.faults.messages import F15
from chaos.faults.mix import F36
from chaos.faults.nodes import F25
from chaos.faults.postgres import F16, F50, F52
from chaos.faults.redis import F9, F10, F11, F12
from chaos.faults.releases import F37
from chaos.faults.search import F19, F20, F21, F53, F54
from chaos.faults.stopping import F28
from chaos.faults.workers import F5

#: All faults, in the order of their numbers.
FAULTS: Sequence[Fault] = (
    F1,
    F2,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    F11,
    F12,
    F15,
    F16,
    F19,
    F20,
    F21,
    F25,
    F26,
    F28,
    F32,
    F36,
    F37,
    F50,
    F51,
    F52,
    F53,
    F54,
)
