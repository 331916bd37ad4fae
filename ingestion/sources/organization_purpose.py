"""The organisation files on what work is for and what it costs."""

from __future__ import annotations

from ingestion.sources.organization_columns import CONNECTION, ISSUE_TYPE, PROJECT, TEAM, VALIDITY, Column, Table

PURPOSE_TABLES: tuple[Table, ...] = (
    Table(
        "objectives",
        "What the company, a value stream or a team wants to reach; a person owns none",
        (
            Column("objective_id", "Short id that never changes", "id", required=True),
            Column("objective_name", "Name as published", required=True),
            Column("level", "Whose it is", required=True, choices=("company", "value_stream", "team")),
            Column("owner_id", "Id of the value stream or team; blank for the company", "id"),
            Column("parent_objective_id", "The objective it serves, of a higher level", "id", references="objectives"),
            Column("starts_on", "First day", "date", required=True),
            Column("ends_on", "Last day", "date", required=True),
        ),
        key=("objective_id",),
    ),
    Table(
        "key_results",
        "What shows that an objective is reached",
        (
            Column("key_result_id", "Id as written in the tracker", required=True),
            Column("key_result_name", "Name as published", required=True),
            Column("objective_id", "The objective", "id", required=True, references="objectives"),
            Column("baseline", "Value at the start", "number", required=True),
            Column("target", "Value to reach", "number", required=True),
            Column("direction", "Where the value is to go; blank = from baseline to target", choices=("up", "down")),
            Column("unit", "Unit of the values"),
            Column("starts_on", "First day", "date", required=True),
            Column("ends_on", "Day by which it is to be reached", "date", required=True),
            *VALIDITY,
        ),
        key=("key_result_id",),
        history="single",
    ),
    Table(
        "key_result_check_ins",
        "Where a key result stood on a day",
        (
            Column("key_result_id", "The key result", required=True, references="key_results"),
            Column("date", "The day", "date", required=True),
            Column("value", "Its value", "number", required=True),
            Column("confidence", "How sure its owners are to reach the target, above 0 and at most 1", "weight"),
        ),
        key=("key_result_id", "date"),
    ),
    Table(
        "team_costs",
        "What a team costs in a month, or from one day to another; never what a person costs",
        (
            TEAM,
            Column("month", "First day of the month it is for; blank where starts_on and ends_on are written", "month"),
            Column("starts_on", "First day it is for, instead of a month", "date"),
            Column("ends_on", "Last day it is for, instead of a month", "date"),
            Column("amount", "Cost of all of these days", "amount", required=True),
            Column("currency", "ISO 4217 code such as EUR; one for all rows", "currency", required=True),
        ),
        key=("team_id", "month", "starts_on"),
    ),
    Table(
        "work_categories",
        "Which category of work an item belongs to, for capitalisation; the most specific row wins",
        (
            CONNECTION,
            PROJECT,
            ISSUE_TYPE,
            Column("condition_field", "A further condition on the item; blank = none", choices=("label", "component")),
            Column("condition_value", "What the condition's field must hold"),
            Column("work_category", "Category as published, such as capitalised or maintenance", "id", required=True),
            *VALIDITY,
        ),
        key=("connection", "project", "issue_type", "condition_field", "condition_value"),
        history="single",
    ),
)
