/** What the server says in both languages, in the page's own. */

import { language } from "../strings.js";

/**
 * The Chinese is the server's, too (alerts/rule_fault_words.py); where it has none, its English is better than nothing.
 * @param {any} told @param {string} name of the English text; `${name}_zh` is the Chinese
 * @returns {string}
 */
export const inWords = (told, name) => (language === "zh" && told[`${name}_zh`]) || told[name];
