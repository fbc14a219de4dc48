# Shared by .ci/run and .ci/full: stages with a time budget, on a clean checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The measuring children unset it too; unset here so that no test can meet a preset core.
unset OPENBLAS_CORETYPE
export PYTHONDONTWRITEBYTECODE=1 MPLBACKEND=Agg
export SEQBENCH_CACHE="${SEQBENCH_CACHE:-$PWD/.venv/seqbench-cache}"
if [ -d ../shared/data ]; then
    SEQBENCH_DATA="$(cd ../shared/data && pwd)"
    export SEQBENCH_DATA
fi

STAGES=()

# stage NAME BUDGET_SECONDS COMMAND...: runs the command, prints its time against the budget.
stage() {
    local name=$1 budget=$2 started elapsed
    shift 2
    started=$(date +%s)
    echo "== $name"
    "$@"
    elapsed=$(($(date +%s) - started))
    STAGES+=("$(printf '%-28s %5ds of %5ds' "$name" "$elapsed" "$budget")")
    if [ "$elapsed" -gt "$budget" ]; then
        STAGES+=("  ^ over its budget")
    fi
}

summary() {
    echo "== stages"
    printf '%s\n' "${STAGES[@]}"
}

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "no Python from 3.11 to 3.13 found" >&2
    return 1
}

# The line that the README gives its readers: the code block behind the marker comment.
readme_line() {
    local line
    line=$(awk -v marker="<!-- $1 -->" \
        '$0 == marker {seen = 1; next} seen && /^```/ {fences++; next} fences == 2 {exit} fences' \
        README.md)
    if [ -z "$line" ]; then
        echo "README.md has no command behind <!-- $1 -->" >&2
        return 1
    fi
    echo "$line"
}

install_everything() {
    "$(find_python)" -m venv .venv
    .venv/bin/pip install -q -e ".[test,peers,cuda-check]"
}
