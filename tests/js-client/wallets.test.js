// Wallets outside the app, as the official client signs in, steps up, links and unlinks with them.

import { elevate, openClient, signIn, someAddress } from './support/client.js'
import { requests, strays } from './support/sandbox.js'
import { addWallet, ethereumWallet, followClock, solanaWallet } from './support/wallet.js'

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  TokenScope,
  checkStepUpAuth,
  connectAndVerifyWithWalletProvider,
  getElevatedAccessToken,
  getWalletAccounts,
  isSignedIn,
  removeWalletAccount,
  unlinkSocialAccount,
  verifyWalletAccount,
} from '@dynamic-labs-sdk/client'

const timeout = 30_000
const isHeld = (client, scope) => getElevatedAccessToken({ consume: false, scope }, client) !== undefined
const connect = (client, wallet) =>
  connectAndVerifyWithWalletProvider({ walletProviderKey: addWallet(client, wallet) }, client)
const accountOf = (client, wallet) => getWalletAccounts(client).find(({ address }) => address === wallet.address)

for (const [name, makeWallet] of [['Ethereum', ethereumWallet], ['Solana', solanaWallet]]) {
  test(`a wallet of ${name} signs in, and elevates`, { timeout }, async (t) => {
    await followClock()
    const wallet = makeWallet()
    const client = await openClient(t)

    await connect(client, wallet)

    assert.equal(isSignedIn(client), true)
    const account = accountOf(client, wallet)
    assert.equal(account.chain, wallet.chain)
    const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)
    assert.deepEqual(
      check.credentials.map(({ alias, format, id }) => ({ alias, format, id })),
      [{ alias: wallet.address, format: 'blockchain', id: account.verifiedCredentialId }],
    )

    assert.equal(isHeld(client, TokenScope.Walletexport), false)
    await verifyWalletAccount({ requestedScopes: [TokenScope.Walletexport], walletAccount: account }, client)
    assert.equal(isHeld(client, TokenScope.Walletexport), true)
    assert.equal((await requests('/wallets/verify')).at(-1).hasDeviceSignature, true)
  })
}

test('a wallet is linked with an elevation, and unlinked with another', { timeout }, async (t) => {
  await followClock()
  const [wallet, email] = [ethereumWallet(), someAddress()]
  const client = await openClient(t)
  await signIn(client, email)
  await assert.rejects(connect(client, wallet), { code: 'elevated_access_token_required' })

  await elevate(client, email, [TokenScope.Credentiallink])
  await connect(client, wallet)
  const account = accountOf(client, wallet)
  assert.ok(account.verifiedCredentialId)
  await verifyWalletAccount({ requestedScopes: [TokenScope.Credentialunlink], walletAccount: account }, client)

  // The client attaches no elevated token to the removal of a wallet, and does to that of other credentials.
  await assert.rejects(removeWalletAccount({ walletAccount: account }, client), {
    code: 'elevated_access_token_required',
  })
  await unlinkSocialAccount({ verifiedCredentialId: account.verifiedCredentialId }, client)
  assert.equal(accountOf(client, wallet), undefined)
  assert.equal(client.user.email, email)
})

test('a wallet of somebody else is no way in', { timeout }, async (t) => {
  await followClock()
  const [theirs, email] = [solanaWallet(), someAddress()]
  await connect(await openClient(t), theirs)
  const client = await openClient(t)
  await signIn(client, email)
  await elevate(client, email, [TokenScope.Credentiallink])

  await assert.rejects(connect(client, theirs), { code: 'link_credential_error' })

  assert.equal(accountOf(client, theirs), undefined)
})

test('the client went nowhere else', { timeout }, () => {
  assert.deepEqual(strays, [])
})
