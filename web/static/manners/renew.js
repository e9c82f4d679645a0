/** After an update of the server the page loads itself anew; its address keeps what it shows. */

import { store, when } from "../store.js";

const ASK_AGAIN_MS = 5_000;

/** @type {string | null} */ let built = null; // of the server that this page came from
let renewing = false;

/** Watch the stream's snapshots: each says of which build the server is. */
export function startRenewal() {
  when("stations", () => {
    if (store.build && built === null) built = store.build;
    if (store.build && store.build !== built && !renewing) void renew();
  });
}

/** Never to a white page: the new one has to be there first. */
async function renew() {
  renewing = true;
  for (;;) {
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) return location.reload();
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
  }
}
