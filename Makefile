# Each target installs what it needs on Debian as root, and says what to install elsewhere: scripts/need.sh.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

binary := $(CURDIR)/dist/linux-amd64/ca-entrypoint
windows_binary := $(CURDIR)/dist/windows-amd64/ca-entrypoint.exe

.PHONY: help
help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: toolchain ## Makes dist/linux-amd64/ca-entrypoint, static and small
	scripts/build.sh linux

.PHONY: build-arm64
build-arm64: build ## Makes dist/linux-arm64/ca-entrypoint, and compares what it does with the one for amd64
	scripts/build.sh linux-arm64
	scripts/check-arm64.sh

.PHONY: build-windows
build-windows: toolchain ## Makes dist/windows-amd64/ca-entrypoint.exe
	scripts/build.sh windows

# Each build ends in a long step of one core: the lints, and the build that has to give the same bytes, have the
# other one meanwhile, and the fuzzer what both leave.
.PHONY: check
check: toolchain ## Formatting, lints, documentation, dependencies, scripts, the binaries' form, size and bytes, a minute of fuzzing
	scripts/need.sh shellcheck=shellcheck
	scripts/fuzz.sh need
	$(MAKE) --no-print-directory check-binaries & binaries=$$!; \
	    FUZZ_SECONDS=60 FUZZ_JOBS=7 scripts/fuzz.sh run & fuzz=$$!; \
	    trap 'kill $$binaries $$fuzz 2>/dev/null || true' EXIT; \
	    $(MAKE) --no-print-directory lint; scripts/build-elsewhere.sh linux; wait $$binaries; wait $$fuzz
	scripts/check-reproducible.sh linux

.PHONY: lint
lint: toolchain
	{ cargo fmt --check && cargo fmt --check --manifest-path fuzz/Cargo.toml; } || { echo "check: not formatted: run cargo fmt" >&2; exit 1; }
	cargo clippy --all-targets -- -D warnings
	cargo clippy --lib -- --cfg fuzzing -D warnings
	cargo clippy --test compliance --test faults --test gitlab --test matrix --test recipes --test windows -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --document-private-items
	scripts/cargo-deny.sh check bans licenses sources
	scripts/cargo-deny.sh --manifest-path fuzz/Cargo.toml check bans licenses sources
	shellcheck .ci/run scripts/*.sh tests/gitlab/stand-ins/*.sh
	shellcheck --shell=sh tests/matrix/*.sh scripts/families/*.sh

.PHONY: check-binaries
check-binaries: toolchain
	scripts/build.sh linux
	scripts/check-binary.sh
	scripts/sbom.sh linux
	scripts/check-windows.sh
	cd dist && sha256sum --check --quiet --strict SHA256SUMS

.PHONY: test
test: toolchain ## All tests
	scripts/need.sh openssl=openssl dash=dash bash=bash busybox=busybox zsh=zsh fish=fish
	cargo test --all
	# Each waits for containers, servers or Wine half of the time: two have the machine busy.
	$(MAKE) --no-print-directory -j2 --output-sync=target faults-few compliance gitlab matrix recipes windows

.PHONY: compliance
compliance: build ## The binary against each distribution's own tool, in containers
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) \
	    'scripts/images.sh bookworm trixie alpine fedora rhel suse arch ubi clients && CA_ENTRYPOINT_BIN="$(binary)" cargo test --test compliance -- --test-threads=4'

.PHONY: gitlab
gitlab: build ## GitLab Runner's contract with its images' entrypoints, in containers
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) \
	    'scripts/images.sh bookworm alpine gitlab && CA_ENTRYPOINT_BIN="$(binary)" cargo test --test gitlab -- --test-threads=4'

.PHONY: matrix
matrix: build ## Real clients against real servers, in images of many kinds: docs/matrix.md
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) \
	    'scripts/images.sh clients clients-alpine && CA_ENTRYPOINT_BIN="$(binary)" cargo test --test matrix'

.PHONY: faults
faults: build ## Each system call of a start failed, cut short and killed at: docs/faults.md
	scripts/need.sh openssl=openssl
	CA_ENTRYPOINT_FAULTS=all CA_ENTRYPOINT_BIN="$(binary)" cargo test --test faults -- --nocapture --test-threads=2

.PHONY: faults-few
faults-few: build
	scripts/need.sh openssl=openssl
	CA_ENTRYPOINT_BIN="$(binary)" cargo test --test faults -- --test-threads=2 --skip starts::alpine --skip starts::rhel

.PHONY: recipes
recipes: build ## Every recipe of the documentation, taken out of it and run
	scripts/need.sh openssl=openssl strace=strace /usr/bin/python3=python3 /usr/lib/python3/dist-packages/yaml/__init__.py=python3-yaml
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) \
	    'scripts/images.sh bookworm alpine fedora rhel ubi clients && CA_ENTRYPOINT_BIN="$(binary)" cargo test --test recipes -- --test-threads=4'

.PHONY: windows
windows: build-windows ## The binary for Windows under wine
	scripts/need.sh /usr/lib/wine/wine64=wine64 wine=wine /usr/lib/x86_64-linux-gnu/libgnutls.so.30=libgnutls30 x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64 openssl=openssl
	CA_ENTRYPOINT_BIN="$(windows_binary)" cargo test --test windows -- --test-threads=4

.PHONY: sbom
sbom: build build-windows ## What is in the binaries, as CycloneDX beside them, and the checksums of it all
	scripts/sbom.sh linux
	scripts/sbom.sh windows

.PHONY: reproducible
reproducible: build build-windows ## The binaries once more from another directory, without a network: the same bytes
	scripts/check-reproducible.sh linux windows

.PHONY: vendor
vendor: toolchain ## All that a build needs from a registry, in vendor/
	scripts/vendor.sh

.PHONY: advisories
advisories: toolchain ## Asks RustSec's database, from the network, about the dependencies
	scripts/cargo-deny.sh check advisories

.PHONY: fuzz
fuzz: toolchain ## Each of the fuzzer's targets for FUZZ_SECONDS, half an hour unless told: docs/fuzzing.md
	scripts/fuzz.sh run

.PHONY: images
images: ## The images that the tests run in
	scripts/images.sh

.PHONY: bench
bench: build ## The time and memory that a start costs
	scripts/need.sh hyperfine=hyperfine jq=jq valgrind=valgrind /usr/bin/time=time openssl=openssl strace=strace \
	    /usr/bin/tini-static=tini dumb-init=dumb-init catatonit=catatonit /usr/sbin/gosu=gosu
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) 'scripts/images.sh bookworm alpine fedora clients && scripts/bench.sh'

.PHONY: bounds
bounds: build ## What the worst inputs cost: docs/bounds.md
	scripts/need.sh valgrind=valgrind strace=strace /usr/bin/time=time /usr/bin/certutil=libnss3-tools
	CA_ENTRYPOINT_BIN="$(binary)" cargo test --test bounds -- --nocapture

.PHONY: size
size: build ## What the largest parts of the binary weigh
	scripts/size.sh

.PHONY: demo
demo: build ## A container that trusts a private CA, from start to end
	scripts/need.sh openssl=openssl
	scripts/engine.sh run $(SHELL) $(.SHELLFLAGS) 'scripts/images.sh bookworm alpine && scripts/demo.sh'

.PHONY: clean
clean: ## Removes what was built; images and downloads stay
	rm -rf target dist

.PHONY: toolchain
toolchain:
	@scripts/toolchain.sh
