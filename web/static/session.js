/** What every change carries to show that a page of ours sent it, and what to do when the session is over. */

let leaving = false; // whoever signs out here need not come back here
addEventListener("submit", () => { leaving = true; });

const NAMES = ["__Host-shijing-csrf", "shijing-csrf"];

/** @returns {string} the token that the server expects with a change; "" without a session */
export function csrf() {
  const cookies = Object.fromEntries(document.cookie.split("; ").map((one) => one.split("=")));
  return NAMES.map((name) => cookies[name]).find(Boolean) ?? "";
}

/** Goes to the sign-in page, and comes back here. */
export function signInAgain() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Goes to the sign-in page where the session is over; a server that does not answer says nothing of it. */
export async function leaveIfOver() {
  try {
    const answer = await fetch("/account/me");
    if (answer.status === 401 && !leaving) signInAgain();
  } catch { /* it is asked again with the next connection that breaks */ }
}
