"""A bare server of Jira search pages for the extraction benchmark: N issues of about 13 kB, 100 a page, by page token.

Run as `python tests/benchmarks/jira_pages.py ISSUES`; prints its URL. It only joins bytes, so that it is not the
bottleneck on a machine of two cores, and it is a process of its own, so that what it costs is not the client's.
"""

import json
import random
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

PAGE = 100
WORDS = [line.strip() for line in (__doc__ or "").split() if line.isalpha()] + [f"term{n}" for n in range(400)]
STATUS = {
    "self": "",
    "name": "In Progress",
    "id": "3",
    "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"},
}


def _issue_template(rng: random.Random) -> bytes:
    """One issue as JSON text with holes `@id@` and `@updated@`: a Jira Cloud answer of about 13 kB."""
    fields: dict[str, object] = {
        "summary": " ".join(rng.choices(WORDS, k=9)),
        "created": "2024-01-02T10:00:00.000+0000",
        "updated": "@updated@",
        "status": STATUS,
        "issuetype": {"self": "", "id": "10001", "name": "Story", "subtask": False, "hierarchyLevel": 0},
        "project": {"self": "", "id": "10000", "key": "SHOP", "name": "Shop"},
        "labels": rng.choices(WORDS, k=3),
        "description": " ".join(rng.choices(WORDS, k=900)),
    }
    for n in range(10030, 10130):
        fields[f"customfield_{n}"] = rng.choice(
            [None, None, rng.random(), " ".join(rng.choices(WORDS, k=6)), {"value": "A", "id": str(n)}]
        )
    return json.dumps({"id": "@id@", "key": "SHOP-@id@", "fields": fields}).encode()


def _pieces(template: bytes) -> list[bytes]:
    """The template cut at its holes, in order: id, id, updated."""
    pieces = template.replace(b"@updated@", b"@id@").split(b"@id@")
    assert len(pieces) == 4, "ids stand before the time"
    return pieces


def _issue(pieces: list[bytes], n: int) -> tuple[bytes, ...]:
    """Issue n as parts to be joined: copying them is all that the server does for an issue."""
    before, between, behind, rest = pieces
    id_ = b"%d" % (100000 + n)
    updated = b"2024-03-%02dT%02d:%02d:00.000+0000" % (n % 28 + 1, n // 28 % 24, n // 672 % 60)
    return before, id_, between, id_, behind, updated, rest


class Handler(BaseHTTPRequestHandler):
    """Answers every POST with the page its `nextPageToken` names."""

    protocol_version = "HTTP/1.1"
    issues = 0
    templates: ClassVar[list[list[bytes]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        start = int(body.get("nextPageToken") or 0)
        end = min(start + PAGE, self.issues)
        parts = [b'{"issues":[']
        for n in range(start, end):
            parts += (b",",) if n > start else ()
            parts += _issue(self.templates[n % len(self.templates)], n)
        tail = b"" if end == self.issues else b',"nextPageToken":"%d"' % end
        parts += (b'],"isLast":', b"true" if end == self.issues else b"false", tail, b"}")
        answer = b"".join(parts)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def main() -> None:
    """Serve until killed."""
    rng = random.Random(1)
    Handler.issues = int(sys.argv[1])
    Handler.templates = [_pieces(_issue_template(rng)) for _ in range(500)]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
