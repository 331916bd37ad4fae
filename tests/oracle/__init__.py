"""Published metrics worked out a second time, in plain Python, from what the simulator says really happened.

Written from METRICS.md alone: no SQL, and nothing shared with the dbt project or with ingestion.
"""
