from bench.machine import conditions, missing, versions


def test_the_versions_of_the_servers_are_numbers() -> None:
    found = conditions()
    for server in ("postgresql", "valkey"):
        assert str(found[server]).replace(".", "").isdigit()


def test_what_is_not_installed_is_known() -> None:
    assert missing(["celery", "no-such-package-of-ours"]) == ["no-such-package-of-ours"]
    assert versions(["no-such-package-of-ours"]) == {"no-such-package-of-ours": None}
