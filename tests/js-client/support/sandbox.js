// The sandbox server: where it is, its control API, and a wall that keeps every connection to it.
//
// Import this before the client, so that the wall stands when the client is loaded.

import dns from 'node:dns'
import net from 'node:net'

/** The API's base URL, the environment there, and where the control API is. */
export const baseUrl = required('STEP_UP_SANDBOX_URL')
export const environmentId = required('STEP_UP_ENVIRONMENT_ID')
const controlUrl = required('STEP_UP_CONTROL_URL')

/** Where the client tried to go besides the sandbox. */
export const strays = []

buildWall([baseUrl, controlUrl])

/** The code that was sent last to this address. */
export async function latestCode(address) {
  const [latest] = await ask(`/sandbox/inbox?to=${encodeURIComponent(address)}`)
  if (!latest) throw new Error(`no code was sent to ${address}`)
  return latest.code
}

/** The requests whose path ends like this, oldest first, as the sandbox's log has them. */
export async function requests(path) {
  const log = await ask('/sandbox/requests')
  return log.requests.filter((request) => request.path.endsWith(path))
}

/** The sandbox's time, in milliseconds since 1970. */
export const now = async () => (await ask('/sandbox/clock')).now

/** Moves the sandbox's clock. */
export const advance = (advanceSeconds) =>
  ask('/sandbox/clock', {
    body: JSON.stringify({ advanceSeconds }),
    headers: { 'content-type': 'application/json' },
    method: 'POST',
  })
/** Makes these the environment's settings; what they leave out is as in a new environment. */
export const useSettings = (settings) => ask('/sandbox/settings', { method: 'PUT', body: JSON.stringify(settings) })

/** What a visitor gets for solving a captcha. */
export async function solveCaptcha() {
  return (await ask('/sandbox/captcha', { method: 'POST' })).captchaToken
}

async function ask(path, init) {
  const response = await fetch(controlUrl + path, init)
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** Every connection of this process, whoever opens it, goes through `connect`. */
function buildWall(urls) {
  const allowed = new Set(urls.map((url) => new URL(url).host))
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (...args) {
    // Node itself hands over [options, callback]; others may hand over options, or a port and a host.
    const [first, second] = args.flat()
    const { host, port, path } = typeof first === 'object' ? first : { port: first, host: second }
    const target = path ?? `${host}:${port}`
    if (!allowed.has(target)) {
      strays.push(target)
      throw new Error(`${target} is not the sandbox`)
    }
    return connect.apply(this, args)
  }
  // The server listens on IPv4 only, and older Node.js tries just one of localhost's addresses.
  dns.setDefaultResultOrder('ipv4first')
}

function required(variable) {
  const value = process.env[variable]
  if (!value) throw new Error(`${variable} is not set: run \`cargo xtask test --lane e2e\``)
  return value
}
