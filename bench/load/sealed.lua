-- wrk script: the small job of 64 users, sealed. Arguments: FILE, which holds envelopes, each behind
-- its length (u32, big-endian). Each is sent once: the second time it would run nothing.
local USERS = 64
local requests, turn, threads = {}, 0, {}
wrong, dry = 0, 0

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local file = assert(io.open(args[1], "rb"))
    local user = 0
    while true do
        local head = file:read(4)
        if not head then break end
        local a, b, c, d = head:byte(1, 4)
        user = user % USERS + 1
        requests[#requests + 1] = wrk.format("POST", "/execute",
            { ["X-User-ID"] = "user-" .. user,
              ["Content-Type"] = "application/vnd.neocompute.sealed-request" },
            file:read(((a * 256 + b) * 256 + c) * 256 + d))
    end
    file:close()
end

function request()
    turn = turn + 1
    if turn > #requests then
        dry, turn = dry + 1, 1
    end
    return requests[turn]
end

function done(summary, latency)
    local bad = 0
    for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") + thread:get("dry") end
    local e = summary.errors
    io.write(string.format(
        '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.6f,"p99":%.6f,"wrong":%d,"errors":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6,
        latency:percentile(99) / 1e6, bad, e.connect + e.read + e.write + e.status + e.timeout))
end
