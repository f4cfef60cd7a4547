#!/usr/bin/env bash
# Set up xpiler in .venv and use it:
#   ./setup.sh demo   translate an example to all three targets and show the results
#   ./setup.sh test   lint, types and every test
# Needs Python 3.11 or later and g++ (Debian: apt-get install python3 python3-venv g++).
set -euo pipefail
cd "$(dirname "$0")"
venv="${XPILER_VENV:-.venv}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

find_python() {
  for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "setup.sh: Python 3.11 or later is needed (Debian 12: apt-get install python3)" >&2
  exit 2
}

apt_install() {
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    return 1
  fi
}

create_venv() {
  local python
  python=$(find_python)
  [ -x "$venv/bin/python" ] && return
  "$python" -m venv "$venv" 2>/dev/null || {
    rm -rf "$venv"
    apt_install python3-venv || {
      echo "setup.sh: python3-venv is needed (Debian: apt-get install python3-venv)" >&2
      exit 2
    }
    "$python" -m venv "$venv"
  }
}

install() {
  command -v g++ >/dev/null || apt_install g++ || {
    echo "setup.sh: g++ is needed (Debian: apt-get install g++)" >&2
    exit 2
  }
  create_venv
  say "Installing xpiler into $venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -e "$1"
}

demo() {
  install .
  local out target status=0
  out=$(mktemp -d)
  for target in hip:hip avx512:cpp bang:mlu; do
    local file="$out/softmax.${target#*:}"
    say "xpiler translate examples/softmax.cu --target ${target%:*}"
    "$venv/bin/xpiler" translate examples/softmax.cu --target "${target%:*}" -o "$file" 2>"$out/said" || status=$?
    if [ -f "$file" ]; then cat "$file"; fi
    sed "s/^/${target%:*}: /" "$out/said" >>"$out/summary"
  done
  say "The translations of examples/softmax.cu"
  cat "$out/summary"
  return "$status"
}

# The compilers that translations are checked against where they are there: clang for AVX-512 and for AMD GPUs.
compilers() {
  command -v clang-19 >/dev/null && [ -d /usr/include/hip ] && return
  say "Installing clang and the HIP headers, to compile translations with"
  apt_install clang-19 lld-19 libamdhip64-dev rocm-device-libs ||
    echo "They can't be installed here: the tests that compile with them will say so"
}

test_all() {
  compilers
  install '.[dev,notebook]'
  say "Lint and types"
  "$venv/bin/ruff" check .
  "$venv/bin/ruff" format --check .
  "$venv/bin/mypy"
  say "Tests"
  "$venv/bin/python" -m pytest -n 2 --dist worksteal "$@"
}

case "${1:-}" in
demo) demo ;;
test) shift && test_all "$@" ;;
*)
  sed -n '2,5p' "$0"
  exit 2
  ;;
esac
