package kill

// hostile are scripts that do not end, each in another way. Most keep the server in one library call at a time, as long as it goes.
func hostile() map[string]string {
	return map[string]string{
		"loop":          "while true do end",
		"pcall":         "while true do pcall(function() while true do end end) end",
		"recursion":     "local function f(n) if n > 0 then return f(n - 1) + f(n - 1) end return 1 end while true do f(25) end",
		"tail call":     "local function f(n) return f(n + 1) end f(1)",
		"coroutine":     "while true do local co = coroutine.wrap(function() for i = 1, 1e6 do coroutine.yield(i) end end) for i = 1, 1e6 do co() end end",
		"find":          "local s = string.rep('a', 1e5) while true do s:find(string.rep('a?', 5000) .. 'b') end",
		"find backward": "local s = string.rep('a', 1e6) while true do s:find('.-.-.-b') end",
		"find plain":    "local s = string.rep('a', 5e7) while true do s:find(string.rep('a', 100) .. 'b', 1, true) end",
		"gsub":          "local s = string.rep('ab', 1e6) while true do s:gsub('a(.-)b', '%1x') end",
		"gmatch":        "local s = string.rep('a b ', 1e6) while true do for w in s:gmatch('%a+') do end end",
		"rep":           "while true do string.rep('x', 1e8) end",
		"rep short":     "while true do string.rep('xy', 1e5) end",
		"concat":        "local s = string.rep('x', 1e7) while true do local t = s .. s .. s end",
		"table.concat":  "local t = {} for i = 1, 1e6 do t[i] = 'abc' end while true do table.concat(t, ',') end",
		"reverse":       "local s = string.rep('x', 5e7) while true do s:reverse() s:upper() s:lower() end",
		"byte":          "local s = string.rep('x', 5e7) while true do s:byte(1, 7000) s:sub(2) end",
		"compare":       "local a, b = string.rep('x', 5e7) .. 'a', string.rep('x', 5e7) .. 'b' while true do local c = a < b local d = a == b end",
		"format":        "local s = string.rep('x', 1e7) while true do string.format('%s%q', s, s) end",
		"sort":          "while true do local t = {} for i = 1, 1e6 do t[i] = (i * 7919) % 1000003 end table.sort(t) end",
		"sort function": "while true do local t = {} for i = 1, 3e5 do t[i] = (i * 7919) % 1000003 end table.sort(t, function(a, b) return a > b end) end",
		"insert":        "local t = {} while true do table.insert(t, 1, 'x') end",
		"remove":        "while true do local t = {} for i = 1, 3e5 do t[i] = i end while #t > 0 do table.remove(t, 1) end end",
		"grow":          "while true do local t = {} for i = 1, 2e6 do t[i] = i end end",
		"grow hash":     "while true do local t = {} for i = 1, 5e5 do t['k' .. i] = i end end",
		"next":          "local t = {} for i = 1, 1e6 do t[i] = i end for i = 1, 1e6 do t[i] = nil end while true do next(t) end",
		"unpack":        "local t = {} for i = 1, 7000 do t[i] = i end while true do select('#', unpack(t)) end",
		"garbage":       "while true do local t = {{{}}} end",
		"tostring":      "local s = string.rep('1', 1e6) while true do local n = tonumber(s) local m = tostring({}) end",
		"cjson.encode":  "local t = {} for i = 1, 1e6 do t[i] = 'text' end while true do cjson.encode(t) end",
		"cjson.decode":  "local s = '[' .. string.rep('{\"a\":[1,2,3]},', 2e5) .. '1]' while true do cjson.decode(s) end",
		"cmsgpack":      "local t = {} for i = 1, 5e5 do t[i] = i end while true do cmsgpack.unpack(cmsgpack.pack(t)) end",
		"struct":        "local s = string.rep('x', 1e7) while true do struct.pack('s', s) end",
		"sha1hex":       "local s = string.rep('x', 5e7) while true do redis.sha1hex(s) end",
		"loadstring":    "local s = string.rep('local a = 1 ', 180) .. string.rep('a = a + 1 ', 2e4) while true do loadstring(s) end",
		"redis.call":    "while true do redis.call('get', 'k') end",
		"redis.pcall":   "while true do redis.pcall('nosuch') end",
		"big reply":     "while true do redis.call('lrange', 'list', 0, -1) end",
	}
}

// afterWrites is put before a script to make it one that has written.
const afterWrites = "redis.call('set', 'written', 1) redis.call('rpush', 'list', 'x') "
