"""What a listener that others reach has to have: checked when settings are loaded."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether an address or name is this very machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_listener(host: str, *, tls: bool, behind_proxy: bool, redirect_port: int) -> None:
    """Raise ValueError for a listener that would speak plainly to others, or for settings that contradict."""
    if tls and behind_proxy:
        raise ValueError(
            "SHIJING_WEB_TLS=true and SHIJING_WEB_BEHIND_PROXY=true: one of the two does TLS, set the other to false"
        )
    if redirect_port and not tls:
        raise ValueError(
            f"SHIJING_WEB_REDIRECT_PORT={redirect_port} with SHIJING_WEB_TLS=false: there is no https to lead to;"
            " set SHIJING_WEB_TLS=true, or leave the port out"
        )
    if not is_loopback(host) and not tls and not behind_proxy:
        raise ValueError(
            f"SHIJING_WEB_HOST={host} with SHIJING_WEB_TLS=false and SHIJING_WEB_BEHIND_PROXY=false: others would"
            " reach the pages without TLS; set SHIJING_WEB_TLS=true (docs/tls.md), or SHIJING_WEB_BEHIND_PROXY=true"
            " where a proxy with TLS stands in front, or SHIJING_WEB_HOST=127.0.0.1"
        )


def check_rate(rate: str) -> str:
    """A rate as `limits` reads it ("120/minute", several with ;); raises ValueError."""
    if rate:
        from limits import parse_many  # here: most commands have no rates

        try:
            parse_many(rate)
        except ValueError as error:
            raise ValueError(f'{rate!r} is no rate: write "120/minute", or nothing for no limit') from error
    return rate
