-- Requests for wrk, in one of four ways. Arguments: way, method, authorization, file, prefix.
--
--   same    one body, or none, again and again: the prefix
--   turns   the lines of the file in turns, each after the prefix
--   bearer  no body; the lines of the file in turns as bearer tokens
--   chain   each line is a refresh token; the answer's token takes its place, so that none is sent twice
--
-- `once` is `turns` without a second round: what is left over when the lines run out is an error that the caller sees.

local lines, at = {}, 0
local way, method, prefix
local headers = {}

local function take_turns()
  at = at % #lines + 1
  return lines[at]
end

local function take_once()
  at = at + 1
  return lines[at] or "exhausted"
end

local function take_off()
  return table.remove(lines, 1) or "exhausted"
end

local take = { turns = take_turns, bearer = take_turns, once = take_once, chain = take_off }

function init(arguments)
  way, method, prefix = arguments[1], arguments[2], arguments[5] or ""
  if arguments[3] ~= "" then headers["Authorization"] = arguments[3] end
  if method == "POST" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  if arguments[4] ~= "" then
    for line in io.lines(arguments[4]) do lines[#lines + 1] = line end
  end
  if way == "chain" then
    function response(status, _, body)
      local successor = string.match(body, '"refresh_token":"([^"]+)"')
      if successor then lines[#lines + 1] = successor end
    end
  end
end

function request()
  if way == "same" then return wrk.format(method, nil, headers, prefix ~= "" and prefix or nil) end
  local line = take[way]()
  if way == "bearer" then
    headers["Authorization"] = "Bearer " .. line
    return wrk.format(method, nil, headers)
  end
  return wrk.format(method, nil, headers, prefix .. line)
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    failed.status, failed.connect + failed.read + failed.write + failed.timeout
  ))
end
