"""Writes one line of each kind, as a process of its own because logging is configured once."""

import logging

from cafe_kit.logs import bind, bound, configure, get_logger

early = get_logger()


def main() -> None:
    """Write the lines."""
    configure("lamp-svc", "info", "lamp_id")
    early.info("made before it was configured")
    early.debug("below the level")
    with bound(subject="lamp-1", cause_id="press-1"):
        early.info("inside", presses=3)
        logging.getLogger("library").warning("a library says %s", "hello")
    early.info("outside")
    bind(replica="one")
    early.error("bound for good", text='ü"\n')
    early.error("failed", exc_info=RuntimeError("bug"))
    logging.getLogger("library").debug("below the level")


if __name__ == "__main__":
    main()
