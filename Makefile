# Tiếp Dân. `make help` lists what people call; the rest are parts of it.
KIOSK_ADDR  ?= 127.0.0.1:8080
CENTRE_ADDR ?= 127.0.0.1:8090
DATA        ?= .run/
READER      ?= sim
export KIOSK_ADDR CENTRE_ADDR DATA READER

UI_SRC  = $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -path ui/dist-release -prune -o -type f -print 2>/dev/null)

.PHONY: help run test test-upgrade test-deploy deb check bench fuzz build ui clean generate
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## ?(.*)/  make \1\t\2/' | expand -t 18

run: ## centre, simulated One-Stop and a kiosk with simulated devices (READER=pcsc: cards through a real pcscd); Ctrl-C ends it
	@deploy/run.sh

ui: ui/dist/index.html ## the pages
ui/dist/index.html: $(UI_SRC) ui/node_modules/.installed
	@cd ui && npm run --silent build
ui/dist-release/index.html: $(UI_SRC) ui/node_modules/.installed
	@cd ui && npm run --silent build -- --mode release
ui/node_modules/.installed: ui/package-lock.json
	@cd ui && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed

test: ## everything: installs what the tests need, then unit, stories, pcscd, browser, kills
	@deploy/test.sh

test-upgrade: ## upgrades under running kiosks of earlier versions: FROM="COMMIT COMMIT", or the last two tags v*
	@deploy/test-upgrade.sh $(FROM)

check: ## the quick part: gofmt, vet, staticcheck, generated files, go test -race without ptys and browsers
	@deploy/check.sh

bench: ## the figures of the speed table beside their bars, in one table (some minutes)
	@deploy/bench.sh

fuzz: ## ten seconds for every fuzz target
	@deploy/fuzz.sh 10s

build: ui/dist-release/index.html ## release binaries: no simulators, no bench, real smart-card readers
	go build -tags pcsc,release -trimpath -o bin/ ./kiosk ./provisioning

deb: ## Debian packages of kiosk and centre, in dist/
	@deploy/deb.sh

test-deploy: ## the packages in a clean Debian 12 that boots (root): install, upgrade, sandbox, remove, purge
	@deploy/test-deploy.sh

generate: ## what is generated from Go types: ui/shared/wire.gen.ts
	go test ./kiosk/wire -run TestGenerated -update

clean: ## build products, not the data
	rm -rf bin ui/dist*/assets ui/dist*/*.html
