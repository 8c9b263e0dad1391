/**
 * A websocket that comes back. Whole values go down it, newest wins; what is
 * sent while it is down is dropped, not kept: a press belongs to what was on
 * the screen at that moment.
 */
export interface LineOptions<Down> {
  /** Path on this page's own host: "/ws". */
  path: string
  /** Called on every connection, before anything else is sent. */
  greet?: () => unknown
  onValue: (value: Down) => void
  /** Up or lost; a line starts lost. */
  onState: (up: boolean) => void
}

export interface Line {
  /** Sends, or tells that it could not. */
  send(command: unknown): boolean
  close(): void
}

const firstWait = 200
const longestWait = 4000

export function openLine<Down extends { rev: number }>(o: LineOptions<Down>): Line {
  let socket: WebSocket | undefined
  let wait = firstWait
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false

  function dial() {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const s = new WebSocket(`${scheme}//${location.host}${o.path}`)
    socket = s
    let newest = -1 // revisions start anew with the daemon, so with the connection
    s.onopen = () => {
      wait = firstWait
      if (o.greet) s.send(JSON.stringify(o.greet()))
      o.onState(true)
    }
    s.onmessage = (m) => {
      const value = JSON.parse(m.data as string) as Down
      if (value.rev < newest) return
      newest = value.rev
      o.onValue(value)
    }
    s.onclose = () => {
      if (socket !== s || closed) return
      o.onState(false)
      // A little chance in it: all the screens of a hall do not knock at once.
      timer = setTimeout(dial, wait * (0.75 + Math.random() / 2))
      wait = Math.min(wait * 2, longestWait)
    }
  }
  dial()

  return {
    send(command) {
      if (socket?.readyState !== WebSocket.OPEN) return false
      socket.send(JSON.stringify(command))
      return true
    },
    close() {
      closed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}
