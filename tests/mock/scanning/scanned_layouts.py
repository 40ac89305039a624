"""Entries as tools lay them out, of pages that hold no secret."""

# ruff: noqa: E501 - a body stays on one line

from typing import Any

GUID = "0b0f4c8e-5a3f-4d4e-9a52-6c1a7f1d3b21"
HEX = "9f86d081884c7d659a2feaa0c55ad015"
BOUNDARY = "WebKitFormBoundary7MA4YWxkTrZu0gWq"
PAGE = f"""<!doctype html><html><head><meta name="viewport" content="width=device-width">
<link rel=stylesheet href="/static/css/main.{HEX}.css" integrity="sha384-{HEX}oqVuAfXRKap7fdgcCY">
<script nonce="kX3vQm9TzL0aBw7RfJ2hYc5u" src="/static/js/main.{HEX}.js?v={HEX}"></script></head>
<body><form action="/login"><label for="password">Password</label>
<input type="password" name="password" value="" placeholder="Enter your password" id=pass>
<tr><td>Password:</td><td><input type=password name=p></td></tr>
<a href="/forgot-password">Forgot your password?</a><button name="token" value="">Go</button></form>
<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"></body>"""
SCRIPT = (
    'function t(e){return e.password===void 0?"password":"text"}var n={type:"password",'
    'credentials:"include",token:i.token,tokenType:"Bearer",xsrfHeaderName:"X-XSRF-TOKEN",'
    'password:"Password",forgotPassword:"Forgot your password?",key:"value",secret:null};'
    "headers.Authorization=`Bearer ${token}`;a.token=r(1);for(let token of tokens)switch(token){}"
)
STYLE = 'input[type="password"]{color:#a1b2c3}.token.keyword{color:red}.icon{background:url(icon@2x.png)}'
LABELS = '{"password": "Password", "passwordHint": "Your password", "tokenExpiresAt": 1764493921}'
ANSWER = (
    f'{{"id": "{HEX}", "etag": "{HEX}", "requestId": "{HEX}", "hasPassword": true, "tokens": 512}}'
)
BODIES: tuple[tuple[str, str], ...] = (
    ("text/html; charset=utf-8", PAGE),
    ("application/javascript", SCRIPT),
    ("text/css", STYLE),
    ("application/json", LABELS),
    ("application/json", ANSWER),
    ("text/csv", "id;name;passwords changed\r\n1;Sommer;3\r\n"),
    ("application/yaml", "passwordPolicy: strong\ntoken_endpoint: https://x.example/token\n"),
    ("text/plain", "APP_NAME=mail\nTOKEN_TTL_TIMEOUT=30\nDB_PASSWORD=${DB_PASSWORD}\n"),
    ("text/xml", "<users><hasPassword>true</hasPassword><Password/><Token></Token></users>"),
    (
        "application/soap+xml",
        '<wsse:Security xmlns:wsse="u"><Password i:nil="true" /></wsse:Security>',
    ),
    (
        f"multipart/form-data; boundary=----{BOUNDARY}",
        f'------{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n------{BOUNDARY}--\r\n',
    ),
)


def _headers(**values: str) -> list[dict[str, str]]:
    return [{"name": n.replace("_", "-"), "value": v} for n, v in values.items()]


def _entry(media_type: str, text: str, **more: Any) -> dict[str, Any]:
    headers = _headers(
        etag=f'W/"{HEX}"', x_request_id=HEX, cf_ray="8e9a7c5b3d1f2a4b-OSL", x_correlation_id=GUID,
        traceparent=f"00-{HEX}-b7ad6b7169203331-01", content_type=media_type,
        access_control_allow_headers="Authorization, X-Api-Key, X-CSRF-Token", vary="Authorization",
        www_authenticate='Basic realm="x", Bearer', access_control_allow_credentials="true",
        content_security_policy="script-src 'nonce-kX3vQm9TzL0aBw7RfJ2hYc5u' 'strict-dynamic'",
        x_token_expires="1764493921", sec_websocket_accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    )  # fmt: skip
    request_headers = _headers(
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0",
        if_none_match=f'"{HEX}"', sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==", idempotency_key=GUID,
    )  # fmt: skip
    request_headers.append({"name": ":authority", "value": "app.example"})
    url = f"https://app.example/static/js/chunk.{HEX}.js?v={HEX}&_=1764493921123"
    return {
        "startedDateTime": "2026-11-30T09:12:01.123Z",
        "time": 41.2,
        "request": {
            "method": "GET", "url": url, "httpVersion": "h2", "headers": request_headers,
            "queryString": [{"name": "v", "value": HEX}], "cookies": [], "headersSize": -1, "bodySize": 0,
        },
        "response": {
            "status": 200, "statusText": "", "httpVersion": "h2", "headers": headers, "cookies": [],
            "content": {"size": len(text), "mimeType": media_type, "text": text},
            "redirectURL": "", "headersSize": -1, "bodySize": -1, "_transferSize": 1234, "_error": None,
        },
        "cache": {"beforeRequest": {"lastAccess": "2026-11-30T09:12:01Z", "eTag": HEX, "hitCount": 1}},
        "timings": {"send": 0, "wait": 41, "receive": 0},
        "serverIPAddress": "[2a00:1450:400f:80d::200e]",
    } | more  # fmt: skip


MEMBERS: dict[str, dict[str, Any]] = {
    "Chromium": {
        "_initiator": {"type": "script", "stack": {"callFrames": [{"scriptId": HEX, "functionName": "t", "url": f"https://app.example/main.{HEX}.js"}]}},
        "_connectionId": HEX, "connection": "443", "_priority": "High", "_resourceType": "fetch",
        "pageref": f"page_{HEX}", "_requestId": "1000060842.aB3dE5gH1jK9mN7pQ2rS4t",
    },
    "Firefox": {
        "_securityState": "secure", "connection": "kX3vQm9TzL0aBw7RfJ2hYc5u",
        "pageref": f"page_{HEX}", "_id": HEX,
    },
    "Playwright": {
        "_frameref": f"frame@{HEX}", "_monotonicTime": 1234.5, "pageref": f"page@{HEX}",
        "_securityDetails": {"protocol": "TLS 1.3", "subjectName": "app.example", "issuer": HEX},
    },
    "Charles": {"_charlesStatus": "COMPLETE", "comment": "", "connection": HEX},
    "Postman": {"_id": GUID, "_requestId": HEX, "comment": "GET of the folder Sync"},
    "Insomnia": {"_id": f"req_{HEX}", "_parentId": f"fld_{HEX}", "comment": "New Request"},
}  # fmt: skip


def entries_of(tool: str) -> list[dict[str, Any]]:
    """Return an entry of each ordinary body, with the members that *tool* adds."""
    return [_entry(media_type, text, **MEMBERS[tool]) for media_type, text in BODIES]
