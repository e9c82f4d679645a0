/** What stands in a grid, and the card that tells it. */

/** Draw this part and keep it up to date. */
export function startScene() {}
