"""How indices are called."""

import pytest

from headrace.search.elasticsearch.naming import Index, Names, parse_index


@pytest.mark.parametrize("name", ["headrace", "orders", "headrace-orders", "a.b-c_d"])
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    index = Index(name, "2026.11", 12)
    assert index.full_name == f"{name}-2026.11-12"
    assert parse_index(index.full_name) == index


@pytest.mark.parametrize("name", ["headrace", "headrace-2026.11", "headrace-2026.11-", "headrace-2026.11-1-new", ""])
def test_other_names_are_none_of_the_copy_s(name: str) -> None:
    assert parse_index(name) is None


@pytest.mark.parametrize("name", ["orders", "headrace-orders", "2026"])
def test_a_further_index_may_have_a_name_of_its_own(name: str) -> None:
    assert Names("headrace").may_be_further(name)


@pytest.mark.parametrize(
    "name",
    [
        "headrace", "headrace-also", "headrace-new", "headrace-2026.11", "orders-2026.11", "orders-2026.11-1",
        "orders-2026.11-1-new", "Orders", "_all", "-orders", "or*", "a,b", "a b", "", "x" * 151,
    ],
)  # fmt: skip
def test_but_none_that_elasticsearch_or_the_copy_reads_otherwise(name: str) -> None:
    assert not Names("headrace").may_be_further(name)
