"""Errors of ingestion, classed by what the caller may do about them.

Every one carries `error` (what and where) and `cure` (what to do); neither ever holds a secret.
"""

from __future__ import annotations


class IngestionError(Exception):
    """What went wrong and where (`error`), and what to do about it (`cure`)."""

    def __init__(self, error: str, cure: str = "") -> None:
        super().__init__(f"{error}. {cure}" if cure else error)
        self.error = error
        self.cure = cure


class TooExpensive(IngestionError):
    """The vendor gave up on a page (time-out, 502, node limit): ask again for a smaller one."""


class StopSlice(IngestionError):
    """One part (a repository, a batch) cannot be read: leave it out, say so, go on with the others."""


class StopStream(IngestionError):
    """This stream cannot go on; others of the connection can."""


class StopConnection(IngestionError):
    """Nothing of this connection can be read (address, credentials, network): stop it; other connections go on."""


class Refused(StopStream):
    """The vendor will not answer this request: it makes no sense to it (400), or is not allowed (403)."""


class NotAvailable(StopStream):
    """The system has no such thing (a part of the product that is not installed or not licensed): nothing is wrong."""


class Unavailable(StopStream):
    """The vendor keeps failing in a way that usually passes (5xx, cut-off answers, time-outs)."""


class RepeatedPage(StopStream):
    """The vendor's answer leads back to a page that was already read."""


class NotFound(StopSlice):
    """The address or node does not exist, or these credentials may not see it (vendors answer both alike)."""
