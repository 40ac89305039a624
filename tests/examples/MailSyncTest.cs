using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

public class MailSyncTest
{
    static readonly string Mock =
        Environment.GetEnvironmentVariable("MOCK_URL") ?? "http://127.0.0.1:8204";

    static readonly HttpClient Http = new();

    static async Task<JsonElement> Control(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{Mock}/_mock/{path}");
        if (body is not null) request.Content = JsonContent.Create(body);
        using var response = await Http.SendAsync(request);
        var json = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, json);
        return JsonDocument.Parse(json).RootElement;
    }

    [Fact]
    public async Task An_app_that_was_turned_away_asks_again()
    {
        // The app measures real time, so the clock of its tenant is real: the test takes a second.
        var office = await Control(HttpMethod.Post, "tenants", new { clock = "real" });
        var query = "tenant=" + office.GetProperty("id").GetString();
        var signIn = office.GetProperty("credentials").GetProperty("headers");
        var app = new MailSync(office.GetProperty("url").GetString()!, signIn, new[] { 507 });

        await Control(HttpMethod.Post, "lease/hold?" + query);
        await app.TickAsync();
        await Control(HttpMethod.Post, "lease/release?" + query);
        await app.TickAsync();

        var journal = await Control(HttpMethod.Get, "requests?" + query);
        var outcomes = journal.GetProperty("requests").EnumerateArray()
            .Select(request => request.GetProperty("outcome").GetString());
        Assert.Equal(new[] { "turned_away", "started" }, outcomes.ToArray());
    }
}
