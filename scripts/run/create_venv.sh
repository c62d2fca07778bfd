#!/bin/sh
# Create a virtual environment with locked requirements. Does nothing when it is
# up to date. What later files name is added to what is there.
# Usage: scripts/run/create_venv.sh <folder> <python command> <requirements file>...
# from the project's folder.
set -eu

venv=$1
python=$2
first=$3
shift 2

fail() {
    echo "setup: $1" >&2
    exit 1
}

# The stamp of a file is written last, so that an interrupted install is redone;
# it holds the folder too, because the commands in bin/ name it.
stamp() {
    pwd
    cat "$1"
}

is_installed() {
    stamp "$1" | cmp -s - "$venv/.ready-$1"
}

create_venv() {
    command -v "$python" >/dev/null 2>&1 && "$python" -c '' 2>/dev/null ||
        fail "'$python' not found: install Python 3.11 to 3.13, or name one, e.g. make setup PYTHON=python3.12"

    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    case $version in
        3.11 | 3.12 | 3.13) ;;
        *) fail "'$python' is Python $version, the project runs on 3.11 to 3.13: name one, e.g. make setup PYTHON=python3.12" ;;
    esac
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "'$python' has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"

    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# With the pip that the Python brings. The files name all that is needed; where
# a package needs another's extra, pip before 23.3 would look for one beside
# them.
install() {
    echo "setup: installing $1 into $venv, about a minute ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --no-deps --require-hashes -r "$1" ||
        fail "the install failed, see above; run it again"
    stamp "$1" >"$venv/.ready-$1"
}

if ! is_installed "$first" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    create_venv
fi
for file in "$@"; do
    is_installed "$file" || install "$file"
done
