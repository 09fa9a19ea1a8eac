"""`python -m bench.soak`: everything works for minutes at a steady rate, and is to stay as it is.

Prints what grew from the second quarter of the time to the last; draws all of it with `--plot FILE.svg`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop

from bench.load.bodies import Body, Work, make_bodies
from bench.load.http import post_request
from bench.load.loops import open_loop
from bench.load.model_calls import make_body
from bench.machine import conditions
from bench.quantiles import quantile
from bench.rows.checks import check_answers
from bench.services import Services, running_services
from bench.soak.growth import as_markdown
from bench.soak.samples import Sample, Sampler
from bench.suite import tell
from bench.systems.headrace.system import Headrace
from bench.systems.system import Endpoint
from bench.trials import WORKER_PROCESSES

#: The user's module.
APP = "bench.systems.headrace.soaking"

#: Events of each kind in a second: two short steps, small and on a webhook; a step of a second; five model calls.
KINDS = {"small": 250, "webhook": 25, "slow": 20, "model": 5}

#: Model calls take a tenth of their time, so that events come to an end within a minute or so.
MODEL_SCALE = 0.1

#: Between two looks.
SAMPLE_SECONDS = 10


async def soak(services: Services, minutes: float) -> list[Sample]:
    """Send for so long, and look meanwhile."""
    async with await services.connect() as connection, Headrace(services, {"app": APP}) as system:
        endpoint = await system.start_api()
        await system.start_workers(WORKER_PROCESSES)
        sampler = Sampler(connection, system)
        samples: list[Sample] = []
        for period in range(round(minutes * 60 / SAMPLE_SECONDS)):
            milliseconds = await _sent(endpoint, period)
            samples.append(await sampler.look(quantile(milliseconds, 0.99)))
            tell(repr(samples[-1]))
    return samples


async def _sent(endpoint: Endpoint, period: int) -> list[float]:
    """One period's events; the milliseconds until each was accepted."""
    posts = [post_request(endpoint.path, endpoint.headers, body) for body in _bodies(period)]
    sent = await open_loop(endpoint.port, posts, len(posts) / SAMPLE_SECONDS)
    check_answers(sent)
    return [one.seconds * 1e3 for one in sent]


def _bodies(period: int) -> list[bytes]:
    """The events of a period, in an order that mixes them."""
    counts = {kind: count * SAMPLE_SECONDS for kind, count in KINDS.items()}
    made = {
        "small": make_bodies(Body.SMALL, counts["small"], first=period * counts["small"]),
        "webhook": make_bodies(Body.WEBHOOK, counts["webhook"], first=period * counts["webhook"]),
        "slow": make_bodies(Body.SMALL, counts["slow"], Work.SLOW, first=period * counts["slow"]),
        "model": [make_body(period * counts["model"] + number, MODEL_SCALE) for number in range(counts["model"])],
    }
    places = [(number / counts[kind], kind, number) for kind in made for number in range(counts[kind])]
    return [made[kind][number] for _, kind, number in sorted(places)]


async def _run(minutes: float) -> list[Sample]:
    async with running_services() as services:
        return await soak(services, minutes)


def main(words: Sequence[str] | None = None) -> None:
    """Soak, print the table of what grew, and write the files that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--json", type=Path, help="a file for every sample")
    parser.add_argument("--plot", type=Path, help="a file for the curves, ending in .svg")
    options = parser.parse_args(words)
    about = conditions()
    samples = uvloop.run(_run(options.minutes))
    print(as_markdown(samples))
    if options.json is not None:
        told = {"about": about, "samples": samples}
        options.json.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if options.plot is not None:
        from bench.soak.plot import draw  # noqa: PLC0415  # only what draws needs a library that draws

        draw(samples, options.plot)


if __name__ == "__main__":
    main()
