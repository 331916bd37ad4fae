"""What is published of survey answers goes through the two models that the adversary reads, and no other way."""

from tests.incremental.nights import dbt_project, manifest

READ_BY_THE_ADVERSARY = {"int_sentiment_wave_values", "int_sentiment_versions"}


def test_answers_reach_no_mart_but_through_what_is_attacked() -> None:
    assert dbt_project().name == "dbt_project"
    nodes = {id_: node for id_, node in manifest().nodes.items() if node.resource_type == "model"}
    below: dict[str, list[str]] = {}
    for id_, node in nodes.items():
        for above in node.depends_on.nodes:
            below.setdefault(above, []).append(id_)
    answers = next(id_ for id_, node in nodes.items() if node.name == "stg_surveys__answers")

    def reached(closed: set[str]) -> set[str]:
        found, open_ = set(), [answers]
        while open_:
            id_ = open_.pop()
            if id_ not in found and nodes[id_].name not in closed:
                found.add(id_)
                open_ += below.get(id_, [])
        return {nodes[id_].name for id_ in found if "marts" in nodes[id_].fqn}

    assert reached(READ_BY_THE_ADVERSARY) == set()
    assert {"fct_sentiment_metrics", "fct_enps", "fct_sentiment_versions", "fct_metric_values"} <= reached(set())
