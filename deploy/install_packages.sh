#!/usr/bin/env bash
# Installs the Debian packages that are not there yet. Nothing is downloaded
# when all are present, so any user may run it on a prepared machine.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/install_packages.sh [--clang] [--print]

Installs what Tenuto needs from Debian 12 and is not installed yet, with one
"apt-get update" and without recommended packages. Needs root only when
something is missing.

  --clang   also clang 14 with its sanitizer runtimes, clang-format and
            clang-tidy: for the presets dev, asan, tsan and fuzz
  --print   print the names of the packages, one a line, and install nothing
TEXT
}

packages=(
  # Tools.
  cmake ninja-build ccache g++ pkg-config
  # Messages and services; the plugin writes the gRPC stubs.
  protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev
  libabsl-dev
  # Models and numbers.
  libxgboost-dev libeigen3-dev
  # The ledger, its keys and its hashes.
  librocksdb-dev libssl-dev libxxhash-dev
  # Reading input: JSON, gzip, CSV; the command line.
  libsimdjson-dev libisal-dev libcsv-dev libcli11-dev
  prometheus-cpp-dev
  # The server's allocator.
  libtcmalloc-minimal4
  # Draws the charts of a report, from inside it.
  libjs-chart.js
  # Tests and benchmarks; openssl makes the certificates of a test, nghttp2
  # the calls of a benchmark.
  openssl libgtest-dev libgmock-dev libbenchmark-dev libnghttp2-dev
  # Users' time zones by IANA name, at run time.
  tzdata
  ca-certificates
)
clang_packages=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14)

print_only=false
for argument in "$@"; do
  case "$argument" in
    --clang) packages+=("${clang_packages[@]}") ;;
    --print) print_only=true ;;
    --help | -h) usage; exit 0 ;;
    *)
      echo "install_packages.sh: unknown option \"$argument\"; see --help" >&2
      exit 2
      ;;
  esac
done

if "$print_only"; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  echo "install_packages.sh: no dpkg and apt-get here. Tenuto is built on" \
    "Debian 12; elsewhere install the equivalents of:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
fi

# "dpkg -s" also knows packages that were removed; only "installed" counts.
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null ||
    true)
  [[ "$status" == installed* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

if ((EUID != 0)); then
  echo "install_packages.sh: ${#missing[@]} Debian packages are missing and" \
    "only root may install them. Run once:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y" \
    "--no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt_options=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -qq)
# A third-party source that is down must not stop us: the install decides.
apt-get "${apt_options[@]}" update < /dev/null ||
  echo "install_packages.sh: apt-get update reported errors; going on" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt-get "${apt_options[@]}" install -y --no-install-recommends \
    "${missing[@]}" < /dev/null > "$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "install_packages.sh: apt-get could not install the packages above" >&2
  exit 1
fi
