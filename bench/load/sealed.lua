-- wrk script: the small job of 64 users, sealed. Arguments: FILE, which holds envelopes, each behind
-- its length (u32, big-endian). Each is sent once: the second time it would run nothing.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local USERS = 64
local requests, turn = {}, 0

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
        wrong, turn = wrong + 1, 1
    end
    return requests[turn]
end
