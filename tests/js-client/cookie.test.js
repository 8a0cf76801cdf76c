// A session in a cookie, as the official client has it in a browser: its own storage holds no token.

import { elevate, openClient, signIn, someAddress, storedSession } from './support/client.js'
import { requests, strays, useSettings } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { TokenScope, getElevatedAccessToken, isSignedIn, logout, refreshAuth, refreshUser } from '@dynamic-labs-sdk/client'
import { APIError } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000

// At sign-out the client clears the cookie from the page too, where it cannot: it is the server's (HttpOnly).
globalThis.document ??= Object.freeze({
  get cookie() {
    return ''
  },
  set cookie(cookie) {
    assert.match(cookie, /^DYNAMIC_JWT_TOKEN=; /)
  },
})

before(() => useSettings({ security: { auth: { storage: ['cookie'] } } }))

test('signs in and steps up without ever seeing the session token', { timeout }, async (t) => {
  const email = someAddress()
  const storage = new Map()
  const jar = new Jar()
  const client = await openClient(t, storage, { send: jar.fetch })

  await signIn(client, email)

  assert.equal(isSignedIn(client), true)
  assert.equal(client.token, null)
  assert.ok(jar.cookie)
  assert.equal([...storage.values()].join().includes(jar.cookie), false)
  const signIns = await requests('/emailVerifications/signin')
  assert.deepEqual([signIns.at(-1).hasBearer, signIns.at(-1).hasDeviceSignature], [false, false])
  assert.equal((await refreshUser(client)).email, email)

  const { elevatedAccessToken } = await elevate(client, email, [TokenScope.Walletexport])
  assert.equal(getElevatedAccessToken({ consume: false, scope: TokenScope.Walletexport }, client), elevatedAccessToken)
  const verified = (await requests('/emailVerifications/verify')).at(-1)
  assert.deepEqual([verified.hasBearer, verified.hasCookie], [false, true])
})

test('a refresh renews the cookie, and a sign-out takes it back', { timeout }, async (t) => {
  const storage = new Map()
  const jar = new Jar()
  const client = await openClient(t, storage, { send: jar.fetch })
  await signIn(client, someAddress())
  const expires = client.sessionExpiresAt
  const stale = jar.cookie

  await refreshAuth(client)
  assert.ok(client.sessionExpiresAt >= expires)
  assert.ok(jar.cookie)

  await logout(client)
  assert.equal(jar.cookie, undefined)
  assert.equal(storedSession(storage), null)
  const thief = await openClient(t, new Map(), { send: new Jar(stale).fetch })
  await assert.rejects(refreshUser(thief), (error) => {
    assert.ok(error instanceof APIError, `${error}`)
    assert.equal(error.status, 401)
    return true
  })
})

test('nobody but the sandbox was asked', { timeout }, () => {
  assert.deepEqual(strays, [])
})

/** The cookies of a browser, as far as the sandbox uses them. */
class Jar {
  constructor(cookie) {
    this.cookie = cookie
  }

  fetch = async (url, init) => {
    const headers = new Headers(init.headers)
    const isIncluded = init.credentials === 'include'
    if (isIncluded && this.cookie) headers.set('cookie', this.cookie)
    const response = await fetch(url, { ...init, headers })
    for (const cookie of isIncluded ? response.headers.getSetCookie() : []) {
      const [pair, ...attributes] = cookie.split('; ')
      assert.ok(attributes.includes('HttpOnly') && attributes.includes('SameSite=Strict'), cookie)
      this.cookie = attributes.includes('Max-Age=0') ? undefined : pair
    }
    return response
  }
}
