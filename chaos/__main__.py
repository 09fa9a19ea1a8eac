"""`python -m chaos`: the fault campaign. See docs/chaos.md."""

import asyncio
import sys

from chaos.campaign import run_campaign
from chaos.options import parse_options
from chaos.plan import UnknownFault
from chaos.waiting import CampaignFailed

#: The exit codes of a campaign that came to no verdict, and of one that Ctrl-C ended.
NO_VERDICT, INTERRUPTED = 2, 130


def main() -> int:
    """Run the campaign that the command line asks for; the exit code."""
    try:
        return asyncio.run(run_campaign(parse_options(sys.argv[1:])))
    except (CampaignFailed, UnknownFault) as error:
        print(error, file=sys.stderr)
        return NO_VERDICT
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
