// A client of /_mock/, the control surface of superoffice-mock. Copy this file beside your tests.
// `superoffice-mock run -- dotnet test` starts the mock and sets SUPEROFFICE_CONTROL_URL.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;

/// <summary>A tenant of the mock: an installation with a lease and a journal of its own.</summary>
[DataContract]
public class SuperOfficeMock
{
    static readonly string Control =
        Environment.GetEnvironmentVariable("SUPEROFFICE_CONTROL_URL") ?? "http://127.0.0.1:8204/_mock";

    static readonly HttpClient Http = new HttpClient();

    [DataMember(Name = "id")] public string Id { get; private set; }

    /// <summary>The base URL to give to the app, without /api at its end.</summary>
    [DataMember(Name = "url")] public string Url { get; private set; }

    [DataMember(Name = "credentials")] public Credentials Credentials { get; private set; }

    /// <summary>Makes a tenant; the options are JSON, such as {"installation": "online"}.</summary>
    public static async Task<SuperOfficeMock> MakeTenant(string options = "{}")
    {
        return Read<SuperOfficeMock>(await Call(HttpMethod.Post, "tenants", options));
    }

    /// <summary>Calls a path of /_mock/ for this tenant, such as POST lease/hold.</summary>
    public Task<string> Post(string path, string json = "") =>
        Call(HttpMethod.Post, path + "?tenant=" + Id, json);

    public Task<string> Get(string path) => Call(HttpMethod.Get, path + "?tenant=" + Id);

    public async Task<Verdict> GetVerdict() => Read<Verdict>(await Get("verdict"));

    public Task Remove() => Call(HttpMethod.Delete, "tenants/" + Id);

    /// <summary>For a teardown: removes the tenant, and throws if accounts are lost.</summary>
    public async Task Finish()
    {
        var verdict = await GetVerdict();
        await Remove();
        if (!verdict.Passed) throw new Exception(verdict.Text);
    }

    static async Task<string> Call(HttpMethod method, string path, string json = "")
    {
        using (var request = new HttpRequestMessage(method, Control + "/" + path))
        {
            if (json != "") request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            using (var response = await Http.SendAsync(request))
            {
                var text = await response.Content.ReadAsStringAsync();
                if (!response.IsSuccessStatusCode) throw new Exception(text); // it says what is wrong
                return text;
            }
        }
    }

    static T Read<T>(string json)
    {
        var settings = new DataContractJsonSerializerSettings { UseSimpleDictionaryFormat = true };
        var bytes = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return (T)new DataContractJsonSerializer(typeof(T), settings).ReadObject(bytes);
    }
}

[DataContract]
public class Credentials
{
    [DataMember(Name = "user")] public string User { get; private set; }
    [DataMember(Name = "password")] public string Password { get; private set; }

    /// <summary>The headers that sign a request in.</summary>
    [DataMember(Name = "headers")] public Dictionary<string, string> Headers { get; private set; }
}

[DataContract]
public class Verdict
{
    [DataMember(Name = "passed")] public bool Passed { get; private set; }

    /// <summary>What is wrong, and what reached the mock.</summary>
    [DataMember(Name = "text")] public string Text { get; private set; }
}
