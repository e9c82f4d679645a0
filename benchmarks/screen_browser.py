"""The one screen that is a browser: a real Chromium, without a GPU, that looks at a township and is looked at."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.screen_city import Viewed

_SIZE = {"width": 1920, "height": 1080}
_WAIT_MS = 60_000
_PANS = 3
_SETTLE_MS = 1_000
# A station's label was drawn anew: the frame after that is on the screen. What the label shows is the store's.
_WATCH = """
async () => {
  const { store } = await import("/built/main.js");
  globalThis.ages = [];
  const waiting = new Map([...store.values].map(([sensor, { time }]) => [sensor, time])); // drawn before
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const node = (target.nodeType === 1 ? target : target.parentElement)?.closest(".station[data-sensor]");
      const told = node && store.values.get(Number(node.dataset.sensor));
      if (!told || waiting.get(told.id) === told.time) continue;
      waiting.set(told.id, told.time);
      const sent = Date.parse(told.time);
      requestAnimationFrame(() => globalThis.ages.push(performance.timeOrigin + performance.now() - sent));
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""
# Stations of a division are on the map, one by one or as the figure of a cluster. (Also within an evaluate.)
_IS_DRAWN = """
async ([division, sensor]) => {
  const { store } = await import("/built/main.js");
  if (!store.stations.has(sensor)) return false;
  const nodes = [...document.querySelectorAll(".station[data-sensor]")];
  const lies = ({ dataset }) => store.stations.get(Number(dataset.sensor))?.township_id === division;
  return nodes.some(lies) || document.querySelector(".cluster") !== null;
}
"""
# From what is said to the frame after the division's stations are drawn.
_CHANGE = """
async ([division, sensor]) => {
  const { say } = await import("/built/main.js");
  const isDrawn = @drawn@;
  const begun = performance.now();
  say({ in: division });
  for (;;) {
    await new Promise((done) => requestAnimationFrame(done));
    if (await isDrawn([division, sensor])) break;
    if (performance.now() - begun > 30_000) return -1;
  }
  await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - begun;
}
"""
# From the navigation to the frame in which map, panels and stations (or their clusters) are drawn. The page looks by
# itself: asked from outside ever again, it would draw later.
_FIRST_VIEW = """
globalThis.firstView = null;
new MutationObserver((_, observer) => {
  const has = (what) => document.querySelector(what) !== null;
  if (!has("body[data-ready]") || !has("#books > *") || !has(".station[data-sensor], .cluster")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.firstView = performance.now(); }));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] });
"""
_FRAMES = """
globalThis.frames = [];
const count = (now) => { globalThis.frames.push(now); requestAnimationFrame(count); };
requestAnimationFrame(count);
"""


@contextmanager
def screen(browser: Browser, address: str, cookies: Mapping[str, str]) -> Iterator[Page]:
    """A page with nothing in its cache, signed in; its browser has come to rest."""
    context = browser.new_context(viewport=_SIZE)  # type: ignore[arg-type]
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    try:
        page = context.new_page()
        page.wait_for_timeout(_SETTLE_MS)
        yield page
    finally:
        context.close()


def first_view_s(page: Page, address: str, viewed: Viewed) -> float:
    """From the navigation to the frame in which map, panels and the township's stations are drawn."""
    page.add_init_script(_FIRST_VIEW)
    page.goto(f"{address}?in={viewed.division}")
    until(page, "globalThis.firstView !== null", every_ms=100)
    return float(page.evaluate("globalThis.firstView")) / 1000


def ages_ms(page: Page, seconds: float) -> list[float]:
    """Of each reading of the township in view that is written on the map, how long after its PUBLISH it was."""
    page.evaluate(_WATCH)
    page.wait_for_timeout(seconds * 1000)
    ages: list[float] = page.evaluate("globalThis.ages")
    if not ages:
        raise RuntimeError(f"no label changed in {seconds} s ({page.url})")
    return ages


def level_change_ms(page: Page, places: Sequence[Viewed]) -> float:
    """From saying a township to its stations on the screen: the median over some."""
    took = [
        float(page.evaluate(_CHANGE.replace("@drawn@", _IS_DRAWN.strip()), [place.division, place.sensor]))
        for place in places
    ]
    if -1 in took:
        raise RuntimeError(f"stations of a division never came: {took}")
    return median(took)


def pan_fps(page: Page) -> dict[str, float]:
    """Frames per second while the whole city is dragged about, and the longest frame."""
    page.evaluate("async () => (await import('/built/main.js')).say({ in: null })")
    page.evaluate("document.querySelector('#whole-city')?.click()")
    page.wait_for_timeout(1500)
    page.evaluate(_FRAMES)
    for _ in range(_PANS):
        page.mouse.move(900, 500)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(900 + 4 * (step % 30), 500 + 3 * (step % 20))
        page.mouse.up()
    frames: list[float] = page.evaluate("globalThis.frames")
    gaps = [after - before for before, after in pairwise(frames)]
    return {"fps": round(1000 * len(gaps) / sum(gaps), 1), "longest_frame_ms": round(max(gaps), 1)}


def until(page: Page, condition: str, every_ms: int = 10) -> None:
    """Until it is true. (Playwright's own way needs eval, which the page forbids.)"""
    for _ in range(_WAIT_MS // every_ms):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(every_ms)
    raise RuntimeError(f"never true: {condition} ({page.url})")


def conditions(browser: Browser) -> dict[str, Any]:
    """What drew it."""
    return {"chromium": browser.version, "viewport": f"{_SIZE['width']}×{_SIZE['height']}", "rendering": "software"}
