// Signing in, stepping up and linking with a social account, as the official client does it: by redirect.

import { answerProvider } from './support/browser.js'
import { elevate, openClient, signIn, someAddress } from './support/client.js'
import { requests } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  TokenScope,
  checkStepUpAuth,
  completeSocialRedirect,
  detectSocialRedirectUrl,
  getElevatedAccessToken,
  signInWithSocialRedirect,
} from '@dynamic-labs-sdk/client'
import { APIError } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000
const redirectUrl = 'http://localhost:3000/back?x=1#/wallet'

for (const provider of ['google', 'github', 'apple', 'discord']) {
  test(`signs in and steps up with ${provider}`, { timeout }, async (t) => {
    const client = await openClient(t)
    const account = someAddress()

    const user = await complete(client, await leaveAndComeBack(client, provider, { account }))

    assert.equal(client.user.id, user.id)
    const [credential] = client.user.verifiedCredentials
    assert.deepEqual(
      [credential.format, credential.oauthProvider, credential.oauthEmails, credential.signInEnabled],
      ['oauth', provider, [account], true],
    )
    assert.equal((await requests(`/providers/${provider}/signIn`)).at(-1).hasDeviceSignature, true)
    const { credentials } = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)
    assert.deepEqual(
      credentials.map(({ alias, format, id }) => ({ alias, format, id })),
      [{ alias: account, format: 'oauth', id: credential.id }],
    )

    const back = await leaveAndComeBack(client, provider, { account })
    await complete(client, back, [TokenScope.Walletexport])

    assert.equal(client.user.id, user.id)
    assert.notEqual(held(client, TokenScope.Walletexport), undefined)
  })
}

test('an account that is not the user\'s is linked with an elevation, and grants nothing', { timeout }, async (t) => {
  const client = await openClient(t)
  const email = someAddress()
  await signIn(client, email)
  const account = someAddress()
  const requestedScopes = [TokenScope.Walletexport]

  const refused = await leaveAndComeBack(client, 'github', { account })
  await assert.rejects(complete(client, refused, requestedScopes), isAPIError(403, 'elevated_access_token_required'))

  await elevate(client, email, [TokenScope.Credentiallink])
  await complete(client, await leaveAndComeBack(client, 'github', { account }), requestedScopes)

  assert.equal(held(client, TokenScope.Walletexport), undefined)
  assert.equal(client.user.verifiedCredentials.filter(({ oauthProvider }) => oauthProvider === 'github').length, 1)

  await complete(client, await leaveAndComeBack(client, 'github', { account }), requestedScopes)
  assert.notEqual(held(client, TokenScope.Walletexport), undefined)
})

test('a refused consent comes back without a code', { timeout }, async (t) => {
  const client = await openClient(t)

  const back = await leaveAndComeBack(client, 'google', { decision: 'refuse' })

  assert.equal(back.searchParams.get('dynamicOauthError'), 'access_denied')
  assert.equal(await detectSocialRedirectUrl({ url: back }, client), false)
})

/** Begins at a provider, answers its page, and gives the address at which the app is back. */
async function leaveAndComeBack(client, provider, answer) {
  let url
  client.__core.navigate = (to) => {
    url = to
  }
  await signInWithSocialRedirect({ provider, redirectUrl }, client)
  const back = await answerProvider(url, answer)
  assert.deepEqual([back.origin, back.pathname, back.hash], ['http://localhost:3000', '/back', '#/wallet'])
  assert.equal(back.searchParams.get('x'), '1')
  return back
}

async function complete(client, url, requestedScopes) {
  assert.equal(await detectSocialRedirectUrl({ url }, client), true)
  return completeSocialRedirect({ url, requestedScopes }, client)
}

const held = (client, scope) => getElevatedAccessToken({ consume: false, scope }, client)

const isAPIError = (status, code) => (error) => {
  assert.ok(error instanceof APIError, `${error}`)
  assert.deepEqual([error.status, error.code], [status, code])
  return true
}
