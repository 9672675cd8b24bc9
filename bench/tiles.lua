-- Asks for one path after another from the file named by PATHS; no path twice.
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
local next_path = 0
local headers = { ["Accept-Encoding"] = os.getenv("ENCODING") or "identity" }
request = function()
  next_path = next_path + 1
  return wrk.format("GET", paths[(next_path - 1) % #paths + 1], headers)
end
response = function(status) if status >= 400 then os.exit(1) end end
