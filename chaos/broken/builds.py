"""The builds that are broken on purpose. Nothing in `src` knows of them."""

from collections.abc import Sequence

from chaos.broken.build import BrokenBuild
from chaos.faults.ahead import F51
from chaos.faults.commits import F2
from chaos.faults.frozen import F7
from chaos.faults.postgres import F50
from chaos.faults.search import F21
from chaos.faults.workers import F5

#: All of them.
BUILDS: Sequence[BrokenBuild] = (
    BrokenBuild("no-fencing", "late results are stored", "chaos.broken.no_fencing", F7, ["I3"]),
    BrokenBuild(
        "publish-before-commit",
        "clients are told before the commit",
        "chaos.broken.publish_before_commit",
        F2,
        ["I1"],
    ),
    BrokenBuild("clock-of-worker", "leases by the workers' clocks", "chaos.broken.clock_of_worker", F51, ["I1", "I7"]),
    BrokenBuild("no-relay", "nobody frees the runs of the dead", "chaos.broken.no_relay", F5, ["I1", "I7"]),
    BrokenBuild("one-budget", "losses count as failures", "chaos.broken.one_budget", F5, ["I4"]),
    BrokenBuild("select-then-insert", "keys are looked up, not taken", "chaos.broken.select_then_insert", F50, ["I2"]),
    BrokenBuild("index-without-ids", "search makes ids of its own", "chaos.broken.index_without_ids", F21, ["I5"]),
)
