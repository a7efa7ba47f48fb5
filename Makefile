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

test: setup-test all
	@ninja -C build unit-tests
	@tests/run build

# The whole suite again under the sanitizers.
test-asan asan: setup-test build-asan/build.ninja
	@ninja -C build-asan all unit-tests
	@tests/run build-asan

bench: setup-bench all
	@bench/run build/neocompute

fuzz: build-fuzz/build.ninja
	@ninja -C build-fuzz fuzz-targets
	@fuzz/run build-fuzz $(FUZZ_SECONDS)

format:
	@git ls-files '*.c' '*.h' | xargs -r clang-format-19 -i

clean:
	@rm -rf build build-asan build-fuzz

.PHONY: all run test test-asan asan bench fuzz format clean
