"""What Acme plans: sprints, estimates, cost of delay, links. Told by its Jira as it really was, and as teams do it."""

from collections import Counter, defaultdict
from datetime import datetime

from sandbox.company import Company
from sandbox.teams import TEAMS
from sandbox.truth import Truth
from tests.sandbox.conftest import flow_items


def test_sprints_points_costs_and_links_in_the_changelog_are_those_of_the_truth(company: Company) -> None:
    """Each of them replayed from the changes alone, and the field's last value against the same truth."""
    assert company.world.jira is not None
    keys = ids_by_key(company)
    for issue in company.world.jira.issues:
        item = company.truth.work_items[issue.id]
        sprints: dict[str, tuple] = {}
        left: list[tuple] = []
        points: list[tuple] = []
        first_cost = issue.fields.get("customfield_10064")
        costs: list[tuple] = [(issue.created, first_cost)] if first_cost else []
        links: dict[str, datetime] = {}
        unlinked: list[tuple] = []
        fields = dict(issue.fields)
        for history in issue.histories:
            fields.update(history.patch)
            for entry in history.items:
                old, new = entry["from"], entry["to"]
                if entry["field"] == "Sprint":
                    before, after = ({n for n in (value or "").split(", ") if n} for value in (old, new))
                    assert before == set(sprints), issue.key
                    left += [(int(n), sprints.pop(n), history.created) for n in before - after]
                    sprints |= dict.fromkeys(after - before, history.created)
                elif entry["field"] == "Story point estimate":
                    assert entry["fromString"] == (f"{points[-1][1]:g}" if points else None)
                    points.append((history.created, float(entry["toString"])))
                elif entry["field"] == "Cost of Delay":
                    assert entry["fromString"] == (f"{costs[-1][1]:g}" if costs else None)
                    costs.append((history.created, float(entry["toString"])))
                elif entry["field"] == "Link" and "blocked by" in (entry["toString"] or entry["fromString"]):
                    assert (entry["toString"] or entry["fromString"]) == f"This issue is blocked by {new or old}"
                    if new:
                        links[keys[new]] = history.created
                    else:
                        unlinked.append((keys[old], links.pop(keys[old]), history.created))
        now = [(int(n), added, None) for n, added in sprints.items()]
        assert sorted(left + now, key=lambda one: one[1]) == item.sprints
        assert (points, costs) == (item.points, item.costs_of_delay)
        assert [value["id"] for value in fields.get("customfield_10020") or ()] == [n for n, _, _ in now]
        assert (fields.get("customfield_10016"), fields.get("customfield_10064")) == (
            item.story_points,
            item.cost_of_delay,
        )
        ever = [(other, at, None) for other, at in links.items()]
        assert sorted(unlinked + ever, key=lambda one: one[1]) == item.links
        blocked_by = {
            v["inwardIssue"]["id"] for v in fields["issuelinks"] if v["type"]["name"] == "Blocks" and "inwardIssue" in v
        }
        assert blocked_by == set(links)
        assert item.priority == fields["priority"]["name"]


def ids_by_key(company: Company) -> dict[str, str]:
    """Issue ids by every key that was ever theirs."""
    assert company.world.jira is not None
    keys = {issue.key: issue.id for issue in company.world.jira.issues}
    return keys | {h.patch["key"]: i.id for i in company.world.jira.issues for h in i.histories if "key" in h.patch}


def test_both_issues_of_a_link_tell_of_it_at_once(company: Company, now: Truth) -> None:
    """A link is made and removed on both sides at one moment; an item waits for one that is open then."""
    assert company.world.jira is not None
    keys = ids_by_key(company)
    told: Counter[tuple] = Counter()
    ends: dict[str, list[str]] = defaultdict(list)
    for issue in company.world.jira.issues:
        last = issue.fields["issuelinks"]
        for history in issue.histories:
            last = history.patch.get("issuelinks", last)
            for entry in history.items:
                if entry["field"] == "Link":
                    pair = frozenset((issue.id, keys[entry["to"] or entry["from"]]))
                    told[history.created, pair, entry["to"] is None] += 1
        for value in last:
            ends[value["id"]].append(next(side for side in value if side.endswith("Issue")))
    assert told and set(told.values()) == {2}
    assert ends and all(sorted(sides) == ["inwardIssue", "outwardIssue"] for sides in ends.values())
    linked = [(item, link) for item in flow_items(now) for link in item.links]
    assert 0.03 < len({item.item_id for item, _ in linked}) / len(flow_items(now)) < 0.06
    across = 0
    for item, (other_id, at, _) in linked:
        other = now.work_items[other_id]
        assert other.created_at < at and not (other.done_at and other.done_at <= at)
        assert at not in (item.created_at, other.created_at)
        across += not {t for t, _ in item.identity_at(at).teams} & {t for t, _ in other.identity_at(at).teams}
    assert 0.4 < across / len(linked) < 0.6


def sprint_reliability(truth: Truth, team: str, since: str) -> tuple[float, float]:
    """Of the closed sprints of a team: done / committed, and items added later per committed one."""
    committed = kept = added = 0
    first = datetime.fromisoformat(since + "T00:00+00:00")
    for sprint in truth.sprints.values():
        if sprint.team != team or sprint.closed_at is None or sprint.closed_at < first:
            continue
        for item in flow_items(truth):
            for _, joined, removed in (s for s in item.sprints if s[0] == sprint.sprint_id):
                done = item.done_at
                if joined > sprint.started_at:
                    added += 1
                elif (removed is None or removed > sprint.started_at) and not (done and done < sprint.started_at):
                    committed += 1
                    kept += bool(done and done <= sprint.closed_at and (removed is None or removed > done))
    return kept / committed, added / committed


def test_sprints_are_planned_before_they_start_and_mostly_kept(now: Truth) -> None:
    found = {team.team_id: sprint_reliability(now, team.team_id, "2026-01-01") for team in TEAMS if team.scrum}
    orders = found.pop("orders")
    assert all(0.65 <= kept <= 0.92 and 0.1 < added < 0.5 for kept, added in found.values()), found
    assert orders[0] < min(kept for kept, _ in found.values()) - 0.1, "the overloaded team keeps fewer of its promises"


def test_sprints_start_when_they_are_started(company: Company) -> None:
    """The entered start is the planned one; the actual one is later, and items come in between."""
    assert company.world.jira is not None
    starts = {s["id"]: datetime.fromisoformat(s["startDate"]) for s in company.world.jira.sprints}
    between = sum(
        starts[sprint_id] < added <= company.truth.sprints[sprint_id].started_at
        for item in company.truth.work_items.values()
        for sprint_id, added, _ in item.sprints
    )
    assert between > 100
    assert all(starts[n] <= sprint.started_at for n, sprint in company.truth.sprints.items())
