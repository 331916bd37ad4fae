"""What can happen to the small world between two nights, beside its normal work: one function a kind of change.

Each takes the world and the night's own random numbers, changes the world as of now and says what it did. A night deals
them from a shuffled deck, so that eight nights see every kind. What happens in the tracker has a room of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.incremental import portfolio
from tests.incremental.organization import ITEMS, SCALE, SIZES, Row
from tests.incremental.tracker import COMPONENTS, Item
from tests.incremental.tracker_changes import (
    backdated_outcomes,
    backdated_statuses,
    backdated_values,
    broken_clock,
    deletions,
    goals_changed,
    late_changelogs,
    links_changed,
    lost_permission,
    moves,
    named,
    outcomes_changed,
    renamed,
    reopened,
    some_item,
    sprints_changed,
    unchanged_touch,
    values_changed,
)
from tests.incremental.world import World

Change = Callable[[World, random.Random], str]


def _day(world: World, chance: random.Random, days: int = 60) -> date:
    """A day of the last weeks, or of the next."""
    return (world.now + timedelta(days=chance.randint(-days, 4))).date()


# --- the organisation ------------------------------------------------------------------------------------------------
def dated_remap(world: World, chance: random.Random) -> str:
    """From a day on a status and a type mean something else, and other bugs are those that escaped."""
    on, status = _day(world, chance), chance.choice(["4", "5", "8"])
    state = chance.choice(["waiting", "active"])
    world.organization.remap("status_mappings", _of(status=status), on, flow_state=state, stage="check", stage_order=35)
    world.organization.remap("type_mappings", _of(issue_type="103"), on, flow_item_type=chance.choice(["risk", "debt"]))
    place = chance.choice(["test", "production"])
    world.organization.remap("defect_rules", _of(kind="escaped"), on, condition_value=place)
    return f"from {on} status {status} is {state}, type 103 another, and bugs found in {place} have escaped"


def corrected_mapping(world: World, chance: random.Random) -> str:
    """A mapping was wrong all the time; or a project, or an unmapped status or type, gets a rule of its own."""
    tables, remap = world.organization.tables, world.organization.remap
    match chance.randint(0, 3):
        case 0:
            remap(
                "status_mappings", _of(status="2"), None, flow_state=chance.choice(["new", "waiting"]), is_blocked="no"
            )
        case 1:
            row = {"project": "OPS", "status": "4", "flow_state": "active", "stage": "review", "stage_order": 30}
            _add(tables["status_mappings"], row, ("project", "status"))
        case 2:
            row = {"status": "9", "flow_state": "waiting", "stage": "parked", "stage_order": 5}
            _add(tables["status_mappings"], row, ("project", "status"))
        case _:
            row = {"issue_type": "106", "flow_item_type": "feature", "item_level": "flow_item"}
            _add(tables["type_mappings"], row, ("issue_type",))
    return "a mapping corrected"


def reorganisation(world: World, chance: random.Random) -> str:
    """From a day on work belongs to another team, a team to another value stream, people elsewhere."""
    on, organization = _day(world, chance), world.organization
    team = chance.choice(["beta", "gamma", "alpha"])
    organization.remap("work_rules", _of(field="project", value="PAY"), on, team_id=team)
    stream = chance.choice(["shop", "money"])
    organization.remap("team_value_streams", _of(team_id="gamma"), on, value_stream_id=stream)
    person = f"alpha-{chance.randint(0, 5)}"
    organization.remap("memberships", _of(member_id=person), on, team_id=chance.choice(["delta", "epsilon"]))
    organization.remap("teams", _of(team_id="beta"), on, team_name=f"Beta of {on}")
    organization.remap("service_owners", _of(service_id="ledger"), on, team_id=team)
    return f"from {on}: PAY to {team}, gamma to {stream}, {person} to a small team, beta renamed, ledger to {team}"


def corrected_rules(world: World, chance: random.Random) -> str:
    """Work rules, and the first day of a value stream, that were wrong all the time."""
    organization, weight = world.organization, chance.choice(["0.3", "0.5", "0.7"])
    other = f"{1 - float(weight):.1f}"
    organization.remap("work_rules", _of(rule_order=10, team_id="alpha"), None, weight=weight)
    organization.remap("work_rules", _of(rule_order=10, team_id="beta"), None, weight=other)
    rule = {"rule_order": 5, "project": "OPS", "field": "component", "value": "Ledger", "team_id": "gamma"}
    board = {"rule_order": 45, "field": "board", "value": "App board", "team_id": chance.choice(["alpha", "epsilon"])}
    for row in (rule, board):
        _add(organization.tables["work_rules"], row, ("rule_order",))
    on = _day(world, chance).isoformat()
    organization.remap("value_streams", _of(value_stream_id="money"), None, valid_from=on)
    escaped = {"kind": "escaped", "issue_type": "102", "condition_field": "label", "condition_value": "interrupt"}
    _add(organization.tables["defect_rules"], escaped, ("kind", "condition_value"))
    return (
        f"Web is shared {weight} to {other}, Ledger belongs to gamma, items on the board to {board['team_id']}, "
        f"money is a value stream since {on}, bugs that interrupt have escaped"
    )


def settings_changed(world: World, chance: random.Random) -> str:
    """Time zone, working hours, smallest team and grace for misclicks change."""
    settings = world.organization.settings
    settings["min_team_size"] = chance.choice([2, 3, 5])
    settings["done_grace_minutes"] = chance.choice([0, 30, 60])
    settings["working_hours"] = chance.choice(['"09:00-17:00"', '"07:30-15:30"'])
    settings["time_zone"] = chance.choice(["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
    return f"settings {settings}"


def calendar_changed(world: World, chance: random.Random) -> str:
    """Holidays are entered."""
    on = _day(world, chance).isoformat()
    _add(world.organization.tables["calendar"], {"date": on, "kind": "holiday", "name": "Late news"}, ("date",))
    return f"holiday on {on}"


def purpose_changed(world: World, chance: random.Random) -> str:
    """Costs, check-ins, targets, owners and categories are corrected; a key result aims elsewhere from a day on."""
    organization = world.organization
    organization.remap("team_costs", _of(team_id="alpha"), None, amount=f"{chance.randint(50_000, 70_000)}.37")
    organization.remap("objectives", _of(objective_id="O-3"), None, owner_id=chance.choice(["delta", "gamma"]))
    organization.remap("key_results", _of(key_result_id="KR-3"), None, target=chance.randint(4, 9))
    on = _day(world, chance)
    organization.remap("key_results", _of(key_result_id="KR-1"), on, target=chance.randint(3, 9))
    category = chance.choice(["capitalised", "upkeep"])
    organization.remap("work_categories", _of(issue_type="103"), on, work_category=category)
    check_ins = organization.tables["key_result_check_ins"]
    check_ins[chance.randrange(len(check_ins))]["value"] = chance.randint(1, 3)
    late = {"key_result_id": "KR-3", "date": world.now.date().isoformat(), "value": 1, "confidence": "0.9"}
    _add(check_ins, late, ("key_result_id", "date"))
    return f"costs, objectives and check-ins corrected; KR-1 and category of 103 ({category}) from {on} on"


def filed_initiatives_mended(world: World, chance: random.Random) -> str:
    """Initiatives in files are corrected, their outcomes backdated, and a file of theirs is taken away or put back."""
    organization = world.organization
    return portfolio.mend(
        organization.inbox["initiatives"], organization.taken_away, chance, world.now, world.keys(world.now)
    )


def late_answers(world: World, chance: random.Random) -> str:
    """Answers after a wave's end, corrected ones (now and then a whole file), some in another team, one taken out."""
    wave = world.organization.waves[0]["wave"]
    for team in chance.sample(list(SIZES), 3):
        world.respond(wave, team, chance.randrange(SIZES[team]), world.now - timedelta(hours=1))
    rows = world.organization.answers[wave]
    rows.pop(0)
    corrected = chance.random() < 0.6
    for row in rows if corrected else []:
        row.update(zip(ITEMS, chance.choices(list(SCALE), k=len(ITEMS)), strict=True))
    for row in chance.sample(rows, min(len(rows), chance.choice([0, 1, 6]))):
        row["Team"] = chance.choice(list(SIZES))
    return f"late answers in {wave}" + (", a corrected file" if corrected else "")


# --- the forge -------------------------------------------------------------------------------------------------------
def late_statuses(world: World, chance: random.Random) -> str:
    """Deployments turn out to have failed, pull requests get backdated commits and other titles."""
    repository = chance.choice(world.forge.repositories)
    deployment = chance.choice(repository.deployments[-6:])
    deployment.statuses.append(("FAILURE", world.now - timedelta(minutes=10)))
    pull = chance.choice(repository.pulls[-6:])
    pull.commits.insert(0, (f"{pull.number:040d}", pull.created - timedelta(days=3)))
    pull.reviews.append(("ben", "CHANGES_REQUESTED", world.now - timedelta(minutes=9)))
    old = chance.choice(repository.deployments[:-6] or repository.deployments)
    old.statuses.append((chance.choice(["SUCCESS", "ERROR"]), world.now - timedelta(minutes=8)))
    return f"deployments {old.number}, {deployment.number} and pull request {pull.number} of {repository.name}"


def late_links(world: World, chance: random.Random) -> str:
    """Incidents name a deployment of long ago, or name none any more; a release says what it repaired."""
    inbox, forge = world.organization.inbox, world.forge
    releases = list(inbox["deployments"].values())
    deployments = [f"DE_{each.id}_{old.number}" for each in forge.repositories for old in each.deployments]
    incidents = [each for each in inbox["incidents"].values() if not each.get("deleted")]
    linked = [each for each in incidents if "deployment_id" in each]
    unlinked = chance.choice(linked)["id"] if linked else None
    if unlinked:
        del inbox["incidents"][unlinked]["deployment_id"]
    named = chance.sample([each for each in incidents if each["id"] != unlinked], 3)
    for incident, ids in zip(named, (deployments, [each["id"] for each in releases], deployments), strict=True):
        incident["deployment_id"] = chance.choice(ids)
    old, repair = sorted(chance.sample(releases, 2), key=lambda each: each["started_at"])
    repair["repairs_deployment_id"] = old["id"]
    links = ", ".join(f"{each['id']} to {each['deployment_id']}" for each in named)
    return f"incidents linked: {links}; {unlinked} not any more; release {repair['id']} repaired {old['id']}"


def force_push(world: World, chance: random.Random) -> str:
    """A branch is rewritten behind what was deployed of it: commits have another id, one is gone."""
    repository = chance.choice(world.forge.repositories)
    oids = [commit.oid for commit in repository.commits]
    deployed = max(oids.index(each.oid) for each in repository.deployments if each.oid in oids)
    first = max(deployed - chance.randint(0, 3), 1)
    gone = chance.randrange(first, deployed + 1) if len(oids) > first + 1 else -1
    old = repository.rewrite(world.now - timedelta(minutes=7), first, gone=gone)
    return (
        f"{repository.name} rewritten: {len(old)} commits from {old[0].oid[:7]}, deployed or later; gone: {gone >= 0}"
    )


def repositories_renamed(world: World, chance: random.Random) -> str:
    """A repository is renamed, another default branch chosen, or the whole given to another owner and read anew."""
    repository, at = chance.choice(world.forge.repositories), world.now - timedelta(minutes=6)
    old, number = repository.name, len(repository.past) + 1
    match chance.randint(0, 2):
        case 0:
            repository.rename(at, name=f"{old.split('-')[0]}-{number}")
        case 1:
            repository.rename(at, default_branch=f"trunk-{number}")
        case _:
            repository.rename(at, name=f"other{number}/{old.partition('/')[2]}")
            repository.is_listed_anew = True
    if repository.name != old and chance.random() < 0.7:  # the others are mapped to no service
        world.organization.remap("repository_services", _of(repository=old), None, repository=repository.name)
    return f"{old} is {repository.name}, default branch {repository.default_branch}"


def late_incidents(world: World, chance: random.Random) -> str:
    """An old incident is reported, one is judged anew, one is taken back; a release turns out to be undone.

    A finding was opened earlier than told, one is back, one was none. Tickets turn out to be about what scanners found.
    """
    inbox = world.organization.inbox
    told = world.report(chance, world.now - timedelta(days=chance.randint(2, 40)))
    judged, gone = chance.sample([id_ for id_ in inbox["incidents"] if id_ != told], 2)
    inbox["incidents"][judged]["severity"] = chance.choice(["high", "low"])
    inbox["incidents"][gone]["deleted"] = True
    dated, back, false = chance.sample(list(inbox["security_findings"].values()), 3)
    dated["opened_at"] = "2025-12-20T00:00:00Z"
    back |= {"state": "open", "reopened_at": [f"{world.now - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"]}
    false |= {"state": "false_positive", "closed_at": f"{world.now - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"}
    undone = chance.choice(list(inbox["deployments"].values()))
    if undone["status"] == "success":
        undone["status"] = "rolled_back"
    copies = _copied_findings(world, chance)
    return (
        f"incident {told} is told late, {judged} judged anew, {gone} taken back, release {undone['id']} undone; "
        f"{named(world, copies)} are about what scanners found"
    )


def _copied_findings(world: World, chance: random.Random) -> list[Item]:
    """Security tickets that turn out to be about a scanner's advisory; the first belongs to another component."""
    advisories = [alert.cve for repository in world.forge.repositories for alert in repository.alerts]
    advisories += [str(finding["advisory"]) for finding in world.organization.inbox["security_findings"].values()]
    items = [some_item(world, chance, type="104") for _ in range(3)]
    for item in items:
        labels = ("security", chance.choice(advisories))
        world.tracker.put(item, world.now - timedelta(minutes=8), "labels", labels)
    here = items[0].state(world.now)["components"]
    places = [(component,) for component in COMPONENTS if (component,) != here]
    world.tracker.put(items[0], world.now - timedelta(minutes=7), "components", chance.choice(places))
    return items


def services_changed(world: World, chance: random.Random) -> str:
    """From a day on a repository holds another service, and staging counts as production."""
    on = _day(world, chance)
    service = chance.choice(["web", "ledger"])
    web = world.forge.repositories[0].name
    world.organization.remap("repository_services", _of(repository=web), on, service_id=service)
    row = {"service_id": "web", "environment_pattern": "staging", "valid_from": on.isoformat()}
    _add(world.organization.tables["deployment_rules"], row, ("environment_pattern",))
    return f"from {on} {web} is {service}, staging of web counts"


def paths_changed(world: World, chance: random.Random) -> str:
    """From a day on a path or a label of a repository is another service's, and other files are generated."""
    on, tables = _day(world, chance), world.organization.tables
    field, value = chance.choice([("path", "jobs/"), ("path", "/libs/[01].ts"), ("label", "service:*")])
    ledger = world.forge.repositories[1].name
    row = {"repository": ledger, "service_id": chance.choice(["web", "till"]), "condition_field": field,
           "condition_value": value, "valid_from": on.isoformat()}  # fmt: skip
    _add(tables["repository_services"], row, ("repository", "condition_field", "condition_value"))
    pattern = chance.choice(["docs/", "*.ts", "yarn.lock"])
    rule = {"pattern": pattern, "is_generated": chance.choice(["yes", "no"]), "valid_from": on.isoformat()}
    _add(tables["generated_files"], rule, ("pattern", "repository"))
    shown = f"{pattern} generated: {rule['is_generated']}"
    return f"from {on} what fits {value} in {ledger} is {row['service_id']}'s; {shown}"


def system_down(world: World, chance: random.Random) -> str:
    """Jira or GitHub does not answer this night."""
    world.down.add(chance.choice(["jira", "github"]))
    return f"{sorted(world.down)} does not answer"


CHANGES: tuple[Change, ...] = (
    backdated_statuses, backdated_values, deletions, moves, lost_permission, late_changelogs, reopened, broken_clock,
    sprints_changed, links_changed, values_changed, outcomes_changed, backdated_outcomes, goals_changed,
    unchanged_touch, renamed, dated_remap, corrected_mapping, reorganisation, corrected_rules, settings_changed,
    calendar_changed, purpose_changed, filed_initiatives_mended, late_answers, late_statuses,
    late_links, late_incidents, force_push, repositories_renamed, services_changed, paths_changed, system_down,
)  # fmt: skip


def dealt(chance: random.Random, at_once: int) -> Iterator[list[Change]]:
    """The changes of night after night, from a deck that is shuffled again when it is empty."""
    deck: list[Change] = []
    while True:
        if len(deck) < at_once:
            deck += chance.sample(CHANGES, len(CHANGES))
        yield [deck.pop(0) for _ in range(at_once)]


def _of(**values: object) -> Callable[[Row], bool]:
    return lambda row: all(row.get(name) == value for name, value in values.items())


def _add(rows: list[Row], row: Row, key: tuple[str, ...]) -> None:
    """Put a row into a table, in place of those with the same key."""
    rows[:] = [each for each in rows if any(each.get(name) != row.get(name) for name in key)] + [row]
