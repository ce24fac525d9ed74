# Everything a developer runs. `make ci` is what CI runs.
GO ?= go
.PHONY: help run build test race lint fuzz-smoke bench ci

.DEFAULT_GOAL := help
include checks.mk

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
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
ci: ## what CI runs
	.ci/run
