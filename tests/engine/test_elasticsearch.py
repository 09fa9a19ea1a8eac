from headrace.engine import ElasticsearchIndexNode, Pipeline


def test_it_marks_the_context_with_its_options(tickets: Pipeline) -> None:
    tickets.add_node(ElasticsearchIndexNode(index="tickets", fields=("subject",), extra={"team": "north"}))
    metadata = tickets.run({}).model_dump(mode="json")["metadata"]
    assert metadata["search"] == [{"index": "tickets", "fields": ["subject"], "extra": {"team": "north"}}]


def test_without_options_it_marks_the_default_index(tickets: Pipeline) -> None:
    tickets.add_node(ElasticsearchIndexNode())
    context = tickets.run({})
    assert context.metadata["search"] == [{"index": None, "fields": None, "extra": {}}]
    assert context.nodes == {"elasticsearch_index": None}


def test_two_of_them_leave_two_marks(tickets: Pipeline) -> None:
    class ArchiveNode(ElasticsearchIndexNode):
        pass

    tickets.add_node(ElasticsearchIndexNode("now"))
    tickets.add_node(ArchiveNode("for good"))
    assert [mark["index"] for mark in tickets.run({}).metadata["search"]] == ["now", "for good"]


def test_a_run_cannot_change_the_marks_of_the_next(tickets: Pipeline) -> None:
    tickets.add_node(ElasticsearchIndexNode("tickets"))
    tickets.run({}).metadata["search"][0]["index"] = "elsewhere"
    assert tickets.run({}).metadata["search"][0]["index"] == "tickets"
