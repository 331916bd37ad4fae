"""Who Acme is: value streams, teams, projects, repositories, and the story of each team."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache

from sandbox.clock import moment

FIRST_DAY = date(2024, 12, 30)
LAST_DAY = date(2026, 9, 30)
START = moment("2024-12-30T09:00")
END = moment("2026-09-30T23:59")

VALUE_STREAMS = {"shopping": "Shopping", "payments": "Payments and Billing", "fulfilment": "Fulfilment"}

REORGANISATION = date(2025, 9, 1)
"""Returns becomes part of Payments and Billing, and hands its reverse logistics to Orders."""
ACQUISITION = date(2025, 10, 1)
"""Parcelio joins, with its own Jira project and its managers."""
REVIEW_EXPERIMENT = date(2026, 2, 2)
"""Search starts to review in pairs twice a day, and its queue for review goes."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team and how it works. Hours are medians of working time; rates are per person and working day.

    ai_from: the day it adopts AI tools; scrum: works in two-week sprints; joins: the day it becomes part of Acme.
    """

    team_id: str
    name: str
    project: str
    size: int
    value_stream: str
    repositories: tuple[str, ...]
    scrum: bool = False
    ai_from: date | None = None
    joins: date | None = None
    operating_model: str = "self_managed"
    arrivals: float = 0.175
    ready_hours: float = 9.0
    coding_hours: float = 11.0
    review_wait_hours: float = 2.2
    review_hours: float = 2.0
    test_wait_hours: float = 4.0
    test_hours: float = 3.5
    components: tuple[str, ...] = field(default=())


TEAMS: tuple[Team, ...] = (
    Team(
        "checkout",
        "Checkout",
        "CHK",
        13,
        "shopping",
        ("checkout-api", "checkout-ui"),
        True,
        date(2025, 5, 12),
        coding_hours=15.0,
        components=("Cart", "Checkout Flow", "Design System"),
    ),
    Team(
        "storefront",
        "Storefront",
        "WEB",
        15,
        "shopping",
        ("storefront",),
        True,
        coding_hours=12.0,
        components=("Catalogue", "Landing Pages", "Accessibility"),
    ),
    Team(
        "mobile",
        "Mobile",
        "WEB",
        11,
        "shopping",
        ("mobile-app",),
        False,
        test_wait_hours=8.0,
        test_hours=6.0,
        components=("iOS", "Android"),
    ),
    Team(
        "search",
        "Search and Discovery",
        "SRCH",
        10,
        "shopping",
        ("search-engine",),
        False,
        coding_hours=9.0,
        review_wait_hours=5.0,
        components=("Ranking", "Indexing", "Suggestions"),
    ),
    Team(
        "payments",
        "Payments",
        "PAY",
        14,
        "payments",
        ("payments-core",),
        True,
        date(2025, 10, 6),
        operating_model="hybrid",
        coding_hours=15.0,
        test_hours=6.0,
        components=("Cards", "Wallets", "Fraud Checks"),
    ),
    Team(
        "billing",
        "Billing",
        "BILL",
        11,
        "payments",
        ("billing",),
        True,
        review_wait_hours=2.5,
        review_hours=4.0,
        components=("Invoices", "Subscriptions", "Tax"),
    ),
    Team(
        "returns",
        "Returns",
        "RET",
        10,
        "fulfilment",
        ("returns", "reverse-logistics"),
        False,
        components=("Refunds", "Return Portal", "Reverse Logistics"),
    ),
    Team(
        "orders",
        "Orders",
        "OMS",
        12,
        "fulfilment",
        ("orders-api", "orders-worker"),
        True,
        arrivals=0.2,
        components=("Order Intake", "Allocation", "Order Events"),
    ),
    Team(
        "warehouse",
        "Warehouse",
        "WHS",
        9,
        "fulfilment",
        ("warehouse",),
        False,
        date(2026, 2, 9),
        operating_model="em_led",
        coding_hours=15.0,
        components=("Picking", "Packing", "Stock"),
    ),
    Team(
        "parcelio",
        "Parcelio",
        "PARC",
        12,
        "fulfilment",
        ("parcel-hub",),
        False,
        None,
        ACQUISITION,
        operating_model="em_led",
        coding_hours=14.0,
        components=("Labels", "Tracking"),
    ),
    Team(
        "toolsmiths",
        "Toolsmiths",
        "TOOL",
        2,
        "shopping",
        ("toolbox",),
        False,
        arrivals=0.16,
        coding_hours=7.0,
        components=("Build", "Developer Portal"),
    ),
)
TEAM = {team.team_id: team for team in TEAMS}

PROJECTS: dict[str, tuple[str, str]] = {
    "CHK": ("10001", "Checkout"),
    "WEB": ("10002", "Web and Mobile"),
    "SRCH": ("10003", "Search"),
    "PAY": ("10004", "Payments"),
    "BILL": ("10005", "Billing"),
    "RET": ("10006", "Returns"),
    "OMS": ("10007", "Order Management"),
    "WHS": ("10008", "Warehouse"),
    "PARC": ("10009", "Parcelio"),
    "TOOL": ("10010", "Toolsmiths"),
    "INC": ("10011", "Incidents"),
    "OKR": ("10012", "Objectives"),
}
"""Keys of Jira's projects, with id and name; the incidents are no team's work, and objectives are no work at all."""

Share = tuple[tuple[str, float], ...]
"""Parts of a whole: (team or value stream, weight) with weights that sum to 1."""

TOOLSMITHS_STREAMS: Share = (("payments", 0.4), ("shopping", 0.6))
_REORGANISED_AT = moment(REORGANISATION.isoformat())


def value_streams_of(team_id: str, at: int) -> Share:
    """The value streams a team works for at a moment, with weights."""
    if team_id == "toolsmiths":
        return TOOLSMITHS_STREAMS
    if team_id == "returns" and at >= _REORGANISED_AT:
        return (("payments", 1.0),)
    return ((TEAM[team_id].value_stream, 1.0),)


def owners_of(
    project: str, team_name: str | None, components: tuple[str, ...], labels: tuple[str, ...], at: int
) -> tuple[Share, Share]:
    """The teams and value streams that an item belongs to at a moment; both empty when nobody's."""
    if project == "RET" and "Reverse Logistics" in components and at >= _REORGANISED_AT:
        teams: Share = (("orders", 1.0),)
    elif project == "CHK" and "Design System" in components:
        teams = (("checkout", 0.5), ("storefront", 0.5))
    elif project == "TOOL" and "billing-migration" in labels:
        return (("toolsmiths", 1.0),), (("payments", 1.0),)
    elif project == "OKR":
        return (("billing", 1.0),) if "billing" in labels else (), (("payments", 1.0),) if labels else ()
    elif project == "WEB":
        owner = {"Storefront": "storefront", "Mobile": "mobile"}.get(team_name or "")
        if owner is None:
            return (), ()
        teams = ((owner, 1.0),)
    else:
        teams = tuple((team.team_id, 1.0) for team in TEAMS if team.project == project)
    streams: dict[str, float] = {}
    for team_id, weight in teams:
        for stream, part in value_streams_of(team_id, at):
            streams[stream] = streams.get(stream, 0.0) + weight * part
    return teams, tuple(sorted(streams.items()))


@dataclass(frozen=True, slots=True)
class Pace:
    """What a team's story does to its work at a moment: factors on hours and on probabilities."""

    coding: float = 1.0
    waiting: float = 1.0
    review_wait: float = 1.0
    rework: float = 1.0
    defects: float = 1.0
    ai_share: float = 0.0


def _ramp(at: int, first: str, last: str) -> float:
    start, end = moment(first), moment(last)
    return min(max((at - start) / (end - start), 0.0), 1.0)


def pace(team: Team, at: int) -> Pace:
    """The factors in force for a team at a moment; they change from day to day."""
    return _pace(team.team_id, at // 86400)


@cache
def _pace(team_id: str, day: int) -> Pace:
    team, at = TEAM[team_id], day * 86400
    if team.team_id == "orders":
        load = _ramp(at, "2025-04-01", "2026-04-01")
        return Pace(1 + 0.35 * load, 1 + 2.2 * load, 1 + 1.6 * load, 1 + 0.6 * load, 1 + 0.9 * load)
    if team.team_id == "search":
        queue = 0.0 if at >= moment(REVIEW_EXPERIMENT.isoformat()) else _ramp(at, "2025-03-01", "2025-09-01")
        return Pace(review_wait=0.45 if at >= moment(REVIEW_EXPERIMENT.isoformat()) else 1 + 4.5 * queue)
    if team.team_id == "returns":
        settling = _ramp(at, "2025-09-01", "2025-12-15")
        if 0 < settling < 1:
            return Pace(1.35, 1.6, 1.4, 1.2, 1.1)
        return Pace(0.95, 0.85) if settling == 1 else Pace()
    if team.team_id == "parcelio":
        settling = _ramp(at, "2025-10-01", "2026-03-01")
        return Pace(1.4 - 0.4 * settling, 1.5 - 0.5 * settling, 1.3 - 0.3 * settling)
    if team.ai_from:
        start = moment(team.ai_from.isoformat())
        adopted = min(max((at - start) / (70 * 86400), 0.0), 1.0)
        return Pace(1 - 0.5 * adopted, 1.0, 1 + 0.25 * adopted, 1 + 0.3 * adopted, 1 + 0.25 * adopted, 0.68 * adopted)
    return Pace()


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository, the service it makes, and how often that is released (production releases a week)."""

    name: str
    service: str | None
    releases_per_week: float
    failure_share: float = 0.04
    production: str = "production"
    merge_commits: bool = False


REPOS: tuple[Repo, ...] = (
    Repo("checkout-api", "checkout", 5.5, 0.05),
    Repo("checkout-ui", "checkout", 4.0),
    Repo("storefront", "storefront", 6.5, 0.03),
    Repo("mobile-app", "mobile-app", 0.9, 0.05, merge_commits=True),
    Repo("search-engine", "search", 3.0),
    Repo("payments-core", "payments", 3.0, 0.04),
    Repo("billing", "billing", 1.6),
    Repo("orders-api", "orders", 1.7, 0.09),
    Repo("orders-worker", "orders", 1.2, 0.08),
    Repo("warehouse", "warehouse", 2.6),
    Repo("returns", "returns", 2.2),
    Repo("reverse-logistics", "reverse-logistics", 1.0),
    Repo("parcel-hub", "parcel-hub", 1.0, 0.07, "prod-eu", True),
    Repo("toolbox", None, 0.0),
)
REPO = {repo.name: repo for repo in REPOS}
SERVICES = {
    "checkout": "Checkout", "storefront": "Storefront", "mobile-app": "Mobile App", "search": "Search",
    "payments": "Payments", "billing": "Billing", "orders": "Orders", "warehouse": "Warehouse", "returns": "Returns",
    "reverse-logistics": "Reverse Logistics", "parcel-hub": "Parcel Hub", "store-terminals": "Store Terminals",
}  # fmt: skip


def service_owner(service: str | None, at: int) -> str | None:
    """The team that owns a service at a moment; none for no service."""
    if service is None:
        return None
    if service == "reverse-logistics":
        return "orders" if at >= _REORGANISED_AT else "returns"
    named = {"mobile-app": "mobile", "parcel-hub": "parcelio", "store-terminals": "payments"}
    return named.get(service, service)
