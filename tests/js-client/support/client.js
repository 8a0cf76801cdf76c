// The official client as an app in a browser would have it: with a storage, keys in IndexedDB, and a user.

import { baseUrl, environmentId, latestCode } from './sandbox.js'

import { randomUUID, webcrypto } from 'node:crypto'

import 'fake-indexeddb/auto'
import { createDynamicClient, initializeClient, logout, sendEmailOTP, verifyOTP } from '@dynamic-labs-sdk/client'

// Node.js 18 has it, but not as a global.
globalThis.crypto ??= webcrypto

/** An address that nobody else has. */
export const someAddress = () => `visitor-${randomUUID()}@example.com`

/** Six digits, but not these. */
export const codeOtherThan = (code) => (code === '000000' ? '000001' : '000000')

/** The session as the client stored it, or `null`. */
export const storedSession = (storage) =>
  JSON.parse(storage.get(`dynamic_${environmentId}_session`) ?? 'null')?.value ?? null

/**
 * An initialised client; with the `storage` of another one it goes on where that one was, `passkey` is the authenticator
 * that it asks, and its requests go through `send`. It is signed out when the test `t` ends, so that none of its timers
 * outlives it.
 */
export async function openClient(t, storage = new Map(), { passkey = undefined, send = fetch } = {}) {
  const client = createDynamicClient({
    environmentId,
    autoInitialize: false,
    instrumentation: { enabled: false },
    metadata: { name: 'Test', universalLink: 'http://localhost:3000' },
    coreConfig: {
      apiBaseUrl: baseUrl,
      passkey,
      fetch: (url, init) => send(url, { ...init, signal: AbortSignal.timeout(10_000) }),
      storageAdapter: {
        getItem: async (key) => storage.get(key) ?? null,
        setItem: async (key, value) => void storage.set(key, value),
        removeItem: async (key) => void storage.delete(key),
      },
    },
  })
  await initializeClient(client)
  // Where two clients shared a session, the second one logs that it had ended already.
  t.after(() => logout(client))
  return client
}

/** Signs in with an email code. */
export async function signIn(client, email) {
  const otpVerification = await sendEmailOTP({ email }, client)
  return verifyOTP({ otpVerification, verificationToken: await latestCode(email) }, client)
}

/** Verifies the user once more, with an email code, for these scopes. */
export async function elevate(client, email, requestedScopes) {
  const otpVerification = await sendEmailOTP({ email }, client)
  return verifyOTP({ otpVerification, verificationToken: await latestCode(email), requestedScopes }, client)
}
