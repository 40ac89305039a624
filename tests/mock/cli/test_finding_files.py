"""What a check found becomes files that `replay --against` sends again."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.local_server import DEMO_SOURCE, demo_tables
from superoffice_contract.report import CleanExchange, Finding, Report, Result
from superoffice_contract.target.findings import Exchange
from superoffice_contract.target.http import Request, Response
from superoffice_contract.target.secrets import secret_texts
from superoffice_contract.target.tenants import Header, read_tenants
from superoffice_mock.cli import finding_files
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from tests.support.local_servers import invoke
from tests.support.server_process import ServerProcess

PATH: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
JSON: Final = ("Content-Type", "application/json")
BODY: Final = b'{"SyncUserAccounts":[{"AccountId":507}]}'
SECRETS: Final = secret_texts(read_tenants(demo_tables(), DEMO_SOURCE))
MEDIA_TYPES: Final = (
    *("", "application/json", "application/xml", "text/json; charset=utf-16"),
    *("application/json; charset=iso-8859-1", "text/json; charset=nonsense"),
)
BASIC: Final = ("Authorization", "Basic dGplMDpUamUw")


def finding(
    status: int, *headers: Header, claim: str = "path", path: str = PATH, body: bytes = BODY
) -> Finding:
    request = Request("POST", path, (JSON, *headers), body)
    exchange = Exchange("http://127.0.0.1:9", request, Response(status, (), b"", 0.02), SECRETS)
    return exchange.show("where", "what", claim)


def answered(found: Finding, status: int) -> Finding:
    """Return *found* with another status of the answer."""
    assert found.exchange is not None
    exchange = msgspec.structs.replace(found.exchange, status=status)
    return msgspec.structs.replace(found, exchange=exchange)


def report(*findings: Finding, notes: tuple[Finding, ...] = ()) -> Report:
    return Report("check", (Result("media-types", "failed", (), findings, notes=notes),))


def write(folder: Path, *findings: Finding) -> list[Path]:
    finding_files.prepare_folder(str(folder))
    finding_files.write_findings(report(*findings), str(folder))
    return sorted(folder.iterdir())


def test_each_finding_with_an_exchange_is_a_file_named_after_its_claim(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "findings"
    findings = (
        finding(200, claim="no-body"),
        Finding("where", "what", ("silent-drop",)),
        msgspec.structs.replace(finding(200), claims=()),
        finding(200, claim="../../etc/x \x00y"),
        finding(200, claim="\u00e9"),
        finding(200, claim="a" * 300),
    )
    finding_files.prepare_folder(str(folder))
    line = finding_files.write_findings(
        report(*findings, notes=(finding(200, claim="no-banner"),)), str(folder)
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        "01-no-body.har",
        "03-media-types.har",
        "04-etc-x-y.har",
        "05-finding.har",
        f"06-{'a' * 60}.har",
        "07-no-banner.har",
    ]
    assert line == f"6 files in {folder}; 1 of 7 findings have no single exchange to show"
    log = json.loads((folder / "01-no-body.har").read_bytes())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "superoffice-mock")
    (only,) = log["entries"]
    assert only["_mock"]["claims"] == ["no-body"]
    assert only["_mock"]["proves"] == "media-types: what (where)"


@settings(deadline=None)  # it writes files
@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(MEDIA_TYPES))
def test_an_exchange_of_any_bytes_is_read_as_it_was(
    sent: bytes, answered: bytes, media_type: str
) -> None:
    headers = (("content-type", media_type),) if media_type else ()
    url = f"http://127.0.0.1:9{PATH}?$select=a%20b&c"
    exchange = CleanExchange("POST", url, headers, sent, 400, headers, answered)
    with TemporaryDirectory() as folder:
        found = Finding("where", "what", ("path",), exchange=exchange)
        finding_files.write_findings(report(found), folder)
        (entry,) = har_file.load(f"{folder}/01-path.har").entries
    request, response = entry.request, entry.response
    assert (request.method, request.url, request.headers, request.body) == (
        *("POST", url, headers),
        sent,
    )
    assert (response.status, response.headers, response.body) == (400, headers, answered)
    assert entry.elapsed is None, "how long it took is no part of what was found"


def test_a_folder_that_is_in_use_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "a.txt").write_text("mine")
    for folder, message in (
        (used, "is not empty; name a new folder with --findings"),
        (used / "a.txt", "file exists; name a new folder with --findings"),
        (used / "a.txt" / "deep", "not a directory; name a new folder with --findings"),
    ):
        with pytest.raises(SetupError, match=message):
            finding_files.prepare_folder(str(folder))
    assert [path.read_text() for path in used.iterdir()] == ["mine"]


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    finding_files.prepare_folder(str(tmp_path))
    path = tmp_path / "01-no-body.har"
    for make in (lambda: path.write_text("mine"), lambda: path.symlink_to(tmp_path / "other")):
        make()
        with pytest.raises(SetupError, match="exists already; name a new folder"):
            finding_files.write_findings(report(finding(200, claim="no-body")), str(tmp_path))
        assert not (tmp_path / "other").exists()
        path.unlink()
    tmp_path.rmdir()
    with pytest.raises(SetupError, match="no such folder"):
        finding_files.write_findings(report(finding(200)), str(tmp_path))


def test_a_finding_is_sent_again_and_shows_whether_the_server_still_differs(
    server: ServerProcess, tmp_path: Path
) -> None:
    session = ("Cookie", "ASP.NET_SessionId=demo-session"), ("X-XSRF-TOKEN", "demo-xsrf")
    ticket, app = ("Authorization", "SOTicket 7T:demo-ticket"), ("SO-AppToken", "demo-app-token")
    token = "Bearer 8A:Cust12345.demo-token"
    online = f"/Cust12345{PATH}"
    exchanges = (
        # what a server answered that was wrong, and what the mock answers
        (finding(200, BASIC), 204),
        (finding(401, BASIC), 204),
        (finding(403, ("Authorization", "BASIC dGplMDpUamUw")), 204),
        (finding(204, ("Authorization", "Basic %%%")), 401),
        (finding(204, ("Authorization", "SOTicket 7T:nobody")), 401),
        (finding(204, ("Authorization", "Basic dGplMDpUamUweA==")), 401),
        (finding(401, *session), 204),
        (finding(204, session[0], ("X-XSRF-TOKEN", "demo-xsrfx")), 401),
        (finding(204, session[0]), 401),
        (finding(401, ticket, app, path=online), 204),
        (finding(204, ticket, path=online), 401),
        (finding(204, ticket, ("SO-AppToken", "nobody"), path=online), 401),
        (finding(401, ("Authorization", token), path=online), 204),
        (finding(204, ("Authorization", f"{token}x"), path=online), 401),
        (finding(500, BASIC, body=b""), 400),
        (finding(204, BASIC, body=b"\xff\x00"), 400),
    )
    files = write(tmp_path / "wrong", *(found for found, _ in exchanges))
    content = b"".join(path.read_bytes() for path in files)
    for secret in ("dGplMDpUamUw", "demo-ticket", "demo-session", "demo-xsrf", "demo-token"):
        assert secret.encode() not in content, secret
    for path, (_, status) in zip(files, exchanges, strict=True):
        sent = invoke("replay", path, "--against", server.url, "--format", "json")
        assert sent.exit_code == 1, (path, sent.output)
        (result,) = json.loads(sent.stdout)["results"]
        assert result["findings"][0]["what"].count(str(status)), (path, result)
    right = write(tmp_path / "right", *(answered(found, status) for found, status in exchanges))
    for path in right:
        server.control("POST", "reset?all=true")
        sent = invoke("replay", path, "--against", server.url)
        assert "status" not in sent.stdout, (path, sent.output)


def test_a_secret_that_the_target_file_lacks_is_told(server: ServerProcess, tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    target.write_text('[[tenant]]\nid = "onsite"\ninstallation = "onsite"\n')
    (path,) = write(tmp_path / "findings", finding(401, BASIC))
    result = invoke("replay", path, "--against", server.url, "--target-file", target)
    assert result.exit_code == 2
    assert "--target-file needs the basic of tenant 'onsite'" in result.stdout
