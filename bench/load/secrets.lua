-- wrk script: the small job of 64 users, with or without secrets. Arguments: SECRETS, how many of
-- A, B, C, ... the job names.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local USERS = 64
local requests, turn = {}, 0

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
