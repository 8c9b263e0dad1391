/**
 * Plays the daemon for pictures and tests: serves dist with the daemon's own
 * headers, and pushes the View it is told to. Never part of the product.
 *
 *   node mock/server.mjs        # http://127.0.0.1:5199/#menu shows that view
 */
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { WebSocketServer } from 'ws'
import { views } from './views.mjs'

const dist = new URL('../dist/', import.meta.url).pathname
const csp = "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
/** @type {Record<string, string>} */
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
/** @type {Record<string, string>} */
const pages = { '/': 'index.html', '/counter': 'counter.html', '/board': 'board.html', '/bench': 'bench.html' }

/** @param {number} port 0: any free one */
export async function serve(port = 0) {
  /** @type {Record<string, unknown>} */
  const now = { '/ws': views.attract }
  let rev = 1
  /** @type {{path: string, command: any}[]} */
  const heard = []
  /** @type {Map<string, (body: string) => {status?: number, json?: unknown}>} */
  const routes = new Map()

  const http = createServer(async (req, res) => {
    const path = new URL(req.url ?? '/', 'http://x').pathname
    res.setHeader('Content-Security-Policy', csp)
    const route = routes.get(`${req.method} ${path}`)
    if (route) {
      let body = ''
      for await (const part of req) body += part
      const { status = 200, json } = route(body)
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(json === undefined ? undefined : JSON.stringify(json))
      return
    }
    const file = normalize(pages[path] ?? path).replace(/^\/+/, '')
    try {
      const body = await readFile(join(dist, file))
      res.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream')
      res.end(body)
    } catch {
      res.writeHead(404).end()
    }
  })
  let refusing = false
  const sockets = new WebSocketServer({ server: http, verifyClient: (/** @type {{req: import('node:http').IncomingMessage}} */ { req }) => !refusing && now[req.url ?? ''] !== undefined })
  sockets.on('connection', (socket, req) => {
    const path = req.url ?? ''
    socket.on('message', (data) => heard.push({ path, command: JSON.parse(String(data)) }))
    if (now[path]) socket.send(JSON.stringify({ ...Object(now[path]), rev: ++rev }))
    Object.assign(socket, { path })
  })
  await new Promise((done) => http.listen(port, '127.0.0.1', () => done(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (http.address())

  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    routes,
    /** Pushes a view to everybody on that socket, and to who comes later. @param {unknown} view @param {string} [path] */
    show(view, path = '/ws') {
      now[path] = view
      for (const socket of sockets.clients) if (/** @type {any} */ (socket).path === path) socket.send(JSON.stringify({ ...Object(view), rev: ++rev }))
    },
    /** Cuts all lines and refuses new ones. */
    cut() {
      refusing = true
      for (const socket of sockets.clients) socket.terminate()
    },
    mend() {
      refusing = false
    },
    /** @returns {Promise<void>} */
    close() {
      for (const socket of sockets.clients) socket.terminate()
      return new Promise((done) => http.close(() => done(undefined)))
    },
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = await serve(Number(process.env.PORT ?? 5199))
  console.log(`${server.url}/ shows: ${Object.keys(views).join(' ')} (type a name and Enter)`)
  process.stdin.on('data', (line) => {
    const view = views[String(line).trim()]
    if (view) server.show(view)
  })
}
