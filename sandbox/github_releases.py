"""Releases and tags of the GitHub double (GraphQL), at the host's clock."""

from typing import Any

from sandbox.github_graphql import Listing
from sandbox.github_state import WEB, Node, RepositoryState, number_of
from sandbox.replies import iso
from sandbox.world import Release, Tag


def release_listing(state: RepositoryState, arguments: dict[str, Any]) -> Listing:
    """Releases that are there, drafts too, by the commit they tag or by name."""
    clock = state.clock
    there = [
        release
        for release in state.repository.releases
        if release.drafted_at <= clock and (release.deleted_at is None or release.deleted_at > clock)
    ]
    field = {"CREATED_AT": "createdAt", "NAME": "tagName"}[_order(arguments, "CREATED_AT")["field"]]
    return _listed([_release(state, release) for release in there], arguments, "CREATED_AT", lambda n: n[field])


def tag_listing(state: RepositoryState, arguments: dict[str, Any]) -> Listing:
    """Tags that are there (no other refs), by name or by the commit they stand for."""
    clock = state.clock
    there = [
        tag
        for tag in state.repository.tags
        if tag.tagged_at <= clock and (tag.deleted_at is None or tag.deleted_at > clock)
    ]
    if not arguments["refPrefix"].startswith("refs/tags/"):
        there = []
    by_name = _order(arguments, "ALPHABETICAL")["field"] == "ALPHABETICAL"
    key = (lambda n: n["name"]) if by_name else (lambda n: n["_at"])
    return _listed([_tag(state, tag) for tag in there], arguments, "ALPHABETICAL", key)


def _order(arguments: dict[str, Any], field: str) -> dict[str, str]:
    return arguments.get("orderBy") or {"field": field, "direction": "ASC"}


def _listed(nodes: list[Node], arguments: dict[str, Any], field: str, value: Any) -> Listing:
    descending = _order(arguments, field)["direction"] == "DESC"

    def key(node: Node) -> str:
        return f"{value(node)}|{node['id']}"

    return sorted(nodes, key=key, reverse=descending), key, descending


def _release(state: RepositoryState, release: Release) -> Node:
    published = release.published_at if release.published_at and release.published_at <= state.clock else None
    path = f"/{state.name}/releases/tag/{release.tag_name}"
    return {
        "__typename": "Release", "id": release.id, "databaseId": number_of(release.id), "name": release.tag_name,
        "tagName": release.tag_name, "isDraft": published is None, "isPrerelease": release.is_prerelease,
        "createdAt": iso(release.committed_at), "publishedAt": iso(published),
        "updatedAt": iso(published or release.drafted_at), "author": state.host.actor(release.author),
        "repository": state.node, "tagCommit": state.commit(release.commit_oid) if published else None,
        "url": WEB + path, "resourcePath": path,
    }  # fmt: skip


def _tag(state: RepositoryState, tag: Tag) -> Node:
    target = state.commit(tag.commit_oid) | {"committedDate": iso(tag.committed_at)}
    if tag.is_annotated:
        oid = f"{number_of(tag.name):040x}"
        target = {
            "__typename": "Tag", "id": f"TA_{oid}", "oid": oid, "abbreviatedOid": oid[:7], "name": tag.name,
            "commitUrl": target["commitUrl"], "repository": state.node, "message": tag.name, "target": target,
            "tagger": {
                "__typename": "GitActor", "date": iso(tag.tagged_at), "name": None, "email": None, "user": None,
            },
        }  # fmt: skip
    return {
        "__typename": "Ref", "id": f"REF_{state.repository.id}_refs/tags/{tag.name}", "name": tag.name,
        "prefix": "refs/tags/", "target": target, "repository": state.node, "_at": iso(tag.committed_at),
    }  # fmt: skip
