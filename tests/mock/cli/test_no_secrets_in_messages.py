"""Wrong flags, variables, keys and values: what a user wrote is named, and not repeated."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import pytest

from superoffice_contract.control.answers import Nothing
from superoffice_contract.errors import ControlFailed, TargetError
from superoffice_contract.openapi.readings import READINGS
from superoffice_contract.target.http import open_client
from superoffice_contract.target.tenants import TargetTenant, read_tenants
from superoffice_mock import MockServer, cli, create_app
from superoffice_mock.cli.replay import AGAINST_ONLY
from superoffice_mock.cli.target_options import PREFIX, VARIABLES, find_tenant
from superoffice_mock.config.settings import Settings, load, options
from superoffice_mock.config.tenant_file import load_tenants
from superoffice_mock.config.tenant_spec import TenantSpec
from superoffice_mock.errors import SetupError
from tests.support.local_servers import invoke

SECRET: Final = "hunter2-S3cret"
TEXTS: Final = (
    f"http://user:{SECRET}@127.0.0.1:1/x",
    f"password:{SECRET}",
    f"Bearer {SECRET}",
    f"{SECRET}=blocking",
    f"a\n{SECRET}?",
    f'{{"token": "{SECRET}"}}',
)
"""Texts with a secret that are no name of a file, a host, a tenant or anything else."""
URLS: Final = (
    f"http://{SECRET}:x@127.0.0.1:1/api/v1",
    f"https://127.0.0.1:1/Cust12345?token={SECRET}",
    f"http://192.0.2.1/Cust12345/api;token={SECRET}",
    f"http://192.0.2.1/;{SECRET}",
    f"http://127.0.0.1:1/#{SECRET}",
    f"http://user:pass/{SECRET}@127.0.0.1",
    f"http://user:1;{SECRET}@127.0.0.1",
    f"http:user:{SECRET}@127.0.0.1",
    f"http:\\\\user:{SECRET}@127.0.0.1",
    f"user:{SECRET}@127.0.0.1:8204",
    f"ftp://user:{SECRET}@127.0.0.1",
    f"http://127.0.0.1:{SECRET}",
    f"http://[{SECRET}]",
)
URL_PARAMETERS: Final = frozenset(("url", "journal", "against", "upstream", "proxy"))
NAME_PARAMETERS: Final = frozenset(
    (
        *("har", "out", "file", "files", "old", "new", "source", "target", "paths", "ca", "config"),
        *("target_file", "port_file", "tls_cert", "tls_key", "host", "tenant"),
        *("command", "replay", "report"),
    )
)
"""What names a file, a host or a tenant: if that is all it looks like, a message shows it."""
CLOSED: Final = "http://127.0.0.1:1"
NO_TLS: Final = ("--tls-cert", "/none/cert.pem", "--tls-key", "/none/key.pem")
HAR: Final = str(Path("fixtures/credentials.har").resolve())
ENDING: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "cert": {"out": ("--out", HAR)},
    "check": {"url": (CLOSED,)},
    "diff": {"old": ("none.har",), "new": ("none.har",)},
    "drift": {"file": ("none.md",)},
    "grade": {"journal": ("--journal", CLOSED)},
    "record": {
        "upstream": ("--upstream", CLOSED),
        "out": ("--out", "none/none.har"),
        "ca": ("--ca", "none.pem"),
    },
    "redact": {"source": (HAR,), "target": ("none/none.har",)},
    "replay": {"files": (HAR,), "tls_cert": NO_TLS},
    "run": {"report": ("--report", "none/none.md"), "command": ("none",)},
    "scan": {"paths": ("none.har",)},
    "serve": {"tls_cert": NO_TLS},
}
"""By command: arguments by the name of the parameter, so that it ends with an error."""


def texts_for(parameter: click.Parameter) -> Iterator[str]:
    """Yield the texts to give *parameter*."""
    yield from TEXTS
    if parameter.name in URL_PARAMETERS:
        yield from URLS
    if parameter.name not in NAME_PARAMETERS:
        yield SECRET


def command_lines() -> Iterator[tuple[str, ...]]:
    """Yield a command line for each parameter of each command, and each text for it."""
    context = click.Context(cli.main)
    for name in cli.COMMANDS:
        command = cli.main.get_command(context, name)
        assert command is not None
        for text in TEXTS:
            yield name, text, text, text
            yield name, f"--{text}"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.is_flag:
                continue
            others = {k: v for k, v in ENDING[name].items() if k != parameter.name}
            if name == "replay" and parameter.name in AGAINST_ONLY:
                others["tls_cert"] = ("--against", CLOSED)
            words = [word for words in others.values() for word in words]
            option = parameter.opts[-1:] if isinstance(parameter, click.Option) else []
            for text in texts_for(parameter):
                yield name, *words, *option, text


def test_no_command_repeats_a_secret_in_a_wrong_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated = []
    without_command = [(f"{dashes}{text}",) for text in (*TEXTS, SECRET) for dashes in ("", "--")]
    for words in (*without_command, *command_lines()):
        folder = tmp_path / (words[0] if words[0] in cli.COMMANDS else "none")
        folder.mkdir(exist_ok=True)  # `redact` writes files of these names
        monkeypatch.chdir(folder)
        result = invoke(*words)
        assert result.exit_code in (0, 2), (words, result.output, result.exception)
        if result.exit_code and SECRET in result.output:
            repeated.append((words, result.output))
    assert not repeated, "\n".join(map(str, repeated))


def message_of(function: Callable[..., object], *arguments: Any, **options: Any) -> str:
    """Return the message of the error that the call raises, or nothing."""
    try:
        function(*arguments, **options)
    except (SetupError, TargetError) as error:
        return str(error)
    return ""


def setting_files() -> Iterator[str]:
    """Yield files with a secret in each setting, in values and keys of the wrong shape."""
    for text in map(json.dumps, (*TEXTS, SECRET)):
        for option in options():
            for value in (text, f"[{text}, 1]", f"{{{text} = {text}}}", f"[[{text}]]"):
                yield f"{option.name} = {value}"
        yield from (
            *(f"{text} = {text}", f"tenant = {text}", f"readings = {text}", f"[{text}]\na = 1"),
            *(f"[readings]\n{text} = {text}", f"[readings]\nrun = {text}", f"reading-{SECRET} = 1"),
            *(f"[readings]\nrun = [{text}, 1]", f"[readings]\n{text} = [1]"),
            *(f"{text} = 1\n{text} = 2", f"a = {{{text} = 1, {text} = 2}}", f"[{text}]\n[{text}]"),
            *(f"host = {text[:-1]}", f"host = {text} {text}", f"host = '{SECRET}\n'", f"{SECRET}"),
            *(f"tenant = [{text}]", f"[tenant]\nid = {text}", f"[tenant.{text}]\nid = 1"),
        )


def setting_messages(path: Path) -> Iterator[str]:
    """Yield the messages about settings with a secret in flags, variables and files."""
    for text in (*TEXTS, SECRET):
        for option in options():
            variable = f"SUPEROFFICE_MOCK_{option.name.upper().replace('-', '_')}"
            yield message_of(load, None, {variable: text}, {}, ())
            yield message_of(load, None, {}, {option.name: text}, ())
            yield message_of(MockServer, **{option.name.replace("-", "_"): text})
        yield message_of(load, None, {"SUPEROFFICE_MOCK_X": text}, {}, ())
        config = text if text in TEXTS else ""
        yield message_of(load, None, {"SUPEROFFICE_MOCK_CONFIG": config}, {}, ())
        yield message_of(load, None, {"SUPEROFFICE_MOCK_READING_RUN": text}, {}, ())
        yield message_of(MockServer, **{text: 1})
        for name in (*READINGS, text):
            yield message_of(load, None, {}, {}, (f"{name}={text}",))
            yield message_of(MockServer, readings={name: text})
        yield message_of(MockServer, readings=text)
    for content in setting_files():
        path.write_text(content, encoding="utf-8")
        message = message_of(load, str(path), {}, {}, ())
        assert message or re.match(r"(host|port-file|control-token|tls-|tenant)", content), content
        yield message
        yield message_of(find_tenant, CLOSED, str(path), {})


def test_no_setting_is_repeated_from_a_flag_a_variable_or_a_file(tmp_path: Path) -> None:
    messages = [*filter(None, setting_messages(tmp_path / "mock.toml"))]
    assert len(messages) > 1000
    assert [message for message in messages if SECRET in message] == []


def test_no_variable_with_credentials_is_repeated() -> None:
    variables = {f"{PREFIX}{name}": f"{SECRET}\n" for name in VARIABLES}
    for name in (*variables, f"{PREFIX}X"):
        pairs = {name: variables.get(name, SECRET)}
        for env in (pairs, variables | pairs, {**pairs, f"{PREFIX}USER": f"{SECRET}\udcff"}):
            result = invoke("check", "--real", f"{CLOSED}/Cust12345", env=env)
            assert (result.exit_code, SECRET in result.output) == (2, False), (env, result.output)


TENANT: Final[dict[str, Any]] = {
    "id": "a",
    "installation": "onsite",
    "users": [{"name": "ann", "password": "x"}],
    "tickets": ["x"],
    "sessions": [{"id": "x", "xsrf": "x", "user": "ann"}],
    "apps": [{"name": "app", "token": "x", "email-agent": True}],
    "tokens": [{"value": "x", "app": "app"}],
    "refresh-tokens": [{"value": "a.x", "app": "app"}],
    "accounts": [
        {
            "id": 1,
            "seconds": 1,
            "address": "x",
            "associate": "x",
            "associate-id": 1,
            "folder": "x",
            "fails": "x",
            "fails-times": 1,
            "failed-after": 1,
            "last-fetch": 1,
        }
    ],
    "expires-after": {"tickets": 1, "tokens": 1, "sessions": 1},
    "state": "running",
    "host": "x",
}
"""A tenant with every member."""


def changes(value: Any, wrong: Any) -> Iterator[Any]:
    """Yield copies of *value* with *wrong* in place of each part, and beside each member."""
    yield wrong
    if isinstance(value, dict):
        yield {**value, f"{wrong}": wrong}
        for name, member in value.items():
            yield {key: member for key, member in value.items() if key != name} | {
                f"{wrong}": member
            }
            for changed in changes(member, wrong):
                yield {**value, name: changed}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            for changed in changes(item, wrong):
                yield [*value[:number], changed, *value[number + 1 :]]


def wrong_tables() -> Iterator[Any]:
    for text in (*TEXTS, SECRET):
        for wrong in (text, [text], {text: text}, [{text: text}]):
            yield from changes(TENANT, wrong)


def test_the_tenant_has_every_member() -> None:
    assert set(TENANT) == {field.encode_name for field in msgspec.structs.fields(TenantSpec)}
    assert {field.encode_name for field in msgspec.structs.fields(TargetTenant)} <= set(TENANT)


def test_no_member_of_a_tenant_is_repeated() -> None:
    messages = []
    for table in wrong_tables():
        messages.append(message_of(load_tenants, Settings(), [table], "mock.toml"))
        messages.append(message_of(load_tenants, Settings(), [TENANT, table], "mock.toml"))
        messages.append(message_of(read_tenants, [table], "target.toml"))
    assert len([*filter(None, messages)]) > 1000
    assert [message for message in messages if SECRET in message] == []


async def test_no_member_of_a_body_of_the_control_surface_is_repeated() -> None:
    content = {name.replace("-", "_"): value for name, value in TENANT.items() if name != "id"}
    messages = []
    async with open_client(create_app(), 10) as client:
        for text in (*TEXTS, SECRET):
            for body in (*changes(content, text), *changes(content, {text: text})):
                try:
                    await client.control("POST", "tenants", Nothing, body)
                except ControlFailed as error:
                    messages.append(str(error))
    assert len(messages) > 100
    assert [message for message in messages if SECRET in message] == []
