"""Networks of many townships, on several processes: each by itself, so that their number changes nothing."""

import multiprocessing
import signal
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from config.generation_settings import GenerationSettings
from geo.generate import NotCut, TooManyGrids, generate
from geo.generate_township import Network, Township


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A township for which no network could be made."""

    township_id: int
    why: str


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """What a process makes of a township."""

    settings: GenerationSettings
    seed: int

    def __call__(self, township: Township) -> Network | Refused:
        try:
            return generate(township, self.settings, self.seed)
        except (TooManyGrids, NotCut) as error:
            return Refused(township_id=township.id, why=str(error))


def generate_many(
    townships: Sequence[Township], settings: GenerationSettings, seed: int, *, processes: int
) -> Generator[Network | Refused]:
    """The networks as they come, in any order; whoever stops asking stops the work."""
    maker = _Maker(settings=settings, seed=seed)
    # The large ones first, so that the last process is not alone with one of them.
    order = sorted(townships, key=lambda one: (-one.households, one.code))
    if processes <= 1 or len(order) < 4:
        yield from map(maker, order)
        return
    context = multiprocessing.get_context("spawn")  # a fork would take along the database's connections
    pool = context.Pool(processes, initializer=_ignore_interrupts)
    try:
        yield from pool.imap_unordered(maker, order, chunksize=4)
    finally:
        pool.terminate()
        pool.join()


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal: the first of them ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
