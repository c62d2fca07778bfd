#!/bin/sh
# Create .venv with the locked requirements. Does nothing when it is up to date.
# With --extra, also install those of the notebook, the metrics and the browser.
# Usage: scripts/create_venv.sh [--extra] [python command]; run from the
# project's folder.
set -eu

extra=
if [ "${1:-}" = --extra ]; then
    extra=requirements-extra.txt
    shift
fi
python=${1:-python3}
ready=.venv/.ready
ready_extra=.venv/.ready-extra

# The stamp is written last, so that an interrupted install is redone; it
# holds the folder too, because the commands in .venv/bin name it.
stamp() {
    pwd
    cat requirements.txt "$@"
}

fail() {
    echo "setup: $1" >&2
    exit 1
}

# Usage: install_into_venv <requirements file>...
install_into_venv() {
    files=$(printf -- '-r %s ' "$@")
    # shellcheck disable=SC2086  # one word each: the names hold no blank
    if uv --version >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python \
            --require-hashes $files
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check \
            --root-user-action ignore --require-hashes $files
    fi || fail "the install failed, see above; run it again with: make setup${extra:+-extra}"
}

create_venv() {
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
        UV_PYTHON_DOWNLOADS=never \
            uv venv --quiet --python "$(command -v "$python")" .venv ||
            fail "no .venv, see above"
    else
        "$python" -m venv .venv || fail "no .venv, see above"
    fi
    install_into_venv requirements.txt
    stamp >"$ready"
    echo "setup: done"
}

if ! stamp | cmp -s - "$ready" || ! .venv/bin/python -c '' 2>/dev/null; then
    create_venv
fi
if [ -n "$extra" ] && ! stamp "$extra" | cmp -s - "$ready_extra"; then
    echo "setup: installing $extra, about a minute ..."
    install_into_venv requirements.txt "$extra"
    stamp "$extra" >"$ready_extra"
    echo "setup: done"
fi
