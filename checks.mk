# The longer checks: `make help` lists them with the others. Those that compare need redis-server in PATH.
.PHONY: metamorphic example profile bench-patterns patterns-models bench-types diff crash crash-clone faults lua-conformance lua-diff lua-bench lua-hostile rollback script-kill patterns bench-memory bench-recovery bench-durability clients

clients: build ## run redis-cli, redis-benchmark, go-redis and ioredis against evald
	tests/clients/run.sh ./evald
diff: ## 1,000,000 generated commands against a live redis-server
	$(GO) test -count=1 -timeout 60m ./tests/diff -args -commands 1000000
crash: ## kill -9 under load and restart, 1,000 rounds
	$(GO) test -count=1 -v -timeout 120m ./tests/crash -args -rounds 1000
crash-clone: ## crash a store in memory and load what is left, 20,000 times
	EVALD_CRASH_ROUNDS=20000 $(GO) test -count=1 -timeout 120m -run 'CrashClone|Released' ./persistence
metamorphic: ## the same units under other policies, sizes, restarts and compactions: 2,000 seeds, each in three ways
	EVALD_METAMORPHIC_SEEDS=2000 $(GO) test -count=1 -timeout 120m -run ConditionsDoNotChange ./persistence
faults: ## EIO and ENOSPC at every file-system call, 20,000 damaged files, a full disk
	EVALD_FAULTS=all EVALD_CRASH_ROUNDS=20000 $(GO) test -count=1 -timeout 120m -run 'Fault|Damage|Disk' ./persistence
lua-conformance: ## recorded answers of Redis's Lua, and Lua 5.1's own test suite
	$(GO) test -count=1 -v -run 'TestConformance|TestPUC|TestLibrary$$' ./scripting/lua
lua-diff: ## 200,000 generated Lua programs here and by EVAL on a live redis-server
	LUA_DIFF=200000 $(GO) test -count=1 -timeout 120m -run 'Diff$$' ./scripting/lua
lua-bench: ## Lua alone against EVAL on redis-server, and gopher-lua's VM
	LUA_BENCH=5 LUA_BENCH_GOPHER=1 $(GO) test -count=1 -timeout 60m -v -run TestLuaBench ./scripting/lua
lua-hostile: ## 400 hostile scripts under limits of memory and steps
	$(GO) test -count=1 -run TestHostile ./scripting/lua
rollback: ## 100,000 random scripts that fail: nothing of them may be left
	EVALD_ROLLBACK_ROUNDS=100000 $(GO) test -count=1 -v -timeout 60m ./tests/rollback
script-kill: ## hostile scripts are stopped within 20 ms, and others answered within 2
	KILL_MS=300 $(GO) test -count=1 -v -timeout 20m ./tests/kill
patterns: build ## the pattern library on evald and on redis-server
	PATTERNS_REALTIME=1 PATTERNS_EVALD=$(CURDIR)/evald $(GO) test -count=1 -timeout 60m ./tests/patterns ./client
example: build ## run an example with a server of its own: make example NAME=login (gateway, stock, board, catalogue)
	examples/run.sh ./evald $(or $(NAME),login)
patterns-models: build ## 100,000 steps of each area's model on evald's controlled clock
	PATTERNS_STEPS=100000 PATTERNS_EVALD=$(CURDIR)/evald $(GO) test -count=1 -v -timeout 60m -run TestModel ./tests/patterns
bench-patterns: build ## server time per call of every function of the pattern library against redis-server
	POLICIES=none PATTERNS=all bench/compare.sh ./evald
bench-types: build ## a read and a write of every type against redis-server, pipeline 1 and 16
	POLICIES=none bench/compare.sh ./evald --script get,set,hget,hset,lindex,rpush,sismember,sadd,zscore,zadd,xrange,xadd,getbit,setbit,geodist,geosearch,geoadd,pfcount,pfadd
profile: build ## make default.pgo anew, the profile by which the server is optimized
	bench/profile.sh ./evald
bench-memory: build ## memory of four shapes of data against redis-server
	bench/memory.sh ./evald
bench-recovery: build ## start with data on disk, 1M and 10M keys, against redis-server loading its RDB
	bench/recovery.sh ./evald
bench-durability: build ## writes and scripts under always, everysec and no, 1 to 500 clients, against redis-server
	bench/durability.sh ./evald
