-- wrk script: the small job of 64 users, with or without secrets. Arguments: SECRETS, how many of
-- A, B, C, ... the job names.
local USERS = 64
local requests, turn, threads = {}, 0, {}
wrong = 0

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local names = {}
    for i = 1, tonumber(args[1]) do names[i] = '"' .. string.char(64 + i) .. '"' end
    for user = 1, USERS do
        requests[user] = wrk.format("POST", "/execute", { ["X-User-ID"] = "user-" .. user },
            string.format('{"script":"function main(i, s) { return { n: Object.keys(s).length } }",'
                .. '"secret_refs":[%s],"input":{"user":%d}}', table.concat(names, ","), user))
    end
    expected = '"output":{"n":' .. args[1] .. "}"
end

function request()
    turn = turn % USERS + 1
    return requests[turn]
end

function response(status, headers, body)
    if not body:find(expected, 1, true) then wrong = wrong + 1 end
end

function done(summary, latency)
    local bad = 0
    for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
    local e = summary.errors
    io.write(string.format(
        '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.6f,"p99":%.6f,"wrong":%d,"errors":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6,
        latency:percentile(99) / 1e6, bad, e.connect + e.read + e.write + e.status + e.timeout))
end
