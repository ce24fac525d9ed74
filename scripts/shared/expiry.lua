-- Times to live of keys shared by several owners.
-- include: shared/args.lua

-- outlive makes key live at least until at (ms since 1970): one owner's short time never cuts another's.
local function outlive(key, at)
  if redis.call('PEXPIRETIME', key) < at then
    redis.call('PEXPIREAT', key, int(at))
  end
end
