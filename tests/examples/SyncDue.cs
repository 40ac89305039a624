// Syncs mail accounts that are due, ten at most; cron starts it every minute.
// `SyncDue.exe trust` takes the 204 for done, `SyncDue.exe look` looks at LastFetch.
// The environment: SUPEROFFICE_URL, SUPEROFFICE_USER, SUPEROFFICE_PASSWORD; SYNC_PAUSE in seconds.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Xml;

static class SyncDue
{
    const int BatchSize = 10; // accounts in a call

    static void Main(string[] arguments)
    {
        var pause = XmlConvert.ToDouble(Environment.GetEnvironmentVariable("SYNC_PAUSE") ?? "5");
        if (arguments.FirstOrDefault() == "look") Look(TimeSpan.FromSeconds(pause));
        else Trust();
    }

    // Syncs once. This app loses accounts: a call that is turned away gets the same 204.
    static void Trust()
    {
        Sync(Ready().Take(BatchSize));
    }

    // Syncs, looks, and asks again for the accounts that no sync has changed, until none is left.
    static void Look(TimeSpan pause)
    {
        var batch = Ready().Take(BatchSize).ToList();
        var left = batch.Select(Id).ToDictionary(id => id, Account);
        while (left.Count > 0)
        {
            if (batch.Count > 0) Sync(batch);
            Thread.Sleep(pause);
            foreach (var id in left.Keys.ToList())
            {
                var account = Account(id);
                if (account != null && IsSame(account, left[id])) continue;
                left.Remove(id);
                var reason = account == null ? "was deleted" : account["ErrorReason"].InnerText;
                Console.WriteLine(id + " " + (reason == "" ? "is synced" : reason));
            }
            batch = Ready().Where(account => left.ContainsKey(Id(account))).ToList();
        }
    }

    // Whether no sync has ended in between: LastFetch grows, or the error count if the sync fails.
    static bool IsSame(XmlElement account, XmlElement before)
    {
        return account["LastFetch"].InnerText == before?["LastFetch"].InnerText
            && account["ErrorCount"].InnerText == before["ErrorCount"].InnerText;
    }

    static string Id(XmlElement account) => account["AccountId"].InnerText;

    // Returns the accounts that are due, without those that a sync under way has yet to do.
    static List<XmlElement> Ready()
    {
        return Call("GetReadySyncEmailAccounts").ChildNodes.Cast<XmlElement>().ToList();
    }

    // Returns an account, null if it was deleted.
    static XmlElement Account(string id)
    {
        var account = Call("GetEMailAccount?eMailAccountId=" + id);
        return account.HasChildNodes ? account : null;
    }

    static void Sync(IEnumerable<XmlElement> accounts)
    {
        Console.WriteLine("asked for " + string.Join(" ", accounts.Select(Id)));
        var elements = string.Concat(accounts.Select(account => account.OuterXml));
        var list = $"<SyncUserAccounts>{elements}</SyncUserAccounts>";
        Call("SyncEmailAccounts", $"<SyncEmailAccountsRequest>{list}</SyncEmailAccountsRequest>");
    }

    static XmlElement Call(string method, string body = "")
    {
        var user = Encoding.UTF8.GetBytes(Variable("USER") + ":" + Variable("PASSWORD"));
        using (var client = new WebClient { Encoding = Encoding.UTF8 })
        {
            client.Headers["Authorization"] = "Basic " + Convert.ToBase64String(user);
            client.Headers["Content-Type"] = client.Headers["Accept"] = "application/xml";
            var url = Variable("URL") + "/api/v1/Agents/EMail/" + method;
            var answer = client.UploadString(url, body);
            var document = new XmlDocument();
            if (answer != "") document.LoadXml(answer); // a 204 has no body
            return document.DocumentElement;
        }
    }

    static string Variable(string name)
    {
        return Environment.GetEnvironmentVariable("SUPEROFFICE_" + name);
    }
}
