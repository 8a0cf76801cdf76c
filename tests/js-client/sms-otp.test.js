// Sign-in and step-up with an SMS code, as the official client does it.

import { codeOtherThan, elevate, openClient, signIn, someAddress } from './support/client.js'
import { latestCode, requests, solveCaptcha, strays, useSettings } from './support/sandbox.js'

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'

import {
  TokenScope,
  checkStepUpAuth,
  getElevatedAccessToken,
  isSignedIn,
  sendSmsOTP,
  setCaptchaToken,
  supportedCountries,
  verifyOTP,
} from '@dynamic-labs-sdk/client'
import { APIError } from '@dynamic-labs-sdk/client/core'

const timeout = 30_000

test('signs in with an SMS code', { timeout }, async (t) => {
  const number = someNumber()
  const client = await openClient(t)

  const otpVerification = await sendSmsOTP(number, client)
  assert.equal(otpVerification.phoneNumber, number.phoneNumber)
  assert.equal(otpVerification.phoneCountryCode, '1')
  assert.equal(otpVerification.isoCountryCode, 'US')
  await verifyOTP({ otpVerification, verificationToken: await latestCode(e164(number)) }, client)

  assert.equal(isSignedIn(client), true)
  assert.equal(client.user.phoneNumber, e164(number))
  const [credential] = client.user.verifiedCredentials
  assert.equal(credential.format, 'phoneNumber')
  assert.equal(credential.phoneNumber, number.phoneNumber)
  assert.equal((await requests('/smsVerifications/signin')).at(-1).hasDeviceSignature, true)
})

test('steps up with an SMS code, after a wrong one', { timeout }, async (t) => {
  const { client, number } = await signedIn(t)
  const check = await checkStepUpAuth({ scope: TokenScope.Walletexport }, client)
  assert.deepEqual(
    check.credentials.map(({ alias, format }) => ({ alias, format })),
    [{ alias: e164(number), format: 'phoneNumber' }],
  )
  const otpVerification = await sendSmsOTP(number, client)
  const code = await latestCode(e164(number))
  const requestedScopes = [TokenScope.Walletexport]
  const verify = (verificationToken) => verifyOTP({ otpVerification, requestedScopes, verificationToken }, client)

  await assert.rejects(verify(codeOtherThan(code)), isAPIError(422, 'wrong_sms_verification_token'))
  const { elevatedAccessToken } = await verify(code)

  assert.equal(getElevatedAccessToken({ consume: false, scope: TokenScope.Walletexport }, client), elevatedAccessToken)
  assert.deepEqual(await checkStepUpAuth({ scope: TokenScope.Walletexport }, client), {
    credentials: [],
    isRequired: false,
  })
  await assert.rejects(verify(code), isAPIError(422, 'invalid_sms_verification'))
})

test('links a number once the user was verified', { timeout }, async (t) => {
  const email = someAddress()
  const number = someNumber()
  const client = await openClient(t)
  await signIn(client, email)
  const link = async () => {
    const otpVerification = await sendSmsOTP(number, client)
    await verifyOTP({ otpVerification, verificationToken: await latestCode(e164(number)) }, client)
  }
  await assert.rejects(link(), isAPIError(403, 'elevated_access_token_required'))
  await elevate(client, email, [TokenScope.Credentiallink])

  await link()

  const formats = client.user.verifiedCredentials.map(({ format }) => format)
  assert.deepEqual(formats.toSorted(), ['blockchain', 'email', 'phoneNumber'])
})

test('every country that the client knows gets codes, but two that have no calling code', { timeout }, async (t) => {
  const client = await openClient(t)
  const refused = []
  for (const isoCountryCode of Object.keys(supportedCountries)) {
    await sendSmsOTP({ isoCountryCode, phoneNumber: '5550100' }, client).catch((error) => {
      assert.equal(error.code, 'invalid_phone')
      refused.push(isoCountryCode)
    })
  }
  // The client's entries for these are an area code of another country, and a list.
  assert.deepEqual(refused, ['IC', 'PS'])
})

test('where there are captchas each send takes one', { timeout }, async (t) => {
  await useSettings({ security: { captcha: { enabled: true } } })
  t.after(() => useSettings({}))
  const number = someNumber()
  const client = await openClient(t)
  assert.equal(client.projectSettings.security.captcha.enabled, true)

  // The client asks nobody without one.
  await assert.rejects(sendSmsOTP(number, client), /Captcha token is required/)
  setCaptchaToken({ captchaToken: 'wrong' }, client)
  await assert.rejects(sendSmsOTP(number, client), isAPIError(422, 'captcha_invalid'))
  const captchaToken = await solveCaptcha()
  setCaptchaToken({ captchaToken }, client)
  await sendSmsOTP(number, client)
  assert.match(await latestCode(e164(number)), /^[0-9]{6}$/)
  setCaptchaToken({ captchaToken }, client)
  await assert.rejects(sendSmsOTP(number, client), isAPIError(422, 'captcha_invalid'))
})

test('nobody but the sandbox was asked', { timeout }, () => {
  assert.deepEqual(strays, [])
})

async function signedIn(t) {
  const number = someNumber()
  const client = await openClient(t)
  const otpVerification = await sendSmsOTP(number, client)
  await verifyOTP({ otpVerification, verificationToken: await latestCode(e164(number)) }, client)
  return { client, number }
}

/** A number that nobody else has. */
const someNumber = () => ({
  isoCountryCode: 'US',
  phoneNumber: `555${randomInt(10_000_000).toString().padStart(7, '0')}`,
})

const e164 = ({ phoneNumber }) => `+1${phoneNumber}`

const isAPIError = (status, code) => (error) => {
  assert.ok(error instanceof APIError, `${error}`)
  assert.deepEqual([error.status, error.code], [status, code])
  return true
}
