"""Executes GitHub GraphQL queries over nodes: parsed and validated by graphql-core once per query text, then run by a
small executor of our own, because a general one is too slow for thousands of pull requests with their children.

Enforces GitHub's limits before anything runs: `first` or `last` of 1 to 100 wherever nodes are read, at most 500,000
nodes a query, and points by GitHub's published formula.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_composite_type,
    is_list_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import (
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSkipDirective,
    GraphQLUnionType,
    get_nullable_type,
)

from sandbox.github_schema import SDL
from sandbox.github_state import Node

MOST_PER_PAGE = 100
MOST_NODES = 500_000
SCHEMA: GraphQLSchema = build_schema(SDL)
_READ = {"nodes", "edges", "pageInfo"}

Listing = tuple[Sequence[Any], Callable[[Node], str] | None, bool]
"""The items of a connection in order, their cursor key (None: their position), and whether keys descend."""


@lru_cache(maxsize=256)
def _concrete(type_name: str) -> tuple[str, ...]:
    """The object types that a type name stands for."""
    named = SCHEMA.type_map[type_name]
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        return tuple(possible.name for possible in SCHEMA.get_possible_types(named))
    return (type_name,)


class QueryError(Exception):
    """Errors that GitHub reports without executing the query; `errors` is the reply's list."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class NotFound(Exception):
    """A root field that cannot be resolved: null in the data, with an error of type NOT_FOUND beside it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One field of a planned selection. kind: leaf, object, list or connection. plans: of its value, by type."""

    key: str
    name: str
    kind: str
    arguments: dict[str, Any]
    selections: tuple[SelectionSetNode, ...]
    type_name: str
    syntax: FieldNode
    plans: dict[str, "list[Step]"] = field(default_factory=dict)


@lru_cache(maxsize=256)
def prepare(text: str) -> DocumentNode:
    """Parse and validate a query text (cached). Raises QueryError in GitHub's form."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise QueryError([{"message": f"Parse error on {error.message}", **_places(error)}]) from error
    errors = validate(SCHEMA, document)
    if errors:
        raise QueryError([
            {"path": ["query"], "extensions": {"code": "validationError"}, **_places(error), "message": error.message}
            for error in errors
        ])  # fmt: skip
    return document


class Query:
    """One request: a prepared document with its operation and variables, checked against GitHub's limits."""

    def __init__(self, text: str, variables: dict[str, Any] | None, operation_name: str | None) -> None:
        self.document = prepare(text)
        operations = [d for d in self.document.definitions if isinstance(d, OperationDefinitionNode)]
        chosen = [o for o in operations if operation_name is None or (o.name and o.name.value == operation_name)]
        if len(chosen) != 1 or chosen[0].operation.value != "query":
            raise QueryError([{"message": "An operation name is required" if chosen else "No operation found"}])
        self.operation = chosen[0]
        definitions = self.document.definitions
        self.fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
        values = get_variable_values(SCHEMA, list(self.operation.variable_definitions or ()), variables or {})
        if isinstance(values, list):
            raise QueryError([{"message": error.message, **_places(error)} for error in values])
        self.variables = values
        self._plans: dict[tuple[Any, ...], list[Step]] = {}
        self.name = self.operation.name.value if self.operation.name else None
        self.roots = [step.name for step in self.plan((self.operation.selection_set,), "Query")]
        self.nodes, requests = self._count((self.operation.selection_set,), "Query", 1, [])
        self.cost = max(1, round(requests / 100))
        if self.nodes > MOST_NODES:
            message = (
                f"This query requests up to {self.nodes:,} possible nodes which exceeds the maximum limit of "
                f"{MOST_NODES:,}."
            )
            raise QueryError([{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}])

    def plan(self, selections: tuple[SelectionSetNode, ...], type_name: str) -> list[Step]:
        """The fields that selections ask of a concrete type, merged by response key, with arguments resolved."""
        key = (*map(id, selections), type_name)
        steps = self._plans.get(key)
        if steps is None:
            merged: dict[str, list[FieldNode]] = {}
            for selection in selections:
                self._collect(selection, type_name, merged)
            steps = self._plans[key] = [self._step(name, nodes, type_name) for name, nodes in merged.items()]
        return steps

    def _collect(self, selections: SelectionSetNode, type_name: str, merged: dict[str, list[FieldNode]]) -> None:
        for node in selections.selections:
            skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
            include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
            if (skip and skip["if"]) or (include and not include["if"]):
                continue
            if isinstance(node, FieldNode):
                merged.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            fragment = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if not isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode):
                continue
            condition = fragment.type_condition
            if condition is None or type_name in _concrete(condition.name.value):
                self._collect(fragment.selection_set, type_name, merged)

    def _step(self, key: str, nodes: list[FieldNode], type_name: str) -> Step:
        node = nodes[0]
        name = node.name.value
        if name == "__typename":
            return Step(key, name, "leaf", {}, (), "String", node)
        owner = SCHEMA.type_map[type_name]
        definition = owner.fields.get(name) if isinstance(owner, GraphQLObjectType) else None
        if definition is None:  # validated, so it can only be introspection
            raise QueryError([{"message": f"Introspection ('{name}') is not served by the sandbox."}])
        named = get_named_type(definition.type)
        kind = "leaf"
        if is_composite_type(named):
            kind = "list" if is_list_type(get_nullable_type(definition.type)) else "object"
            if named.name.endswith("Connection"):
                kind = "connection"
        arguments = get_argument_values(definition, node, self.variables)
        subselections = tuple(n.selection_set for n in nodes if n.selection_set)
        return Step(key, name, kind, arguments, subselections, named.name, node)

    def _count(
        self, selections: tuple[SelectionSetNode, ...], type_name: str, times: int, path: list[str]
    ) -> tuple[int, int]:
        """Nodes that the selections may return and requests that they stand for, if their parent occurs `times` times.

        Raises QueryError for a connection whose page size is missing or out of bounds.
        """
        nodes = requests = 0
        for concrete in _concrete(type_name):
            own_nodes = own_requests = 0
            for step in self.plan(selections, concrete):
                here, below = [*path, step.key], times
                if step.kind == "connection":
                    size = self._page_size(step, here)
                    if size is not None:
                        below = times * size
                        own_nodes += below
                        own_requests += times
                elif step.name == "nodes" and type_name == "Query":
                    below = len(step.arguments["ids"])
                    own_nodes += below
                    if below > MOST_PER_PAGE:
                        message = f"You may not provide more than 100 node ids; you provided {below}."
                        raise QueryError([{"type": "ARGUMENT_LIMIT", "path": here, "message": message}])
                if step.selections and step.type_name != "RateLimit":
                    more_nodes, more_requests = self._count(step.selections, step.type_name, below, here)
                    own_nodes += more_nodes
                    own_requests += more_requests
            nodes, requests = max(nodes, own_nodes), max(requests, own_requests)
        return nodes, requests

    def _page_size(self, step: Step, path: list[str]) -> int | None:
        wanted = {name: step.arguments[name] for name in ("first", "last") if step.arguments.get(name) is not None}
        read = any(sub.name in _READ for sub in self.plan(step.selections, step.type_name))
        kind = message = ""
        if not wanted:
            if not read:
                return None
            kind = "MISSING_PAGINATION_BOUNDARIES"
            message = f"You must provide a `first` or `last` value to properly paginate the `{step.name}` connection."
        for name, size in wanted.items():
            if size > MOST_PER_PAGE:
                kind = "EXCESSIVE_PAGINATION"
                message = (
                    f"Requesting {size} records on the `{step.name}` connection exceeds the `{name}` limit of "
                    f"{MOST_PER_PAGE} records."
                )
            elif size < 1:
                kind = "INVALID_PAGINATION"
                message = f"`{name}` on the `{step.name}` connection cannot be less than 1."
        if message:
            raise QueryError([{"type": kind, "path": path, **_places_of(step.syntax), "message": message}])
        return next(iter(wanted.values()))


class Execution:
    """Runs a Query.

    roots: root field -> resolver(arguments), which returns a node, a list, None or raises NotFound.
    fields: (type, field) -> resolver(node, arguments) for fields that take arguments; a connection's gives a Listing.
    on_page: called as (items, arguments) with the listing that a cursor continues; may return a number of records by
    which the page starts earlier.
    """

    def __init__(
        self,
        query: Query,
        roots: dict[str, Callable[[dict[str, Any]], Any]],
        fields: dict[tuple[str, str], Callable[[Node, dict[str, Any]], Any]],
        on_page: Callable[[Sequence[Any], dict[str, Any]], int] | None = None,
    ) -> None:
        self.query = query
        self.roots = roots
        self.fields = fields
        self.on_page = on_page
        self._resolved = {name for _, name in fields}
        self.errors: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        """The reply: data and, where something was not found, errors."""
        data: dict[str, Any] = {}
        for step in self.query.plan((self.query.operation.selection_set,), "Query"):
            if step.name == "__typename":
                data[step.key] = "Query"
                continue
            try:
                value = self.roots[step.name](step.arguments)
            except NotFound as missing:
                self._not_found(step, [step.key], str(missing))
                value = None
            if step.kind == "list" and value is not None:
                data[step.key] = [self._listed(step, index, node) for index, node in enumerate(value)]
            else:
                data[step.key] = None if value is None else self.node(value, step)
        return {"data": data, "errors": self.errors} if self.errors else {"data": data}

    def _listed(self, step: Step, index: int, node: Any) -> Any:
        if isinstance(node, NotFound):
            self._not_found(step, [step.key, index], str(node))
            return None
        return self.node(node, step)

    def _not_found(self, step: Step, path: list[Any], message: str) -> None:
        self.errors.append({"type": "NOT_FOUND", "path": path, **_places_of(step.syntax), "message": message})

    def node(self, node: Node, parent: Step) -> dict[str, Any]:
        """What the field `parent` selects of a node."""
        type_name = node["__typename"]
        out: dict[str, Any] = {}
        for step in self._plan(parent, type_name):
            name = step.name
            if step.kind == "connection":
                out[step.key] = self._connection(step, node, type_name)
                continue
            resolver = self.fields.get((type_name, name)) if name in self._resolved else None
            value = resolver(node, step.arguments) if resolver else node[name]
            if step.kind == "leaf" or value is None:
                out[step.key] = value
            else:
                out[step.key] = self.node(value, step)
        return out

    def _plan(self, parent: Step, type_name: str) -> list[Step]:
        steps = parent.plans.get(type_name)
        if steps is None:
            steps = parent.plans[type_name] = self.query.plan(parent.selections, type_name)
        return steps

    def _connection(self, step: Step, node: Node, type_name: str) -> dict[str, Any]:
        resolver = self.fields.get((type_name, step.name))
        items, key, descending = resolver(node, step.arguments) if resolver else (node[step.name], None, False)
        arguments = step.arguments
        start, end = 0, len(items)
        if arguments.get("after"):
            start = _position(arguments["after"], items, key, descending, after=True)
            if self.on_page:
                start = max(0, start - self.on_page(items, arguments))
        if arguments.get("before"):
            end = _position(arguments["before"], items, key, descending, after=False)
        if arguments.get("first") is not None:
            end = min(end, start + arguments["first"])
        if arguments.get("last") is not None:
            start = max(start, end - arguments["last"])
        page = items[start:end]

        def cursor(index: int) -> str:
            return write_cursor(key(page[index]) if key else str(start + index))

        out: dict[str, Any] = {}
        for part in self._plan(step, step.type_name):
            if part.name == "nodes":
                out[part.key] = [self.node(item, part) for item in page]
            elif part.name == "edges":
                out[part.key] = [
                    {
                        sub.key: cursor(index) if sub.name == "cursor" else self.node(item, sub)
                        for sub in self._plan(part, part.type_name)
                    }
                    for index, item in enumerate(page)
                ]
            elif part.name == "pageInfo":
                info = {
                    "hasNextPage": end < len(items),
                    "hasPreviousPage": start > 0,
                    "startCursor": cursor(0) if page else None,
                    "endCursor": cursor(len(page) - 1) if page else None,
                }
                out[part.key] = {sub.key: info[sub.name] for sub in self._plan(part, "PageInfo")}
            elif part.name in ("totalCount", "filteredCount"):
                out[part.key] = len(items)
            elif part.name == "pageCount":
                out[part.key] = len(page)
            else:
                out[part.key] = node.get(part.name) if part.name != "__typename" else step.type_name
        return out


def write_cursor(key: str) -> str:
    """GitHub's opaque form of a cursor."""
    return base64.b64encode(f"cursor:v2:{key}".encode()).decode()


def read_cursor(cursor: str) -> str:
    """The key in a cursor. Raises QueryError for one that GitHub did not issue."""
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except ValueError:
        text = ""
    if not text.startswith("cursor:v2:"):
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise QueryError([{"type": "INVALID_CURSOR_ARGUMENTS", "message": message}])
    return text.removeprefix("cursor:v2:")


def _position(cursor: str, items: Sequence[Any], key: Any, descending: bool, *, after: bool) -> int:
    """Index of the first item behind a cursor (`after`) or of the first at or behind it."""
    wanted = read_cursor(cursor)
    if key is None:
        if not wanted.isdigit():
            read_cursor("")
        return min(len(items), int(wanted) + (1 if after else 0))
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        found = key(items[middle])
        before = found > wanted if descending else found < wanted
        low, high = (middle + 1, high) if before or (after and found == wanted) else (low, middle)
    return low


def _places(error: GraphQLError) -> dict[str, Any]:
    return {"locations": [{"line": at.line, "column": at.column} for at in error.locations or ()]}


def _places_of(node: FieldNode) -> dict[str, Any]:
    if node.loc is None:
        return {}
    before = node.loc.source.body[: node.loc.start]
    return {"locations": [{"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n")}]}
