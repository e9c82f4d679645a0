/** The levels of the map: city, district, township, grid; what it is coloured by; search and the way up. */

/** Draw this part and keep it up to date. */
export function startCity() {}
