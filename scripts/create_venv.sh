#!/bin/sh
# Create .venv with the locked requirements. Does nothing when it is up to date.
# Usage: scripts/create_venv.sh [python command]; run from the project's folder.
set -eu

python=${1:-python3}
ready=.venv/.ready

# The stamp is written last, so that an interrupted install is redone; it
# holds the folder too, because the commands in .venv/bin name it.
stamp() {
    pwd
    cat requirements.txt
}

if stamp | cmp -s - "$ready" && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

fail() {
    echo "setup: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 && "$python" -c '' 2>/dev/null ||
    fail "no '$python' here: install Python 3.11 to 3.13, or name one, e.g. make setup PYTHON=python3.12"

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case $version in
    3.11 | 3.12 | 3.13) ;;
    *) fail "'$python' is Python $version, the project runs on 3.11 to 3.13: name one, e.g. make setup PYTHON=python3.12" ;;
esac

if uv --version >/dev/null 2>&1; then
    tool=uv
elif "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    tool=pip
else
    fail "'$python' has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"
fi

echo "setup: creating .venv from requirements.txt with Python $version and $tool, about a minute ..."
rm -rf .venv
if [ "$tool" = uv ]; then
    export UV_PYTHON_DOWNLOADS=never
    uv venv --quiet --python "$(command -v "$python")" .venv
    uv pip install --quiet --python .venv/bin/python \
        --require-hashes -r requirements.txt
else
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --require-hashes -r requirements.txt
fi || fail "the install failed, see above; run it again with: make setup"
stamp >"$ready"
echo "setup: done"
