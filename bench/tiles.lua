-- Asks for one path after another from the file named by PATHS: a line each, with what stands after a tab as
-- If-None-Match. Prints what came as one line: requests, answers with an error, microseconds of the percentiles.
local asked = {}
for line in io.lines(os.getenv("PATHS")) do asked[#asked + 1] = line end
local place = 0
local address = os.getenv("ADDRESS")
local encoding = os.getenv("ENCODING") or "identity"
request = function()
  place = place % #asked + 1
  local path, tag = asked[place]:match("^([^\t]+)\t?(.*)$")
  local headers = { ["Accept-Encoding"] = encoding }
  if address then headers["X-Forwarded-For"] = address end
  if tag ~= "" then headers["If-None-Match"] = tag end
  return wrk.format("GET", path, headers)
end
done = function(summary, latency, _)
  local wrong = summary.errors
  print(string.format("\ncame %d %d %d %d %d %d", summary.requests,
    wrong.status + wrong.connect + wrong.read + wrong.write + wrong.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
