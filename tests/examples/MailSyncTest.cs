using System.Threading.Tasks;
using Xunit;

public class MailSyncTest : IAsyncLifetime
{
    SuperOfficeMock office; // a tenant for each test: tests can run in parallel

    // The app measures real time, so the clock of its tenant is real: the test takes a second.
    public async Task InitializeAsync() =>
        office = await SuperOfficeMock.MakeTenant("{\"clock\": \"real\"}");

    public Task DisposeAsync() => office.Finish(); // fails the test if accounts are lost

    [Fact]
    public async Task An_app_that_was_turned_away_asks_again()
    {
        var signIn = office.Credentials.Headers["Authorization"];
        var app = new MailSync(office.Url, signIn, new[] { 507 });

        await office.Post("lease/hold"); // like an active run, until it is released
        await app.TickAsync();
        await office.Post("lease/release");
        await app.TickAsync();
    }
}
