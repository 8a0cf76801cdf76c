// Passkeys, as the official client registers and uses them.

import { Authenticator } from './support/authenticator.js'
import { elevate, openClient, signIn, someAddress, storedSession } from './support/client.js'
import { requests, strays } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  MfaInvalidOtpError,
  NoPasskeyCredentialsFoundError,
  TokenScope,
  authenticatePasskeyMFA,
  checkStepUpAuth,
  deletePasskey,
  getElevatedAccessToken,
  getMfaMethods,
  getPasskeys,
  registerPasskey,
} from '@dynamic-labs-sdk/client'
import { APIError } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000
const exporting = { requestedScopes: [TokenScope.Walletexport] }

test('a passkey is registered with a token for linking', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  await assert.rejects(registerPasskey({}, client), isNotElevated)
  assert.deepEqual(await getPasskeys(client), [])
  await elevate(client, email, [TokenScope.Credentiallink])

  const { elevatedAccessToken, user } = await registerPasskey({}, client)

  assert.equal(user.id, client.user.id)
  assert.equal(elevatedAccessToken, undefined)
  assert.equal((await requests('/passkeys/register')).at(-1).hasElevated, true)
  const [passkey, ...others] = await getPasskeys(client)
  assert.deepEqual(others, [])
  assert.ok(passkey.createdAt instanceof Date && passkey.createdAt <= new Date())
  assert.equal(passkey.origin, 'http://localhost:3000')
  const methods = await getMfaMethods(client)
  assert.deepEqual([methods.userHasVerifiedMfaMethods, methods.passkeys], [true, [passkey]])
  const { credentials, defaultCredentialId, isRequired } = await check(client)
  assert.deepEqual(
    credentials.map(({ format, id, type }) => ({ format, id, type })),
    [{ format: 'passkey', id: passkey.id, type: 'passkey' }],
  )
  assert.deepEqual([defaultCredentialId, isRequired], [passkey.id, true])
})

test('a passkey steps up, again and again', { timeout }, async (t) => {
  const { client, storage } = await withPasskey(t)

  const tokens = []
  for (const _ of [1, 2]) {
    tokens.push((await authenticatePasskeyMFA(exporting, client)).elevatedAccessToken)
    assert.equal(held(client), tokens.at(-1))
  }

  assert.notEqual(tokens[0], tokens[1])
  assert.equal((await check(client)).isRequired, false)
  assert.equal(storedSession(storage).token, client.token)
})

test('the copy of an authenticator is found out', { timeout }, async (t) => {
  const { authenticator, client } = await withPasskey(t)
  await authenticatePasskeyMFA({}, client)
  await authenticatePasskeyMFA({}, client)
  const session = client.token
  authenticator.rewind(0)

  await assert.rejects(authenticatePasskeyMFA(exporting, client), MfaInvalidOtpError)

  assert.equal(held(client), undefined)
  assert.equal(client.token, session)
  authenticator.rewind(2)
  await authenticatePasskeyMFA(exporting, client)
})

test('without a passkey the authenticator is not asked', { timeout }, async (t) => {
  const { client } = await signedIn(t)

  await assert.rejects(authenticatePasskeyMFA(exporting, client), NoPasskeyCredentialsFoundError)
})

test('a deleted passkey steps up no longer, and codes do again', { timeout }, async (t) => {
  const { client, email } = await withPasskey(t)
  await assert.rejects(elevate(client, email, [TokenScope.Walletexport]), isAPIError(403, 'mfa_required'))
  const [{ id: passkeyId }] = await getPasskeys(client)
  await assert.rejects(deletePasskey({ passkeyId }, client), isNotElevated)
  await authenticatePasskeyMFA({ requestedScopes: [TokenScope.Credentialunlink] }, client)

  await deletePasskey({ passkeyId }, client)

  assert.deepEqual(await getPasskeys(client), [])
  await assert.rejects(authenticatePasskeyMFA(exporting, client), NoPasskeyCredentialsFoundError)
  await elevate(client, email, [TokenScope.Walletexport])
  assert.ok(held(client))
})

test('nobody but the sandbox was asked', { timeout }, async () => {
  assert.deepEqual(strays, [])
})

async function signedIn(t) {
  const authenticator = new Authenticator()
  const email = someAddress()
  const storage = new Map()
  const client = await openClient(t, storage, { passkey: authenticator })
  await signIn(client, email)
  return { authenticator, client, email, storage }
}

async function withPasskey(t) {
  const visitor = await signedIn(t)
  await elevate(visitor.client, visitor.email, [TokenScope.Credentiallink])
  await registerPasskey({}, visitor.client)
  return visitor
}

const check = (client) => checkStepUpAuth({ scope: TokenScope.Walletexport }, client)

/** The token that the client holds. Looking does not use it up. */
const held = (client) => getElevatedAccessToken({ consume: false, scope: TokenScope.Walletexport }, client)

const isAPIError = (status, code) => (error) => {
  assert.ok(error instanceof APIError, `${error}`)
  assert.deepEqual([error.status, error.code], [status, code])
  return true
}

const isNotElevated = isAPIError(403, 'elevated_access_token_required')
