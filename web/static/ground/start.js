/** The layers beneath the map: what the owner has added, and what is shipped. */

/** Draw this part and keep it up to date. */
export function startGround() {}
