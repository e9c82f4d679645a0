/** The menu of pages closes when one clicks elsewhere, or presses Escape. */

const menu = /** @type {HTMLDetailsElement} */ (document.getElementById("pages"));

document.addEventListener("click", (event) => { if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false; });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
