import json
from collections import Counter
from importlib.resources import files

from headrace.demo.categories import CATEGORIES
from headrace.demo.webhooks import recorded_webhooks


def test_there_are_219_webhooks_of_55_kinds() -> None:
    webhooks = recorded_webhooks()
    assert len(webhooks) == 219
    assert len({webhook.kind for webhook in webhooks}) == 55


def test_every_kind_has_a_category_and_every_category_a_kind_that_comes() -> None:
    kinds = {webhook.kind for webhook in recorded_webhooks()}
    assert kinds == CATEGORIES.keys()
    assert min(Counter(CATEGORIES.values()).values()) > 1


def test_a_body_is_the_type_with_the_recorded_payload_beside_it() -> None:
    line = json.loads((files("headrace.demo") / "data" / "github-webhooks.jsonl").read_text().splitlines()[0])
    sent = json.loads(recorded_webhooks()[0].body)
    assert sent == {"type": f"github.{line['event']}", "action": line["action"], "payload": line["payload"]}


def test_the_data_has_its_licence_beside_it() -> None:
    folder = files("headrace.demo") / "data"
    assert "Copyright (c) the octokit contributors" in (folder / "LICENSE.txt").read_text()
    assert "@octokit/webhooks-examples" in (folder / "README.md").read_text()
