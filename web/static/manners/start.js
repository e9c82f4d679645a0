/** How the screen behaves on a wall: its parts, its theme, driven from a desk, renewed after an update. */

/** Draw this part and keep it up to date. */
export function startManners() {}
