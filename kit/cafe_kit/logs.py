"""JSON lines on standard output, with whatever `bind` put into the current task's context."""

import logging
import sys
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, merge_contextvars

bind = bind_contextvars
bound = bound_contextvars


def get_logger() -> Any:  # noqa: ANN401 - structlog's loggers are typed by their wrapper at run time
    """Return the logger; events are short names, details are key-value pairs."""
    return structlog.get_logger()


def configure(service: str, level: str, subject_name: str) -> None:
    """Send structured lines, and those of libraries, to standard output as JSON.

    The kit binds the id of the aggregate at hand as `subject`; it is printed as `subject_name`.
    """

    def finish(_: object, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        if "subject" in line:
            line[subject_name] = line.pop("subject")
        return {"service": service, **line}

    shared: list[structlog.types.Processor] = [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        finish,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
