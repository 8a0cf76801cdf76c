// Step-up with an email code, as the official client does it.

import { codeOtherThan, elevate, openClient, signIn, someAddress, storedSession } from './support/client.js'
import { latestCode, requests, strays } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  TokenScope,
  checkStepUpAuth,
  getElevatedAccessToken,
  isSignedIn,
  logout,
  refreshAuth,
  refreshUser,
  sendEmailOTP,
  verifyOTP,
} from '@dynamic-labs-sdk/client'
import { APIError, createApiClient } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000

test('signs in with an email code', { timeout }, async (t) => {
  const email = someAddress()
  const storage = new Map()
  const client = await openClient(t, storage)
  assert.equal(isSignedIn(client), false)

  await signIn(client, email)

  assert.equal(isSignedIn(client), true)
  assert.equal(client.user.email, email)
  assert.ok(client.sessionExpiresAt > new Date())
  assert.equal(storedSession(storage).token, client.token)
  assert.equal((await refreshUser(client)).id, client.user.id)
  assert.equal((await requests('/emailVerifications/signin')).at(-1).hasDeviceSignature, true)
})

test('a check says that step-up is required, and with which credential', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)

  const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)

  assert.equal(check.isRequired, true)
  assert.deepEqual(
    check.credentials.map(({ alias, format }) => ({ alias, format })),
    [{ alias: email, format: 'email' }],
  )
})

test('a wrong code is refused, and the right one still counts', { timeout }, async (t) => {
  const { client, email, storage } = await signedIn(t)
  const session = client.token
  const requestedScopes = [TokenScope.Walletexport]
  const otpVerification = await sendEmailOTP({ email }, client)
  const code = await latestCode(email)
  const verify = (verificationToken) => verifyOTP({ otpVerification, requestedScopes, verificationToken }, client)

  await assert.rejects(verify(codeOtherThan(code)), (error) => {
    assert.ok(error instanceof APIError)
    assert.equal(error.code, 'wrong_email_verification_token')
    assert.equal(error.status, 422)
    assert.deepEqual(error.payload, { attemptsLeft: 4 })
    return true
  })
  assert.equal(client.token, session)
  assert.equal(held(client, TokenScope.Walletexport), undefined)

  const { elevatedAccessToken } = await verify(code)
  assert.equal(held(client, TokenScope.Walletexport), elevatedAccessToken)
  const [stored] = storedSession(storage).elevatedAccessTokens
  assert.deepEqual(stored.scopes, requestedScopes)
  assert.equal(stored.singleUse, true)
  assert.equal((await requests('/emailVerifications/verify')).at(-1).hasDeviceSignature, true)

  await assert.rejects(verify(code), isAPIError(422, 'invalid_email_verification'))
})

test('a held token answers a check without a request', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  await elevate(client, email, [TokenScope.Walletexport])
  const before = await requests('/stepUp/check')

  const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)

  assert.deepEqual(check, { credentials: [], isRequired: false })
  assert.equal((await requests('/stepUp/check')).length, before.length)
})

test('a guarded call takes the stored token, once', { timeout }, async (t) => {
  const { client, email, storage } = await signedIn(t)
  await assert.rejects(exportKey(client), isNotElevated)
  await elevate(client, email, [TokenScope.Walletexport])
  // The page is loaded anew: all that is left is what the client stored.
  const reloaded = await openClient(t, storage)
  const token = held(reloaded, TokenScope.Walletexport)

  const { privateKey, address } = await exportKey(reloaded)

  assert.match(privateKey, /^0x[0-9a-f]{64}$/)
  assert.equal(address, embeddedWallet(reloaded).address)
  assert.equal((await requests('/privateKey/export')).at(-1).hasElevated, true)
  assert.equal(held(reloaded, TokenScope.Walletexport), undefined)
  assert.equal((await checkStepUpAuth({ scope: TokenScope.Walletexport }, reloaded)).isRequired, true)
  await assert.rejects(exportKey(reloaded), isNotElevated)
  await assert.rejects(exportKey(reloaded, token), isNotElevated)
})

test('a token for another scope opens nothing', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  await elevate(client, email, [TokenScope.Walletsign])

  await assert.rejects(exportKey(client), isNotElevated)
  await assert.rejects(exportKey(client, held(client, TokenScope.Walletsign)), isNotElevated)
  assert.notEqual(held(client, TokenScope.Walletsign), undefined)
})

test('a token for linking counts again and again', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  // The client sends no elevated token with the call that links an address: the server knows what the session holds.
  const link = async (address) => {
    const otpVerification = await sendEmailOTP({ email: address }, client)
    await verifyOTP({ otpVerification, verificationToken: await latestCode(address) }, client)
  }
  const [first, second] = [someAddress(), someAddress()]
  await assert.rejects(link(first), isNotElevated)
  await elevate(client, email, [TokenScope.Credentiallink])
  const token = held(client, TokenScope.Credentiallink)

  await link(first)
  await link(second)

  assert.equal(getElevatedAccessToken({ scope: TokenScope.Credentiallink }, client), token)
  assert.equal(held(client, TokenScope.Credentiallink), token)
  const addresses = client.user.verifiedCredentials.map((credential) => credential.email).filter(Boolean)
  assert.deepEqual(addresses, [email, first, second])
})

test('a refresh keeps the session and what it holds', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  await elevate(client, email, [TokenScope.Walletexport])
  const { id } = client.user
  const token = held(client, TokenScope.Walletexport)

  await refreshAuth(client)

  assert.equal(client.user.id, id)
  assert.equal(held(client, TokenScope.Walletexport), token)
  assert.equal((await requests('/refresh')).at(-1).hasDeviceSignature, true)
  assert.ok((await exportKey(client)).privateKey)
})

test('after sign-out nothing is held, and what was held is void', { timeout }, async (t) => {
  const { client, email, storage } = await signedIn(t)
  await elevate(client, email, [TokenScope.Walletexport])
  const session = client.token
  const token = held(client, TokenScope.Walletexport)

  await logout(client)

  assert.equal(isSignedIn(client), false)
  assert.equal(storedSession(storage), null)
  assert.equal(held(client, TokenScope.Walletexport), undefined)
  const api = createApiClient({ headers: { Authorization: `Bearer ${session}` } }, client)
  await assert.rejects(api.getAuthenticatedUser(client.__core), isAPIError(401, 'unauthorized'))
  // The same user, in another session.
  await signIn(client, email)
  await assert.rejects(exportKey(client, token), isNotElevated)
})

test('nobody but the sandbox was asked', { timeout }, async () => {
  assert.deepEqual(strays, [])
  // The wall stands: a name that leads nowhere is not even looked up.
  await assert.rejects(fetch('https://elsewhere.invalid'))
  assert.deepEqual(strays, ['elsewhere.invalid:443'])
})

async function signedIn(t) {
  const email = someAddress()
  const storage = new Map()
  const client = await openClient(t, storage)
  await signIn(client, email)
  return { client, email, storage }
}

/** The token that the client holds for a scope. Looking does not use it up. */
const held = (client, scope) => getElevatedAccessToken({ consume: false, scope }, client)

const embeddedWallet = ({ user }) =>
  user.verifiedCredentials.find(({ walletProvider }) => walletProvider === 'embeddedWallet')

/** Exports the wallet's private key, with the token that the client attaches, or with this one. */
async function exportKey(client, token) {
  const api = createApiClient(
    token
      ? { headers: { 'x-dyn-elevated-access-token': token } }
      : { elevatedAccessTokenScope: TokenScope.Walletexport },
    client,
  )
  const { raw } = await api.exportPrivateKeyRaw({
    environmentId: client.__core.environmentId,
    walletId: embeddedWallet(client).embeddedWalletId,
    exportWaasWalletPrivateKeyRequest: {},
  })
  return raw.json()
}

const isAPIError = (status, code) => (error) => {
  assert.ok(error instanceof APIError, `${error}`)
  assert.deepEqual([error.status, error.code], [status, code])
  return true
}

const isNotElevated = isAPIError(403, 'elevated_access_token_required')
