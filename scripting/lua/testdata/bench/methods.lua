local Account = {}
Account.__index = Account
function Account.new(b) return setmetatable({balance = b}, Account) end
function Account:deposit(v) self.balance = self.balance + v end
function Account:withdraw(v) if v > self.balance then return false end self.balance = self.balance - v return true end
function Account:get() return self.balance end
local a = Account.new(100)
local s = 0
for i = 1, 3000 do
  a:deposit(i)
  if a:withdraw(i / 2) then s = s + a:get() end
end
return s
