"""The sources that read files: the inbox of surveys and the organisation's CSV files."""

from ingestion.sources.organization_files import ORGANIZATION
from ingestion.sources.survey_files import SURVEYS

__all__ = ["ORGANIZATION", "SURVEYS"]
