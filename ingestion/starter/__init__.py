"""What `flowlight init` writes: a commented configuration for real systems, kept here as the files themselves."""

from __future__ import annotations

from pathlib import Path

from ingestion.validation import ConfigError, Problem

TEMPLATES = Path(__file__).parent


def write_starter(folder: Path) -> list[Path]:
    """Write connections.yml, inbox/, organization/ and surveys/ into a folder; returns the files, by name.

    Raises ConfigError, and writes nothing, where one of the files is there already or the folder cannot be written.
    """
    templates = [path for path in sorted(TEMPLATES.rglob("*")) if path.is_file() and path.suffix not in (".py", ".pyc")]
    targets = [folder / path.relative_to(TEMPLATES) for path in templates]
    existing = next((path for path in targets if path.exists()), None)
    if existing is not None:
        message = "is there already and is not overwritten; name another folder: flowlight init FOLDER"
        raise ConfigError([Problem(str(existing), None, "", message)])
    try:
        for template, target in zip(templates, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(template.read_bytes())
    except OSError as error:
        message = f"cannot be written ({error.strerror}); name a folder of your own: flowlight init FOLDER"
        raise ConfigError([Problem(str(error.filename or folder), None, "", message)]) from None
    return targets
