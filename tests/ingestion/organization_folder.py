"""A small folder of organisation files for tests: right, or with the files that a test gives."""

from pathlib import Path

import pytest

from ingestion.config import ConfigError
from ingestion.sources.organization_files import read_organization

GOOD = {
    "teams": "team_id,team_name,valid_from,valid_to\na,Alpha,,2025-01-01\na,Alpha II,2025-01-01,\nb,Beta,,\n",
    "value_streams": "value_stream_id,value_stream_name\nv,Buying\nw,Paying\n",
    "team_value_streams": "team_id,value_stream_id,weight,valid_from,valid_to\na,v,0.5,,\na,w,0.5,,\nb,v,,,\n",
    "work_rules": "rule_order,connection,project,field,value,team_id,weight\n"
    "1,jira,,project,SHOP,a,0.5\n1,jira,,project,SHOP,b,0.5\n2,,,label,x,a,\n",
    "status_mappings": "status,flow_state\nTo Do,new\nDone,done\n",
    "type_mappings": "issue_type,flow_item_type,item_level\nStory,feature,\nEpic,,initiative\n",
}


def write(folder: Path, **files: str | bytes | None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in (GOOD | files).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems(tmp_path: Path, **files: str | bytes | None) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_organization(write(tmp_path / "organization", **files), connections=["jira", "github"])
    return str(error.value).splitlines()
