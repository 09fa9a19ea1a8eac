"""How far the search copy is behind, as the API tells it."""

import pytest

from headrace.domain.ids import new_id
from tests.api.test_metrics import value
from tests.support.installation import Installation

#: Where no Elasticsearch is: the API asks Postgres alone.
SOMEWHERE = "http://127.0.0.1:9"


@pytest.fixture
def lagging(installation: Installation) -> Installation:
    """Two entries wait, for two minutes; three were refused."""
    wait = "INSERT INTO headrace.projections (event_id, version, due) VALUES (%s, 2, now() - interval '2 min')"
    refuse = "INSERT INTO headrace.refusals (event_id, version, reason, fingerprint) VALUES (%s, 2, 'no', '')"
    for statement, count in ((wait, 2), (refuse, 3)):
        for _ in range(count):
            installation.storage.rows(statement, new_id())
    return installation


@pytest.mark.parametrize(
    ("name", "settings"), [("elasticsearch", {"elasticsearch_url": SOMEWHERE}), ("postgres", {})], ids=["there", "here"]
)
def test_it_is_in_the_ledger_and_in_the_metrics(lagging: Installation, name: str, settings: dict[str, str]) -> None:
    client = lagging.start_api(**settings)[1]

    search = client.get("/stats").json()["search"]

    assert search.pop("seconds") == pytest.approx(120.0, abs=60.0)
    assert search == {"copy": name, "waiting": 2, "refused": 3}
    assert value(client, "headrace_search_waiting") == 2
    assert value(client, "headrace_search_lag_seconds") == pytest.approx(120.0, abs=60.0)
    assert value(client, "headrace_search_refused") == 3


def test_without_a_copy_nothing_lags(lagging: Installation) -> None:
    client = lagging.start_api(search="false")[1]

    assert client.get("/stats").json()["search"] == {"copy": None, "waiting": 0, "seconds": 0.0, "refused": 0}
    assert value(client, "headrace_search_waiting") == 0
    assert value(client, "headrace_search_lag_seconds") == 0
