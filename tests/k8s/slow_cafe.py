"""A slow road between a sidecar and its app: `python slow_cafe.py LISTEN TO`, in the app's pod.

The least and the most seconds that a request takes longer stand in /tmp/delay ("0.4 0.62"), which
may change at any time; no file, no delay. tests/siege/slow_road.py lies beside it.
"""

import asyncio
import importlib.util
import random
import signal
import sys
from pathlib import Path

LOOK_EVERY_S = 0.2
DELAY = Path("/tmp/delay")  # noqa: S108 - the container's own


def delay_s() -> tuple[float, float]:
    """Read what is asked for at the moment."""
    if not DELAY.exists():
        return 0.0, 0.0
    least, most = DELAY.read_text().split()
    return float(least), float(most)


async def main(listen: int, to: int) -> None:
    """Carry requests until the app, told to stop together with us, is gone."""
    beside = Path(__file__).parent / "slow_road.py"
    spec = importlib.util.spec_from_file_location("slow_road", beside)
    if spec is None or spec.loader is None:
        raise FileNotFoundError("slow_road.py lies beside this file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with module.SlowRoad(to, random.Random()).opened(listen) as road:  # noqa: S311
        while not (told.is_set() and await gone(to)):
            road.delay_s = delay_s()
            await asyncio.sleep(LOOK_EVERY_S)


async def gone(port: int) -> bool:
    """Tell whether nobody listens any more."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
