import orjson

from bench.load.bodies import SMALL_BYTES, Body, Work, make_bodies


def test_small_bodies_have_their_size_and_their_number() -> None:
    bodies = make_bodies(Body.SMALL, 3, Work.SLOW, first=99_999)
    assert {len(body) for body in bodies} == {SMALL_BYTES}
    parsed = [orjson.loads(body) for body in bodies]
    assert [event["number"] for event in parsed] == [99_999, 100_000, 100_001]
    assert {event["type"] for event in parsed} == {"bench.slow"}


def test_webhooks_are_the_recorded_ones_over_and_over() -> None:
    bodies = [orjson.loads(body) for body in make_bodies(Body.WEBHOOK, 400)]
    assert [event["number"] for event in bodies] == list(range(400))
    assert bodies[0]["payload"] == bodies[219]["payload"] != bodies[1]["payload"]
