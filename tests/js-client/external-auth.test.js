// Sign-in and step-up by the word of another identity provider, as the official client does it.

import { openClient } from './support/client.js'
import { environmentId, requests, strays, useSettings } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { before, test } from 'node:test'

import {
  InvalidExternalAuthError,
  TokenScope,
  checkStepUpAuth,
  getElevatedAccessToken,
  isSignedIn,
  requestExternalAuthElevatedToken,
  signInWithExternalJwt,
} from '@dynamic-labs-sdk/client'
import { APIError } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000

const iss = 'https://idp.example'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

before(() => {
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'one' }
  return useSettings({ security: { externalAuth: { enabled: true, iss, jwks: { keys: [jwk] } } } })
})

test('signs in whom the other provider names', { timeout }, async (t) => {
  const sub = randomUUID()
  const client = await openClient(t)

  await signInWithExternalJwt({ externalJwt: jwt({ sub }) }, client)

  assert.equal(isSignedIn(client), true)
  const [credential] = client.user.verifiedCredentials
  assert.deepEqual([credential.format, credential.publicIdentifier], ['externalUser', sub])
  assert.equal((await requests('/externalAuth/signin')).at(-1).hasDeviceSignature, true)

  const again = await openClient(t)
  await signInWithExternalJwt({ externalJwt: jwt({ sub }) }, again)
  assert.equal(again.user.id, client.user.id)
})

test('steps up with an assertion, once', { timeout }, async (t) => {
  const { client, sub } = await signedIn(t)
  const session = client.token
  const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)
  assert.deepEqual([check.isRequired, check.credentials], [true, []])
  const externalJwt = jwt({ sub, scope: `${TokenScope.Walletexport} ${TokenScope.Walletsign}`, jti: randomUUID() })

  const { elevatedAccessToken } = await requestExternalAuthElevatedToken({ externalJwt }, client)

  assert.equal(getElevatedAccessToken({ consume: false, scope: TokenScope.Walletexport }, client), elevatedAccessToken)
  assert.equal(getElevatedAccessToken({ consume: false, scope: TokenScope.Walletsign }, client), elevatedAccessToken)
  assert.equal(client.token, session)
  await assert.rejects(requestExternalAuthElevatedToken({ externalJwt }, client), InvalidExternalAuthError)
})

test('an assertion that is not valid elevates nobody', { timeout }, async (t) => {
  const { client, sub } = await signedIn(t)
  const scope = TokenScope.Walletexport
  const good = { sub, scope, jti: randomUUID() }
  for (const [what, claims, options] of [
    ['somebody else', { ...good, sub: randomUUID() }],
    ['no scope', { ...good, scope: undefined }],
    ['no name', { ...good, jti: undefined }],
    ['too old', { ...good, exp: seconds() - 1 }],
    ['for another environment', { ...good, aud: randomUUID() }],
    ['by another key', good, { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
    ['by an unknown name', good, { kid: 'two' }],
  ]) {
    const externalJwt = jwt(claims, options)
    await assert.rejects(requestExternalAuthElevatedToken({ externalJwt }, client), InvalidExternalAuthError, what)
  }
  const unknown = jwt({ ...good, scope: 'wallet:everything' })
  await assert.rejects(requestExternalAuthElevatedToken({ externalJwt: unknown }, client), (error) => {
    assert.ok(error instanceof APIError)
    assert.deepEqual([error.status, error.code], [422, 'invalid_scopes'])
    return true
  })
  assert.equal(getElevatedAccessToken({ consume: false, scope }, client), undefined)
  await requestExternalAuthElevatedToken({ externalJwt: jwt(good) }, client)
})

test('nobody but the sandbox was asked', { timeout }, () => {
  assert.deepEqual(strays, [])
})

async function signedIn(t) {
  const sub = randomUUID()
  const client = await openClient(t)
  await signInWithExternalJwt({ externalJwt: jwt({ sub }) }, client)
  return { client, sub }
}

/** A token of the other provider, as its backend would sign it. */
function jwt(claims, { key = privateKey, kid = 'one' } = {}) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const defaults = { iss, aud: environmentId, iat: seconds(), exp: seconds() + 300 }
  const signed = `${encode({ alg: 'ES256', kid, typ: 'JWT' })}.${encode({ ...defaults, ...claims })}`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

function seconds() {
  return Math.floor(Date.now() / 1000)
}
