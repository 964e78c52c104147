#!/usr/bin/env bash
# A yard that sorts wagons.
set -euo pipefail

source ./lib/rails.sh
. "$HOME/signals.sh"

# How many wagons a track holds.
readonly CAPACITY=40
export TARE=12.5
declare -a wagons=()
name="größe 𝒳"

# Sort them.
# The heaviest first.
sort_wagons() {
  local by=$1
  printf '%s\n' "${wagons[@]}" | sort -r -k "$by"
}

function shunt {
  local wagon
  for wagon in "$@"; do
    if ((${#wagons[@]} < CAPACITY)); then
      wagons+=("$wagon")
    fi
  done
  sort_wagons 2
}

usage() (
  cat <<EOF
usage: $0 $(basename "$name")
EOF
)

case ${1:-} in
  sort) sort_wagons 1 ;;
  *) usage ;;
esac
