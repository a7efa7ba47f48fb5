-- What every script here has: its threads, each with a count `wrong` of answers that were not as expected,
-- and the line RESULT at the end, which bench/lib/load.mjs reads.
local threads = {}
wrong = 0

function setup(thread)
    table.insert(threads, thread)
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
