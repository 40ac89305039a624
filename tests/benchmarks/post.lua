-- wrk -s post.lua URL -- AUTHORIZATION BODYFILE PATHSFILE
-- Posts the body to the paths in turn; PATHSFILE has one path in a line.
local requests, turn = {}, 0

function init(args)
  local file = assert(io.open(args[2], "rb"))
  wrk.body = file:read("*a")
  file:close()
  wrk.method = "POST"
  wrk.headers["Authorization"] = args[1]
  wrk.headers["Accept"] = "application/json; charset=utf-8"
  wrk.headers["Accept-Language"] = "*"
  wrk.headers["Content-Type"] = "application/json; charset=utf-8"
  for path in io.lines(args[3]) do
    requests[#requests + 1] = wrk.format(nil, path)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
