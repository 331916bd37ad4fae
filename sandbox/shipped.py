"""The shipped configuration: what Acme's people would have written into config/, the same on every run."""

import csv
import io
from pathlib import Path

from sandbox.company import Company

CONNECTIONS = """\
# Which systems Flowlight reads. This shipped file describes Acme, the simulated company in sandbox/: the address
# `sandbox` starts it on this machine. `flowlight init FOLDER` writes a commented starter for your own systems.
organization:
  name: Acme
  time_zone: Europe/Berlin        # days, weeks and months begin here
  currency: EUR                   # of cost of delay
  working_hours: "09:00-17:30"    # for durations in working days; holidays: organization/calendar.csv

connections:
  - name: jira                    # part of every key: two Jiras may coexist
    type: jira
    base_url: sandbox             # yours: https://example.atlassian.net
    user: flowlight@acme.example
    token_env: SANDBOX_TOKEN      # a secret is only ever the name of an environment variable
    projects: "*"
    start_date: 2024-12-01

  - name: github
    type: github
    base_url: sandbox             # yours: https://api.github.com
    token_env: SANDBOX_TOKEN
    repositories: ["acme/*"]
    start_date: 2024-12-01

  - name: pagerduty
    type: pagerduty
    base_url: sandbox             # yours: https://api.pagerduty.com
    token_env: SANDBOX_TOKEN
    start_date: 2024-12-01

  - name: inbox                   # deployments, incidents and findings of tools without a connector, in inbox/
    type: inbox

  - name: surveys                 # results and the YAML that describes them, in surveys/
    type: survey_files

  - name: organization            # teams, services, mappings: organization/*.csv
    type: organization_files
"""


def config_files(company: Company) -> dict[str, str]:
    """Text by path below the configuration folder."""
    files = {"connections.yml": CONNECTIONS}
    for name, rows in company.organization.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        files[f"organization/{name}.csv"] = text.getvalue()
    files.update({f"surveys/{file.name}": file.text for file in company.surveys})
    files.update({f"inbox/{name}": text for name, text in company.inbox.items()})
    return files


def write_config(company: Company, folder: Path) -> list[Path]:
    """Write the configuration into a folder (made if need be); returns the files written."""
    written = []
    for name, text in config_files(company).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written
