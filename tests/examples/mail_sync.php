<?php
// Calls SuperOffice twice: while another run is active, and after it has ended.
$mock = getenv('MOCK_URL') ?: 'http://127.0.0.1:8204';

function call(string $method, string $url, ?array $body = null, string $header = ''): ?array
{
    $http = ['method' => $method, 'header' => "Content-Type: application/json\r\n$header"];
    $http['content'] = $body === null ? '' : json_encode($body);
    $response = file_get_contents($url, context: stream_context_create(['http' => $http]));
    if ($response === false) exit(1); // PHP has printed the reason
    return json_decode($response, associative: true); // null for a 204, which has no body
}

$office = call('POST', "$mock/_mock/tenants", ['installation' => 'online']);
$sync = fn () => call(
    'POST',
    "$office[url]/api/v1/Agents/EMail/SyncEmailAccounts",
    ['SyncUserAccounts' => [['AccountId' => 507]]],
    "Authorization: SOTicket {$office['credentials']['ticket']}\r\n" .
    "SO-AppToken: {$office['credentials']['app_token']}",
);
call('POST', "$mock/_mock/lease/hold?tenant=$office[id]");
$sync();
call('POST', "$mock/_mock/lease/release?tenant=$office[id]");
$sync();
foreach (call('GET', "$mock/_mock/requests?tenant=$office[id]")['requests'] as $request) {
    echo "$request[status] after $request[elapsed] s, $request[outcome]: $request[reason]\n";
}
call('DELETE', "$mock/_mock/tenants/$office[id]");
