#!/usr/bin/env bash
# What `make test` runs. Every step runs even if one before it failed, so that one run tells everything.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin
failed=()

step() {
    local name=$1
    shift
    echo "== $name"
    local start=$SECONDS
    "$@" || failed+=("$name")
    echo "   $name: $((SECONDS - start)) s"
}

step "style" "$bin/ruff" check .
step "format" "$bin/ruff" format --check .
step "arrows" "$bin/lint-imports" --no-cache
step "types" "$bin/mypy"
# Programs that live in real time come last and alone: two cores are few.
step "tests" "$bin/pytest" -q -n 2 -m "not e2e" "$@"
step "whole programs" "$bin/pytest" -q -m e2e "$@"

if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
echo "everything passed"
