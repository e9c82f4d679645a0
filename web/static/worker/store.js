/** What the phone keeps: tasks that are open, answers that wait, and a few facts; IndexedDB, on this phone alone. */

const NAME = "shijing-worker";
const STORES = ["tasks", "queue", "facts"];

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const store of STORES) asked.result.createObjectStore(store);
    };
    asked.onsuccess = () => {
      asked.result.onversionchange = () => { asked.result.close(); opened = null; };
      asked.result.onclose = () => { opened = null; };
      done(asked.result);
    };
    asked.onerror = () => failed(asked.error);
  });
  opened.catch(() => { opened = null; });
  return opened;
}

/**
 * One transaction; done when it is on the disk.
 * @template T
 * @param {string} store @param {IDBTransactionMode} mode @param {(objects: IDBObjectStore) => IDBRequest<T> | void} act
 * @returns {Promise<T | undefined>}
 */
async function within(store, mode, act) {
  const open = await database();
  return new Promise((done, failed) => {
    const transaction = open.transaction(store, mode, { durability: "strict" });
    const asked = act(transaction.objectStore(store));
    transaction.oncomplete = () => done(asked ? asked.result : undefined);
    transaction.onerror = transaction.onabort = () => failed(transaction.error);
  });
}

/** @param {string} store @returns {Promise<any[]>} */
export const all = async (store) => (await within(store, "readonly", (objects) => objects.getAll())) ?? [];

/** @param {string} store @param {IDBValidKey} key */
export const get = (store, key) => within(store, "readonly", (objects) => objects.get(key));

/** @param {string} store @param {IDBValidKey} key @param {unknown} value */
export const put = (store, key, value) => within(store, "readwrite", (objects) => { objects.put(value, key); });

/** @param {string} store @param {IDBValidKey} key */
export const drop = (store, key) => within(store, "readwrite", (objects) => { objects.delete(key); });

/** All of a store anew. @param {string} store @param {Map<IDBValidKey, unknown>} values */
export const replace = (store, values) => within(store, "readwrite", (objects) => {
  objects.clear();
  for (const [key, value] of values) objects.put(value, key);
});
