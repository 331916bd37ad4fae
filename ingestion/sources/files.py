"""The sources that read files: the inboxes of records and of surveys, and the organisation's CSV files."""

from ingestion.sources.inbox_files import INBOX
from ingestion.sources.organization_files import ORGANIZATION
from ingestion.sources.survey_files import SURVEYS

__all__ = ["INBOX", "ORGANIZATION", "SURVEYS"]
