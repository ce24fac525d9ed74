# Everything a developer runs. `make ci` is what CI runs.
GO ?= go
.PHONY: help run build test race lint fuzz-smoke bench clients diff crash crash-clone faults lua-hostile ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
run: build ## build and serve on 127.0.0.1:6379, data in ./data
	./evald serve
build: ## build ./evald
	CGO_ENABLED=0 $(GO) build -trimpath -o evald .
test: ## run every test
	$(GO) test ./...
race: ## run the tests of what has goroutines under the race detector
	$(GO) test -race -short -timeout 10m ./server/... ./persistence/... ./bench/... ./cli/... ./client/...
lint: ## vet, gofmt, staticcheck and the house rules
	$(GO) vet ./...
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not gofmt-ed: $$out"; exit 1; }
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) test ./internal/lint
fuzz-smoke: ## fuzz every fuzz target for 5 seconds
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 5s $$pkg; done; done
bench: build ## compare with redis-server: scripts, GET, SET, pipeline 1 and 16
	bench/compare.sh ./evald
clients: build ## run redis-cli, redis-benchmark, go-redis and ioredis against evald
	tests/clients/run.sh ./evald
diff: ## 100,000 generated commands against a live redis-server
	$(GO) test -count=1 -timeout 60m ./tests/diff -args -commands 100000
crash: ## kill -9 under load and restart, 200 rounds
	$(GO) test -count=1 -timeout 60m ./tests/crash -args -rounds 200
crash-clone: ## crash a store in memory and load what is left, 20,000 times
	EVALD_CRASH_ROUNDS=20000 $(GO) test -count=1 -timeout 120m -run 'CrashClone|Released' ./persistence
faults: ## EIO and ENOSPC at every file-system call, 20,000 damaged files, a full disk
	EVALD_FAULTS=all EVALD_CRASH_ROUNDS=20000 $(GO) test -count=1 -timeout 120m -run 'Fault|Damage|Disk' ./persistence
lua-hostile: ## 400 hostile scripts under limits of memory and steps
	$(GO) test -count=1 -run TestHostile ./scripting/lua
ci: ## what CI runs
	.ci/run
