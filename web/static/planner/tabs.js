/** Tabs of the side: one panel is shown; arrow keys go from one to the other. */

/** @param {HTMLElement} bar @param {(name: string) => void} shown */
export function tabs(bar, shown) {
  const all = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll("[role=tab]")]);

  /** @param {HTMLElement} tab */
  function show(tab) {
    for (const one of all) {
      const here = one === tab;
      one.setAttribute("aria-selected", String(here));
      one.tabIndex = here ? 0 : -1;
      const panel = document.getElementById(one.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !here;
    }
    shown(tab.id);
  }

  for (const tab of all) tab.addEventListener("click", () => show(tab));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = all[(all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step + all.length) % all.length];
    next.focus();
    show(next);
  });
  return { show: (/** @type {string} */ name) => show(/** @type {HTMLElement} */ (document.getElementById(`tab-${name}`))) };
}
