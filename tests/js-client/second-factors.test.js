// Second factors, as the official client does them.

import { codeOtherThan, elevate, openClient, signIn, someAddress } from './support/client.js'
import { advance, now } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import {
  TokenScope,
  acknowledgeRecoveryCodes,
  authenticateMfaRecoveryCode,
  authenticateTotpMfaDevice,
  checkStepUpAuth,
  createNewMfaRecoveryCodes,
  deleteMfaDevice,
  getElevatedAccessToken,
  getMfaDevices,
  getMfaMethods,
  getMfaRecoveryCodes,
  isPendingRecoveryCodesAcknowledgment,
  refreshUser,
  registerTotpMfaDevice,
  setDefaultMfaDevice,
} from '@dynamic-labs-sdk/client'

const timeout = 30_000
const exportScopes = { requestedScopes: [TokenScope.Walletexport] }
const isHeld = (client, scope) => getElevatedAccessToken({ consume: false, scope }, client) !== undefined

test('an authenticator app is registered, and only from then on elevates', { timeout }, async (t) => {
  const { client, email } = await signedIn(t)
  await assert.rejects(registerTotpMfaDevice(client), { code: 'elevated_access_token_required' })
  await elevate(client, email, [TokenScope.Credentiallink])

  // The client attaches the elevated token by itself.
  const device = await registerTotpMfaDevice(client)
  assert.equal((await getMfaMethods(client)).userHasVerifiedMfaMethods, false)
  await authenticateTotpMfaDevice({ code: await codeOf(device), deviceId: device.id, ...exportScopes }, client)
  assert.equal(isHeld(client, TokenScope.Walletexport), false, 'a first code elevates nobody')
  assert.deepEqual((await getMfaDevices(client)).map(({ id, type }) => ({ id, type })), [{ id: device.id, type: 'totp' }])

  await advance(60)
  const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)
  assert.deepEqual(check.credentials.map(({ format, id }) => ({ format, id })), [{ format: 'totp', id: device.id }])
  const code = await codeOf(device)
  await assert.rejects(authenticateTotpMfaDevice({ code: codeOtherThan(code), ...exportScopes }, client), {
    code: 'mfa_invalid_otp_error',
  })
  await authenticateTotpMfaDevice({ code, ...exportScopes }, client)
  assert.equal(isHeld(client, TokenScope.Walletexport), true)
  await assert.rejects(authenticateTotpMfaDevice({ code, ...exportScopes }, client), { code: 'mfa_invalid_otp_error' })

  await setDefaultMfaDevice({ deviceId: device.id }, client)
  assert.equal((await getMfaDevices(client)).find(({ id }) => id === device.id)._default, true)
  await advance(60)
  await authenticateTotpMfaDevice(
    { code: await codeOf(device), requestedScopes: [TokenScope.Credentialunlink] },
    client,
  )
  await deleteMfaDevice({ deviceId: device.id }, client)
  assert.deepEqual(await getMfaDevices(client), [])
})

test('with an authenticator app a code by email no longer elevates', { timeout }, async (t) => {
  const { client, email } = await withAuthenticatorApp(t)
  await assert.rejects(elevate(client, email, [TokenScope.Walletexport]), { code: 'mfa_required' })
})

test('a recovery code elevates once', { timeout }, async (t) => {
  const { client, device } = await withAuthenticatorApp(t)
  await advance(60)
  await authenticateTotpMfaDevice({ code: await codeOf(device), requestedScopes: [TokenScope.Credentiallink] }, client)

  const { recoveryCodes } = await getMfaRecoveryCodes(client)
  assert.ok(recoveryCodes.length > 1)
  await acknowledgeRecoveryCodes(client)
  await authenticateMfaRecoveryCode({ code: recoveryCodes[0], ...exportScopes }, client)
  assert.equal(isHeld(client, TokenScope.Walletexport), true)
  await assert.rejects(authenticateMfaRecoveryCode({ code: recoveryCodes[0], ...exportScopes }, client), {
    code: 'mfa_invalid_otp_error',
  })

  const renewed = await createNewMfaRecoveryCodes(client)
  assert.ok(!renewed.recoveryCodes.includes(recoveryCodes[1]))
  await assert.rejects(authenticateMfaRecoveryCode({ code: recoveryCodes[1], ...exportScopes }, client), {
    code: 'mfa_invalid_otp_error',
  })
})

test('recovery codes are read again until they are acknowledged, and never after', { timeout }, async (t) => {
  const { client, device } = await withAuthenticatorApp(t)
  await advance(60)
  await authenticateTotpMfaDevice({ code: await codeOf(device), requestedScopes: [TokenScope.Credentiallink] }, client)

  // A view asks, and is closed before it shows the answer.
  const { recoveryCodes } = await getMfaRecoveryCodes(client)
  await refreshUser(client)
  assert.equal(isPendingRecoveryCodesAcknowledgment(client), true)
  assert.deepEqual(await getMfaRecoveryCodes(client), { count: recoveryCodes.length, recoveryCodes })

  // Only a proof of its own lets another session of the user read them.
  const other = await openClient(t)
  await signIn(other, client.user.email)
  assert.deepEqual((await getMfaRecoveryCodes(other)).recoveryCodes, [])

  await acknowledgeRecoveryCodes(client)
  assert.equal(isPendingRecoveryCodesAcknowledgment(client), false)
  assert.deepEqual(await getMfaRecoveryCodes(client), { count: recoveryCodes.length, recoveryCodes: [] })
  await authenticateMfaRecoveryCode({ code: recoveryCodes[0], ...exportScopes }, client)
  assert.equal(isHeld(client, TokenScope.Walletexport), true)
})

async function signedIn(t) {
  const email = someAddress()
  const client = await openClient(t)
  await signIn(client, email)
  return { client, email }
}

async function withAuthenticatorApp(t) {
  const { client, email } = await signedIn(t)
  await elevate(client, email, [TokenScope.Credentiallink])
  const device = await registerTotpMfaDevice(client)
  await authenticateTotpMfaDevice({ code: await codeOf(device), deviceId: device.id }, client)
  return { client, email, device }
}

/** What an app shows that has this device's secret (RFC 6238). */
async function codeOf({ secret }) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((digit) => alphabet.indexOf(digit).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor((await now()) / 30_000)))
  const hash = createHmac('sha1', key).update(step).digest()
  const number = hash.readUInt32BE(hash[19] & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}
