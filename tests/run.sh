#!/usr/bin/env bash
# One command for every test: installs what is missing, builds, runs ctest.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/run.sh [OPTION...] [-- CTEST-ARGUMENT...]

Installs missing Debian packages (needs root only then), builds Release into
build/ and runs every test but the nightly ones and the benchmarks. Works from
any directory and without ../shared/data: tests that need real data then say
that they are skipped. Exits 0 when all passed.

  --label L      only tests with this label: unit (one part, seconds),
                 integration (several parts, files or sockets), architecture
                 (reads the source tree); may be repeated
  --nightly      the long ones too (label nightly); and then, unless --label or
                 arguments of ctest pick some, unit tests under asan and all
                 tests of features/ under tsan
  --benchmark    only the benchmarks (label benchmark), one at a time, with
                 what they print; then a table of the targets and what was
                 measured, also in build/benchmark.json (about 15 minutes)
  --sanitize S   asan (addresses and undefined behaviour) or tsan (threads):
                 builds that preset with clang 14 and runs the unit tests
  --help         this text

Examples:
  tests/run.sh                            what every change must pass
  tests/run.sh --label unit               quick
  tests/run.sh -- -R 'features\.'         one folder's tests
  tests/run.sh --sanitize tsan            data races
  tests/run.sh --benchmark -- -R serving  the benchmarks of one part
Afterwards one test again: build/tests/features.signal_fold_test
TEXT
}

fail() {
  echo "run.sh: $1; see --help" >&2
  exit 2
}

preset=release
nightly=false
benchmark=false
labels=()
ctest_arguments=()
while (($# > 0)); do
  case "$1" in
    --label)
      (($# > 1)) || fail "--label needs a value"
      labels+=("$2")
      shift
      ;;
    --nightly) nightly=true ;;
    --benchmark) benchmark=true ;;
    --sanitize)
      case "${2:-}" in
        asan | tsan) preset=$2 ;;
        *) fail "--sanitize is asan or tsan" ;;
      esac
      shift
      ;;
    --help | -h) usage; exit 0 ;;
    --) shift; ctest_arguments+=("$@"); break ;;
    *) fail "unknown option \"$1\"" ;;
  esac
  shift
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
exec < /dev/null
build_dir=build
[[ "$preset" == release ]] || build_dir=build-$preset
if [[ "$preset" != release ]] && ((${#labels[@]} == 0)); then
  labels=(unit)
fi
# A failure must stop the program and show where.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
# Some tests fork a child that opens a ledger, and so starts threads.
export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$root/tests/tsan.supp:die_after_fork=0}

deploy/build.sh "$preset"

# Tests of label unit run side by side; the others name what they need alone
# (RESOURCE_LOCK in tenuto_test).
selection=(--parallel 2)
if "$benchmark"; then
  selection=(--parallel 1 --verbose -L '^benchmark$')
else
  excluded='^(benchmark|nightly)$'
  if "$nightly"; then
    excluded='^benchmark$'
  fi
  selection+=(-LE "$excluded")
  if ((${#labels[@]} > 0)); then
    selection+=(-L "^($(IFS='|'; echo "${labels[*]}"))\$")
  fi
fi
result=0
export TENUTO_FIGURES=$root/$build_dir/figures.tsv
# Seeds that nobody chose.
export TENUTO_COMMIT=${TENUTO_COMMIT:-$(git rev-parse HEAD 2> /dev/null || true)}
rm -f "$TENUTO_FIGURES"
ctest --test-dir "$build_dir" --output-on-failure --no-tests=error \
  "${selection[@]}" "${ctest_arguments[@]}" || result=$?
if "$benchmark"; then
  "$build_dir/tests/targets_table" "$TENUTO_FIGURES" "$build_dir/benchmark.json"
fi
if "$nightly" && [[ "$preset" == release ]] &&
    ((${#labels[@]} + ${#ctest_arguments[@]} == 0)); then
  tests/run.sh --sanitize asan || result=$?
  tests/run.sh --sanitize tsan --label unit --label integration \
    -- -R '^(features|support)\.' || result=$?
fi
exit "$result"
