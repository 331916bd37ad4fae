"""What can end a command, each with the exit code that cron, systemd and CI see."""

from __future__ import annotations

OK = 0
PUBLISHED_BUT_RED = 1
BAD_INPUT = 2
NOT_PUBLISHED = 3
ALREADY_RUNNING = 4
STOPPED = 130


class FlowlightError(Exception):
    """An end that a person can act on: the text says what, where and the cure, in one line where possible."""

    exit_code = NOT_PUBLISHED


class InputError(FlowlightError):
    """Something the user gave (configuration, option, folder) is wrong; nothing was touched."""

    exit_code = BAD_INPUT


class GateError(FlowlightError):
    """The new state did not pass; what was published before stays published."""

    exit_code = NOT_PUBLISHED


class AlreadyRunning(FlowlightError):
    """Another nightly holds the data folder."""

    exit_code = ALREADY_RUNNING
