# shellcheck shell=sh disable=SC2086,SC2154  # lists of words; who sources it sets $python and $LOG
# Sourced in the checkout's folder: how Python packages are installed into $python's environment.
PIP=".venv/bin/python -m pip"
uv=.venv/bin/uv

# Only how to reach an index is taken from the caller's pip environment, never what to install.
clean_pip_environment() {
    for name in $(env | sed -n 's/^\(PIP_[A-Z_]*\)=.*/\1/p'); do
        case $name in
            PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_FIND_LINKS | PIP_CERT | PIP_PROXY | PIP_TRUSTED_HOST | \
                PIP_DEFAULT_TIMEOUT | PIP_CACHE_DIR) ;;
            *) unset "$name" ;;
        esac
    done
    export PIP_DISABLE_PIP_VERSION_CHECK=1
}

# uv reads none of pip's configuration; what says how to reach an index is handed on. Whichever
# index has a file, its hash is the pinned one.
configure_uv() {
    for name in $(env | sed -n 's/^\(UV_[A-Z_]*\)=.*/\1/p'); do
        [ "$name" = UV_CACHE_DIR ] || unset "$name"
    done
    while IFS="=" read -r name value; do
        case $name in  # the environment's come first, and hold
            *.index-url) : "${UV_DEFAULT_INDEX:=$value}" ;;
            *.extra-index-url) : "${UV_INDEX:=$value}" ;;
            *.find-links) [ -e "$value" ] && : "${UV_FIND_LINKS:=$value}" ;;
            *.cert) : "${SSL_CERT_FILE:=$value}" ;;
            *.proxy) : "${ALL_PROXY:=$value}" ;;
            *.trusted-host) : "${UV_INSECURE_HOST:=$value}" ;;
        esac
    done <<LIST
$($PIP config list 2>/dev/null | tr -d \')
LIST
    for name in UV_DEFAULT_INDEX UV_INDEX UV_FIND_LINKS SSL_CERT_FILE ALL_PROXY UV_INSECURE_HOST; do
        eval "[ -z \"\${$name:-}\" ] || export $name"
    done
    export UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 UV_INDEX_STRATEGY=unsafe-best-match
}

# uv takes a tenth of pip's time; where it does not run or finds no index, pip does it.
install() {
    { [ -x $uv ] && $uv pip install --python $python --no-deps --no-build-isolation "$@" >>"$LOG" 2>&1; } ||
        $PIP --python $python install --no-deps --no-build-isolation "$@" >>"$LOG" 2>&1
}
