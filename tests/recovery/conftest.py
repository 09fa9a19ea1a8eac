from collections.abc import Iterator

import pytest

from chaos.proxy import Proxy
from tests.support.installation import Installation


@pytest.fixture
def database_proxy(installation: Installation) -> Iterator[Proxy]:
    """Leads to the installation's Postgres, for the processes that a test gives its URL."""
    with Proxy(installation.storage.services.database_url) as proxy:
        yield proxy


@pytest.fixture
def redis_proxy(installation: Installation) -> Iterator[Proxy]:
    """Stands between the installation's processes and their Redis."""
    with Proxy(installation.redis_url) as proxy:
        installation.redis_url = proxy.url
        yield proxy
