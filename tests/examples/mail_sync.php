<?php
// Runs an app while another client's sync is active, and fails if the app loses its account.
// php mail_sync.php COMMAND…, such as: php mail_sync.php php sync_due.php look
$control = getenv('SUPEROFFICE_CONTROL_URL') ?: 'http://127.0.0.1:8204/_mock';

function call(string $method, string $url, ?array $body = null, string $header = ''): string
{
    $http = ['method' => $method, 'header' => "Content-Type: application/json\r\n$header"];
    $http['content'] = $body === null ? '' : json_encode($body);
    $response = file_get_contents($url, context: stream_context_create(['http' => $http]));
    if ($response === false) exit(1); // PHP has printed the reason
    return $response;
}

$accounts = [['id' => 501, 'seconds' => 2], ['id' => 507]];
$office = json_decode(call('POST', "$control/tenants", ['accounts' => $accounts]));
$sign_in = $office->credentials;
call(
    'POST', // the other client
    "$office->url/api/v1/Agents/EMail/SyncEmailAccounts",
    ['SyncUserAccounts' => [['AccountId' => 501]]],
    "Authorization: {$sign_in->headers->Authorization}",
);
putenv("SUPEROFFICE_URL=$office->url");
putenv("SUPEROFFICE_USER=$sign_in->user");
putenv("SUPEROFFICE_PASSWORD=$sign_in->password");
passthru(implode(' ', array_map('escapeshellarg', array_slice($argv, 1))), $exit_code);

$verdict = json_decode(call('GET', "$control/verdict?tenant=$office->id"));
$timeline = call('GET', "$control/timeline?tenant=$office->id");
call('DELETE', "$control/tenants/$office->id");
echo $verdict->passed ? $timeline : "$verdict->text\n"; // what is wrong, and the timeline
exit($exit_code ?: ($verdict->passed ? 0 : 1));
