-- wrk script: the small job, spread over 64 users, each with a weight of their own so that no two
-- neighbouring requests are the same. Arguments: PATH [check].
-- With `check` every answer is read; what done() prints then says how many were wrong.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local USERS = 64
local PATH, CHECK
local SCRIPT = "function main(input){ let s=0; for (const x of input.values) s+=x*input.weight; "
    .. "return {sum:s,n:input.values.length}; }"
local requests, turn = {}, 0

function init(args)
    PATH, CHECK = args[1], args[2] == "check"
    for user = 1, USERS do
        local body = string.format(
            '{"script":"%s","input":{"values":[1,2,3,4,5,6,7,8,9,10],"weight":%d.5}}', SCRIPT, user)
        requests[user] = wrk.format("POST", PATH,
            { ["X-User-ID"] = "user-" .. user, ["Content-Type"] = "application/json" }, body)
    end
    if CHECK then response = check end
end

function request()
    turn = turn % USERS + 1
    return requests[turn]
end

-- 1 + ... + 10 is 55, and the weights are 1.5, 2.5, ... 64.5.
function check(status, headers, body)
    local sum = tonumber(body:match('"output":{.-"sum":([%d.]+)'))
    local weight = sum and sum / 55 - 0.5
    if status ~= 200 or not weight or weight ~= math.floor(weight) or weight < 1 or weight > USERS
        or not body:find('"n":10[,}]') then
        wrong = wrong + 1
    end
end
