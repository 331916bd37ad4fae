"""The sources by type of connection: what Flowlight can read."""

from ingestion.sources.files import INBOX, ORGANIZATION, SURVEYS
from ingestion.sources.github import GITHUB
from ingestion.sources.jira import JIRA
from ingestion.sources.pagerduty import PAGERDUTY
from ingestion.sources.qualtrics import QUALTRICS
from ingestion.sources.typeform import TYPEFORM
from ingestion.stream import Source

SOURCES: dict[str, Source] = {
    "jira": JIRA,
    "github": GITHUB,
    "pagerduty": PAGERDUTY,
    "inbox": INBOX,
    "survey_files": SURVEYS,
    "typeform": TYPEFORM,
    "qualtrics": QUALTRICS,
    "organization_files": ORGANIZATION,
}
