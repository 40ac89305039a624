"""The example of the README, run by `python -m unittest tests/examples/test_unittest.py`."""

import unittest

from superoffice_mock import MockServer, SuperOffice
from tests.examples.mail_sync import CarefulSync, NaiveSync, SuperOfficeClient


class MailSyncTest(unittest.TestCase):
    app_type: type[NaiveSync] = CarefulSync
    server: MockServer
    office: SuperOffice

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(MockServer())

    def setUp(self) -> None:
        self.office = self.enterContext(self.server.tenant())
        self.addCleanup(self.office.assert_passed)  # fails a test that loses accounts

    def test_every_account_is_synced(self) -> None:
        client = SuperOfficeClient(self.office.url, self.office.credentials.headers)
        app = self.app_type(client, range(501, 513), self.office.clock.time)
        for _ in range(2):
            app.tick()  # by cron, every minute
            self.office.clock.advance(60)
        assert app.due == []


def test_with_unittest_too_an_app_that_loses_accounts_fails() -> None:
    class NaiveSyncTest(MailSyncTest):
        app_type = NaiveSync

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(NaiveSyncTest)(result)
    ((_, text),) = result.failures
    assert "ExpectationFailed: accounts 511, 512 are lost: answered 204, and no run" in text
    assert (result.testsRun, result.errors) == (1, [])
