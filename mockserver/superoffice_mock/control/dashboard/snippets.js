// One call of SyncEmailAccounts as a program, in the languages of the vendor's partners.

/** @typedef {Record<string, string>} Headers */

/** @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
/** @param {string} text */
const php = (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
/** JSON, which JavaScript, C# and Python read as they do their own texts. @param {string} text */
const quoted = (text) => JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

/** @param {number[]} accounts */
const bodyOf = (accounts) => JSON.stringify({ SyncUserAccounts: accounts.map((id) => ({ AccountId: id })) });

/** @type {Record<string, (url: string, headers: Headers, accounts: number[]) => string>} */
export const LANGUAGES = {
  curl: (url, headers, accounts) => [
    `curl -i -X POST ${shell(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    `-H 'Content-Type: application/json'`,
    `-d ${shell(bodyOf(accounts))}`,
  ].join(" \\\n  "),

  TypeScript: (url, headers, accounts) => `const response = await fetch(${quoted(url)}, {
  method: "POST",
  headers: {
${Object.entries(headers).map(([name, value]) => `    ${quoted(name)}: ${quoted(value)},`).join("\n")}
    "Content-Type": "application/json",
  },
  body: ${quoted(bodyOf(accounts))},
});
console.log(response.status);
`,

  "C#": (url, headers, accounts) => `using System;
using System.Net.Http;
using System.Text;

class Program
{
    static void Main()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, ${quoted(url)});
${Object.entries(headers).map(([name, value]) => `        request.Headers.TryAddWithoutValidation(${quoted(name)}, ${quoted(value)});`).join("\n")}
        var body = ${quoted(bodyOf(accounts))};
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using (var client = new HttpClient(new HttpClientHandler { UseCookies = false }))
        {
            Console.WriteLine((int)client.SendAsync(request).Result.StatusCode);
        }
    }
}
`,

  PHP: (url, headers, accounts) => `<?php
$headers = [
${Object.entries(headers).map(([name, value]) => `    ${php(`${name}: ${value}`)},`).join("\n")}
    'Content-Type: application/json',
];
$http = ['method' => 'POST', 'header' => $headers, 'ignore_errors' => true];
$http['content'] = ${php(bodyOf(accounts))};
file_get_contents(${php(url)}, false, stream_context_create(['http' => $http]));
echo explode(' ', $http_response_header[0])[1], "\\n";
`,

  Python: (url, headers, accounts) => `import urllib.request

headers = {
${Object.entries(headers).map(([name, value]) => `    ${quoted(name)}: ${quoted(value)},`).join("\n")}
    "Content-Type": "application/json",
}
body = ${quoted(bodyOf(accounts))}.encode()
request = urllib.request.Request(${quoted(url)}, body, headers)
with urllib.request.urlopen(request) as response:
    print(response.status)
`,
};
