"""A GitHub host as it looks at a clock: GraphQL-shaped nodes (dicts), built on first use and kept while they stay true.

A node holds every scalar and object field of its type; connections are plain sequences of nodes, which
`github_graphql` filters, orders and pages.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.replies import iso
from sandbox.world import (
    Actor,
    ChangedFile,
    Commit,
    Deployment,
    GithubIssue,
    GithubWorld,
    PullRequest,
    Repository,
    Review,
    TimelineEvent,
)

Node = dict[str, Any]
WEB = "https://github.example.com"  # in payloads, so that they do not depend on the port of the double
_FAR = datetime.max.replace(tzinfo=UTC)
MOST_FILES = 3000
"""GitHub shows no more files of a pull request."""
_GHOST = Actor("ghost")
_DEPLOYMENT_STATES = {"SUCCESS": "ACTIVE"}  # of the deployment, by its latest status; the others keep their name


class Lazy(Sequence[Any]):
    """Items that become nodes only when they are looked at."""

    def __init__(self, items: Sequence[Any], build: Callable[[Any], Node]) -> None:
        self.items = items
        self.build = build

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.build(item) for item in self.items[index]]
        return self.build(self.items[index])


class Host:
    """All repositories of a world at a clock; `show` moves it."""

    def __init__(self, world: GithubWorld, clock: datetime) -> None:
        self.touched: dict[str, datetime] = {}
        self.actors: dict[str, Node] = {}
        self.repositories = [RepositoryState(repository, self) for repository in world.repositories]
        self._places: dict[str, tuple[RepositoryState, str]] = {}  # global id -> where it is, and in which view
        for state in self.repositories:
            self._places[state.repository.id] = (state, "")
            for view in ("pull_requests", "issues", "deployments"):
                self._places |= {item.id: (state, view) for item in getattr(state.repository, view)}
        self.show(clock, {})

    def show(self, clock: datetime, touched: dict[str, datetime]) -> None:
        """Show the world at `clock`; `touched` forces `updatedAt` of pull requests and issues by id."""
        self.clock = clock
        self.touched = dict(touched)
        self.visible = [state for state in self.repositories if state.show(clock)]
        self.by_name: dict[str, RepositoryState] = {}
        for state in self.visible:
            for name in state.former_names:
                self.by_name.setdefault(name.lower(), state)
        self.by_name |= {state.name.lower(): state for state in self.visible}

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> "RepositoryState | None":
        """A visible repository by its name; by a former one if renames are followed."""
        state = self.by_name.get(f"{owner}/{name}".lower())
        return state if state and (follow_renames or state.name.lower() == f"{owner}/{name}".lower()) else None

    def owned_by(self, login: str) -> list["RepositoryState"]:
        """Visible repositories of an owner."""
        return [state for state in self.visible if state.name.split("/")[0].lower() == login.lower()]

    def owner(self, login: str) -> Node | None:
        """The organisation that owns repositories under this name (every owner of the sandbox is one)."""
        owned = self.owned_by(login)
        return self.actor(Actor(owned[0].name.split("/")[0], "Organization")) if owned else None

    def actor(self, actor: Actor | None) -> Node | None:
        """An account; None stays None (a deleted account)."""
        if actor is None:
            return None
        node = self.actors.get(actor.login)
        if node is None:
            path = f"/apps/{actor.login}" if actor.kind == "Bot" else f"/{actor.login}"
            node = self.actors[actor.login] = {
                "__typename": actor.kind, "id": f"{actor.kind[0]}_{actor.login}", "login": actor.login, "name": None,
                "databaseId": number_of(actor.login), "url": WEB + path, "resourcePath": path,
            }  # fmt: skip
        return node

    def node(self, id: str) -> Node | None:
        """A repository, pull request, issue, deployment or commit by its global id."""
        if id.startswith("C_"):
            return next((state.commit(id[2:]) for state in self.visible if id[2:] in state.known_commits), None)
        state, view = self._places.get(id, (None, ""))
        if state is None or state not in self.visible:
            return None
        return getattr(state, view)().get(id) if view else state.node


class RepositoryState:
    """One repository at the host's clock. `node` is the same dict for ever, its values follow the clock."""

    def __init__(self, repository: Repository, host: Host) -> None:
        self.repository = repository
        self.host = host
        self.name = repository.name_with_owner
        self.node: Node = {"__typename": "Repository", "id": repository.id, "_state": self}
        self._commits: dict[str, Node] = {}
        self._kept: dict[str, tuple[datetime, datetime, Node]] = {}
        self._all = {commit.oid: commit for commit in repository.commits}
        for pull_request in repository.pull_requests:
            for commit in pull_request.commits:
                self._all.setdefault(commit.oid, commit)

    def show(self, clock: datetime) -> bool:
        """Move to `clock`; False when the repository is not there then."""
        repository = self.repository
        gone = repository.deleted_at is not None and repository.deleted_at <= clock
        if repository.created_at > clock or gone:
            return False
        names = [old for old, _ in repository.renamed_from] + [repository.name_with_owner]
        renames = sum(1 for _, at in repository.renamed_from if at <= clock)
        if names[renames] != self.name:
            self._kept.clear()
        self.name, self.former_names = names[renames], names[:renames]
        self._views: dict[str, dict[str, Node]] = {}
        self._known: dict[str, Commit] | None = None
        self.clock = clock
        self.commits = [commit for commit in repository.commits if commit.visible_at <= clock]  # oldest first
        head = self.commits[-1] if self.commits else None
        pushed = head.visible_at if head else repository.created_at
        path = f"/{self.name}"
        owner = self.host.actor(Actor(self.name.split("/")[0], "Organization"))
        self.node |= {
            "databaseId": number_of(repository.id), "name": self.name.split("/")[1], "nameWithOwner": self.name,
            "owner": owner, "url": WEB + path, "resourcePath": path, "isArchived": repository.is_archived,
            "isDisabled": False, "isEmpty": head is None, "isFork": False, "isPrivate": True, "visibility": "PRIVATE",
            "createdAt": iso(repository.created_at), "updatedAt": iso(pushed), "pushedAt": iso(pushed),
            "defaultBranchRef": self.ref(repository.default_branch) if head else None,
        }  # fmt: skip
        return True

    @property
    def known_commits(self) -> dict[str, Commit]:
        """Every visible commit, of the default branch and of pull requests, by oid."""
        if self._known is None:
            self._known = {oid: commit for oid, commit in self._all.items() if commit.visible_at <= self.clock}
        return self._known

    def resolve(self, revision: str) -> str | None:
        """The oid that a branch name, the head of a pull request or an (abbreviated) oid stands for."""
        name = revision.removeprefix("refs/heads/")
        if name in (self.repository.default_branch, "HEAD"):
            return self.commits[-1].oid if self.commits else None
        if name in self.known_commits:
            return name
        for pull_request in reversed(self.repository.pull_requests):
            if pull_request.head_ref == name and pull_request.created_at <= self.clock:
                pushed = [commit.oid for commit in pull_request.commits if commit.visible_at <= self.clock]
                if pushed:
                    return pushed[-1]
        return next((oid for oid in self.known_commits if len(name) >= 7 and oid.startswith(name)), None)

    def ref(self, name: str) -> Node | None:
        """A branch by its short name."""
        oid = self.resolve(name)
        return None if oid is None else {
            "__typename": "Ref", "id": f"REF_{self.repository.id}_{name}", "name": name, "prefix": "refs/heads/",
            "target": self.commit(oid), "repository": self.node,
        }  # fmt: skip

    def commit(self, oid: str) -> Node:
        """A commit; one that the world does not hold (a parent of recorded data) is a stub with its oid."""
        node = self._commits.get(oid)
        if node is not None:
            return node
        created = self.repository.created_at
        commit = self._all.get(oid) or Commit(oid, [], "", None, created, created, created)
        path = f"/{self.repository.name_with_owner}/commit/{oid}"
        headline, _, body = commit.message.partition("\n")
        person = {
            "__typename": "GitActor",
            "name": commit.author.login if commit.author else None,
            "email": f"{commit.author.login}@example.com" if commit.author else None,
            "user": self.host.actor(commit.author) if commit.author and commit.author.kind == "User" else None,
        }
        node = self._commits[oid] = {
            "__typename": "Commit", "id": f"C_{oid}", "oid": oid, "abbreviatedOid": oid[:7], "url": WEB + path,
            "commitUrl": WEB + path, "resourcePath": path, "repository": self.node, "message": commit.message,
            "messageHeadline": headline, "messageBody": body.strip(), "authoredDate": iso(commit.authored_at),
            "committedDate": iso(commit.committed_at), "authoredByCommitter": True,
            "author": person | {"date": iso(commit.authored_at)},
            "committer": person | {"date": iso(commit.committed_at)},
            "additions": commit.additions, "deletions": commit.deletions,
            "changedFilesIfAvailable": commit.changed_files, "parents": Lazy(commit.parents, self.commit),
            "_state": self,
        }  # fmt: skip
        return node

    def pull_requests(self) -> dict[str, Node]:
        """Visible pull requests by id, in order of creation."""
        return self._view("pull_requests", self.repository.pull_requests, self._pull_request, _events_of)

    def issues(self) -> dict[str, Node]:
        """Visible issues by id."""
        return self._view("issues", self.repository.issues, self._issue, lambda i: [i.closed_at, i.updated_at])

    def deployments(self) -> dict[str, Node]:
        """Visible deployments by id, oldest first."""
        return self._view(
            "deployments", self.repository.deployments, self._deployment, lambda d: [s.created_at for s in d.statuses]
        )

    def touch(self, id: str, at: datetime) -> None:
        """Let a pull request or issue have been updated at `at`."""
        for nodes in (self.pull_requests(), self.issues()):
            if id in nodes:
                nodes[id]["updatedAt"] = iso(at)

    def _view(
        self, name: str, items: list[Any], build: Callable[[Any], Node], events: Callable[[Any], list[datetime | None]]
    ) -> dict[str, Node]:
        """Nodes of the visible items; one that saw no event since it was built is used again."""
        view = self._views.get(name)
        if view is not None:
            return view
        view = self._views[name] = {}
        clock, touched = self.clock, self.host.touched
        for item in sorted((item for item in items if item.created_at <= clock), key=lambda item: item.created_at):
            since, until, node = self._kept.get(item.id, (_FAR, _FAR, {}))
            if not since <= clock < until or item.id in touched:
                node = build(item)
                if item.id in touched:
                    node["updatedAt"] = max(node["updatedAt"], iso(touched[item.id]) or "")
                    self._kept.pop(item.id, None)
                else:
                    later = [at for at in events(item) if at is not None and at > clock]
                    self._kept[item.id] = (clock, min(later, default=_FAR), node)
            view[item.id] = node
        return view

    def _pull_request(self, pr: PullRequest) -> Node:
        clock, actor = self.clock, self.host.actor
        timeline = [event for event in pr.timeline if event.created_at <= clock]
        reviews = [review for review in pr.reviews if review.submitted_at <= clock]
        commits = [commit for commit in pr.commits if commit.visible_at <= clock]
        merged_at = pr.merged_at if pr.merged_at and pr.merged_at <= clock else None
        moves = [event for event in timeline if event.type in ("ClosedEvent", "ReopenedEvent")]
        closed_at = merged_at
        if merged_at is None:
            if moves:
                closed_at = moves[-1].created_at if moves[-1].type == "ClosedEvent" else None
            elif pr.closed_at and pr.closed_at <= clock:
                closed_at = pr.closed_at
        drafts = [event.type for event in timeline if event.type in ("ReadyForReviewEvent", "ConvertToDraftEvent")]
        seen = [at for at in _events_of(pr) if at is not None and at <= clock]
        updated = pr.updated_at if pr.updated_at and pr.updated_at <= clock else max(seen, default=pr.created_at)
        path = f"/{self.name}/pull/{pr.number}"
        database_id = number_of(pr.id)
        node: Node = {
            "__typename": "PullRequest", "id": pr.id, "databaseId": database_id, "fullDatabaseId": str(database_id),
            "number": pr.number, "title": pr.title, "body": pr.body, "url": WEB + path, "resourcePath": path,
            "permalink": WEB + path, "state": "MERGED" if merged_at else "CLOSED" if closed_at else "OPEN",
            "isDraft": drafts[-1] == "ConvertToDraftEvent" if drafts else pr.created_as_draft,
            "closed": closed_at is not None, "merged": merged_at is not None, "createdAt": iso(pr.created_at),
            "updatedAt": iso(max(updated, pr.created_at)), "closedAt": iso(closed_at), "mergedAt": iso(merged_at),
            "baseRefName": pr.base_ref, "headRefName": pr.head_ref,
            "headRefOid": commits[-1].oid if commits else f"{zlib.crc32(pr.id.encode()):040x}",
            "isCrossRepository": pr.is_cross_repository, "additions": pr.additions, "deletions": pr.deletions,
            "changedFiles": pr.changed_files, "author": actor(pr.author),
            "mergedBy": actor(pr.merged_by) if merged_at else None,
            "mergeCommit": self.commit(pr.merge_commit_oid) if merged_at and pr.merge_commit_oid else None,
            "repository": self.node,
            "labels": Lazy([name for name, at in pr.labels if at <= clock], self.label),
        }  # fmt: skip
        node["commits"] = Lazy(commits, lambda commit: {
            "__typename": "PullRequestCommit", "id": f"PRC_{pr.id}_{commit.oid}", "commit": self.commit(commit.oid),
            "pullRequest": node, "url": f"{WEB}{path}/commits/{commit.oid}",
            "resourcePath": f"{path}/commits/{commit.oid}",
        })  # fmt: skip
        node["files"] = Lazy(pr.files[:MOST_FILES], _file)
        node["reviews"] = [self._review(review, node) for review in reviews]
        node["timelineItems"] = [self._event(event, node, pr) for event in timeline]
        return node

    def _review(self, review: Review, pull_request: Node) -> Node:
        at, path = iso(review.submitted_at), f"{pull_request['resourcePath']}#pullrequestreview-{number_of(review.id)}"
        return {
            "__typename": "PullRequestReview", "id": review.id, "author": self.host.actor(review.author),
            "state": review.state, "submittedAt": at, "createdAt": at, "updatedAt": at, "publishedAt": at,
            "comments": range(review.comments), "pullRequest": pull_request, "repository": self.node,
            "url": WEB + path, "resourcePath": path,
        }  # fmt: skip

    def _event(self, event: TimelineEvent, pull_request: Node, pr: PullRequest) -> Node:
        data, path = event.data, f"{pull_request['resourcePath']}#event-{number_of(event.id)}"
        node = {
            "__typename": event.type, "id": event.id, "createdAt": iso(event.created_at),
            "actor": self.host.actor(event.actor), "pullRequest": pull_request, "url": WEB + path,
            "resourcePath": path,
        }  # fmt: skip
        if event.type.startswith("ReviewRequest"):
            login = next((data[k] for k in ("requestedReviewer", "reviewer", "login") if data.get(k)), None)
            node["requestedReviewer"] = self.host.actor(Actor(login)) if isinstance(login, str) else login
        elif event.type in ("LabeledEvent", "UnlabeledEvent"):
            node["label"] = self.label(data.get("label") or data.get("name") or "")
        elif event.type == "HeadRefForcePushedEvent":
            for name in ("beforeCommit", "afterCommit"):
                node[name] = self.commit(data[name]) if data.get(name) else None
            node["ref"] = None
        elif event.type == "MergedEvent":
            node["commit"] = pull_request["mergeCommit"]
            node["mergeRefName"] = pr.base_ref
        return node

    def label(self, name: str) -> Node:
        """A label of this repository."""
        return {"__typename": "Label", "id": f"LA_{name}", "name": name, "color": "ededed", "description": None}

    def _issue(self, issue: GithubIssue) -> Node:
        closed_at = issue.closed_at if issue.closed_at and issue.closed_at <= self.clock else None
        updated = issue.updated_at if issue.updated_at and issue.updated_at <= self.clock else None
        path = f"/{self.name}/issues/{issue.number}"
        database_id = number_of(issue.id)
        return {
            "__typename": "Issue", "id": issue.id, "databaseId": database_id, "fullDatabaseId": str(database_id),
            "number": issue.number, "title": issue.title, "url": WEB + path, "resourcePath": path,
            "state": "CLOSED" if closed_at else "OPEN", "closed": closed_at is not None,
            "createdAt": iso(issue.created_at), "updatedAt": iso(updated or closed_at or issue.created_at),
            "closedAt": iso(closed_at), "author": self.host.actor(issue.author), "repository": self.node,
            "labels": Lazy(issue.labels, self.label),
        }  # fmt: skip

    def _deployment(self, deployment: Deployment) -> Node:
        creator = self.host.actor(deployment.creator or _GHOST)
        statuses = [status for status in deployment.statuses if status.created_at <= self.clock]
        latest = statuses[-1] if statuses else None
        node: Node = {
            "__typename": "Deployment", "id": deployment.id, "databaseId": deployment.database_id,
            "environment": deployment.environment, "originalEnvironment": deployment.environment,
            "latestEnvironment": deployment.environment, "description": deployment.description or None,
            "task": deployment.task, "ref": self._deployed_ref(deployment),
            "commit": self.commit(deployment.commit_oid), "commitOid": deployment.commit_oid,
            "createdAt": iso(deployment.created_at),
            "updatedAt": iso(latest.created_at if latest else deployment.created_at),
            "state": _DEPLOYMENT_STATES.get(latest.state, latest.state) if latest else "PENDING",
            "creator": creator, "repository": self.node, "_ref": deployment.ref,
        }  # fmt: skip
        node["statuses"] = [
            {
                "__typename": "DeploymentStatus", "id": status.id, "createdAt": iso(status.created_at),
                "updatedAt": iso(status.created_at), "state": status.state, "creator": creator, "deployment": node,
                "description": None, "environment": deployment.environment,
            }
            for status in statuses
        ]  # fmt: skip
        node["latestStatus"] = node["statuses"][-1] if statuses else None
        return node

    def _deployed_ref(self, deployment: Deployment) -> Node | None:
        """The branch or tag that was deployed; None, as on GitHub, when it was deployed by oid."""
        if deployment.ref == deployment.commit_oid:
            return None
        return {
            "__typename": "Ref", "id": f"REF_{self.repository.id}_{deployment.ref}", "name": deployment.ref,
            "prefix": "refs/heads/", "target": self.commit(deployment.commit_oid), "repository": self.node,
        }  # fmt: skip


def _file(file: ChangedFile) -> Node:
    return {
        "__typename": "PullRequestChangedFile", "path": file.path, "additions": file.additions,
        "deletions": file.deletions, "changeType": file.change_type,
    }  # fmt: skip


def number_of(id: str) -> int:
    """A stable positive database id for a text id."""
    return zlib.crc32(id.encode()) & 0x7FFFFFFF


def _events_of(pr: PullRequest) -> list[datetime | None]:
    """Every moment at which a pull request's node may change, its creation included."""
    return [
        pr.created_at, pr.merged_at, pr.closed_at, pr.updated_at,
        *(review.submitted_at for review in pr.reviews), *(event.created_at for event in pr.timeline),
        *(commit.visible_at for commit in pr.commits), *(at for _, at in pr.labels),
    ]  # fmt: skip


def moment(text: str) -> datetime:
    """A time from a GraphQL or REST argument (`Z` or offset); naive ones are UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
