#!/usr/bin/env bash
# Installs what is missing, then configures and builds one preset. The one
# place that knows how; quickstart.sh and tests/run.sh call it.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/build.sh [PRESET] [TARGET...]

PRESET is one of CMakePresets.json: release (default; builds into build/), or
dev, asan, tsan, fuzz (clang 14; build into build-PRESET/). Without a TARGET
everything is built, tests too.
TEXT
}

preset=release
if (($# > 0)); then
  case "$1" in
    --help | -h) usage; exit 0 ;;
    release | dev | asan | tsan | fuzz) preset=$1; shift ;;
    *) echo "build.sh: unknown preset \"$1\"; see --help" >&2; exit 2 ;;
  esac
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
exec < /dev/null

if [[ "$preset" == release ]]; then
  build_dir=build
  deploy/install_packages.sh
else
  build_dir=build-$preset
  deploy/install_packages.sh --clang
fi

# A build folder that came along with a moved or copied checkout is useless.
cache=$build_dir/CMakeCache.txt
if [[ -f "$cache" ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" \
    "$cache"; then
  rm -rf "$cache" "$build_dir/CMakeFiles"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" > "$log" 2>&1; then
  cat "$log" >&2
  echo "build.sh: cmake could not configure preset $preset, see above" >&2
  exit 1
fi

# gRPC's headers cost up to 1 GiB a compiler.
jobs=$(nproc)
memory_jobs=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
((memory_jobs >= jobs)) || jobs=$memory_jobs
((jobs >= 1)) || jobs=1

# On a terminal ninja shows where it is; a log needs only what went wrong.
quiet=(--quiet)
[[ ! -t 1 ]] || quiet=()
start=$SECONDS
echo "Building preset $preset into $build_dir/ with $jobs jobs"
ninja -C "$build_dir" -j "$jobs" "${quiet[@]}" "$@"
echo "Built in $((SECONDS - start)) s"
