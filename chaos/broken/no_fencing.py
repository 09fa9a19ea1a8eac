"""Results and outputs are stored whoever holds the run by now."""

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import replace_sql
from headrace.store import checkpoints
from headrace.store.endings import FINISH

replace_sql(
    FINISH,
    (
        "JOIN done d USING (event_id, run_number, attempt)\n    WHERE r.owner = d.owner",
        "JOIN done d USING (event_id, run_number)",
    ),
)
replace_sql(
    checkpoints._STORE,  # noqa: SLF001
    (
        "JOIN under_way u USING (event_id, run_number, attempt)\n    WHERE r.owner = u.owner",
        "JOIN under_way u USING (event_id, run_number)",
    ),
)
