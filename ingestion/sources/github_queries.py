"""The GraphQL texts that Flowlight sends to GitHub.

Children of a pull request come with it, up to 20 or 25 of a kind, which is all of them for most; what is beyond that
is fetched by `children_query`. GitHub counts a point per hundred connections, children of children included, so wider
first pages would cost more than they save. Files have no children: a page of them costs the same whatever its width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RATE = "rateLimit { cost limit remaining resetAt }"
REPOSITORY = """
  id nameWithOwner isArchived isFork createdAt
  defaultBranchRef { name target { oid } }
  latestPullRequest: pullRequests(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  latestIssue: issues(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  latestDeployment: deployments(first: 1, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { createdAt } }
  latestRelease: releases(first: 1, orderBy: {field: CREATED_AT, direction: DESC}) {
    totalCount nodes { id updatedAt }
  }
  latestTag: refs(refPrefix: "refs/tags/", first: 1, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) {
    totalCount nodes { id target { oid } }
  }
"""
ACTOR = "__typename login"
REVIEW = f"id state submittedAt author {{ {ACTOR} }} comments {{ totalCount }}"
PULL_REQUEST_COMMIT = """
  commit {
    oid authoredDate committedDate messageHeadline message author { user { login } } parents(first: 2) { totalCount }
  }
"""
EVENT = f"""
  __typename
  ... on ReadyForReviewEvent {{ id createdAt }}
  ... on ConvertToDraftEvent {{ id createdAt }}
  ... on ReviewRequestedEvent {{
    id createdAt requestedReviewer {{
      __typename ... on User {{ login }} ... on Bot {{ login }} ... on Mannequin {{ login }} ... on Team {{ slug }}
    }}
  }}
  ... on ReviewRequestRemovedEvent {{ id createdAt }}
  ... on HeadRefForcePushedEvent {{ id createdAt actor {{ {ACTOR} }} beforeCommit {{ oid }} afterCommit {{ oid }} }}
  ... on ReopenedEvent {{ id createdAt }}
  ... on ClosedEvent {{ id createdAt }}
  ... on MergedEvent {{ id createdAt }}
"""
EVENT_TYPES = (
    "READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT, REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT, "
    "HEAD_REF_FORCE_PUSHED_EVENT, REOPENED_EVENT, CLOSED_EVENT, MERGED_EVENT"
)
LABEL = "name"
FILE = "path additions deletions"
STATUS = "id state createdAt"
PAGE = "pageInfo { hasNextPage endCursor }"

CHILDREN: dict[str, dict[str, tuple[int, str, str]]] = {
    "PullRequest": {
        "labels": (20, "", LABEL),
        "reviews": (20, "", REVIEW),
        "commits": (25, "", PULL_REQUEST_COMMIT),
        "timelineItems": (25, f", itemTypes: [{EVENT_TYPES}]", EVENT),
        "files": (100, "", FILE),
    },
    "Deployment": {"statuses": (30, "", STATUS)},
    "Issue": {"labels": (20, "", LABEL)},
}
"""The child connections by type of their parent: size of the first page, further arguments, what is read of a child."""


def _children(parent: str) -> str:
    return "\n".join(
        f"{name}(first: {first}{arguments}) {{ {PAGE} nodes {{ {selection} }} }}"
        for name, (first, arguments, selection) in CHILDREN[parent].items()
    )


PULL_REQUEST = f"""
  id number title body url state isDraft createdAt updatedAt closedAt mergedAt baseRefName headRefName isCrossRepository
  additions deletions changedFiles
  repository {{ id nameWithOwner defaultBranchRef {{ name }} }}
  author {{ {ACTOR} }}
  mergedBy {{ {ACTOR} }}
  mergeCommit {{ oid committedDate parents(first: 2) {{ totalCount }} }}
  {_children("PullRequest")}
"""
ISSUE = f"""
  id number title url state createdAt updatedAt closedAt
  author {{ {ACTOR} }}
  repository {{ id nameWithOwner }}
  {_children("Issue")}
"""
DEPLOYMENT = f"""
  id databaseId environment originalEnvironment task state commitOid createdAt updatedAt
  ref {{ name }}
  creator {{ {ACTOR} }}
  repository {{ id nameWithOwner }}
  {_children("Deployment")}
"""

RELEASE = f"""
  id tagName isDraft isPrerelease createdAt publishedAt updatedAt
  tagCommit {{ oid committedDate }}
  author {{ {ACTOR} }}
  repository {{ id }}
"""
TAG = """
  id name repository { id }
  target {
    __typename oid
    ... on Commit { committedDate }
    ... on Tag { tagger { date } target { __typename oid ... on Commit { committedDate } } }
  }
"""

PULL_REQUESTS = f"""
query PullRequests($repository: ID!, $first: Int!, $after: String, $order: IssueOrder, $states: [PullRequestState!]) {{
  {RATE}
  node(id: $repository) {{ ... on Repository {{
    pullRequests(first: $first, after: $after, orderBy: $order, states: $states) {{ {PAGE} nodes {{ {PULL_REQUEST} }} }}
  }} }}
}}"""
ISSUES = f"""
query Issues($repository: ID!, $first: Int!, $after: String, $since: DateTime, $states: [IssueState!]) {{
  {RATE}
  node(id: $repository) {{ ... on Repository {{
    issues(first: $first, after: $after, orderBy: {{field: CREATED_AT, direction: ASC}}, states: $states,
      filterBy: {{since: $since}}) {{ {PAGE} nodes {{ {ISSUE} }} }}
  }} }}
}}"""
DEPLOYMENTS = f"""
query Deployments($repository: ID!, $first: Int!, $after: String) {{
  {RATE}
  node(id: $repository) {{ ... on Repository {{
    deployments(first: $first, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
      {PAGE} nodes {{ {DEPLOYMENT} }}
    }}
  }} }}
}}"""
RELEASES = f"""
query Releases($repository: ID!, $first: Int!, $after: String) {{
  {RATE}
  node(id: $repository) {{ ... on Repository {{
    releases(first: $first, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
      {PAGE} nodes {{ {RELEASE} }}
    }}
  }} }}
}}"""
TAGS = f"""
query Tags($repository: ID!, $first: Int!, $after: String) {{
  {RATE}
  node(id: $repository) {{ ... on Repository {{
    refs(refPrefix: "refs/tags/", first: $first, after: $after, orderBy: {{field: TAG_COMMIT_DATE, direction: DESC}}) {{
      {PAGE} nodes {{ {TAG} }}
    }}
  }} }}
}}"""
PULL_REQUESTS_AGAIN = f"""
query PullRequestsAgain($ids: [ID!]!) {{
  {RATE}
  nodes(ids: $ids) {{ ... on PullRequest {{ {PULL_REQUEST} }} }}
}}"""
DEPLOYMENTS_AGAIN = f"""
query DeploymentsAgain($ids: [ID!]!) {{
  {RATE}
  nodes(ids: $ids) {{ ... on Deployment {{ {DEPLOYMENT} }} }}
}}"""
OWNER = f"""
query OwnerRepositories($owner: String!, $after: String) {{
  {RATE}
  repositoryOwner(login: $owner) {{
    repositories(first: 100, after: $after, orderBy: {{field: NAME, direction: ASC}}) {{
      {PAGE} nodes {{ {REPOSITORY} }}
    }}
  }}
}}"""
VIEWER = f"query Viewer {{ {RATE} viewer {{ login }} }}"


def named_query(count: int) -> str:
    """The query for `count` repositories by name: variables owner0, name0, owner1, ...; answers r0, r1, ..."""
    variables = ", ".join(f"$owner{i}: String!, $name{i}: String!" for i in range(count))
    members = "\n".join(f"r{i}: repository(owner: $owner{i}, name: $name{i}) {{ {REPOSITORY} }}" for i in range(count))
    return f"query NamedRepositories({variables}) {{ {RATE} {members} }}"


def children_query(parent: str, wanted: Sequence[Mapping[str, str]]) -> str:
    """The query for the next page of children of several parents of one type.

    wanted: by parent, the names of its unfinished connections with their end cursors. Variables id0, id1, ... and
    c0_reviews, ...; answers n0, n1, ...
    """
    variables, members = [], []
    for i, connections in enumerate(wanted):
        variables.append(f"$id{i}: ID!")
        children = []
        for name in connections:
            _, arguments, selection = CHILDREN[parent][name]
            variables.append(f"$c{i}_{name}: String!")
            children.append(f"{name}(first: 100, after: $c{i}_{name}{arguments}) {{ {PAGE} nodes {{ {selection} }} }}")
        members.append(f"n{i}: node(id: $id{i}) {{ ... on {parent} {{ {' '.join(children)} }} }}")
    return f"query {parent}Children({', '.join(variables)}) {{ {RATE} {' '.join(members)} }}"
