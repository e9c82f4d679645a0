/** What can wait until the page has a moment. */

const PATIENCE_MS = 1_000;

/** When the frame that is due has been drawn; a page that nobody sees draws none. @param {() => void} act */
export function afterFrame(act) {
  if (document.hidden) setTimeout(act);
  else requestAnimationFrame(() => setTimeout(act));
}

/** Soon, and after what is more urgent; at the latest after a second. @param {() => void} act */
export function whenIdle(act) {
  if (globalThis.requestIdleCallback) requestIdleCallback(act, { timeout: PATIENCE_MS });
  else act();
}
