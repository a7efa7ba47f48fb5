# A thin front for meson and ninja: build/ is the release build, build-asan/ the one under
# AddressSanitizer and UndefinedBehaviorSanitizer, build-fuzz/ the fuzz targets.
# The compiler is part of the engine digest: one pinned major version, unless CC says otherwise.
export CC = clang-19
export CC_LD = lld

MESON_ASAN = -Db_sanitize=address,undefined -Doptimization=1
FUZZ_SECONDS ?= 60

all: build/build.ninja
	@ninja -C build

build/build.ninja: | setup-build
	@meson setup build >/dev/null || { cat build/meson-logs/meson-log.txt; exit 1; }

build-asan/build.ninja: | setup-test
	@meson setup build-asan $(MESON_ASAN) >/dev/null

build-fuzz/build.ninja: | setup-test
	@meson setup build-fuzz $(MESON_ASAN) -Dfuzz=true >/dev/null

# Installs what the machine lacks; nothing when all is there.
setup-%:
	@scripts/setup build $(filter-out build,$*)

run: all
	@scripts/run-demo build/neocompute

# The stages of tests/run; STAGES="unit node" runs only those.
STAGES =

test: unit-tests build-asan build-fuzz
	@tests/run build $(STAGES)

# A build directory from before the test packages were installed knows no unit tests yet.
unit-tests: setup-test all
	@ninja -C build -t query unit-tests >/dev/null 2>&1 || meson setup --reconfigure build >/dev/null
	@ninja -C build unit-tests

build-asan: setup-test build-asan/build.ninja
	@ninja -C build-asan all unit-tests

build-fuzz: setup-test build-fuzz/build.ninja
	@ninja -C build-fuzz fuzz-targets

# The whole suite, all of it under the sanitizers.
test-asan: build-asan
	@tests/run build-asan lint unit node

# Mixed good and hostile traffic for MINUTES, watched from outside; docs/soak.svg is the plot.
MINUTES ?= 60
soak: setup-test all
	@node tests/soak.mjs --minutes $(MINUTES) --out docs

# Breaks into a sealed worker on purpose; the table goes to docs/threat-model.md.
audit-sandbox: setup-test all
	@ninja -C build audit
	@node tests/audit/audit.mjs build --write

bench: setup-bench all
	@bench/run build/neocompute

fuzz: build-fuzz
	@fuzz/run build-fuzz $(FUZZ_SECONDS)

format:
	@git ls-files '*.c' '*.h' | xargs -r clang-format-19 -i

clean:
	@rm -rf build build-asan build-fuzz

.PHONY: all run test unit-tests test-asan build-asan build-fuzz soak audit-sandbox bench fuzz format clean
