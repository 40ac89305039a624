"""The vendor's TypeScript client as a process, its sign-ins and its accounts."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.support.server_process import ServerProcess

PASSWORD: Final = {"user": "tje0", "password": "Tje0"}
TICKET: Final = {"ticket": "7T:demo-ticket", "appToken": "demo-app-token"}
ACCESS_TOKEN: Final = {"accessToken": "8A:Cust12345.demo-token"}
RESOLVED: Final = {"resolved": ""}
"""What the client returns for every 204: its promise resolves to an empty text."""

Result = Mapping[str, Any]


class Client:
    """The vendor's client; every call runs in a separate process."""

    def __init__(self, node: str, server: ServerProcess) -> None:
        self._node = node
        self._server = server

    def sync(self, sign_in: Mapping[str, str], base: str = "", **accounts: object) -> Result:
        """Call syncEmailAccountsAsync and return what its caller gets."""
        arguments = {"baseUrl": self._server.url + base, "signIn": sign_in, **accounts}
        done = subprocess.run(
            [self._node, str(Path(__file__).with_name("sync.cjs"))],
            input=json.dumps(arguments),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        result: Result = json.loads(done.stdout)
        return result


def make_accounts(count: int) -> list[dict[str, object]]:
    return [{"accountId": id_, "associateName": "tje0", "associateId": 874} for id_ in range(count)]
