/** Any moment of the past on the same screen, and the slider that goes there. */

/** Draw this part and keep it up to date. */
export function startThen() {}
