/** What needs a person now: the stage, answers, silence, trends, the ledger; the tour of a quiet day. */

/** Draw this part and keep it up to date. */
export function startNow() {}
