#!/bin/sh
# Builds .venv, or brings it up to date, or finds it good and does nothing.
# Every target of the Makefile calls this first. It touches nothing outside .venv.
#
#   PYTHON   the Python to build with; empty: the first suitable one found
#   MXNET    the requirement for MXNet (see setup.py), or "default"; empty: what .venv was
#            built with before, else GLUON_PIX2PIX_MXNET, else the default
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
venv=.venv
# Written last, so that its absence tells of an installation that never finished. It says
# what .venv was built with: the requirement for MXNet, and this folder, because a checkout
# that was moved leaves its old path behind in .venv.
stamp=$venv/.built

# The user's own PYTHONPATH must not shadow what .venv holds.
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints a Python's version, or else why it will not do. Running it is the only proof: a
# pyenv shim may stand for a Python that is not active, and Debian's python3 comes without
# ensurepip, and so without working virtual environments.
probe() {
    if said=$("$1" -c '
import sys
version = "%d.%d.%d" % sys.version_info[:3]
if not (3, 10) <= sys.version_info[:2] <= (3, 12):
    print("is Python " + version)
    sys.exit(1)
try:
    import ensurepip, venv
except ImportError:
    print("is Python " + version + " without the venv module")
    sys.exit(1)
print(version)
' 2>/dev/null); then
        printf '%s\n' "$said"
    else
        printf '%s\n' "${said:-does not run}"
        return 1
    fi
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        version=$(probe "$python") || fail \
            "PYTHON=$python $version; it must be a Python 3.10, 3.11 or 3.12 with venv." \
            "Name another one, or leave PYTHON out and the first suitable one is taken."
    else
        seen=
        for python in python3.11 python3.12 python3.10 python3 python ''; do
            [ -n "$python" ] || fail \
                "Found no Python 3.10, 3.11 or 3.12 that can make environments${seen:+:}${seen%,}." \
                "Install one (Ubuntu 22.04 and 24.04, Debian 12: sudo apt install python3-venv;" \
                "macOS: brew install python@3.11; any system: conda create -n py311 python=3.11," \
                "or pyenv install 3.11), or name it: make venv PYTHON=/path/to/python3.11"
            command -v "$python" >/dev/null 2>&1 || continue
            version=$(probe "$python") && break
            seen="$seen $python $version,"
        done
    fi
    # In an active .venv that would be the very Python about to be deleted.
    python=$("$python" -c 'import sys; print(sys._base_executable or sys.executable)')
}

check_platform() {
    case $("$python" -c 'import platform as p; print(p.system(), p.machine())') in
    "Linux x86_64" | "Linux aarch64" | "Darwin x86_64") ;;
    "Darwin "*) fail \
        "MXNet 1.9.1 has no build for Apple silicon; an Intel Python (under Rosetta) runs it." \
        "Name one: make venv PYTHON=/path/to/it, or work in a Linux container." ;;
    *) fail \
        "MXNet 1.9.1 has builds for Linux (x86_64, aarch64) and macOS (x86_64) only." \
        "On Windows work inside WSL 2; elsewhere in a Linux container." ;;
    esac
}

built_mxnet= built_in=
if [ -f $stamp ]; then
    { read -r built_mxnet && read -r built_in; } <$stamp || true
fi
mxnet=${MXNET:-${built_mxnet:-${GLUON_PIX2PIX_MXNET:-default}}}

reusable() {
    [ "$mxnet" = "$built_mxnet" ] && [ "$here" = "$built_in" ] || return 1
    now=$(probe $venv/bin/python) || return 1
    [ -z "${PYTHON:-}" ] || [ "$now" = "$(probe "$PYTHON")" ]
}

if reusable; then
    [ -n "$(find setup.py pyproject.toml constraints.txt -newer $stamp)" ] || exit 0
    echo "Bringing .venv up to date ..."
    rm -f $stamp
else
    choose_python
    [ "$mxnet" != default ] || check_platform
    echo "Building .venv with Python $version (a minute or two, this once) ..."
    rm -rf $venv
    "$python" -m venv $venv
fi

if [ "$mxnet" = default ]; then
    unset GLUON_PIX2PIX_MXNET
else
    export GLUON_PIX2PIX_MXNET="$mxnet"
fi
# -qq: errors only. Whatever fails here leaves no stamp, and the next run starts over.
$venv/bin/python -m pip install -qq -c constraints.txt -e '.[notebooks,onnx,tests]' || fail \
    "The installation into .venv failed; the lines above say why. Run make venv again" \
    "when that is mended (without a network nothing can be installed)."
printf '%s\n' "$mxnet" "$here" >$stamp

# Shared libraries that the system lacks show only now; runtime.py has a sentence for them.
$venv/bin/python -c '
import runpy, sys
try:
    runpy.run_path("gluon_pix2pix/runtime.py")["load_mxnet"]()
except ImportError as error:
    sys.exit(str(error))
'
echo "Ready: .venv"
