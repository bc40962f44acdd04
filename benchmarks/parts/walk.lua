-- Asks for the paths of a file in their order, from a place that is given: wrk … -s walk.lua ADDRESS -- FILE FROM.
-- At the end it prints one line of JSON: answers, errors, microseconds, bytes, and latencies in microseconds.

local requests, place = {}, 0

function init(arguments)
    for path in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
    place = tonumber(arguments[2]) % #requests
end

function request()
    place = place % #requests + 1
    return requests[place]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"answers": %d, "wrong": %d, "late": %d, "us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d}\n',
        summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99)
    ))
end
