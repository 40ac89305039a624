// A partner's app: it syncs mail accounts, and takes only a quick 204 as done.
using System;
using System.Diagnostics;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;

public class MailSync
{
    readonly HttpClient http = new HttpClient();
    readonly string url;
    int[] due;

    public MailSync(string url, string authorization, int[] accounts)
    {
        this.url = url + "/api/v1/Agents/EMail/SyncEmailAccounts";
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(authorization);
        due = accounts;
    }

    // Called every minute. Only the time of the answer shows that a call was turned away.
    public async Task TickAsync()
    {
        if (due.Length == 0) return;
        var accounts = string.Join(",", due.Select(id => "{\"AccountId\":" + id + "}"));
        var body = "{\"SyncUserAccounts\":[" + accounts + "]}";
        var watch = Stopwatch.StartNew();
        var json = new StringContent(body, Encoding.UTF8, "application/json");
        (await http.PostAsync(url, json)).EnsureSuccessStatusCode();
        if (watch.ElapsedMilliseconds < 900) due = new int[0];
    }
}
