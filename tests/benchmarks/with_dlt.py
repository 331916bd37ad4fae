"""The alternative in the extraction benchmark: dlt, configured as its documentation advises for volume.

Run by the benchmark in an environment of its own: `python with_dlt.py URL FOLDER`. Payload kept whole as one JSON
column, pages yielded as lists, parquet between the steps, merge by primary key.
"""

import sys

import dlt
from dlt.sources.helpers import requests


def main(url: str, folder: str) -> None:
    """Extract every page of `url`, load and merge it into FOLDER/dlt.duckdb."""

    @dlt.resource(
        name="issues", primary_key="id", write_disposition="merge", columns={"payload": {"data_type": "json"}}
    )
    def issues():
        body = {"jql": "project = SHOP", "maxResults": 100, "fields": ["*all"]}
        while True:
            page = requests.post(f"{url}/rest/api/3/search/jql", json=body).json()
            yield [{"id": i["id"], "updated": i["fields"]["updated"], "payload": i} for i in page["issues"]]
            if not page.get("nextPageToken"):
                return
            body["nextPageToken"] = page["nextPageToken"]

    pipeline = dlt.pipeline(
        "benchmark",
        destination=dlt.destinations.duckdb(f"{folder}/dlt.duckdb"),
        dataset_name="raw",
        pipelines_dir=f"{folder}/dlt",
    )
    pipeline.run(issues(), loader_file_format="parquet").raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        print(client.execute_sql("select count(*) from issues")[0][0])


if __name__ == "__main__":
    main(*sys.argv[1:])
