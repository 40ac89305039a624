<?php
// Syncs mail accounts that are due, ten at most; cron starts it every minute.
// `php sync_due.php trust` takes the 204 for done, `php sync_due.php look` looks at LastFetch.
// The environment: SUPEROFFICE_URL, SUPEROFFICE_USER, SUPEROFFICE_PASSWORD; SYNC_PAUSE in seconds.

const BATCH = 10; // accounts in a call

/** Returns objects: as arrays, an empty object could not be sent back as what it was. */
function call(string $method, ?array $body = null): mixed
{
    $basic = base64_encode(getenv('SUPEROFFICE_USER') . ':' . getenv('SUPEROFFICE_PASSWORD'));
    $url = getenv('SUPEROFFICE_URL') . "/api/v1/Agents/EMail/$method";
    $response = file_get_contents($url, context: stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: application/json\r\nAuthorization: Basic $basic",
        'content' => json_encode($body),
    ]]));
    if ($response === false) exit(1); // PHP has printed the reason
    return json_decode($response); // null for a 204, which has no body
}

function sync(array $accounts): void
{
    echo 'asked for ', implode(' ', array_column($accounts, 'AccountId')), "\n";
    call('SyncEmailAccounts', ['SyncUserAccounts' => $accounts]);
}

/** Syncs once. This app loses accounts: a call that is turned away gets the same 204. */
function trust(): void
{
    sync(array_slice(call('GetReadySyncEmailAccounts'), 0, BATCH));
}

/** Syncs, looks, and asks again for the accounts that no sync has changed, until none is left. */
function look(float $pause): void
{
    $status = fn (int $id) => call("GetEMailAccount?eMailAccountId=$id"); // null: it was deleted
    $batch = array_slice(call('GetReadySyncEmailAccounts'), 0, BATCH);
    $left = array_map($status, array_column($batch, 'AccountId', 'AccountId'));
    while ($left) {
        if ($batch) sync($batch);
        usleep((int) ($pause * 1_000_000));
        foreach ($left as $id => $before) {
            $account = $status($id);
            if ($account && is_same($account, $before)) continue;
            unset($left[$id]);
            echo $id, ' ', $account ? $account->ErrorReason ?: 'is synced' : 'was deleted', "\n";
        }
        $ready = call('GetReadySyncEmailAccounts'); // without those under way
        $is_left = fn (object $account) => isset($left[$account->AccountId]);
        $batch = array_values(array_filter($ready, $is_left));
    }
}

/** Whether no sync has ended in between: LastFetch grows, or the error count if the sync fails. */
function is_same(object $account, ?object $before): bool
{
    return $account->LastFetch === $before?->LastFetch
        && $account->ErrorCount === $before->ErrorCount;
}

if (($argv[1] ?? '') === 'look') look((float) (getenv('SYNC_PAUSE') ?: 5));
else trust();
