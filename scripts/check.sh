#!/bin/sh
# Every check, fast ones first; all of them run, and the exit code tells whether any failed.
set -u
bin=.venv/bin
failed=0
step() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        printf 'ok    %s\n' "$name"
    else
        printf 'FAIL  %s\n%s\n' "$name" "$output"
        failed=1
    fi
}
step "format" $bin/ruff format --check -q .
step "lint" $bin/ruff check -q .
step "sizes" $bin/python scripts/sizes.py
step "rule files" $bin/yamllint -s rules
step "layers" $bin/lint-imports --no-cache
step "dependencies" $bin/deptry .
step "types" $bin/mypy
step "rules and lock" $bin/mingjian rules check
step "national classes" $bin/mingjian rules coverage
step "generated documents" $bin/mingjian docs --check
exit $failed
